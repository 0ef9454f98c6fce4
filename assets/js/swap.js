// Puts a freshly rendered step in the place of the old one, such that who types or tabs through it does not notice.

/**
 * @param {HTMLElement} stage
 * @param {DocumentFragment} content
 */
export function swap(stage, content) {
  const { activeElement } = document;
  const inside = activeElement instanceof HTMLElement && stage.contains(activeElement) ? activeElement : null;
  const selector = inside && selectorOf(inside);
  const caret = inside instanceof HTMLInputElement || inside instanceof HTMLTextAreaElement ? [inside.selectionStart, inside.selectionEnd] : null;
  const opened = [...stage.querySelectorAll("details[id]")].map((details) => /** @type {const} */ ([details.id, details.hasAttribute("open")]));
  const scrolled = document.documentElement.scrollTop;

  stage.replaceChildren(content);

  for (const [id, isOpen] of opened) document.getElementById(id)?.toggleAttribute("open", isOpen);
  document.documentElement.scrollTop = scrolled;
  if (!selector) return;
  const again = stage.querySelector(selector);
  if (!(again instanceof HTMLElement)) return;
  again.focus({ preventScroll: true });
  const [from = null, to = null] = caret ?? [];
  const takesCaret = (again instanceof HTMLInputElement || again instanceof HTMLTextAreaElement) && again.selectionStart !== null;
  if (from !== null && takesCaret) again.setSelectionRange(from, to);
}

/** What finds the same element in another rendering. @param {HTMLElement} element */
function selectorOf(element) {
  // A radio button's group has one name, and each button an id or a value of its own.
  if (element.id) return `#${CSS.escape(element.id)}`;
  const names = ["name", "value", "data-add", "data-remove", "data-number", "data-move", "data-edit", "data-merge", "data-verify", "data-test-send"];
  const parts = names.filter((name) => element.hasAttribute(name)).map((name) => `[${name}="${CSS.escape(element.getAttribute(name) ?? "")}"]`);
  return parts.length > 0 ? element.localName + parts.join("") : null;
}

/**
 * Moves the focus to where an edit of rows has happened: into the new row, to the row that took the removed one's place.
 *
 * @param {HTMLElement} stage
 * @param {{add?: string, remove?: string, move?: string, number?: number, to?: "up" | "down"}} edit
 */
export function focusAfter(stage, edit) {
  const name = edit.add ?? edit.remove ?? edit.move;
  const rows = stage.querySelector(`[data-rows="${CSS.escape(name ?? "")}"]`);
  if (!name || !rows) return;
  const all = /** @type {HTMLElement[]} */ ([...rows.querySelectorAll("[data-row]")].filter((row) => row.closest("[data-rows]") === rows));
  const adder = /** @type {HTMLElement | null} */ (stage.querySelector(`[data-add="${CSS.escape(name)}"]`));
  const first = (/** @type {HTMLElement | undefined} */ row) =>
    /** @type {HTMLElement | null} */ (row?.querySelector("input:not([type=hidden]), select, textarea, button") ?? null);
  const at = (edit.number ?? 1) - 1 + (edit.to === "up" ? -1 : edit.to === "down" ? 1 : 0);
  const target = edit.add ? first(all.at(-1)) : (first(all[Math.min(at, all.length - 1)]) ?? adder);
  (target ?? adder)?.focus();
}
