// One journey: its steps in a row, its actions, its run.

import { attempt, by, call, element, problem } from './page.js';
import { Host, behaviours } from './host.js';
import { openModal } from './modal.js';
import { described, openStep, title } from './steps.js';

const POLL_EVERY_MS = 500;
const WIRE_MAX = 300;
const ARGUMENT_CHARS_MAX = 400;
const DONE = {
  save: 'The draft is saved.', validate: 'The journey is valid.', publish: 'The journey is published.',
  run: 'The contacts have entered.', stop: 'The journey is stopped.',
};
const id = location.pathname.split('/').at(-1);
let hovers = [];
let polling = null;

async function load() {
  const journey = await call('GET', `/journeys/${id}`);
  const status = behaviours().status ?? journey.status;
  document.title = journey.name;
  by('journey-name').textContent = `${journey.name} (version ${journey.version})`;
  by('journey-status').textContent = status;
  const isDraft = status === 'Draft';
  const isRunning = status === 'Published' || status === 'Unpublished';
  for (const name of ['save', 'validate', 'publish']) by(name).disabled = !isDraft;
  by('run').disabled = status !== 'Published';
  by('stop').disabled = !isRunning;
  by('new-version').disabled = isDraft;
  hovers.forEach((hover) => hover.end());
  hovers = [];
  by('canvas').replaceChildren(entry(journey), ...journey.steps.map((step) => card(journey, step, isDraft, isRunning)));
  // Only a frame that is on the page has a window.
  hovers.forEach((hover) => hover.open().catch(problem));
  if (journey.hasRun) poll();
}

function entry(journey) {
  const { source } = journey;
  const columns = source?.columns.map((column) => `${column.name}: ${column.type}`).join(', ');
  const texts = source ? [`${source.contacts} contacts`, columns, source.eventDefinitionKey] : ['No entry source'];
  return element('li', { className: 'card entry', id: 'entry' }, element('strong', {}, 'Entry source'),
    ...texts.map((text) => element('small', {}, text)));
}

function card(journey, step, isDraft, isRunning) {
  const button = element('button', { id: `activity-${step.key}`, data: { key: step.key } });
  const made = element('li', { className: 'card' }, button);
  if (step.kind !== 'rest') {
    button.append(element('strong', {}, title(step)), element('small', {}, described(step, journey.events)));
    const form = { journey: id, step, events: journey.events, isReadOnly: !isDraft, saved: refresh };
    button.addEventListener('click', () => openStep(form));
    return made;
  }
  const { activity, endpoint } = step;
  const isConfigured = activity.metaData?.isConfigured === true;
  button.dataset.configured = isConfigured;
  button.append(
    element('img', { src: activity.metaData?.icon || '/journey-builder/assets/icon.svg', alt: '', width: 32, height: 32 }),
    element('strong', {}, activity.name || endpoint.name),
    element('small', {}, `${step.key}, ${isConfigured ? 'configured' : 'not configured'}`));
  const modal = { journey: id, step, kind: 'configuration', isReadOnly: !isDraft, closed: refresh, log };
  button.disabled = !isDraft && !endpoint.supportsReadOnly;
  button.addEventListener('click', () => {
    problem();
    openModal(modal);
  });
  if (isRunning && endpoint.hover) made.append(hover(step));
  if (isRunning && endpoint.runningModal) {
    const details = element('button', { id: `details-${step.key}` }, endpoint.texts?.runningHoverButtonLabel ?? 'Details');
    details.addEventListener('click', () => openModal({ ...modal, kind: 'running' }));
    made.append(details);
  }
  return made;
}

function hover(step) {
  const page = step.endpoint.hover;
  const frame = element('iframe', { title: `${step.endpoint.name}, running`, width: page.width, height: page.height });
  const activity = { ...step.activity, editable: false };
  hovers.push(new Host({ frame, url: page.url, journey: id, activity, init: 'initActivityRunningHover', on: {}, log }));
  return element('div', { id: `hover-${step.key}`, className: 'hover' }, frame);
}

const refresh = () => attempt(load);

function poll() {
  clearTimeout(polling);
  polling = setTimeout(async () => {
    const run = await call('GET', `/journeys/${id}/run`).catch(problem);
    if (run?.progress) showRun(run);
    if (run && !run.isFinished) poll();
  }, POLL_EVERY_MS);
}

function showRun(run) {
  const { entered, executes, retries, ejected, finished, branches } = run.progress;
  const taken = Object.entries(branches).map(([branch, count]) => `${branch}: ${count}`);
  const inside = entered - ejected - finished;
  const numbers = [`${entered} entered`, `${inside} inside`, `${finished} finished`, `${ejected} ejected`,
    `${executes} calls`, `${retries} retries`, ...taken];
  by('progress').hidden = false;
  by('progress').textContent = numbers.join(', ');
  by('progress').dataset.finished = run.isFinished;
  by('outcome').hidden = !run.contacts;
  by('outcome').tBodies[0].replaceChildren(...(run.contacts ?? []).map(contactRow));
}

function contactRow(contact) {
  const outs = Object.entries(contact.outArguments).flatMap(([key, values]) =>
    Object.entries(values).map(([name, value]) =>
      element('li', { data: { name: `${key}.${name}` } }, `${key}.${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`)));
  const ejected = contact.ejected ? `${contact.ejected.activity}: ${contact.ejected.reason}` : '';
  const cells = [contact.contactKey, contact.path.join(' → '), contact.branches.join(', '), element('ul', {}, ...outs), ejected];
  return element('tr', { data: { contact: contact.contactKey } }, ...cells.map((cell) => element('td', {}, cell)));
}

// Tokens are left out: who looks over a shoulder has no use for them.
function log(direction, event, args) {
  const shown = event === 'requestedTokens' ? '…' : args.map((value) => JSON.stringify(value)).join(' ');
  const text = `${direction === 'in' ? '←' : '→'} ${event} ${shown.slice(0, ARGUMENT_CHARS_MAX)}`;
  by('wire').append(element('li', { data: { direction, event } }, text.trim()));
  if (by('wire').children.length > WIRE_MAX) by('wire').firstElementChild.remove();
}

for (const action of Object.keys(DONE)) {
  by(action).addEventListener('click', async () => {
    by('done').textContent = '';
    by(action).disabled = true;
    const isDone = await attempt(() => call('POST', `/journeys/${id}/${action}`));
    await load().catch(problem);
    if (isDone) by('done').textContent = DONE[action];
  });
}
for (const action of ['copy', 'new-version']) {
  by(action).addEventListener('click', () => attempt(async () => {
    const made = await call('POST', `/journeys/${id}/${action}`);
    location.assign(`/journey-builder/journeys/${made.id}`);
  }));
}
await refresh();
