/**
 * Searches the texts in a worker: sends them to it when first needed, and stops it when a search takes too
 * long.
 */

import { inSlices } from "../ui/slices.js";
import { t } from "../ui/words.js";
import { Asker } from "../ui/workers.js";
import { compile } from "./filter.js";

/** @import { Row } from "../reports/collate.js" */

const PATIENCE = 3000; // milliseconds
const BATCH = 100;

/** @typedef {{numbers: Set<number>} | {problem: string}} Found */

export class Search {
  /** @type {Asker<any, any>} */
  #asker = new Asker("compare/search-worker.js");
  /** @type {readonly Row[] | null} */
  #fed = null;
  #turn = 0;

  /**
   * @param {readonly Row[]} rows
   * @param {string} query
   * @param {{expression: boolean}} options
   * @returns {Promise<Found | null>} null if another search followed
   */
  async find(rows, query, { expression }) {
    const turn = ++this.#turn;
    if (expression) {
      try {
        compile(query);
      } catch (error) {
        const { message } = /** @type {Error} */ (error);
        const reason = message.replace(/^Invalid regular expression: /, "");
        return { problem: t("This is not a regular expression: {reason}.", { reason }) };
      }
    }
    await this.#feed(rows);
    if (turn !== this.#turn) return null;
    const timer = setTimeout(() => this.#stop(), PATIENCE);
    try {
      const numbers = await this.#asker.ask({ find: { query, expression } });
      return turn === this.#turn ? { numbers: new Set(numbers) } : null;
    } catch (error) {
      return turn === this.#turn ? { problem: /** @type {Error} */ (error).message } : null;
    } finally {
      clearTimeout(timer);
    }
  }

  #stop() {
    this.#asker.stop(t("This expression takes too long on these texts. Simplify it."));
    this.#fed = null;
  }

  /** @param {readonly Row[]} rows */
  async #feed(rows) {
    if (this.#fed === rows && this.#asker.running) return;
    this.#fed = rows;
    const batches = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, index) => index * BATCH);
    const failed = () => {}; // the question that follows fails too and reports it
    this.#asker.ask({ clear: true }).catch(failed);
    await inSlices(batches, (at) => {
      if (this.#fed !== rows) return;
      const texts = rows.slice(at, at + BATCH).map((row) => [row.number, textsOf(row)]);
      this.#asker.ask({ add: texts }).catch(failed);
    });
  }
}

/** @param {Row} row */
function textsOf(row) {
  const outputs = [...row.cells.values()].flatMap((results) => results.flatMap((result) => result.outputs));
  return [row.prompt, ...outputs.filter((text) => text !== null)];
}
