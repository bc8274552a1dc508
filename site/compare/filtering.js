/**
 * Finds the rows that pass the view's search and filters, in slices of time, and has them put in order,
 * whenever these or the reports have changed, and drops an answer that a later question has overtaken.
 */

import { inSlices } from "../ui/slices.js";
import { t } from "../ui/words.js";
import { passes } from "./filter.js";
import { dismiss } from "./messages.js";
import { Search } from "./search.js";

/** @import { ReportSession } from "./session.js" */
/** @import { Row } from "../reports/collate.js" */
/**
 * @typedef {{rows: Row[], problem: string, signal: AbortSignal}} Found problem: why the search could not be
 *   made, or ""; signal: aborted by the next search
 */

const TYPING = 150; // milliseconds of rest before a search starts

/** @param {ReportSession} session @param {import("./sorting.js").Known} known */
export function listenForRows(session, known) {
  const filtering = new Filtering();
  const find = async (/** @type {number} */ delay) => {
    const found = await filtering.find(session, { delay });
    if (!found) return;
    const { rows, problem, signal } = found;
    const onWait = () => session.show(rows, problem);
    dismiss(t("Order"));
    if (session.view.sort === "" || session.blind) return session.show(rows, problem);
    const { inOrder } = await import("./sorting.js");
    const order = await inOrder(rows, session, { ...known, signal, onWait });
    if (!signal.aborted) session.show(order, problem);
  };
  session.on("view", (change) => {
    if (Object.keys(change).some((name) => name !== "at")) find("q" in change ? TYPING : 0);
  });
  session.on("round", () => find(0));
  session.on("grown", () => session.blind && find(0)); // pairs are drawn from what is complete
}

class Filtering {
  #search = new Search();
  #running = new AbortController();

  /**
   * @param {ReportSession} session
   * @param {{delay: number}} options delay: milliseconds to wait, while somebody types
   * @returns {Promise<Found | null>} null if another call came after this one
   */
  async find(session, { delay }) {
    this.#running.abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (signal.aborted) return null;
    const { view, columns, table } = session;
    const { numbers, problem } = await this.#searched(session);
    if (signal.aborted) return null;
    /** @type {Row[]} */
    const rows = [];
    const select = (/** @type {Row} */ row) => {
      if ((!numbers || numbers.has(row.number)) && passes(row, { ...view, columns })) rows.push(row);
    };
    return (await inSlices(table.rows, select, signal)) ? { rows, problem, signal } : null;
  }

  /**
   * @param {ReportSession} session
   * @returns {Promise<{numbers: Set<number> | null, problem: string}>} numbers is null if nothing is searched
   *   for
   */
  async #searched({ view, table }) {
    if (view.q.trim() === "") return { numbers: null, problem: "" };
    const found = await this.#search.find(table.rows, view.q, { expression: view.re });
    if (found && "problem" in found) return { numbers: new Set(), problem: found.problem };
    return { numbers: found?.numbers ?? null, problem: "" };
  }
}
