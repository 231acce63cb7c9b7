// The page: reads the form, runs the walk step by step, shows what came of it. Text of any origin
// goes into the document as text only.

import * as walk from './walk.js';
import { diagnose } from './diagnosis.js';
import { closeCode, printable } from './words.js';

const $ = (id) => document.getElementById(id);
const STATES = { running: ['…', 'running'], ok: ['✓', 'passed'], failed: ['✗', 'failed'], skipped: ['–', 'stopped'] };
const VERDICTS = { ok: 'OK', failed: 'FAILED', partial: 'INCOMPLETE' };
let running = null; // AbortController of the test under way

// Sentences that are true when all is well, so that the list reads the same in green and red.
const STEPS = {
  reach: 'The endpoint answers this browser over HTTPS',
  signIn: 'The API takes the credentials',
  open: 'The websocket opens',
  ask: 'An ordinary request to the same address is answered as DRP does',
  register: 'A registration is acknowledged',
  echo: 'An event arrives on the socket',
  hold: 'The socket stays open',
  close: 'Closing is answered',
};

prefill();
$('form').addEventListener('submit', (event) => { event.preventDefault(); start(); });
$('stop').addEventListener('click', () => running?.abort());
$('copy').addEventListener('click', copyReport);
window.addEventListener('pagehide', leave);

// leave ends the test with its timers and its socket, and forgets the secrets.
function leave() {
  running?.abort();
  for (const id of ['password', 'token']) $(id).value = '';
}

function prefill() {
  if (location.hostname) $('endpoint').value = `${location.hostname}:8092`;
  if (location.protocol === 'https:') return;
  $('credentials-refused').hidden = false;
  for (const id of ['user', 'password', 'token']) $(id).disabled = true;
  const secure = `https://${location.hostname || 'your-endpoint'}:8090${location.pathname}`;
  $('https-link').href = $('https-link').textContent = secure;
}

function readForm() {
  const secret = { user: $('user').value.trim(), password: $('password').value, token: $('token').value.trim() };
  if (secret.token && (secret.user || secret.password)) throw complaint('token', 'Give user and password, or a token, not both.');
  if (secret.user && !secret.password) throw complaint('password', `Give the password of ${secret.user} as well, or no user.`);
  if (!secret.user && secret.password) throw complaint('user', 'Give the user of that password as well, or no password.');
  try {
    return { endpoint: walk.parseEndpoint($('endpoint').value), secret, seconds: Number($('hold').value) };
  } catch (error) {
    throw complaint('endpoint', error.message);
  }
}

const complaint = (field, text) => Object.assign(new Error(text), { field });

async function start() {
  if (running) return;
  for (const id of ['endpoint', 'user', 'password', 'token']) $(id).removeAttribute('aria-invalid');
  $('complaint').hidden = true;
  let input;
  try { input = readForm(); } catch (error) {
    $('complaint').textContent = error.message;
    $('complaint').hidden = false;
    $(error.field).setAttribute('aria-invalid', 'true');
    $(error.field).focus();
    return;
  }
  running = new AbortController();
  busy(true);
  try {
    show(await runWalk(input, running.signal));
  } finally {
    running = null;
    busy(false);
  }
}

// busy switches the page over, and takes the keyboard's focus along: a disabled button has none.
function busy(on) {
  $('stop').disabled = !on;
  if (on) {
    $('result').hidden = $('more').hidden = true;
    $('steps').replaceChildren();
    $('walk').hidden = false;
    $('stop').focus();
  }
  $('start').disabled = on;
  if (!on) $('result').focus();
}

// runWalk takes the steps in order and ends where the next one would have nothing to stand on.
async function runWalk({ endpoint, secret, seconds }, signal) {
  const facts = {
    endpoint, firefox: /Firefox\//.test(navigator.userAgent), pageSecure: location.protocol === 'https:',
    pageHost: location.hostname, byToken: Boolean(secret.token), signedIn: false, permission: '',
  };
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');

  const reached = await take(facts, 'reach', () => walk.reach(endpoint, signal));
  if (!reached.answered) facts.permission = await walk.localNetwork();
  if (reached.hung || reached.stopped || reached.redirected) return facts;
  let token = '';
  if (reached.answered && (secret.user || secret.token)) {
    await take(facts, 'signIn', async () => {
      const signed = await walk.signIn(endpoint, secret, signal);
      token = signed.token;
      return signed.facts;
    });
    if (!token) return facts;
    facts.signedIn = true;
  }
  let socket = null;
  await take(facts, 'open', async () => {
    const opened = await walk.open(endpoint, token, signal);
    socket = opened.socket;
    return opened.facts;
  });
  if (socket) {
    await useSocket(facts, { endpoint, token, socket, nonce, seconds, signal });
  } else if (reached.answered && !facts.open.hung && !facts.open.stopped && !facts.open.refused) {
    await take(facts, 'ask', () => walk.ask(endpoint, token, signal));
  }
  return facts;
}

async function useSocket(facts, { endpoint, token, socket, nonce, seconds, signal }) {
  try {
    if (!(await take(facts, 'register', () => walk.register(socket, nonce, signal))).arrived) return;
    const echoed = await take(facts, 'echo', () => walk.echo(endpoint, token, socket, nonce, signal));
    if (echoed.ended || echoed.stopped) return;
    const held = await take(facts, 'hold', (tell) => walk.hold(socket, seconds, signal, (s) => tell(`${s} of ${seconds} s`)));
    if (!held.ended && !held.stopped) await take(facts, 'close', () => walk.close(socket, signal));
  } finally {
    socket.close();
  }
}

// take runs one step, shows it while it lasts, and keeps its facts.
async function take(facts, name, step) {
  const line = addStep(name);
  facts[name] = await step((text) => { line.detail.textContent = text; });
  finish(line, name, facts);
  return facts[name];
}

// good says whether a step's sentence turned out true.
function good(name, { [name]: f, signedIn }) {
  switch (name) {
    case 'reach': return f.answered && !f.redirected && [undefined, 0, 200, 401, 403].includes(f.status);
    case 'signIn': return f.status === 200 && !f.unreadable;
    case 'open': return f.opened;
    case 'ask': return (signedIn ? [400, 426] : [401, 403]).includes(f.status);
    case 'hold': return !f.ended;
    case 'close': return f.closed;
    default: return f.arrived;
  }
}

function describe(name, f) {
  if (f.stopped) return 'stopped';
  if (f.hung) return 'no answer';
  if (f.refused) return printable(f.refused);
  switch (name) {
    case 'reach':
      if (!f.answered) return f.plain ? 'no, though the port answers plain HTTP' : 'no answer; the browser does not tell a page why';
      return f.redirected ? 'answered with a redirect' : 'name, port, TLS and certificate are as this browser wants them';
    case 'signIn':
    case 'ask':
      if (f.redirected) return 'answered with a redirect';
      return f.answered ? `answer ${f.status}` : 'the answer may not be read by a page';
    case 'echo': return f.arrived ? `${f.round} ms there and back` : f.ended ? ended(f) : `the API answered the event with ${f.posted}`;
    case 'hold': return f.ended ? `${ended(f)} after ${f.held} s` : `for ${f.held} s`;
    default: return f.code === undefined ? '' : ended(f);
  }
}

function ended({ code, reason }) {
  const { name } = closeCode(code);
  return `close code ${code}${name ? ` (${name})` : ''}${reason ? ` “${printable(reason)}”` : ''}`;
}

function element(tag, className, ...content) {
  const e = document.createElement(tag);
  e.className = className;
  e.append(...content); // strings become text nodes
  return e;
}

function addStep(name) {
  const line = { mark: element('span', 'mark'), said: element('span', 'unseen'), time: element('span', 'time'), detail: element('span', 'detail') };
  line.mark.ariaHidden = 'true';
  line.item = element('li', '', line.mark, element('span', 'title', STEPS[name], line.said), line.time, line.detail);
  line.item.dataset.step = name;
  setState(line, 'running');
  $('steps').append(line.item);
  return line;
}

function setState(line, state) {
  const [mark, word] = STATES[state];
  line.item.dataset.state = state;
  line.mark.textContent = mark;
  line.said.textContent = `: ${word}`;
}

function finish(line, name, facts) {
  const f = facts[name];
  setState(line, f.stopped ? 'skipped' : good(name, facts) ? 'ok' : 'failed');
  line.time.textContent = f.ms < 10000 ? `${f.ms} ms` : `${Math.round(f.ms / 1000)} s`;
  line.detail.textContent = describe(name, f);
}

function show(facts) {
  const found = diagnose(facts);
  const { origin } = facts.endpoint;
  $('result').dataset.verdict = found.verdict;
  $('result').dataset.finding = found.finding;
  $('headline').textContent = found.headline;
  $('cause').textContent = found.cause;
  $('todo').replaceChildren(...remedy(found.todo));
  $('accept').hidden = !found.accept;
  $('accept-link').href = origin + '/';
  $('accept-address').textContent = origin + '/';
  $('command').textContent = commands(facts, found).join('\n');
  $('report').value = reportText(facts, found);
  $('copied').textContent = '';
  $('result').hidden = $('more').hidden = false;
}

// commands are for a terminal on the server's side.
function commands({ endpoint }, { finding }) {
  return [
    `ws-diagnose check -E ${endpoint.origin}`,
    `drpcli -E ${endpoint.origin} plugins runaction ws-diagnose ws-diagnose`,
    ...(finding ? [`ws-diagnose explain ${finding}`] : []),
  ];
}

const isCommand = (line) => !line.endsWith('.');

// remedy makes list items of sentences; commands stand as code below the sentence before them.
function remedy(lines) {
  const items = [];
  let code = null;
  for (const line of lines) {
    if (!isCommand(line)) {
      items.push(element('li', '', line));
      code = null;
      continue;
    }
    if (!code) {
      code = element('code', '');
      if (!items.length) items.push(element('li', ''));
      items.at(-1).append(element('pre', '', code));
    }
    code.append(code.textContent ? '\n' : '', line);
  }
  return items;
}

function reportText(facts, found) {
  const steps = [...$('steps').children].map(({ dataset: { step, state } }) =>
    `  ${state.padEnd(8)}${STEPS[step]} (${facts[step].ms} ms) ${describe(step, facts[step])}`.trimEnd());
  return [
    `${VERDICTS[found.verdict]}: ${facts.endpoint.origin}: ${found.headline}`,
    ...(found.finding ? [`Likely finding: ${found.finding}`] : []),
    found.cause,
    '', 'Steps', ...steps,
    '', 'What to do', ...found.todo.map((line) => (isCommand(line) ? `      ${line}` : `  - ${line}`)),
    '', 'From the server’s side', ...commands(facts, found).map((line) => `      ${line}`),
    '', `Browser: ${navigator.userAgent}`, `Page: ${location.origin}${location.pathname}`, `Time: ${new Date().toISOString()}`,
  ].join('\n');
}

async function copyReport() {
  try {
    await navigator.clipboard.writeText($('report').value);
    $('copied').textContent = 'Copied.';
  } catch { // not over plain HTTP
    $('report').focus();
    $('report').select();
    $('copied').textContent = 'Selected: copy it with Ctrl+C.';
  }
}
