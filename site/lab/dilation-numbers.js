/**
 * The numbers behind one output cell: the values that it reads, the kernel's weights, which can be edited,
 * and the sum. Editing reports all weights as text, row by row.
 */

import { element } from "../ui/dom.js";
import { format } from "./dilation-scene.js";
import { sumWords, valueUnder } from "./dilation-words.js";

/** @import { Data } from "./dilation-scene.js" */

export class Numbers {
  element = element("div", { class: "dilation-numbers" });
  #read = element("div", { class: "dilation-cells", role: "img" });
  #kernel = element("div", { class: "dilation-cells", role: "group", "aria-label": "Kernel" });
  #result = element("output", { class: "dilation-result" });
  #sum = element("p", { class: "dilation-sum", tabindex: "0", role: "region", "aria-label": "The sum" });
  /** @type {HTMLInputElement[][]} */
  #fields = [];
  #onEdit;

  /** @param {(weights: string) => void} onEdit */
  constructor(onEdit) {
    this.#onEdit = onEdit;
    this.element.append(
      element(
        "div",
        { class: "dilation-product" },
        captioned("It reads", this.#read),
        element("span", { class: "dilation-sign", "aria-hidden": "true" }, "×"),
        captioned("Kernel: type to change it", this.#kernel),
        element("span", { class: "dilation-sign", "aria-hidden": "true" }, "="),
        captioned("Output", this.#result),
      ),
      this.#sum,
    );
  }

  /** @param {Data} data */
  draw(data) {
    const size = data.weights.length;
    if (this.#fields.length !== size) this.#makeFields(size);
    for (const [row, fields] of this.#fields.entries()) {
      for (const [column, field] of fields.entries()) {
        if (field !== document.activeElement) field.value = short(data.weights[row][column]);
      }
    }
  }

  /** Shows the sum of an output cell. @param {Data} data @param {number} row @param {number} column */
  show(data, row, column) {
    const kernel = data.weights;
    const cells = kernel.flatMap((weights, i) =>
      weights.map((_, j) => {
        const isZero = data.reads[row][i] < 0 || data.reads[column][j] < 0;
        const value = format(valueUnder(data, row, column, i, j));
        return element("span", { class: isZero ? "is-zero" : null }, value);
      }),
    );
    setColumns(this.#read, kernel.length);
    this.#read.replaceChildren(...cells);
    const rows = kernel.map((weights, i) =>
      weights.map((_, j) => format(valueUnder(data, row, column, i, j))),
    );
    this.#read.setAttribute("aria-label", `It reads ${rows.map((each) => each.join(", ")).join("; ")}`);
    this.#result.textContent = format(data.output[row][column]);
    this.#sum.textContent = sumWords(data, row, column);
  }

  /** @param {number} size */
  #makeFields(size) {
    this.#fields = Array.from({ length: size }, (_, row) =>
      Array.from({ length: size }, (_, column) => {
        const label = `Weight, row ${row + 1}, column ${column + 1}`;
        const field = element("input", { type: "text", inputmode: "decimal", "aria-label": label, size: 3 });
        field.addEventListener("change", () => this.#edited(field));
        field.addEventListener("focus", () => field.select());
        field.addEventListener("keydown", (event) => this.#key(event, row, column));
        return field;
      }),
    );
    setColumns(this.#kernel, size);
    this.#kernel.replaceChildren(...this.#fields.flat());
  }

  /** @param {HTMLInputElement} field */
  #edited(field) {
    const value = read(field.value);
    field.setAttribute("aria-invalid", String(value === null));
    if (value === null) return;
    field.value = short(value);
    if (this.#fields.flat().some((each) => read(each.value) === null)) return;
    const values = this.#fields.flat().map((each) => read(each.value));
    this.#onEdit(values.join(" "));
  }

  /** Up, Down and Enter move between weights as in a spreadsheet. */
  #key(/** @type {KeyboardEvent} */ event, /** @type {number} */ row, /** @type {number} */ column) {
    const steps = { ArrowUp: -1, ArrowDown: 1, Enter: event.shiftKey ? -1 : 1 };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    const next = this.#fields[row + steps[/** @type {keyof typeof steps} */ (event.key)]];
    if (next) next[column].focus();
    else this.#fields[row][column].blur();
  }
}

/** @param {string} caption @param {HTMLElement} content */
function captioned(caption, content) {
  return element("div", { class: "dilation-block" }, element("p", { class: "note" }, caption), content);
}

/** @param {HTMLElement} grid @param {number} columns */
function setColumns(grid, columns) {
  grid.style.setProperty("--columns", String(columns));
}

/** A weight as one can type it. @param {number} value */
function short(value) {
  return String(Number(value.toPrecision(4)));
}

/** @param {string} text @returns {number | null} null for what is not a number of reasonable size */
function read(text) {
  const value = Number(text.trim().replace("−", "-").replace(",", "."));
  return text.trim() && Math.abs(value) <= 1e6 ? value : null;
}
