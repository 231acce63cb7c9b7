// The diagnosis: facts of the walk in, words for people out. Pure: no network, no document, no clock.
//
// A page never learns why a connection failed. What it can do is compare: a fetch that gets through
// clears name, port, TLS and certificate; credentials that the API takes clear the token; what then
// still breaks is the upgrade. Firefox tells a TLS fault by code 1015, Chromium says 1006 for all.

import { CLOSE_CODES } from './closecodes.js';

// closeCode returns what is known of a close code.
export const closeCode = (code) => CLOSE_CODES.find((c) => code >= c.low && code <= c.high) ?? { name: '', meaning: '' };

// diagnose returns { verdict: ok | failed | partial, finding, headline, cause, todo, accept }. finding
// is the likeliest id of the catalogue, "" when none; accept says that accepting by hand is the cure.
export function diagnose(facts) {
  const stopped = Object.values(facts).some((step) => step?.stopped);
  for (const rule of RULES) {
    const found = rule(facts);
    if (found) return { verdict: 'failed', finding: '', todo: [], accept: false, ...found };
  }
  if (stopped) return { verdict: 'partial', finding: '', headline: 'Stopped', cause: 'Up to the step where you stopped it, nothing was wrong.', todo: [], accept: false };
  return healthy(facts);
}

// In the order of the path; the first that fits is the root cause.
const RULES = [silent, certificate, nothingThere, apiHidden, credentials, apiFailing, socketRefused, notSwitched, dropped, swallowed, eventLost, heldAndLost, closeIgnored];

const where = (f) => `${f.endpoint.host}:${f.endpoint.port}`;
const fromServer = 'Run the command below on the server or any host near it: it reads the certificate and the answers in full.';

function silent(f) {
  if (!f.reach?.hung) return null;
  return {
    finding: 'connect-timeout', headline: 'The endpoint does not answer',
    cause: `${where(f)} neither refuses nor answers. That is how a firewall, a wrong address or a host that is down looks.`,
    todo: ['Check address and port, and whether a firewall or VPN stands between this computer and the endpoint.', fromServer],
  };
}

function certificate(f) {
  if (f.reach?.answered !== false || f.reach.stopped) return null;
  const sure = f.open?.code === 1015;
  if (!sure && f.firefox) return null;
  return {
    finding: sure ? 'cert-self-signed' : '', accept: true,
    headline: sure ? 'This browser refuses the endpoint’s certificate' : 'This browser cannot connect – most likely it does not accept the certificate',
    cause: sure
      ? 'The connection is made, but TLS fails: code 1015. The certificate is self-signed, expired, or made for another name, and nobody has accepted it in this browser profile yet.'
      : 'Chromium gives a page the same code, 1006, for a certificate that it does not trust and for a port where nothing listens. The page behind the button below tells which.',
    todo: [
      'Open the endpoint with the button below. A certificate warning: go on to the site, come back, start again. “Refused to connect” or “can’t be reached”: DRP is not running there, or the port is wrong.',
      f.firefox ? 'Firefox remembers this for host and port: the file port 8090 and the API port 8092 are accepted one by one.' : 'Chromium remembers this for the host and this very certificate, for about a week.',
      'No link to go on with? Then the fault cannot be accepted by hand (Strict-Transport-Security, or a certificate that is not fit for servers): replace the certificate.',
    ],
  };
}

function nothingThere(f) {
  if (f.reach?.answered !== false || f.reach.stopped) return null;
  return {
    finding: 'connect-refused', headline: 'Nothing usable answers there',
    cause: `Firefox reports ${f.open?.code || 1006} rather than 1015, so the certificate is not what fails: ${where(f)} refuses the connection, ends it, or the name is unknown.`,
    todo: ['Check that dr-provision runs and listens: systemctl status dr-provision', 'Check the name and the port.', fromServer],
  };
}

function apiHidden(f) {
  if (!f.signIn || f.signIn.answered || f.signIn.stopped) return null;
  return {
    finding: 'upgrade-not-found', headline: 'Something other than DRP answers',
    cause: `${where(f)} speaks HTTPS with a certificate that this browser accepts, but its API answer may not be read by a page: DRP allows that to every page, so a proxy or another server answers in its place.`,
    todo: ['Check that the port is DRP’s API port (8092 by default).', 'A reverse proxy must pass all of /api/v3/ on, the OPTIONS method and CORS headers included.', fromServer],
  };
}

function credentials(f) {
  const status = f.signIn?.status;
  if (status !== 401 && status !== 403) return null;
  return {
    finding: status === 401 ? 'upgrade-unauthorized' : 'upgrade-forbidden', headline: 'The endpoint refuses these credentials',
    cause: f.byToken ? `The API answers ${status}: the token is expired, revoked, or from another endpoint.` : `The API answers ${status}: user or password is wrong, or the account may not have tokens.`,
    todo: ['Sign out of the portal and in again: that fetches a new token.', 'Network and certificate are fine: this is not a connection problem.'],
  };
}

function apiFailing(f) {
  const { status, unreadable } = f.signIn ?? {};
  if (status >= 500) {
    return {
      finding: status >= 502 && status <= 504 ? 'upgrade-bad-gateway' : 'upgrade-server-error', headline: `The API answers ${status}`,
      cause: status >= 502 && status <= 504 ? 'A proxy is up, but DRP behind it is not, or not for this proxy.' : 'The server itself fails on the request.',
      todo: ['systemctl status dr-provision', 'journalctl -u dr-provision --since -10min'],
    };
  }
  if (status && (status !== 200 || unreadable)) {
    return {
      finding: 'upgrade-not-found', headline: 'This does not look like a DRP API',
      cause: unreadable ? 'The answer holds no token.' : `The API answers ${status} where DRP answers 200.`,
      todo: ['Check the port (8092 by default), and a reverse proxy’s paths.'],
    };
  }
  return null;
}

function socketRefused(f) {
  if (!f.open?.refused) return null;
  return {
    headline: 'The browser will not even try', cause: 'It refuses to make a websocket to this address: a port on its blocked list, or a policy of the page or of your organisation.',
    todo: ['Try another port for the API: browsers block some (6000 and 6665 to 6669 among them).'],
  };
}

function notSwitched(f) {
  if (!f.open || f.open.opened || f.open.stopped) return null;
  if (!f.signedIn && !f.open.hung) {
    return {
      verdict: 'partial', headline: 'Network and certificate are fine; sign in to test the websocket itself',
      cause: 'The endpoint answers this browser over HTTPS. Without credentials DRP refuses every websocket (401), which a page sees as a bare 1006, so nothing more can be told.',
      todo: [f.pageSecure ? 'Sign in above and start again.' : 'Open this page over HTTPS, sign in, and start again.'],
    };
  }
  return {
    finding: f.open.hung ? 'http-timeout' : 'upgrade-not-switched', headline: 'The API works, the websocket does not: something between drops the upgrade',
    cause: 'Certificate, network and credentials are proven by the steps above. What is left is a reverse proxy or load balancer that handles requests but not websockets' + (f.open.hung ? ', and keeps the request to itself.' : '.'),
    todo: [
      'nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
      'Load balancer: use a listener that passes websockets (HTTP/1.1), or plain TCP.', fromServer,
    ],
  };
}

function dropped(f) {
  const end = [f.register, f.echo].find((step) => step?.ended);
  return end ? { ...endOf(end), headline: `The socket opened and ended at once with code ${end.code}` } : null;
}

function swallowed(f) {
  if (f.register?.arrived !== false || f.register.stopped) return null;
  return {
    finding: 'ws-no-ack', headline: 'The socket opens, but nothing comes back',
    cause: 'DRP acknowledges a registration within milliseconds. Something between buffers or swallows what goes over the open socket.',
    todo: ['nginx: proxy_buffering off;', 'Look for a TLS-inspecting firewall or antivirus on the way.', fromServer],
  };
}

function eventLost(f) {
  if (f.echo?.arrived !== false || f.echo.stopped) return null;
  if (f.echo.posted && f.echo.posted !== 204) {
    return {
      verdict: 'partial', headline: 'The websocket works; this user may not post events',
      cause: `The test event was refused with ${f.echo.posted}, so its way back could not be measured.`, todo: ['Use a user whose role may post events to measure the round trip.'],
    };
  }
  return {
    finding: 'ws-no-event', headline: 'The socket is registered, but events do not arrive',
    cause: 'The endpoint took the test event and never delivered it to this socket.', todo: ['drpcli events watch', fromServer],
  };
}

function heldAndLost(f) {
  if (!f.hold?.ended) return null;
  const { held, code } = f.hold;
  const end = endOf(f.hold);
  if (code !== 1006) return { ...end, headline: `The socket was closed after ${held} s with code ${code}` };
  return {
    finding: 'ws-dropped', headline: `The socket was dropped after ${held} s`,
    cause: 'No close frame came: something between ended the connection. A proxy’s idle timeout always strikes after the same number of seconds: run the test again and compare.',
    todo: ['nginx: proxy_read_timeout 3600s;', 'HAProxy: timeout tunnel 1h', 'DRP pings every 54 seconds: any idle timeout must be longer than that.'],
  };
}

function closeIgnored(f) {
  if (f.close?.closed !== false || f.close.stopped) return null;
  return {
    verdict: 'partial', finding: 'ws-close-ignored', headline: 'The websocket works; our close was not answered',
    cause: 'Something between holds close frames back. Users notice only that sockets linger.', todo: [],
  };
}

function endOf(end) {
  const known = closeCode(end.code);
  return {
    finding: end.code === 1006 ? 'ws-dropped' : 'ws-closed',
    cause: [known.name && `${end.code} is ${known.name}.`, known.meaning, end.reason && `The server’s reason: “${printable(end.reason)}”.`].filter(Boolean).join(' '),
    todo: known.remedy ?? [],
  };
}

function healthy(f) {
  const round = f.echo?.ms !== undefined ? ` An event took ${f.echo.ms} ms there and back.` : '';
  return {
    verdict: 'ok', finding: '', headline: 'The websocket works from this browser', accept: false, todo: [],
    cause: `Certificate, sign-in, upgrade, registration and close are all as the portal needs them, and the socket lived for ${f.hold?.held ?? 0} s.${round}`,
  };
}

// printable shows control and direction-changing characters of a server's text as escapes.
export function printable(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}
