/** What stands where nothing is shown: why, and buttons that lead out. */

import { element } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { ReportSession } from "./session.js" */
/** @import { View } from "../reports/view.js" */
/** @typedef {{label: string, change?: Partial<View>}} Way without a change it opens the examples */

/**
 * Why no prompt is shown, or no output, and the ways out; null if some are shown.
 * @param {Pick<ReportSession, "table" | "shown" | "columns" | "view" | "problem">} session
 * @returns {{words: string, ways: Way[]} | null}
 */
export function whyEmpty({ table, shown, columns, view, problem }) {
  const { q, re, differ, coverage } = view;
  if (!table.rows.some(hasOutputs)) {
    const ways = [
      { label: t("Have a model write"), change: { page: /** @type {const} */ ("write") } },
      EXAMPLES,
    ];
    return table.rows.length === 0
      ? { words: t("The open reports have no prompts."), ways }
      : { words: t("The open reports have prompts, but no outputs."), ways };
  }
  if (shown.length > 0) return null;
  if (columns.length === 0)
    return {
      words: t("All reports are hidden."),
      ways: [{ label: t("Show all reports"), change: { hide: [] } }],
    };
  /** @type {[active: boolean, words: string, way: Way][]} */
  const filters = [
    [
      q.trim() !== "",
      problem ||
        (re
          ? t("No prompt or output matches “{q}”.", { q })
          : t("No prompt or output contains “{q}”.", { q })),
      { label: t("Clear the search"), change: { q: "" } },
    ],
    [
      coverage !== "any",
      coverageWords(table, coverage),
      { label: t("Show all prompts"), change: { coverage: "any" } },
    ],
    [
      differ,
      columns.length > 1
        ? t("The reports have the same outputs for every prompt.")
        : t("Only one report is shown, so nothing can differ."),
      { label: t("Show equal outputs too"), change: { differ: false } },
    ],
  ];
  const active = filters.filter(([on]) => on);
  const ways = active.map(([, , way]) => way);
  if (view.hide.length > 0) ways.push({ label: t("Show all reports"), change: { hide: [] } });
  const [only] = active;
  if (active.length === 1 && only) return { words: only[1], ways };
  return { words: problem || t("No prompt passes all of the filters."), ways };
}

const EXAMPLES = { label: t("Open the examples") };

/** @param {import("../reports/collate.js").Row} row */
function hasOutputs({ cells }) {
  return [...cells.values()].some((results) => results.some(({ outputs }) => outputs.length > 0));
}

/** @param {import("../reports/collate.js").Table} table @param {string} coverage */
function coverageWords({ columns }, coverage) {
  if (coverage === "all") return t("The shown reports have no prompt in common.");
  if (coverage === "some") return t("Every prompt is in every shown report.");
  const label = columns.find(({ letter }) => letter === coverage)?.label ?? coverage;
  return t("“{label}” has every prompt.", { label });
}

/**
 * @param {ReportSession} session
 * @param {HTMLElement} root gets the focus after a way out was taken
 * @returns {HTMLElement | null} null if something is shown
 */
export function emptyElement(session, root) {
  const found = whyEmpty(session);
  return (
    found &&
    element(
      "div",
      { class: "absent", "data-testid": "empty" },
      element("p", {}, found.words),
      element("div", { class: "action-bar" }, ...found.ways.map((way) => wayButton(way, session, root))),
    )
  );
}

/** @param {Way} way @param {ReportSession} session @param {HTMLElement} root */
function wayButton({ label, change }, session, root) {
  const onclick = () => {
    session.addEventListener("drawn", () => root.focus(), { once: true });
    change ? session.update(change) : session.announce("examples");
  };
  return element("button", { type: "button", onclick }, label);
}
