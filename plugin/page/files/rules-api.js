// The rules up to the API: facts in, what they mean out, null where a rule does not fit.

import { FROM_SERVER, byStatus, space, where } from './words.js';

const unreached = (f) => f.reach?.answered === false;

// Chromium asks before a page of a public site may reach a private address, and lets it wait so long.
export function localNetwork(f) {
  const inside = ['private', 'loopback'].includes(space(f.endpoint.host));
  const possible = f.pageHost !== f.endpoint.host && space(f.pageHost) !== 'private'
    && space(f.endpoint.host) !== 'public';
  const denied = f.permission === 'denied';
  if (!unreached(f) || !possible || !(denied || (f.permission === 'prompt' && inside))) return null;
  return {
    finding: 'browser-local-network',
    headline: denied
      ? 'This browser was told to keep pages off your local network'
      : 'This browser waits for permission to reach your local network',
    cause: `This page comes from ${f.pageHost}, and ${where(f)} has a private address. Chromium lets a public page `
      + 'reach such an address only with permission; without it every request and websocket fails with 1006. '
      + 'Certificates have nothing to do with it.',
    todo: [
      'Answer the browser’s question with Allow, or open the site settings (the icon left of the address) and allow '
        + 'Local network access.',
      'On managed browsers the policy LocalNetworkAccessAllowedForUrls grants it to the portal’s address.',
    ],
  };
}

export function silent(f) {
  if (!unreached(f) || !f.reach.hung) return null;
  return {
    finding: 'connect-timeout', headline: 'The endpoint does not answer',
    cause: `${where(f)} neither refuses nor answers. That is how a firewall that drops packets, a wrong address or a `
      + `host that is down looks.`,
    todo: [
      'Check address and port, and whether a firewall or VPN stands between this computer and the endpoint.',
      FROM_SERVER,
    ],
  };
}

export function certificate(f) {
  if (!unreached(f)) return null;
  const sure = f.open?.code === 1015 || f.reach.plain === true;
  if (!sure && (f.firefox || f.reach.plain === false)) return null;
  const proof = f.open?.code === 1015
    ? 'The endpoint is there, but TLS fails: Firefox says so with code 1015.'
    : 'The port is open and answers plain HTTP, so what fails is TLS.';
  const sameHost = f.pageSecure && f.pageHost === f.endpoint.host;
  return {
    finding: sure ? 'cert-self-signed' : '', accept: true,
    headline: sure
      ? 'This browser refuses the endpoint’s certificate'
      : 'No connection: most likely this browser does not accept the certificate',
    cause: sure
      ? `${proof} The certificate is self-signed, expired or made for another name, and nobody has accepted it in `
        + `this browser profile yet.`
      : 'Chromium gives a page the same code, 1006, for a certificate that it does not accept (self-signed, expired, '
        + 'made for another name) and for a port where nothing listens.'
        + (sameHost ? ` This page came from ${f.pageHost} too, so the host is up: certificate or port it is.` : '')
        + ' The address behind the button tells which.',
    todo: [
      'Open the endpoint with the button. At the certificate warning choose Advanced and go on, which leads to the '
        + 'portal; then come back and start the test again.',
      ...(sure ? [] : ['If it says “refused to connect” or “can’t be reached”, DRP is not there, or the port is wrong.']),
      f.firefox
        ? 'Firefox remembers this for one port of a host: the file port (8090) and the API port (8092) are accepted '
          + 'one by one.'
        : 'Chromium remembers this for the host and this very certificate, for about a week.',
      ...(f.firefox || !sameHost ? [] : ['Does it not last? Chromium forgets it when another port of the host, such as '
        + 'this page’s, shows a certificate that it trusts: give the API port that certificate.']),
      'Where there is no way to go on, nothing can be accepted by hand: the certificate, or the server’s TLS '
        + 'settings, must be changed.',
    ],
  };
}

export function nothingThere(f) {
  if (!unreached(f)) return null;
  return {
    finding: 'connect-refused', headline: 'Nothing usable answers there',
    cause: f.firefox
      ? `Firefox says ${f.open?.code || 1006}, not 1015, so it is not the certificate: ${where(f)} refuses the `
        + `connection or ends it, or the name is unknown.`
      : `${where(f)} answers neither TLS nor plain HTTP: nothing listens there, or the name is unknown.`,
    todo: ['systemctl status dr-provision', 'Check the name and the port.', FROM_SERVER],
  };
}

export function redirected(f) {
  if (![f.reach, f.signIn, f.ask].some((step) => step?.redirected)) return null;
  return {
    finding: 'upgrade-redirected', headline: 'API requests are sent elsewhere',
    cause: `${where(f)} answers with a redirect, which DRP’s API never does: the login page of a proxy, or another `
      + `server. Browsers do not follow redirects with a websocket.`,
    todo: ['Let the proxy pass all of /api/v3/ on without a login of its own.', FROM_SERVER],
  };
}

export function notTheAPI(f) {
  const status = f.reach?.status;
  if (!status || [200, 401, 403].includes(status)) return null;
  return {
    ...byStatus(status),
    headline: status >= 500 ? `The API answers ${status}` : `Not DRP’s API: it answers ${status}`,
  };
}

export function preflight(f) {
  if (!f.signIn || f.signIn.answered) return null;
  if (f.signIn.hung) {
    return {
      finding: 'http-timeout',
      headline: 'The API does not answer the sign-in',
      cause: 'The endpoint answered before, but not this request.',
      todo: [FROM_SERVER],
    };
  }
  return {
    finding: 'upgrade-not-found', headline: 'Something other than DRP answers',
    cause: `${where(f)} speaks HTTPS with a certificate that this browser accepts, but a page may not sign in there. `
      + `DRP lets every page (CORS): another server answers, or a proxy does it in DRP’s place.`,
    todo: [
      'Check that the port is DRP’s API port (8092 by default).',
      'A reverse proxy must pass all of /api/v3/ on, OPTIONS requests and Access-Control headers included.',
      FROM_SERVER,
    ],
  };
}

export function credentials(f) {
  const status = f.signIn?.status;
  if (status !== 401 && status !== 403) return null;
  return {
    finding: status === 401 ? 'upgrade-unauthorized' : 'upgrade-forbidden',
    headline: 'The endpoint refuses these credentials',
    cause: `The API answers ${status}: ` + (f.byToken
      ? 'the token is expired, revoked, or from another endpoint.'
      : 'user or password is wrong, or the account may not have tokens.'),
    todo: [
      'Network, name and certificate are fine: it is not the connection.',
      f.byToken
        ? 'Sign out of the portal and in again: that fetches a new token.'
        : 'Check user and password by signing in to the portal.',
    ],
  };
}

export function signInFails(f) {
  if (!f.signIn || (f.signIn.status === 200 && !f.signIn.unreadable)) return null;
  if (f.signIn.status === 200) return { ...byStatus(200), headline: 'Not DRP’s API: the answer holds no token' };
  return { ...byStatus(f.signIn.status), headline: `The API answers the sign-in with ${f.signIn.status}` };
}
