/**
 * HTML as text, for files that are saved. Whatever is put into a template is escaped, unless it came from a
 * template itself. The page's own elements are made with ui/dom.js instead.
 */

/** Text that is HTML already. */
export class Markup {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @typedef {Markup | string | number | null | undefined} Part null and undefined are left out */

const ESCAPES = /** @type {Record<string, string>} */ ({
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
});

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** @param {Part | readonly Part[]} part @returns {string} */
function written(part) {
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(written).join("");
  return part === null || part === undefined ? "" : escaped(String(part));
}

/**
 * A template tag: html`<p title="${title}">${texts}</p>`. Attributes must be in quotes.
 * @param {TemplateStringsArray} strings
 * @param {...(Part | readonly Part[])} parts
 */
export function html(strings, ...parts) {
  return new Markup(strings.reduce((text, next, index) => text + written(parts[index - 1]) + next));
}

/**
 * A table in a box in which it scrolls.
 * @param {string} caption
 * @param {readonly Part[]} columns
 * @param {readonly (readonly Part[])[]} rows the first cell of each is its head
 * @param {{hideCaption?: boolean}} [options]
 */
export function htmlTable(caption, columns, rows, { hideCaption = false } = {}) {
  // An empty head is a plain cell: a header without a name would be announced.
  const heads = columns.map((head) => (head === "" ? html`<td></td>` : html`<th scope="col">${head}</th>`));
  const body = rows.map(
    ([head, ...cells]) =>
      html`<tr><th scope="row">${head}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
  );
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption class="${hideCaption ? "visually-hidden" : ""}">${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>\n`;
}
