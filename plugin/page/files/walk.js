// The walk: what this browser can learn of the path to an endpoint. Each step resolves to facts and
// never throws; what the facts mean is for diagnosis.js. Every wait has an end.

const ANSWER_WAIT = 25000;  // ms; longer than Firefox gives a silent handshake (20 s)
const SILENCE = 19000;      // ms; a failure that took so long is a browser's own patience at its end
const ACK_WAIT = 5000;      // ms; DRP acknowledges within milliseconds
const REASON_MAX = 123;     // bytes; RFC 6455 section 5.5.1
const EVENT_MAX = 1 << 20;  // characters; DRP's own events are far below
const API_PATH = '/api/v3/';

// parseEndpoint reads "host", "host:port" or an https URL; it throws an Error that says what is wrong.
export function parseEndpoint(text) {
  const typed = text.trim();
  if (!typed) throw new Error('Type the endpoint as host:port, for example drp.example.com:8092.');
  let url;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : 'https://' + typed);
  } catch {
    throw new Error(`“${typed}” is not host:port. IPv6 addresses stand in brackets: [fd00::1]:8092.`);
  }
  if (url.protocol !== 'https:') throw new Error(`The portal speaks https only, not ${url.protocol}//`);
  if (url.username || url.password) {
    throw new Error('Leave user and password out of the address; there are fields for them.');
  }
  // URL drops 443, the default of its scheme; without any port DRP's own default is meant.
  const port = url.port || (/^[^/?#]*:443(?:[/?#]|$)/.test(typed.replace(/^https:\/\//i, '')) ? '443' : '8092');
  const authority = `${url.hostname}:${port}`;
  return { host: url.hostname, port, origin: `https://${authority}`, socket: `wss://${authority}${API_PATH}ws` };
}

// timed runs a step and adds how long it took, in whole milliseconds.
async function timed(step) {
  const begun = performance.now();
  const facts = await step();
  return { ...facts, ms: Math.round(performance.now() - begun) };
}

// request fetches with a deadline. Facts: answered, with the status where the page may read it;
// redirected; hung, when nothing came for so long that somebody's patience ended; stopped.
async function request(url, options, signal) {
  const begun = performance.now();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WAIT)]);
  try {
    const response = await fetch(url, { cache: 'no-store', credentials: 'omit', ...options, signal: deadline });
    return { answered: true, status: response.status, redirected: response.type === 'opaqueredirect', response };
  } catch (error) {
    const hung = error.name === 'TimeoutError' || performance.now() - begun >= SILENCE;
    return { answered: false, status: 0, redirected: false, hung, stopped: signal.aborted };
  }
}

// reach asks the API for nothing but an answer: 401 is a good one. Where a page may not read it, an
// opaque answer still tells that name, port, TLS and certificate are as this browser wants them.
export const reach = (endpoint, signal) => timed(async () => {
  const url = endpoint.origin + API_PATH + 'info';
  const { response, ...read } = await request(url, { redirect: 'manual' }, signal);
  if (read.answered || read.hung || read.stopped) return read;
  const { answered, hung, stopped } = await request(url, { mode: 'no-cors' }, signal);
  const facts = { ...read, answered, hung, stopped, opaque: answered };
  if (answered || hung || stopped || location.protocol === 'https:') return facts;
  return { ...facts, plain: await listens(endpoint, signal) };
});

// listens speaks plain HTTP to the port, which only a page that came by plain HTTP may do. A TLS
// server mostly answers 400: then the port is open, and it is TLS that fails.
async function listens(endpoint, signal) {
  const { answered } = await request(`http://${endpoint.host}:${endpoint.port}/`, { mode: 'no-cors' }, signal);
  return answered;
}

// signIn turns user and password into a token, as the portal does, or tries the token given. It
// resolves to the facts and, apart from them, the token.
export async function signIn(endpoint, secret, signal) {
  let token = secret.token;
  const facts = await timed(async () => {
    const path = token ? 'info' : `users/${encodeURIComponent(secret.user)}/token?ttl=7200`;
    const headers = { Authorization: token ? 'Bearer ' + token : basic(secret) };
    const { response, ...read } = await request(endpoint.origin + API_PATH + path, { headers, redirect: 'manual' }, signal);
    if (read.status === 200 && !token) token = await readToken(response);
    return { ...read, unreadable: read.status === 200 && !token };
  });
  return { facts, token: facts.status === 200 ? token : '' };
}

const basic = ({ user, password }) =>
  'Basic ' + btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));

async function readToken(response) {
  try {
    const { Token } = await response.json();
    return typeof Token === 'string' ? Token : '';
  } catch {
    return '';
  }
}

const withToken = (url, token) => (token ? `${url}?token=${encodeURIComponent(token)}` : url);

// open starts the websocket. It resolves to the facts and, apart from them, the socket that opened.
export async function open(endpoint, token, signal) {
  let socket = null;
  const facts = await timed(() => new Promise((resolve) => {
    try {
      socket = new WebSocket(withToken(endpoint.socket, token));
    } catch (error) {
      resolve({ opened: false, refused: String(error.message || error) });
      return;
    }
    const done = (end) => { clearTimeout(timer); signal.removeEventListener('abort', abort); resolve(end); };
    const abort = () => { done({ opened: false, stopped: true }); socket.close(); };
    const timer = setTimeout(() => { done({ opened: false, hung: true }); socket.close(); }, ANSWER_WAIT);
    signal.addEventListener('abort', abort);
    const begun = performance.now();
    socket.addEventListener('open', () => done({ opened: true }), { once: true });
    socket.addEventListener('close', (end) => {
      done({ opened: false, hung: performance.now() - begun >= SILENCE, ...ending(end) });
    }, { once: true });
  }));
  return { facts, socket: facts.opened ? socket : null };
}

const ending = (end) => ({ code: end.code, clean: end.wasClean, reason: end.reason.slice(0, REASON_MAX) });

// ask makes an ordinary request to the address where the socket would not open: unlike the socket's
// own, its answer has a status that a page may read.
export const ask = (endpoint, token, signal) => timed(async () => {
  const url = withToken(endpoint.origin + API_PATH + 'ws', token);
  const { response, ...read } = await request(url, { redirect: 'manual' }, signal);
  return read;
});

// message waits for a message that fits, for the socket's end, or for the deadline.
function message(socket, fits, signal) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const done = (facts) => { clearTimeout(timer); listening.abort(); resolve(facts); };
    const timer = setTimeout(() => done({ arrived: false }), ACK_WAIT);
    const during = { signal: listening.signal };
    signal.addEventListener('abort', () => done({ arrived: false, stopped: true }), during);
    socket.addEventListener('message', ({ data }) => { if (fits(parseEvent(data))) done({ arrived: true }); }, during);
    socket.addEventListener('close', (end) => done({ arrived: false, ended: true, ...ending(end) }), during);
  });
}

function parseEvent(data) {
  if (typeof data !== 'string' || data.length > EVENT_MAX) return {};
  try { return JSON.parse(data) ?? {}; } catch { return {}; }
}

// register asks for events of our own and waits for the acknowledgement.
export const register = (socket, nonce, signal) => timed(async () => {
  const filter = `ws-diagnose.echo.${nonce}`;
  const acknowledges = (e) => e.Type === 'websocket' && e.Action === 'register' && e.Key === filter;
  const acknowledged = message(socket, acknowledges, signal);
  if (socket.readyState === WebSocket.OPEN) socket.send('register ' + filter);
  return acknowledged;
});

// echo posts an event over the API and waits for it on the socket. round is how long it took there
// and back.
export const echo = (endpoint, token, socket, nonce, signal) => timed(async () => {
  const refused = new AbortController();
  const begun = performance.now();
  let round;
  const arrival = message(socket, (e) => e.Type === 'ws-diagnose' && e.Key === nonce, AbortSignal.any([signal, refused.signal]))
    .then((facts) => { round = Math.round(performance.now() - begun); return facts; });
  const event = { Time: new Date().toISOString(), Type: 'ws-diagnose', Action: 'echo', Key: nonce, Object: 'self-test page' };
  const { status: posted } = await request(endpoint.origin + API_PATH + 'events', {
    method: 'POST', body: JSON.stringify(event),
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + token },
  }, signal);
  if (posted !== 204) refused.abort(); // what was not taken does not come back
  return { ...(await arrival), stopped: signal.aborted, posted, round };
});

// hold keeps the socket open without a word of its own, as the portal does, and tells if it ends.
// error says that the browser fired an error event before the end.
export const hold = (socket, seconds, signal, tick) => timed(() => new Promise((resolve) => {
  const listening = new AbortController();
  const begun = performance.now();
  const held = () => Math.floor((performance.now() - begun) / 1000);
  let error = false;
  const done = (facts) => { clearInterval(timer); listening.abort(); resolve({ held: held(), error, ...facts }); };
  const timer = setInterval(() => (held() >= seconds ? done({ ended: false }) : tick(held())), 250);
  const during = { signal: listening.signal };
  signal.addEventListener('abort', () => done({ ended: false, stopped: true }), during);
  socket.addEventListener('error', () => { error = true; }, during);
  socket.addEventListener('close', (end) => done({ ended: true, ...ending(end) }), during);
  if (socket.readyState !== WebSocket.OPEN) done({ ended: true, code: 1006, clean: false, reason: '' });
}));

// close ends the socket as the portal would and tells whether the endpoint answered with a close frame.
export const close = (socket, signal) => timed(() => new Promise((resolve) => {
  const listening = new AbortController();
  const done = (facts) => { clearTimeout(timer); listening.abort(); resolve(facts); };
  const timer = setTimeout(() => done({ closed: false }), ACK_WAIT);
  const during = { signal: listening.signal };
  signal.addEventListener('abort', () => done({ closed: false, stopped: true }), during);
  socket.addEventListener('close', (end) => done({ closed: end.wasClean, ...ending(end) }), during);
  socket.close(1000, 'self-test done');
}));

// localNetwork is Chromium's permission for pages to reach private addresses: granted, prompt or
// denied; "" in a browser that has none.
export async function localNetwork() {
  for (const name of ['local-network', 'local-network-access']) { // Chromium 156 knows both, older versions the second
    try {
      return (await navigator.permissions.query({ name })).state;
    } catch { /* not known by that name here */ }
  }
  return '';
}
