/** The table of results: a body of rows for each group, folded when all its checks have passed. */

import { element } from "../ui/dom.js";
import { tableRow } from "../ui/table.js";
import { number, t, tn, translated } from "../ui/words.js";
import { counts } from "./finding.js";
import { withoutAddresses } from "./report.js";

/** @import { Finding } from "./finding.js" */

const WORDS = { passed: t("Passed"), failed: t("Failed"), unavailable: t("Not available") };
const SIGNS = { passed: "✓", failed: "✗", unavailable: "–" };

/** "2 failed, 5 passed". @param {Finding[]} findings */
export function summary(findings) {
  const { failed, passed, unavailable } = counts(findings);
  const words = [
    failed && tn(failed, "{n} failed", "{n} failed"),
    passed && tn(passed, "{n} passed", "{n} passed"),
    unavailable && tn(unavailable, "{n} not available", "{n} not available"),
  ];
  return words.filter(Boolean).join(", ") || t("nothing was checked");
}

/** One group's rows. */
export class GroupView {
  /** @type {Finding[]} */
  findings = [];
  #open = true;
  #body = element("tbody");
  #button;
  #sum = element("td", { colspan: 3 }, t("Running…"));

  /** @param {HTMLTableElement} table @param {import("./groups.js").Group} group */
  constructor(table, group) {
    this.group = group;
    this.#button = element("button", {
      type: "button",
      class: "quiet",
      "aria-expanded": "true",
      onclick: () => this.#fold(!this.#open),
    });
    this.#button.append(translated(group.title));
    const head = element("th", { scope: "rowgroup" }, this.#button);
    this.#body.append(tableRow([/** @type {any} */ (head), this.#sum], { attributes: { class: "group" } }));
    table.append(this.#body);
  }

  /** @param {Finding} finding */
  add(finding) {
    this.findings.push(finding);
    const { title, outcome, milliseconds, detail } = finding;
    const isFirst =
      outcome === "failed" && this.findings.filter((each) => each.outcome === "failed").length === 1;
    const cells = [
      translated(title),
      element(
        "td",
        {},
        element("span", { class: `outcome ${outcome}` }, `${SIGNS[outcome]} ${WORDS[outcome]}`),
      ),
      milliseconds >= 1 ? `${number(Math.round(milliseconds))} ms` : t("under 1 ms"),
      element(
        "td",
        { class: "detail" },
        withoutAddresses(translated(detail)),
        isFirst ? element("p", { class: "meaning" }, this.group.meaning) : null,
      ),
    ];
    this.#body.append(tableRow(cells, { rowHead: 0, attributes: { "data-outcome": outcome } }));
    this.#sum.textContent = summary(this.findings);
  }

  /** The group is over: what all passed need not be read. */
  finish() {
    this.#sum.textContent = summary(this.findings);
    this.#fold(this.findings.some(({ outcome }) => outcome === "failed"));
  }

  /** @param {boolean} open */
  #fold(open) {
    this.#open = open;
    this.#button.setAttribute("aria-expanded", String(open));
    for (const row of [...this.#body.rows].slice(1)) row.hidden = !open;
  }
}
