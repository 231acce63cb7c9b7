// The diagnosis: facts of the walk in, words for people out. Pure: no network, no document, no clock.
//
// A page never learns why a connection failed. What it can do is compare: an answer clears name, port,
// TLS and certificate; credentials that the API takes clear the account; an ordinary request to the
// socket's address tells a proxy from the server. What then still breaks is the upgrade. Firefox tells
// a TLS fault by code 1015, Chromium says 1006 for all.

import { CLOSE_CODES } from './closecodes.js';

// closeCode returns what is known of a close code.
export const closeCode = (code) =>
  CLOSE_CODES.find((c) => code >= c.low && code <= c.high) ?? { name: '', meaning: '', remedy: [] };

// diagnose returns { verdict: ok | failed | partial, finding, headline, cause, todo, accept }. finding
// is the likeliest id of the catalogue, "" where none can be told; accept says that accepting the
// certificate by hand is the likely cure. A line of todo that ends with a full stop is a sentence,
// any other a command to paste.
export function diagnose(facts) {
  for (const rule of RULES) {
    const found = rule(facts);
    if (found) return { verdict: 'failed', finding: '', todo: [], accept: false, ...found };
  }
  return { verdict: 'ok', finding: '', accept: false, ...healthy(facts) };
}

// In the order of the path; the first that fits is the root cause.
const RULES = [
  stopped, localNetwork, silent, certificate, nothingThere, redirected, notTheAPI, preflight, credentials, signInFails,
  browserRefuses, upgradeHangs, upgradeRefused, signInFirst, notSwitched,
  endedAtOnce, swallowed, eventLost, heldAndLost, closeIgnored,
];

const where = (f) => `${f.endpoint.host}:${f.endpoint.port}`;
const unreached = (f) => f.reach?.answered === false;
const FROM_SERVER = 'Run the command below on the server or a host near it: it reads the certificate and every answer in full.';
const PROXY_HEADERS = [
  'proxy_http_version 1.1;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection "upgrade";',
];

function stopped(f) {
  if (!Object.values(f).some((step) => step?.stopped)) return null;
  return {
    verdict: 'partial', headline: 'Stopped before the end',
    cause: f.reach?.answered ? 'Up to the step where it was stopped, nothing was wrong.' : 'It was stopped before the endpoint had answered.',
  };
}

// space is where an address lies as far as its spelling tells: loopback, private, public or unknown.
export function space(host) {
  if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$|\.localhost$/.test(host)) return 'loopback';
  if (/^\[f(?:[cd]|e[89ab])/.test(host) || host.endsWith('.local')) return 'private';
  const v4 = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
  if (!v4) return host.startsWith('[') ? 'public' : 'unknown';
  const [a, b] = [Number(v4[1]), Number(v4[2])];
  const inside = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128);
  return inside ? 'private' : 'public';
}

// Chromium asks before a page of a public site may reach a private address, and lets it wait so long.
function localNetwork(f) {
  const inside = ['private', 'loopback'].includes(space(f.endpoint.host));
  const possible = f.pageHost !== f.endpoint.host && space(f.pageHost) !== 'private' && space(f.endpoint.host) !== 'public';
  const denied = f.permission === 'denied';
  if (!unreached(f) || !possible || !(denied || (f.permission === 'prompt' && inside))) return null;
  return {
    finding: 'browser-local-network',
    headline: denied ? 'This browser was told to keep pages off your local network' : 'This browser waits for permission to reach your local network',
    cause: `This page comes from ${f.pageHost}, and ${where(f)} has a private address. Chromium lets a public page reach such an address `
      + 'only with permission; without it every request and websocket fails with 1006. Certificates have nothing to do with it.',
    todo: [
      'Answer the browser’s question with Allow, or open the site settings (the icon left of the address) and allow Local network access.',
      'On managed browsers the policy LocalNetworkAccessAllowedForUrls grants it to the portal’s address.',
    ],
  };
}

function silent(f) {
  if (!unreached(f) || !f.reach.hung) return null;
  return {
    finding: 'connect-timeout', headline: 'The endpoint does not answer',
    cause: `${where(f)} neither refuses nor answers. That is how a firewall that drops packets, a wrong address or a host that is down looks.`,
    todo: ['Check address and port, and whether a firewall or VPN stands between this computer and the endpoint.', FROM_SERVER],
  };
}

function certificate(f) {
  if (!unreached(f)) return null;
  const sure = f.open?.code === 1015 || f.reach.plain === true;
  if (!sure && (f.firefox || f.reach.plain === false)) return null;
  const proof = f.open?.code === 1015
    ? 'The endpoint is there, but TLS fails: Firefox says so with code 1015.'
    : 'The port is open and answers plain HTTP, so what fails is TLS.';
  const sameHost = f.pageSecure && f.pageHost === f.endpoint.host;
  return {
    finding: sure ? 'cert-self-signed' : '', accept: true,
    headline: sure ? 'This browser refuses the endpoint’s certificate' : 'No connection: most likely this browser does not accept the certificate',
    cause: sure
      ? `${proof} The certificate is self-signed, expired or made for another name, and nobody has accepted it in this browser profile yet.`
      : 'Chromium gives a page the same code, 1006, for a certificate that it does not accept (self-signed, expired, made for another name) and for a port where nothing listens.'
        + (sameHost ? ` This page came from ${f.pageHost} too, so the host is up: it is this port’s certificate, or the port.` : '')
        + ' The address behind the button tells which.',
    todo: [
      'Open the endpoint with the button. At the certificate warning choose Advanced and go on, which leads to the portal; then come back and start the test again.',
      ...(sure ? [] : ['If it says “refused to connect” or “can’t be reached”, DRP does not run there, or the port is wrong.']),
      f.firefox
        ? 'Firefox remembers this for one port of a host: the file port (8090) and the API port (8092) are accepted one by one.'
        : 'Chromium remembers this for the host and this very certificate, for about a week.',
      ...(!f.firefox && sameHost ? ['Does it not last? Chromium forgets it when another port of the host, such as this page’s, shows a certificate that it trusts: give the API port that certificate.'] : []),
      'Where there is no way to go on, nothing can be accepted by hand: the certificate, or the server’s TLS settings, must be changed.',
    ],
  };
}

function nothingThere(f) {
  if (!unreached(f)) return null;
  return {
    finding: 'connect-refused', headline: 'Nothing usable answers there',
    cause: f.firefox
      ? `Firefox says ${f.open?.code || 1006}, not 1015, so it is not the certificate: ${where(f)} refuses the connection or ends it, or the name is unknown.`
      : `${where(f)} answers neither TLS nor plain HTTP: nothing listens there, or the name is unknown.`,
    todo: ['systemctl status dr-provision', 'Check the name and the port.', FROM_SERVER],
  };
}

function redirected(f) {
  if (![f.reach, f.signIn, f.ask].some((step) => step?.redirected)) return null;
  return {
    finding: 'upgrade-redirected', headline: 'API requests are sent elsewhere',
    cause: `${where(f)} answers with a redirect, which DRP’s API never does: the login page of a proxy, or another server. Browsers do not follow redirects with a websocket.`,
    todo: ['Let the proxy pass all of /api/v3/ on without a login of its own.', FROM_SERVER],
  };
}

function notTheAPI(f) {
  const status = f.reach?.status;
  if (!status || [200, 401, 403].includes(status)) return null;
  return { ...byStatus(status), headline: status >= 500 ? `The API answers ${status}` : `Not DRP’s API: it answers ${status}` };
}

// byStatus is what an HTTP status stands for where DRP would not answer so.
function byStatus(status) {
  if (status === 401 || status === 403) {
    return {
      finding: status === 401 ? 'upgrade-unauthorized' : 'upgrade-forbidden',
      cause: `The answer is ${status}, though the API took the same credentials: a proxy removes the token from the address, or guards it by itself.`,
      todo: ['Let the proxy pass path and query of /api/v3/ws on as they come.', FROM_SERVER],
    };
  }
  if (status === 407 || status === 511) {
    return { finding: 'upgrade-proxy-auth', cause: `The answer is ${status}: a proxy or captive portal wants a login of its own.`, todo: ['Sign in to the network or proxy first, then start again.'] };
  }
  if (status === 429) {
    return { finding: 'upgrade-rate-limited', cause: 'The answer is 429: a proxy limits how often this address may ask.', todo: ['Raise the limit for /api/v3/ in the proxy.'] };
  }
  if (status >= 502 && status <= 504) {
    return {
      finding: 'upgrade-bad-gateway', cause: `The answer is ${status}: a proxy is up, but DRP behind it is not, or not for this proxy.`,
      todo: ['systemctl status dr-provision', 'Check the address to which the proxy passes requests on.', FROM_SERVER],
    };
  }
  if (status >= 500) {
    return { finding: 'upgrade-server-error', cause: `The answer is ${status}: the server itself fails on the request.`, todo: ['journalctl -u dr-provision --since -10min', FROM_SERVER] };
  }
  return {
    finding: 'upgrade-not-found', cause: `The answer is ${status}, where DRP answers otherwise: another server, or a proxy that does not pass this path on.`,
    todo: ['Check that the port is DRP’s API port (8092 by default).', 'A reverse proxy must pass all of /api/v3/ on.', FROM_SERVER],
  };
}

function preflight(f) {
  if (!f.signIn || f.signIn.answered) return null;
  if (f.signIn.hung) return { finding: 'http-timeout', headline: 'The API does not answer the sign-in', cause: 'The endpoint answered before, but not this request.', todo: [FROM_SERVER] };
  return {
    finding: 'upgrade-not-found', headline: 'Something other than DRP answers',
    cause: `${where(f)} speaks HTTPS with a certificate that this browser accepts, but a page may not sign in there. DRP lets every page (CORS): another server answers, or a proxy does it in DRP’s place.`,
    todo: ['Check that the port is DRP’s API port (8092 by default).', 'A reverse proxy must pass all of /api/v3/ on, OPTIONS requests and Access-Control headers included.', FROM_SERVER],
  };
}

function credentials(f) {
  const status = f.signIn?.status;
  if (status !== 401 && status !== 403) return null;
  return {
    finding: status === 401 ? 'upgrade-unauthorized' : 'upgrade-forbidden', headline: 'The endpoint refuses these credentials',
    cause: f.byToken ? `The API answers ${status}: the token is expired, revoked, or from another endpoint.` : `The API answers ${status}: user or password is wrong, or the account may not have tokens.`,
    todo: [
      'Network, name and certificate are fine: it is not the connection.',
      f.byToken ? 'Sign out of the portal and in again: that fetches a new token.' : 'Check user and password by signing in to the portal.',
    ],
  };
}

function signInFails(f) {
  if (!f.signIn || (f.signIn.status === 200 && !f.signIn.unreadable)) return null;
  if (f.signIn.status === 200) return { ...byStatus(200), headline: 'Not DRP’s API: the answer holds no token' };
  return { ...byStatus(f.signIn.status), headline: `The API answers the sign-in with ${f.signIn.status}` };
}

function browserRefuses(f) {
  if (!f.open?.refused) return null;
  return {
    finding: 'port-unsafe', headline: 'The browser will not even try',
    cause: 'It refuses to make a websocket to this address: the port is on its blocked list, or a policy of your organisation forbids it.',
    todo: ['Give the API another port: browsers block some (6000 and 6665 to 6669 among them).'],
  };
}

const unopened = (f) => f.open && !f.open.opened;

function upgradeHangs(f) {
  if (!unopened(f) || !f.open.hung) return null;
  return {
    finding: 'http-timeout', headline: 'The API answers, the websocket request does not',
    cause: 'Ordinary requests come through. The upgrade to a websocket is kept somewhere: typically by a proxy that waits for more, or for a server behind it.',
    todo: [...PROXY_HEADERS, FROM_SERVER],
  };
}

// upgradeRefused compares with the ordinary request to the same address. DRP answers that with 400
// when it took the token and with 401 without one.
function upgradeRefused(f) {
  const status = f.ask?.status;
  const expected = f.signedIn ? [200, 400, 426] : [401, 403];
  if (!unopened(f) || !status || expected.includes(status)) return null;
  return { ...byStatus(status), headline: `The API works, but the websocket’s address answers ${status}` };
}

function signInFirst(f) {
  if (!unopened(f) || f.signedIn) return null;
  return {
    verdict: 'partial', headline: 'So far fine: sign in to test the websocket itself',
    cause: 'The endpoint answers this browser, so name, port and certificate are in order. Without credentials DRP refuses every websocket, which a page sees as a bare 1006: nothing more can be told.',
    todo: [f.pageSecure ? 'Sign in above and start again.' : 'Open this page over HTTPS, sign in, and start again.'],
  };
}

function notSwitched(f) {
  if (!unopened(f)) return null;
  return {
    finding: 'upgrade-not-switched', headline: 'The API works, but the websocket is not let through',
    cause: 'Network, certificate and credentials are proven by the steps below, and an ordinary request to the same address is answered. '
      + 'What is left is a reverse proxy or load balancer that drops the headers Upgrade and Connection.',
    todo: ['In nginx, the location that passes /api/v3/ on needs these lines.', ...PROXY_HEADERS, 'A load balancer needs a listener for websockets (HTTP/1.1) or for plain TCP.', FROM_SERVER],
  };
}

function endedAtOnce(f) {
  const end = [f.register, f.echo].find((step) => step?.ended);
  return end ? { ...endOf(f, end), headline: `The websocket opened and ended at once with code ${end.code}` } : null;
}

function swallowed(f) {
  if (f.register?.arrived !== false) return null;
  return {
    finding: 'ws-no-ack', headline: 'The websocket opens, but nothing comes back',
    cause: 'DRP acknowledges a registration within milliseconds. Something on the way holds back what goes over the open socket.',
    todo: ['proxy_buffering off;', 'Look for a firewall or antivirus that inspects TLS.', FROM_SERVER],
  };
}

function eventLost(f) {
  if (f.echo?.arrived !== false) return null;
  if (f.echo.posted && f.echo.posted !== 204 && !f.hold?.ended) {
    return {
      verdict: 'partial', headline: 'The websocket works; this user may not post events',
      cause: `The test event was refused with ${f.echo.posted}, so its way there and back could not be measured.`,
      todo: ['Sign in as a user whose role may post events to have it measured.'],
    };
  }
  if (f.echo.posted !== 204) return null;
  return {
    finding: 'ws-no-event', headline: 'The websocket is registered, but events do not arrive',
    cause: 'The endpoint took the test event and never delivered it to this socket.', todo: ['drpcli events watch', FROM_SERVER],
  };
}

function heldAndLost(f) {
  if (!f.hold?.ended) return null;
  const { held, code } = f.hold;
  if (code !== 1006 || violation(f, f.hold)) return { ...endOf(f, f.hold), headline: `The websocket was closed after ${held} s with code ${code}` };
  return {
    finding: 'ws-dropped', headline: `The websocket was dropped after ${held} s`,
    cause: 'No close frame came: the server or something on the way just ended the connection. Run the test again: where it always takes the same time, it is the idle timeout of a proxy or load balancer.',
    todo: ['In a proxy, raise the idle timeout (nginx, HAProxy): DRP pings every 54 seconds, so it must be longer than that.', 'proxy_read_timeout 3600s;', 'timeout tunnel 1h', FROM_SERVER],
  };
}

function closeIgnored(f) {
  if (f.close?.closed !== false) return null;
  return {
    verdict: 'partial', finding: 'ws-close-ignored', headline: 'The websocket works; closing it was not answered',
    cause: 'Something on the way holds close frames back. Users notice nothing but sockets that linger.',
  };
}

// violation says that Chromium ended the socket itself: it then fires an error event before the close.
const violation = (f, end) => !f.firefox && end.code === 1006 && end.error === true;

function endOf(f, end) {
  if (violation(f, end)) {
    return {
      finding: 'ws-protocol-error', cause: 'Chromium ended the websocket itself, because what it received breaks the protocol: something on the way changes the stream. Its console (F12) says what.',
      todo: ['Look for a firewall or antivirus that inspects TLS.', FROM_SERVER],
    };
  }
  const known = closeCode(end.code);
  const reason = end.reason && `The server’s reason: “${printable(end.reason)}”.`;
  return {
    finding: end.code === 1006 ? 'ws-dropped' : 'ws-closed',
    cause: [known.name && `${end.code} is ${known.name}.`, known.meaning, reason].filter(Boolean).join(' '),
    todo: known.remedy.map((step) => step.replaceAll('HOST:8092', where(f))),
  };
}

function healthy(f) {
  const round = f.echo?.round === undefined ? '' : ` An event took ${f.echo.round} ms there and back.`;
  const inside = space(f.endpoint.host) !== 'public';
  return {
    headline: 'The websocket works from this browser',
    cause: `Certificate, sign-in, upgrade, registration and close are as the portal needs them, and the socket stayed open for ${f.hold?.held ?? 0} s.${round}`,
    todo: [
      'If the portal still fails, compare its address (after #/e/) with the endpoint above, host and port, letter by letter.',
      'Try it in this browser profile: private windows and other profiles have accepted no certificate.',
      ...(f.firefox || !inside ? [] : ['Chromium asks once whether the portal’s site may reach your local network: allow it in the portal’s site settings. This page, coming from the endpoint, needs no such permission.']),
    ],
  };
}

// printable shows control and direction-changing characters of a server's text as escapes.
export function printable(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}
