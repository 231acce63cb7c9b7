// Words and knowledge that several rules of the diagnosis share.

import { CLOSE_CODES } from './closecodes.js';

// closeCode returns what is known of a close code.
export const closeCode = (code) =>
  CLOSE_CODES.find((c) => code >= c.low && code <= c.high) ?? { name: '', meaning: '', remedy: [] };

// where is the endpoint as a user types it.
export const where = (f) => `${f.endpoint.host}:${f.endpoint.port}`;

export const FROM_SERVER = 'Run the command below on the server or a host near it: it reads the certificate and every '
  + 'answer in full.';

// PROXY_HEADERS are the lines that nginx needs to pass a websocket on.
export const PROXY_HEADERS = [
  'proxy_http_version 1.1;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection "upgrade";',
];

// space is where an address lies as far as its spelling tells: loopback, private, public or unknown.
export function space(host) {
  if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$|\.localhost$/.test(host)) return 'loopback';
  if (/^\[f(?:[cd]|e[89ab])/.test(host) || host.endsWith('.local')) return 'private';
  const v4 = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
  if (!v4) return host.startsWith('[') ? 'public' : 'unknown';
  const [a, b] = [Number(v4[1]), Number(v4[2])];
  const inside = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)
    || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128);
  return inside ? 'private' : 'public';
}

// byStatus is what an HTTP status stands for where DRP would not answer so.
export function byStatus(status) {
  if (status === 401 || status === 403) {
    return {
      finding: status === 401 ? 'upgrade-unauthorized' : 'upgrade-forbidden',
      cause: `The answer is ${status}, though the API took the same credentials: a proxy removes the token from the `
        + `address, or guards it by itself.`,
      todo: ['Let the proxy pass path and query of /api/v3/ws on as they come.', FROM_SERVER],
    };
  }
  if (status === 407 || status === 511) {
    return {
      finding: 'upgrade-proxy-auth',
      cause: `The answer is ${status}: a proxy or captive portal wants a login of its own.`,
      todo: ['Sign in to the network or proxy first, then start again.'],
    };
  }
  if (status === 429) {
    return {
      finding: 'upgrade-rate-limited',
      cause: 'The answer is 429: a proxy limits how often this address may ask.',
      todo: ['Raise the limit for /api/v3/ in the proxy.'],
    };
  }
  if (status >= 502 && status <= 504) {
    return {
      finding: 'upgrade-bad-gateway',
      cause: `The answer is ${status}: a proxy is up, but DRP behind it is not, or not for this proxy.`,
      todo: ['systemctl status dr-provision', 'Check the address to which the proxy passes requests on.', FROM_SERVER],
    };
  }
  if (status >= 500) {
    return {
      finding: 'upgrade-server-error',
      cause: `The answer is ${status}: the server itself fails on the request.`,
      todo: ['journalctl -u dr-provision --since -10min', FROM_SERVER],
    };
  }
  return {
    finding: 'upgrade-not-found',
    cause: `The answer is ${status}, where DRP answers otherwise: another server, or a proxy that does not pass this `
      + `path on.`,
    todo: [
      'Check that the port is DRP’s API port (8092 by default).',
      'A reverse proxy must pass all of /api/v3/ on.',
      FROM_SERVER,
    ],
  };
}

// printable shows control and direction-changing characters of a server's text as escapes.
export function printable(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}
