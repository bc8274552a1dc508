/** The table of results: a body of rows for each group, folded when all its checks have passed. */

import { element, number } from "../ui/dom.js";
import { tableRow } from "../ui/table.js";
import { withoutAddresses } from "./report.js";

/** @typedef {import("./finding.js").Finding} Finding */

const WORDS = { passed: "Passed", failed: "Failed", unavailable: "Not available" };
const SIGNS = { passed: "✓", failed: "✗", unavailable: "–" };

/** @param {Finding[]} findings */
export function summary(findings) {
  const count = (/** @type {string} */ outcome) => findings.filter((each) => each.outcome === outcome).length;
  const words = ["failed", "passed", "unavailable"].flatMap((outcome) => {
    const found = count(outcome);
    return found ? [`${number(found)} ${outcome.replace("un", "not ")}`] : [];
  });
  return words.join(", ") || "nothing was checked";
}

/** One group's rows. */
export class GroupView {
  /** @type {Finding[]} */
  findings = [];
  #open = true;
  #body = element("tbody");
  #button;
  #sum = element("td", { colspan: 3 }, "Running…");

  /** @param {HTMLTableElement} table @param {import("./groups.js").Group} group */
  constructor(table, group) {
    this.group = group;
    this.#button = element("button", {
      type: "button",
      class: "quiet",
      "aria-expanded": "true",
      onclick: () => this.#fold(!this.#open),
    });
    this.#button.append(group.title);
    const head = element("th", { scope: "rowgroup" }, this.#button);
    this.#body.append(tableRow([/** @type {any} */ (head), this.#sum], { attributes: { class: "group" } }));
    table.append(this.#body);
  }

  /** "2 failed, 5 passed". */
  get state() {
    return this.findings.length ? summary(this.findings) : "not run";
  }

  /** @param {Finding} finding */
  add(finding) {
    this.findings.push(finding);
    const { title, outcome, milliseconds, detail } = finding;
    const isFirst =
      outcome === "failed" && this.findings.filter((each) => each.outcome === "failed").length === 1;
    const cells = [
      title,
      element(
        "td",
        {},
        element("span", { class: `outcome ${outcome}` }, `${SIGNS[outcome]} ${WORDS[outcome]}`),
      ),
      milliseconds >= 1 ? `${Math.round(milliseconds)} ms` : "under 1 ms",
      element(
        "td",
        { class: "detail" },
        withoutAddresses(detail),
        isFirst ? element("p", { class: "meaning" }, this.group.meaning) : null,
      ),
    ];
    this.#body.append(tableRow(cells, { rowHead: 0, attributes: { "data-outcome": outcome } }));
    this.#sum.textContent = this.state;
  }

  /** The group is over: what all passed need not be read. */
  finish() {
    this.#sum.textContent = this.state;
    this.#fold(this.findings.some(({ outcome }) => outcome === "failed"));
  }

  /** @param {boolean} open */
  #fold(open) {
    this.#open = open;
    this.#button.setAttribute("aria-expanded", String(open));
    for (const row of [...this.#body.rows].slice(1)) row.hidden = !open;
  }
}
