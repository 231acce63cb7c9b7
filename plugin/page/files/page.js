// The page: reads the form, runs the walk step by step, shows what came of it. Text of any origin
// goes into the document as text only.

import * as walk from './walk.js';
import { diagnose, closeCode, printable } from './diagnosis.js';

const $ = (id) => document.getElementById(id);
const MARK = { running: '…', ok: '✓', failed: '✗', unsure: '?', skipped: '–' };
let running = null; // AbortController of the test under way

const STEPS = {
  reach: 'The endpoint answers this browser over HTTPS',
  signIn: 'The API takes the credentials',
  open: 'The websocket opens',
  register: 'A registration is acknowledged',
  echo: 'An event arrives on the socket',
  hold: 'The socket stays open while silent',
  close: 'Closing is answered',
};

prefill();
$('form').addEventListener('submit', (event) => { event.preventDefault(); start(); });
$('stop').addEventListener('click', () => running?.abort());
$('copy').addEventListener('click', copyReport);

function prefill() {
  if (location.hostname) $('endpoint').value = `${location.hostname}:8092`;
  if (location.protocol === 'https:') return;
  $('credentials-refused').hidden = false;
  for (const id of ['user', 'password', 'token']) $(id).disabled = true;
  const secure = `https://${location.hostname || 'your-endpoint'}:8090${location.pathname}`;
  $('https-link').href = secure;
  $('https-link').textContent = secure;
}

function readForm() {
  const secret = { user: $('user').value.trim(), password: $('password').value, token: $('token').value.trim() };
  if (secret.token && secret.user) throw new Error('Give a user and password, or a token, not both.');
  if (secret.user && !secret.password) throw new Error(`Give the password of ${secret.user} as well, or no user.`);
  if (!secret.user && secret.password) throw new Error('Give the user of that password as well, or no password.');
  return { endpoint: walk.parseEndpoint($('endpoint').value), secret, seconds: Number($('hold').value) };
}

async function start() {
  let input;
  const complaint = $('endpoint-error');
  complaint.hidden = true;
  try { input = readForm(); } catch (error) {
    complaint.textContent = error.message;
    complaint.hidden = false;
    $('endpoint').focus();
    return;
  }
  running = new AbortController();
  $('start').disabled = true;
  $('stop').disabled = false;
  $('result').hidden = $('more').hidden = true;
  $('steps').replaceChildren();
  $('walk').hidden = false;
  try {
    show(await runWalk(input, running.signal));
  } finally {
    $('start').disabled = false;
    $('stop').disabled = true;
    running = null;
  }
}

// runWalk takes the steps in order and ends where the next one would have nothing to stand on.
async function runWalk({ endpoint, secret, seconds }, signal) {
  const facts = { endpoint, firefox: /Firefox\//.test(navigator.userAgent), pageSecure: location.protocol === 'https:', byToken: Boolean(secret.token), signedIn: false };
  const take = async (name, step, good) => {
    const line = addStep(name);
    facts[name] = await step((text) => { line.detail.textContent = text; });
    finish(line, facts[name], good(facts[name]), name);
    return facts[name];
  };
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');

  const reached = await take('reach', () => walk.reach(endpoint, signal), (f) => f.answered);
  let token = '';
  if (reached.answered && (secret.user || secret.token)) {
    const signed = await take('signIn', () => walk.signIn(endpoint, secret, signal), (f) => f.status === 200 && f.token !== '');
    if (signed.status !== 200 || !signed.token) return facts;
    token = signed.token;
    facts.signedIn = true;
  }
  if (reached.hung || reached.stopped) return facts;
  const opened = await take('open', () => walk.open(endpoint, token, signal), (f) => f.opened);
  if (!opened.opened) return facts;
  const { socket } = opened;
  delete facts.open.socket;
  try {
    const registered = await take('register', () => walk.register(socket, nonce, signal), (f) => f.arrived);
    if (!registered.arrived) return facts;
    const echoed = await take('echo', () => walk.echo(endpoint, token, socket, nonce, signal), (f) => f.arrived);
    if (echoed.ended || echoed.stopped) return facts;
    const held = await take('hold', (tell) => walk.hold(socket, seconds, signal, (s) => tell(`${s} of ${seconds} s`)), (f) => !f.ended);
    if (held.ended || held.stopped) return facts;
    await take('close', () => walk.close(socket, signal), (f) => f.closed);
  } finally {
    socket.close();
  }
  return facts;
}

function element(tag, className, text) {
  const e = document.createElement(tag);
  e.className = className;
  e.textContent = text;
  return e;
}

function addStep(name) {
  const line = { item: document.createElement('li'), mark: element('span', 'mark', MARK.running), time: element('span', 'time', ''), detail: element('span', 'detail', '') };
  line.item.dataset.step = name;
  line.item.dataset.state = 'running';
  line.item.append(line.mark, element('span', 'title', STEPS[name]), line.time, line.detail);
  $('steps').append(line.item);
  return line;
}

function finish(line, facts, good, name) {
  const state = facts.stopped ? 'skipped' : good ? 'ok' : 'failed';
  line.item.dataset.state = state;
  line.mark.textContent = MARK[state];
  line.time.textContent = `${facts.ms} ms`;
  line.detail.textContent = describe(name, facts);
}

function describe(name, f) {
  if (f.stopped) return 'stopped';
  if (f.hung) return 'no answer';
  const code = f.code === undefined ? '' : `close code ${f.code}${closeCode(f.code).name ? ' ' + closeCode(f.code).name : ''}${f.reason ? ` “${printable(f.reason)}”` : ''}`;
  const words = {
    reach: f.answered ? 'name, port, TLS and certificate are as this browser wants them' : 'the browser does not say why',
    signIn: f.answered ? `answer ${f.status}` : 'the answer may not be read by a page',
    open: f.opened ? '' : f.refused ? printable(f.refused) : code,
    hold: f.ended ? `${code} after ${f.held} s` : `${f.held} s`,
  };
  return words[name] ?? code;
}

function show(facts) {
  const found = diagnose(facts);
  $('result').dataset.verdict = found.verdict;
  $('result').dataset.finding = found.finding;
  $('headline').textContent = found.headline;
  $('cause').textContent = found.cause;
  $('todo').replaceChildren(...found.todo.map((line) => element('li', '', line)));
  $('accept').hidden = !found.accept;
  $('accept-link').href = facts.endpoint.origin + '/';
  $('command').textContent = `ws-diagnose check -E ${facts.endpoint.origin}\ndrpcli -E ${facts.endpoint.origin} plugins runaction ws-diagnose ws-diagnose`;
  $('report').value = reportText(facts, found);
  $('copied').textContent = '';
  $('result').hidden = $('more').hidden = false;
}

function reportText(facts, found) {
  const lines = [`${found.verdict.toUpperCase()}: ${facts.endpoint.origin}: ${found.headline}`, found.cause, ''];
  for (const [name, title] of Object.entries(STEPS)) {
    if (facts[name]) lines.push(`${$('steps').querySelector(`[data-step=${name}]`).dataset.state.padEnd(8)} ${title} (${facts[name].ms} ms) ${describe(name, facts[name])}`.trimEnd());
  }
  lines.push('', ...found.todo.map((line) => `- ${line}`), '', `Browser: ${navigator.userAgent}`, `Page: ${location.origin}${location.pathname}`, `Time: ${new Date().toISOString()}`);
  if (found.finding) lines.splice(2, 0, `Likely finding: ${found.finding}`);
  return lines.join('\n');
}

async function copyReport() {
  try {
    await navigator.clipboard.writeText($('report').value);
    $('copied').textContent = 'Copied.';
  } catch {
    $('report').focus();
    $('report').select();
    $('copied').textContent = 'Selected: copy it with Ctrl+C.';
  }
}
