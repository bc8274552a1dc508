/**
 * A small table of prompts and answers. An empty row is always at its end; a table that is copied from a
 * spreadsheet and pasted fills as many rows as it has.
 */

import { element } from "../ui/dom.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { t } from "../ui/words.js";

/** @import { Pair } from "./session.js" */

/** Rows of a table. */
const MOST = 500;
/** Characters of a cell. */
const LONGEST = 4000;

export class PairTable {
  #body;
  #onChange;
  #lastId = 0;
  #disabled = false;

  /** @param {HTMLTableSectionElement} body @param {() => void} onChange */
  constructor(body, onChange) {
    this.#body = body;
    this.#onChange = onChange;
    body.addEventListener("input", () => {
      this.#end();
      onChange();
    });
    body.addEventListener("paste", (event) => this.#paste(event));
    this.pairs = [];
  }

  /** @returns {Pair[]} */
  get pairs() {
    return [...this.#body.rows].map((row) => {
      const [prompt, answer] = [...row.querySelectorAll("textarea")].map(({ value }) => value);
      return { prompt, answer };
    });
  }

  set pairs(pairs) {
    this.#body.replaceChildren(...pairs.slice(0, MOST).map((pair) => this.#row(pair)));
    this.#end();
  }

  /** @param {boolean} on */
  set disabled(on) {
    this.#disabled = on;
    for (const field of this.#body.querySelectorAll("textarea")) field.disabled = on;
    for (const button of this.#body.querySelectorAll("button")) button.disabled = on;
  }

  /** Adds an empty row, which gets the focus; at the most rows, the last one does. */
  add() {
    if (this.#body.rows.length < MOST) this.#body.append(this.#row());
    this.#focus(this.#body.rows.length - 1);
  }

  /** @param {number} at of the row */
  #focus(at) {
    this.#body.rows[at]?.querySelector("textarea")?.focus();
  }

  /** Says what is wrong at the first row. @param {string} words */
  complain(words) {
    const field = this.#body.querySelector("textarea");
    if (!field) return;
    showFieldProblem(field, words);
    field.focus();
  }

  /** Keeps an empty row at the end. */
  #end() {
    const last = this.pairs.at(-1);
    if (this.#body.rows.length < MOST && (!last || last.prompt || last.answer))
      this.#body.append(this.#row());
  }

  /** @param {Pair} [pair] */
  #row({ prompt, answer } = { prompt: "", answer: "" }) {
    const row = element(
      "tr",
      {},
      element("td", {}, this.#field(t("Prompt"), prompt)),
      element("td", {}, this.#field(t("Answer"), answer)),
    );
    const remove = () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      this.#end();
      (next ?? this.#body).querySelector("textarea")?.focus();
      this.#onChange();
    };
    const label = t("Remove the row");
    const button = element(
      "button",
      { type: "button", class: "quiet", "aria-label": label, onclick: remove },
      "×",
    );
    button.disabled = this.#disabled;
    row.append(element("td", {}, button));
    return row;
  }

  /** @param {string} label @param {string} text */
  #field(label, text) {
    const id = `pair-${++this.#lastId}`;
    const field = element("textarea", { id, rows: 1, maxlength: LONGEST, "aria-label": label });
    field.value = text;
    field.disabled = this.#disabled;
    return field;
  }

  /** Takes rows and columns of a spreadsheet. @param {ClipboardEvent} event */
  #paste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const cells = cellsOf(text).filter((row) => row.length > 1);
    if (cells.length === 0) return; // a plain text goes into the field
    event.preventDefault();
    const before = this.pairs.filter(({ prompt, answer }) => prompt || answer);
    const pasted = cells.map(([prompt = "", answer = ""]) => ({
      prompt: prompt.slice(0, LONGEST),
      answer: answer.slice(0, LONGEST),
    }));
    this.pairs = [...before, ...pasted];
    this.#focus(before.length); // the field that had the focus is gone
    this.#onChange();
  }
}

/**
 * The rows of a table as spreadsheets copy them: a cell with line ends, tabs or quotation marks is quoted.
 * @param {string} text
 */
function cellsOf(text) {
  /** @type {string[][]} */
  const rows = [[]];
  const lines = text.replace(/\r\n?/g, "\n");
  for (const [, quoted, plain, end] of lines.matchAll(/(?:"([^"]*(?:""[^"]*)*)"|([^\t\n]*))(\t|\n|$)/gy)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (!end) break;
    if (end === "\n") rows.push([]);
  }
  return rows;
}
