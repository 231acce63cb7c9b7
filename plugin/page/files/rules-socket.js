// The rules of the websocket: facts in, what they mean out, null where a rule does not fit.

import { FROM_SERVER, PROXY_HEADERS, byStatus, closeCode, printable, where } from './words.js';

export function browserRefuses(f) {
  if (!f.open?.refused) return null;
  return {
    finding: 'port-unsafe', headline: 'The browser will not even try',
    cause: 'It refuses to make a websocket to this address: the port is on its blocked list, or a policy of your '
      + 'organisation forbids it.',
    todo: ['Give the API another port: browsers block some (6000 and 6665 to 6669 among them).'],
  };
}

const unopened = (f) => f.open && !f.open.opened;

export function upgradeHangs(f) {
  if (!unopened(f) || !f.open.hung) return null;
  return {
    finding: 'http-timeout', headline: 'The API answers, the websocket request does not',
    cause: 'Ordinary requests come through. The upgrade to a websocket is kept somewhere: typically by a proxy that '
      + 'waits for more, or for a server behind it.',
    todo: [...PROXY_HEADERS, FROM_SERVER],
  };
}

// upgradeRefused compares with the ordinary request to the same address. DRP answers that with 400
// when it took the token and with 401 without one.
export function upgradeRefused(f) {
  const status = f.ask?.status;
  const expected = f.signedIn ? [200, 400, 426] : [401, 403];
  if (!unopened(f) || !status || expected.includes(status)) return null;
  return { ...byStatus(status), headline: `The API works, but the websocket’s address answers ${status}` };
}

export function signInFirst(f) {
  if (!unopened(f) || f.signedIn) return null;
  return {
    verdict: 'partial', headline: 'So far fine: sign in to test the websocket itself',
    cause: 'The endpoint answers this browser, so name, port and certificate are in order. Without credentials DRP '
      + 'refuses every websocket, which a page sees as a bare 1006: nothing more can be told.',
    todo: [f.pageSecure ? 'Sign in above and start again.' : 'Open this page over HTTPS, sign in, and start again.'],
  };
}

export function notSwitched(f) {
  if (!unopened(f)) return null;
  return {
    finding: 'upgrade-not-switched', headline: 'The API works, but the websocket is not let through',
    cause: 'Network, certificate and credentials are proven by the steps below, and an ordinary request to the same '
      + 'address is answered. '
      + 'What is left is a reverse proxy or load balancer that drops the headers Upgrade and Connection.',
    todo: [
      'In nginx, the location that passes /api/v3/ on needs these lines.',
      ...PROXY_HEADERS,
      'A load balancer needs a listener for websockets (HTTP/1.1) or for plain TCP.',
      FROM_SERVER,
    ],
  };
}

export function endedAtOnce(f) {
  const end = [f.register, f.echo].find((step) => step?.ended);
  return end ? { ...endOf(f, end), headline: `The websocket opened and ended at once with code ${end.code}` } : null;
}

export function swallowed(f) {
  if (f.register?.arrived !== false) return null;
  return {
    finding: 'ws-no-ack', headline: 'The websocket opens, but nothing comes back',
    cause: 'DRP acknowledges a registration within milliseconds. Something on the way holds back what goes over the '
      + 'open socket.',
    todo: ['proxy_buffering off;', 'Look for a firewall or antivirus that inspects TLS.', FROM_SERVER],
  };
}

export function eventLost(f) {
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
    cause: 'The endpoint took the test event and never delivered it to this socket.',
    todo: ['drpcli events watch', FROM_SERVER],
  };
}

export function heldAndLost(f) {
  if (!f.hold?.ended) return null;
  const { held, code } = f.hold;
  if (code !== 1006 || violation(f, f.hold)) {
    return { ...endOf(f, f.hold), headline: `The websocket was closed after ${held} s with code ${code}` };
  }
  return {
    finding: 'ws-dropped', headline: `The websocket was dropped after ${held} s`,
    cause: 'No close frame came: the server or something on the way just ended the connection. Run the test again: '
      + 'where it always takes the same time, it is the idle timeout of a proxy or load balancer.',
    todo: [
      'In a proxy, raise the idle timeout (nginx, HAProxy): DRP pings every 54 seconds, so it must be longer than '
        + 'that.',
      'proxy_read_timeout 3600s;',
      'timeout tunnel 1h',
      FROM_SERVER,
    ],
  };
}

export function closeIgnored(f) {
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
      finding: 'ws-protocol-error',
      cause: 'Chromium ended the websocket itself, because what it received breaks the protocol: something on the way '
        + 'changes the stream. Its console (F12) says what.',
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
