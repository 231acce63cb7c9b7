// The diagnosis: facts of the walk in, words for people out. Pure: no network, no document, no clock.
//
// A page never learns why a connection failed. What it can do is compare: an answer clears name, port,
// TLS and certificate; credentials that the API takes clear the account; an ordinary request to the
// socket's address tells a proxy from the server. What then still breaks is the upgrade. Firefox tells
// a TLS fault by code 1015, Chromium says 1006 for all.

import * as api from './rules-api.js';
import * as socket from './rules-socket.js';
import { space } from './words.js';

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
  stopped, api.localNetwork, api.silent, api.certificate, api.nothingThere, api.redirected, api.notTheAPI,
  api.preflight, api.credentials, api.signInFails,
  socket.browserRefuses, socket.upgradeHangs, socket.upgradeRefused, socket.signInFirst, socket.notSwitched,
  socket.endedAtOnce, socket.swallowed, socket.eventLost, socket.heldAndLost, socket.closeIgnored,
];

function stopped(f) {
  if (!Object.values(f).some((step) => step?.stopped)) return null;
  return {
    verdict: 'partial', headline: 'Stopped before the end',
    cause: f.reach?.answered
      ? 'Up to the step where it was stopped, nothing was wrong.'
      : 'It was stopped before the endpoint had answered.',
  };
}

function healthy(f) {
  const round = f.echo?.round === undefined ? '' : ` An event took ${f.echo.round} ms there and back.`;
  const inside = space(f.endpoint.host) !== 'public';
  return {
    headline: 'The websocket works from this browser',
    cause: `Certificate, sign-in, upgrade, registration and close are as the portal needs them, and the socket stayed `
      + `open for ${f.hold?.held ?? 0} s.${round}`,
    todo: [
      'If the portal still fails, compare its address (after #/e/) with the endpoint above, host and port, letter by '
        + 'letter.',
      'Try it in this browser profile: private windows and other profiles have accepted no certificate.',
      ...(f.firefox || !inside ? [] : ['Chromium asks once whether the portal’s site may reach your local network: '
        + 'allow it in the portal’s site settings. This page, coming from the endpoint, needs no such permission.']),
    ],
  };
}
