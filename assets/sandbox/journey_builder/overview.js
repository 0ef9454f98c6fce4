// The list of business units and journeys, and the form of a new one.

import { attempt, by, call, element, option } from './page.js';

const NEW = '';
const TYPES = ['Text', 'Phone', 'EmailAddress', 'Number', 'Date', 'Boolean', 'Locale', 'Decimal'];
let units = [];

async function load() {
  const overview = await call('GET', '/overview');
  units = overview.units;
  by('units').replaceChildren(...units.map((unit) => element('li', {}, String(unit.mid))));
  by('new-mid').replaceChildren(...units.map((unit) => option(unit.mid, unit.mid)));
  const rows = overview.journeys.toReversed().map((journey) => {
    const link = element('a', { href: `/journey-builder/journeys/${journey.id}` }, journey.name);
    const cells = [link, String(journey.version), String(journey.mid), journey.status];
    return element('tr', { data: { journey: journey.id } }, ...cells.map((cell) => element('td', {}, cell)));
  });
  by('journeys').tBodies[0].replaceChildren(...rows);
  showUnit();
  showTemplate();
  await readColumns();
}

function showUnit() {
  const unit = units.find((known) => String(known.mid) === by('new-mid').value);
  const events = (unit?.events ?? []).map((event) => option(event.eventDefinitionKey, event.name));
  by('new-event').replaceChildren(...events, option(NEW, 'Create new'));
  by('new-event-extension').replaceChildren(...(unit?.dataExtensions ?? []).map((key) => option(key, key)));
  showEvent();
}

function showEvent() {
  for (const field of document.querySelectorAll('[data-new-event]')) field.hidden = by('new-event').value !== NEW;
}

function showTemplate() {
  for (const field of document.querySelectorAll('[data-for]')) {
    field.hidden = !field.dataset.for.split(' ').includes(by('new-template').value);
  }
}

function showEntry() {
  for (const field of document.querySelectorAll('[data-entry]')) field.hidden = by('new-no-entry').checked;
}

async function readColumns() {
  await attempt(async () => {
    const { columns } = await call('POST', '/columns', { csv: by('new-csv').value });
    const fields = columns.map((column) => {
      const types = TYPES.map((type) => option(type, type, type === column.type));
      return element('label', {}, column.name, element('select', { data: { column: column.name } }, ...types));
    });
    by('new-columns').replaceChildren(...fields);
  });
}

function design() {
  const template = by('new-template').value;
  const made = { name: by('new-name').value, mid: Number(by('new-mid').value), endpointBase: by('new-base').value, template };
  if (template === 'messageWaitReport') made.waitSecs = Number(by('new-wait').value);
  if (template === 'messageEventReport') {
    made.maxWaitSecs = Number(by('new-wait').value);
    const key = by('new-event').value;
    made.event = key === NEW
      ? { name: by('new-event-name').value, dataExtensionKey: by('new-event-extension').value }
      : { key };
  }
  if (!by('new-no-entry').checked) {
    const chosen = [...by('new-columns').querySelectorAll('select')].map((field) => [field.dataset.column, field.value]);
    made.entry = { csv: by('new-csv').value, types: Object.fromEntries(chosen) };
  }
  return made;
}

by('new-mid').addEventListener('change', showUnit);
by('new-event').addEventListener('change', showEvent);
by('new-template').addEventListener('change', showTemplate);
by('new-no-entry').addEventListener('change', showEntry);
by('new-csv').addEventListener('change', readColumns);
by('new-file').addEventListener('change', async () => {
  const file = by('new-file').files[0];
  if (!file) return;
  by('new-csv').value = await file.text();
  await readColumns();
});
by('new').addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = by('new-create');
  button.disabled = true;
  const done = await attempt(async () => {
    const { id } = await call('POST', '/journeys', design());
    location.assign(`/journey-builder/journeys/${id}`);
  });
  button.disabled = done;
});
await attempt(load);
