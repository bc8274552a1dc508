/**
 * The state of the comparer: the view, the open reports, and what follows from the two. It neither draws nor
 * stores anything; views listen to its events:
 *
 * - `view`: the visitor has changed the view; the detail is what
 * - `files`: the view has other addresses of reports
 * - `reports`: other reports are open
 * - `round`: it is known whether names may be shown; after `reports`, and when a blind round begins or ends
 * - `rows`: the rows that pass the filters were found
 * - `drawn`: they are shown
 * - `grown`: an output of a row, which is the detail, has grown
 * - `closed`: a report, which is the detail, is about to be closed
 * - `judged`: all live columns are judged; the detail are words about the result
 * - `live`: the values of live columns have changed
 * - `examples`: the visitor wants the examples
 */

import { collate, collating } from "../reports/collate.js";
import { inSlices } from "../ui/slices.js";
import { Store } from "../ui/store.js";

/** @import { View } from "../reports/view.js" */
/** @import { Column, Row } from "../reports/collate.js" */
/** @import { Report } from "../reports/report.js" */

/**
 * @typedef {"view" | "files" | "reports" | "round" | "rows" | "drawn" | "grown" | "closed" | "judged" |
 *   "live" | "examples"} SessionEvent
 */
/**
 * @typedef {Object} Loaded one open report
 * @property {string} id
 * @property {string} source the file's name or address, as shown
 * @property {string} file id of the file; several reports can come from one file
 * @property {string} address "" for a local file
 * @property {Blob | null} blob the content of a local file
 * @property {Report} report
 * @property {number} size of the file in characters, in the first of its reports; 0 in the others
 */

/** @extends {Store<SessionEvent>} */
export class ReportSession extends Store {
  /** @type {readonly Loaded[]} */
  #loaded = [];
  /** Rows that the visitor folded or unfolded one by one. @type {Set<number>} */
  #turned = new Set();
  #lastFile = 0;
  #opening = new AbortController();
  table = collate([]);
  /** The rows that pass the filters. @type {readonly Row[]} */
  shown = [];
  /** Why the search could not be made, or "". */
  problem = "";
  /** Whether the built-in examples are open; the visitor's own reports replace them. */
  examples = false;
  /** Whether a blind round is open: no name of a report may be shown. */
  blind = false;

  /** @param {View} view */
  constructor(view) {
    super();
    this.view = view;
  }

  /** Changes the view as the visitor wants, unless a blind round is open. @param {Partial<View>} change */
  update(change) {
    if (this.blind) return;
    this.change(change);
    this.announce("view", change);
  }

  /** Changes the view without a word. @param {Partial<View>} change */
  change(change) {
    this.view = { ...this.view, ...change };
    if ("fold" in change) this.#turned.clear();
  }

  get loaded() {
    return this.#loaded;
  }

  /**
   * Replaces the open reports; their table follows in slices of time.
   * @param {readonly Loaded[]} loaded
   * @returns {Promise<boolean>} false if another call came before the table was there
   */
  async open(loaded) {
    this.#loaded = loaded;
    this.#turned.clear();
    this.examples &&= loaded.length > 0;
    this.#opening.abort();
    this.#opening = new AbortController();
    const { signal } = this.#opening;
    const steps = collating(loaded);
    /** @type {import("../reports/collate.js").Table | undefined} */
    let table;
    const all = (function* () {
      table = yield* steps;
    })();
    if (!(await inSlices(all, () => {}, signal)) || !table) return false;
    this.table = table;
    return true;
  }

  /**
   * Hides all names for a blind round, which is about a part of the view, or shows them.
   * @param {Partial<View> | null} scope null without a blind round
   */
  judge(scope) {
    this.blind = scope !== null;
    if (scope) this.change({ ...scope, page: "vote" });
    this.announce("round");
  }

  /** Takes the rows that pass the filters. @param {readonly Row[]} rows @param {string} problem */
  show(rows, problem) {
    this.shown = rows;
    this.problem = problem;
    this.announce("rows");
  }

  /** How much of the page's limits is taken. @returns {{models: number, characters: number}} */
  get taken() {
    return {
      models: this.#loaded.length,
      characters: this.#loaded.reduce((sum, { size }) => sum + size, 0),
    };
  }

  /** The reports that come from neither a file nor an address: live columns. */
  get live() {
    return this.#loaded.filter(({ address, blob }) => address === "" && blob === null);
  }

  /** Whether one model's live columns are all that is open, so that its decoders are compared. */
  get isLive() {
    const models = new Set(this.#loaded.map(({ report }) => report.model));
    return this.#loaded.length > 1 && this.live.length === this.#loaded.length && models.size === 1;
  }

  /** A new file id; ids sort in the order in which they were made, also across visits. */
  nextFile() {
    return `${Date.now().toString().padStart(15, "0")}-${String(++this.#lastFile).padStart(5, "0")}`;
  }

  /** The visible columns, the baseline first. @returns {Column[]} */
  get columns() {
    const visible = this.table.columns.filter(({ letter }) => !this.view.hide.includes(letter));
    const { baseline } = this;
    return baseline ? [baseline, ...visible.filter(({ id }) => id !== baseline.id)] : visible;
  }

  get baseline() {
    return this.table.columns.find(({ letter }) => letter === this.view.base) ?? null;
  }

  /** @param {Row} row */
  isFolded(row) {
    return this.view.fold !== this.#turned.has(row.number);
  }

  /** @param {Row} row */
  toggleFold(row) {
    if (!this.#turned.delete(row.number)) this.#turned.add(row.number);
  }

  /**
   * Takes over a prompt's results from a report that grew after it was opened.
   * @param {Report} report
   * @param {string} prompt
   */
  grow(report, prompt) {
    const id = this.#loaded.find((one) => one.report === report)?.id;
    const row = this.table.rows.find((one) => one.prompt === prompt);
    const entry = report.entries.find((one) => one.prompt === prompt);
    if (!id || !row || !entry) return;
    row.cells.set(id, entry.results);
    this.announce("grown", row);
  }
}
