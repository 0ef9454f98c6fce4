// The forms of the steps that are no custom activities.

import { attempt, by, call, element, option } from './page.js';

const OPERATORS = ['equals', 'notEquals', 'beginsWith', 'endsWith', 'contains', 'empty', 'notEmpty'];
const TITLES = { wait: 'Wait by duration', event: 'Wait Until Event', split: 'Decision split' };
const dialog = by('step');
let save = null;

// What stands on the canvas for such a step.
export function described(step, events) {
  if (step.kind === 'wait') return `${step.waitSecs} s`;
  if (step.kind === 'event') {
    const event = events.find((known) => known.eventDefinitionKey === step.eventDefinitionKey);
    return `${event?.name ?? step.eventDefinitionKey}, ${step.maxWaitSecs} s at most`;
  }
  return step.rules.map((rule) => `${rule.operand} ${rule.operator} ${rule.value}`.trim()).join('; ');
}

export const title = (step) => TITLES[step.kind];

export function openStep({ journey, step, events, isReadOnly, saved }) {
  by('step-title').textContent = TITLES[step.kind];
  by('step-save').hidden = isReadOnly;
  by('step-fields').replaceChildren(...fields(step, events));
  save = async () => {
    await call('PUT', `/journeys/${journey}/steps/${step.key}`, change(step));
    dialog.close();
    saved();
  };
  dialog.showModal();
}

function fields(step, events) {
  const seconds = (value) => element('label', {}, 'Seconds',
    element('input', { id: 'step-seconds', type: 'number', min: '0', max: '31536000', required: true, value }));
  if (step.kind === 'wait') return [seconds(step.waitSecs)];
  if (step.kind === 'event') {
    const options = events.map((event) =>
      option(event.eventDefinitionKey, event.name, event.eventDefinitionKey === step.eventDefinitionKey));
    return [element('label', {}, 'Event', element('select', { id: 'step-event' }, ...options)), seconds(step.maxWaitSecs)];
  }
  const rules = element('div', { id: 'rules' });
  const show = (list) => rules.replaceChildren(...list.map((rule, index) => ruleFields(rule, index, show)));
  const add = element('button', { id: 'rule-add', type: 'button' }, 'Add rule');
  add.addEventListener('click', () => show([...read(), { operand: '', operator: 'equals', value: '' }]));
  show(step.rules);
  return [rules, add];
}

function ruleFields(rule, index, show) {
  const id = (part) => `rule-${index}-${part}`;
  const operators = OPERATORS.map((operator) => option(operator, operator, operator === rule.operator));
  const remove = element('button', { id: id('remove'), type: 'button' }, 'Remove');
  remove.addEventListener('click', () => show(read().filter((_, other) => other !== index)));
  return element('fieldset', { className: 'rule' },
    element('label', {}, 'Operand', element('input', { id: id('operand'), required: true, value: rule.operand })),
    element('label', {}, 'Operator', element('select', { id: id('operator') }, ...operators)),
    element('label', {}, 'Value', element('input', { id: id('value'), value: rule.value })), remove);
}

function read() {
  return [...document.querySelectorAll('.rule')].map((rule) => {
    const value = (part) => rule.querySelector(`[id$=${part}]`).value;
    return { operand: value('operand'), operator: value('operator'), value: value('value') };
  });
}

function change(step) {
  const seconds = () => Number(by('step-seconds').value);
  if (step.kind === 'wait') return { waitSecs: seconds() };
  if (step.kind === 'event') return { maxWaitSecs: seconds(), event: { key: by('step-event').value } };
  return { rules: read() };
}

by('step-form').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(save);
});
by('step-cancel').addEventListener('click', () => dialog.close());
