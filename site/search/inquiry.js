/**
 * One question at a time, the latest one: each keystroke may ask, the engine gets a question only when it has
 * answered the one before, and those in between are skipped. A question is answered twice, at once by the
 * static stage and then, if MiniLM is loaded, by the full one.
 */

/**
 * A passage that was found; offsets are code points of the document's text. A passage without a vector has no
 * cosine.
 * @typedef {{
 *   document: number, name: string, title: string, address: string, passage: number, score: number,
 *   cosine?: number | null, words: number, text: string, start: number, end: number, heading: string,
 *   sentences: {start: number, end: number, score: number}[], matched: [number, number][],
 *   closeness: string, shared: string[], common: boolean, likelihood?: number | null, distant?: boolean,
 *   more?: Hit[]
 * }} Hit `distant` says that it is merely near, and probably does not answer; the words of `shared` tell
 *   something, `common` says that there is any; `more` are further passages of its document
 * @typedef {"words" | "static" | "full"} Stage "words" only as what was reached
 * @typedef {Partial<Record<Stage, number>>} Seconds
 * @typedef {{
 *   hits: Hit[], state: "fits" | "perhaps" | "nothing", likelihood?: number | null, stage: Stage,
 *   searched: string, seconds: number, pending?: number, unread?: number
 * }} Results `state` says whether a hit fits, by the rule of goosequill.search.calibration; `searched` is the
 *   question with what it follows; `pending` counts the passages that the full stage's model has not read,
 *   `unread` those of them that the static table has not either
 */

/**
 * @typedef {{
 *   search: (question: string, stage: Stage) => Promise<Results>, isFull: (question: string) => boolean,
 *   show: (results: Results, question: string) => void, fail: (error: unknown) => void
 * }} Host
 */

export class Inquiry {
  #host;
  /** What is to be asked; null after it has been. @type {string | null} */
  #wanted = null;
  /** Counts the questions, to know whether an answer is still wanted. */
  #turn = 0;
  /** @type {Promise<void> | null} while the engine is asked */
  #asking = null;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  /** Asks; resolves when the last question is answered. @param {string} question */
  ask(question) {
    this.#wanted = question;
    this.#turn++;
    this.#asking ??= this.#answerAll().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** No answer is wanted any more. */
  drop() {
    this.#wanted = null;
    this.#turn++;
  }

  async #answerAll() {
    while (this.#wanted !== null) {
      const [question, turn] = [this.#wanted, this.#turn];
      this.#wanted = null;
      try {
        await this.#answer(question, turn, "static");
        if (turn === this.#turn && this.#host.isFull(question)) await this.#answer(question, turn, "full");
      } catch (error) {
        if (turn === this.#turn) this.#host.fail(error);
      }
    }
  }

  /** @param {string} question @param {number} turn @param {Stage} stage */
  async #answer(question, turn, stage) {
    let unread = 0;
    do {
      const results = await this.#host.search(question, stage);
      if (turn !== this.#turn) return;
      this.#host.show(results, question);
      unread = results.unread ?? 0; // each time, the table reads some more
    } while (unread);
  }
}
