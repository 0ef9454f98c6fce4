// What both pages share: calls to the sandbox, elements, problems.

const API = '/journey-builder/api';

export class Refused extends Error {
  constructor(errors) {
    super(errors.join('\n'));
    this.errors = errors;
  }
}

export async function call(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { 'Content-Type': 'application/json' };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`${API}${path}`, options);
  const json = await answer.json();
  if (!answer.ok) throw new Refused(json.errors ?? [json.error ?? `status ${answer.status}`]);
  return json;
}

export const by = (id) => document.getElementById(id);

// An element with properties, `data` for its data attributes, and children.
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  const { data, ...others } = properties;
  Object.assign(made.dataset, data);
  Object.assign(made, others);
  made.append(...children);
  return made;
}

export function option(value, text, selected = false) {
  return element('option', { value, selected }, text);
}

export function problem(error) {
  const place = by('problem');
  // What lies behind an open dialog can be neither read nor heard.
  (document.querySelector('dialog[open]') ?? document.querySelector('main')).prepend(place);
  const errors = error ? (error.errors ?? [error.message ?? String(error)]) : [];
  place.replaceChildren(...errors.map((text) => element('span', {}, text)));
  place.hidden = errors.length === 0;
}

// Does something and shows what was refused; answers whether it was done.
export async function attempt(something) {
  problem();
  try {
    await something();
    return true;
  } catch (error) {
    problem(error);
    return false;
  }
}
