// The walk: what this browser can learn of the path to an endpoint. Each step resolves to facts and
// never throws; what the facts mean is for diagnosis.js. Every wait has an end.

const ANSWER_WAIT = 25000; // ms; Firefox gives a silent handshake 20 s, Chromium longer than a person waits
const ACK_WAIT = 5000;     // ms; DRP acknowledges within milliseconds
const REASON_MAX = 123;    // bytes; RFC 6455 section 5.5.1

// parseEndpoint reads "host", "host:port" or an https URL; it throws an Error that says what is wrong.
export function parseEndpoint(text) {
  const typed = text.trim();
  if (!typed) throw new Error('Type the endpoint as host:port, for example drp.example.com:8092.');
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : 'https://' + typed;
  let url;
  try { url = new URL(withScheme); } catch { throw new Error(`“${typed}” is not host:port. IPv6 addresses stand in brackets: [fd00::1]:8092.`); }
  if (url.protocol !== 'https:') throw new Error(`The portal speaks https only, not ${url.protocol}//`);
  if (url.username || url.password) throw new Error('Leave user and password out of the address; there are fields for them.');
  const explicit = /:(\d+)\/?([?#].*)?$/.test(typed.replace(/^https:\/\//i, '').split('/')[0]);
  const port = url.port || (explicit ? '443' : '8092');
  return { host: url.hostname, port, origin: `https://${url.hostname}:${port}`, socket: `wss://${url.hostname}:${port}/api/v3/ws` };
}

// timed runs a step and adds how long it took, in whole milliseconds.
async function timed(step) {
  const begun = performance.now();
  const facts = await step();
  return { ...facts, ms: Math.round(performance.now() - begun) };
}

// request fetches with a deadline. Facts: answered, and status where the page may read it.
async function request(url, options, signal) {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WAIT)]);
  try {
    const response = await fetch(url, { cache: 'no-store', credentials: 'omit', redirect: 'follow', ...options, signal: deadline });
    return { answered: true, status: response.status, response };
  } catch (error) {
    return { answered: false, hung: error.name === 'TimeoutError', stopped: signal.aborted };
  }
}

// reach asks for nothing but an answer. An opaque one tells enough: name, port, TLS and certificate
// are as this browser wants them.
export const reach = (endpoint, signal) => timed(async () => {
  const { answered, hung, stopped } = await request(endpoint.origin + '/', { mode: 'no-cors', redirect: 'manual' }, signal);
  return { answered, hung, stopped };
});

// signIn turns user and password into a token, as the portal does, or tries the token given.
export const signIn = (endpoint, secret, signal) => timed(async () => {
  if (secret.token) {
    const { answered, status, hung, stopped } = await request(endpoint.origin + '/api/v3/info', { headers: { Authorization: 'Bearer ' + secret.token } }, signal);
    return { answered, status, hung, stopped, token: secret.token };
  }
  const basic = btoa(String.fromCharCode(...new TextEncoder().encode(`${secret.user}:${secret.password}`)));
  const path = `/api/v3/users/${encodeURIComponent(secret.user)}/token?ttl=7200`;
  const { answered, status, hung, stopped, response } = await request(endpoint.origin + path, { headers: { Authorization: 'Basic ' + basic } }, signal);
  const token = status === 200 ? await readToken(response) : '';
  return { answered, status, hung, stopped, token, unreadable: status === 200 && !token };
});

async function readToken(response) {
  try { const { Token } = await response.json(); return typeof Token === 'string' ? Token : ''; } catch { return ''; }
}

// open starts the websocket and tells how that went; the socket itself is in the facts when it opened.
export const open = (endpoint, token, signal) => timed(() => new Promise((resolve) => {
  let socket;
  try {
    socket = new WebSocket(endpoint.socket + (token ? '?token=' + encodeURIComponent(token) : ''));
  } catch (error) {
    resolve({ opened: false, refused: String(error.message || error) });
    return;
  }
  const done = (facts) => { clearTimeout(timer); signal.removeEventListener('abort', abort); resolve(facts); };
  const giveUp = (facts) => { done(facts); socket.close(); };
  const abort = () => giveUp({ opened: false, stopped: true });
  const timer = setTimeout(() => giveUp({ opened: false, hung: true }), ANSWER_WAIT);
  signal.addEventListener('abort', abort);
  let failed = false;
  socket.addEventListener('error', () => { failed = true; });
  socket.addEventListener('open', () => done({ opened: true, socket }), { once: true });
  socket.addEventListener('close', (end) => done({ opened: false, error: failed, ...ending(end) }), { once: true });
}));

const ending = (end) => ({ code: end.code, clean: end.wasClean, reason: end.reason.slice(0, REASON_MAX) });

// message waits for a message that fits, for the socket's end, or for the deadline.
function message(socket, fits, wait, signal) {
  return new Promise((resolve) => {
    const done = (facts) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeEventListener('message', heard);
      socket.removeEventListener('close', closed);
      resolve(facts);
    };
    const heard = ({ data }) => { if (fits(parseEvent(data))) done({ arrived: true }); };
    const closed = (end) => done({ arrived: false, ended: true, ...ending(end) });
    const abort = () => done({ arrived: false, stopped: true });
    const timer = setTimeout(() => done({ arrived: false }), wait);
    signal.addEventListener('abort', abort);
    socket.addEventListener('message', heard);
    socket.addEventListener('close', closed);
  });
}

function parseEvent(data) {
  try { return JSON.parse(data) ?? {}; } catch { return {}; }
}

// register asks for events of our own and waits for the acknowledgement.
export const register = (socket, nonce, signal) => timed(async () => {
  const filter = `ws-diagnose.echo.${nonce}`;
  const ack = message(socket, (e) => e.Type === 'websocket' && e.Action === 'register' && e.Key === filter, ACK_WAIT, signal);
  if (socket.readyState === WebSocket.OPEN) socket.send('register ' + filter);
  return ack;
});

// echo posts an event over the API and waits for it on the socket.
export const echo = (endpoint, token, socket, nonce, signal) => timed(async () => {
  const event = { Time: new Date().toISOString(), Type: 'ws-diagnose', Action: 'echo', Key: nonce, Object: 'self-test page' };
  const arrival = message(socket, (e) => e.Type === 'ws-diagnose' && e.Key === nonce, ACK_WAIT, signal);
  const post = await request(endpoint.origin + '/api/v3/events', {
    method: 'POST', body: JSON.stringify(event), headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + token },
  }, signal);
  return { ...(await arrival), posted: post.answered ? post.status : 0 };
});

// hold keeps the socket open without a word of its own, as the portal does, and tells if it ends.
export const hold = (socket, seconds, signal, tick) => timed(() => new Promise((resolve) => {
  const begun = performance.now();
  const held = () => Math.round((performance.now() - begun) / 1000);
  let failed = false;
  const done = (facts) => { clearInterval(timer); signal.removeEventListener('abort', abort); resolve({ held: held(), ...facts }); };
  const abort = () => done({ ended: false, stopped: true });
  const timer = setInterval(() => (held() >= seconds ? done({ ended: false }) : tick(held())), 250);
  signal.addEventListener('abort', abort);
  socket.addEventListener('error', () => { failed = true; });
  socket.addEventListener('close', (end) => done({ ended: true, error: failed, ...ending(end) }), { once: true });
  if (socket.readyState !== WebSocket.OPEN) done({ ended: true, code: 1006, clean: false, reason: '' });
}));

// close ends the socket as the portal would and tells whether the endpoint answered.
export const close = (socket, signal) => timed(() => new Promise((resolve) => {
  const timer = setTimeout(() => resolve({ closed: false }), ACK_WAIT);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve({ closed: false, stopped: true }); });
  socket.addEventListener('close', (end) => { clearTimeout(timer); resolve({ closed: true, ...ending(end) }); }, { once: true });
  socket.close(1000, 'self-test done');
}));
