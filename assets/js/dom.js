// What the shell of a page brings along: sentences, templates and places. Texts stand in the templates
// (templates/partials/page_texts.html) and nowhere in the scripts, so that a language is a matter of templates alone.

/**
 * The element with this id, which the shell always has.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * A sentence of the shell with its `{names}` filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function text(key, values = {}) {
  const texts = /** @type {HTMLTemplateElement} */ (byId("texts"));
  const found = texts.content.querySelector(`[data-text="${key}"]`);
  const sentence = (found?.textContent ?? key).replace(/\s+/g, " ").trim();
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * A fresh copy of the first element of a `<template>` of the shell.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (byId(id));
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}

/**
 * Our server's fragment as nodes. The one place where HTML becomes nodes; nothing but the server's answers comes here.
 *
 * @param {string} html
 * @returns {DocumentFragment}
 */
export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/**
 * Writes a text only where it differs: a live region speaks whenever it is written to.
 *
 * @param {Element} element
 * @param {string} sentence
 */
export function write(element, sentence) {
  if (element.textContent !== sentence) element.textContent = sentence;
}
