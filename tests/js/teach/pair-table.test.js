import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "../dom.js";

globalThis.CSS = /** @type {any} */ ({ escape: (/** @type {string} */ name) => name });
const { PairTable } = await import("../../../site/teach/pair-table.js");

const EMPTY = { prompt: "", answer: "" };

/** @type {any} */
let body;
/** @type {InstanceType<typeof PairTable>} */
let table;
let changes = 0;

beforeEach(() => {
  document.body.innerHTML = "<table><tbody></tbody></table>";
  body = document.querySelector("tbody");
  changes = 0;
  table = new PairTable(body, () => changes++);
});

const fields = () => /** @type {any[]} */ ([...body.querySelectorAll("textarea")]);
const focusedRow = () => [...body.rows].indexOf(document.activeElement?.closest("tr"));

/** Pastes into the last row; returns whether the browser pastes by itself. @param {string} text */
function paste(text) {
  const event = /** @type {any} */ (new Event("paste", { bubbles: true, cancelable: true }));
  event.clipboardData = { getData: () => text };
  return fields().at(-1).dispatchEvent(event);
}

function type(/** @type {number} */ at, /** @type {string} */ text) {
  const field = fields()[at];
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

test("an empty row is always at the end", () => {
  assert.deepEqual(table.pairs, [EMPTY]);
  type(0, "Ahoy?");
  assert.deepEqual(table.pairs, [{ prompt: "Ahoy?", answer: "" }, EMPTY]);
  table.add();
  assert.equal(focusedRow(), 2);
  table.pairs = [{ prompt: "a", answer: "b" }];
  body.querySelector("button").click();
  assert.deepEqual(table.pairs, [EMPTY]);
  assert.equal(focusedRow(), 0);
  body.querySelector("button").click(); // the only one
  assert.deepEqual(table.pairs, [EMPTY]);
  assert.equal(changes, 3);
});

test("a table that is pasted is added to the rows that are there, and its first row has the focus", () => {
  table.pairs = [{ prompt: "Hello.", answer: "Ahoy!" }];
  assert.equal(paste("One\tEins\tUno\r\nTwo\tZwei\r\n\r\n"), false);
  assert.deepEqual(table.pairs, [
    { prompt: "Hello.", answer: "Ahoy!" },
    { prompt: "One", answer: "Eins" },
    { prompt: "Two", answer: "Zwei" },
    EMPTY,
  ]);
  assert.equal(focusedRow(), 1);
  assert.equal(changes, 1);
});

test("cells with line ends, tabs and quotation marks are pasted as they are", () => {
  paste('"Light on\nthe roof"\t"He said ""Arr""\tand left"\n"Arr", he said\t""\n5"\t"6');
  assert.deepEqual(table.pairs, [
    { prompt: "Light on\nthe roof", answer: 'He said "Arr"\tand left' },
    { prompt: '"Arr", he said', answer: "" },
    { prompt: '5"', answer: '"6' },
    EMPTY,
  ]);
});

test("a plain text is pasted by the browser", () => {
  for (const text of ["", "Ahoy", "Ahoy,\n\n“matey”!\n", '"Ahoy"']) assert.equal(paste(text), true, text);
  assert.deepEqual([table.pairs, changes], [[EMPTY], 0]);
});

test("rows and cells are bounded, also by what is pasted, dropped in or added", () => {
  paste(`${"x".repeat(5000)}\t${"y".repeat(5001)}\n`.repeat(501));
  assert.equal(table.pairs.length, 500);
  assert.deepEqual([table.pairs[0].prompt.length, table.pairs[499].answer.length], [4000, 4000]);
  table.add();
  assert.equal(table.pairs.length, 500);
  assert.equal(focusedRow(), 499);
  table.pairs = Array(501).fill({ prompt: "a", answer: "b" });
  assert.equal(body.rows.length, 500);
  assert.ok(fields().every((field) => field.getAttribute("maxlength") === "4000"));
});

test("while the page is busy nothing can be changed, nor in rows that come then", () => {
  table.disabled = true;
  table.pairs = [{ prompt: "a", answer: "b" }];
  assert.ok([...fields(), ...body.querySelectorAll("button")].every(({ disabled }) => disabled));
  table.disabled = false;
  assert.ok([...fields(), ...body.querySelectorAll("button")].every(({ disabled }) => !disabled));
});

test("what is wrong is said at the first field, until it is edited", () => {
  table.complain("Fill in a few rows.");
  const [first] = fields();
  assert.equal(document.activeElement, first);
  assert.equal(first.getAttribute("aria-invalid"), "true");
  assert.equal(
    document.getElementById(first.getAttribute("aria-errormessage"))?.textContent,
    "Fill in a few rows.",
  );
  type(0, "a");
  assert.equal(first.getAttribute("aria-invalid"), null);
});
