/** Small workers of a page that answer questions: both sides of the protocol. */

import { FILES } from "../engine/root.js";
import { trustedScript } from "../engine/trusted.js";

/** @param {string} name path of the script, relative to the files' root @returns {Worker} */
export function startWorker(name) {
  const url = new URL(name, FILES).href;
  return new Worker(trustedScript(url), { type: "module", name });
}

/**
 * A worker that answers each question once, in any order, and is restarted after it was stopped.
 * @template Question, Answer
 */
export class Asker {
  /** @type {Worker | undefined} */
  #worker;
  #last = 0;
  /**
   * @type {Map<number, {resolve: (answer: Answer) => void, reject: (error: Error) => void, onPart: (part:
   *   any) => void}>}
   */
  #waiting = new Map();

  /** @param {string} script */
  constructor(script) {
    this.script = script;
  }

  /** @returns {boolean} whether a worker is running and still has what it was sent */
  get running() {
    return this.#worker !== undefined;
  }

  /**
   * @param {Question} question
   * @param {(part: any) => void} [onPart] gets the parts that come before the answer
   * @returns {Promise<Answer>}
   */
  ask(question, onPart = () => {}) {
    const worker = this.start();
    const id = ++this.#last;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, onPart }));
    worker.postMessage({ id, question });
    return answer;
  }

  /** Returns the worker, started if there is none yet. */
  start() {
    this.#worker ??= this.#begin();
    return this.#worker;
  }

  /** Ends the worker; open questions fail with `reason`. @param {string} reason */
  stop(reason) {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }

  #begin() {
    const worker = startWorker(this.script);
    worker.onmessage = ({ data }) => {
      const waiting = this.#waiting.get(data.id);
      if ("part" in data) return waiting?.onPart(data.part);
      this.#waiting.delete(data.id);
      if (data.error === undefined) waiting?.resolve(data.answer);
      else waiting?.reject(Object.assign(new Error(data.error), { name: data.name }));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.stop(event.message || "a worker of this page could not be started");
    };
    worker.onmessageerror = () => this.stop("a worker's answer could not be read");
    return worker;
  }
}

/**
 * Asks a worker one question at a time, so that one which gets stuck, or which ends its worker, costs the
 * others nothing: it can be cancelled, and the next one gets a new worker. The worker must keep nothing
 * between questions.
 * @template Question, Answer
 */
export class Queue {
  /** @type {Asker<Question, Answer>} */
  #asker;
  /** Settled when the last question is. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {Asker<Question, Answer>} asker */
  constructor(asker) {
    this.#asker = asker;
  }

  /**
   * @param {Question} question
   * @param {{onPart?: (part: any) => void, signal?: AbortSignal | undefined}} [options]
   * @returns {Promise<Answer>} rejects with the signal's reason as soon as it aborts
   */
  ask(question, { onPart, signal } = {}) {
    const cancelled = new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
    const answer = this.#last.then(async () => {
      signal?.throwIfAborted();
      const end = () => this.#asker.stop("cancelled");
      signal?.addEventListener("abort", end);
      try {
        return await this.#asker.ask(question, onPart);
      } finally {
        signal?.removeEventListener("abort", end);
      }
    });
    this.#last = answer.catch(() => {});
    return Promise.race([answer, /** @type {Promise<never>} */ (cancelled)]);
  }
}

/**
 * The side of the worker: answers each question with what `answer` returns. It may send parts before that.
 * @param {(question: any, send: (part: unknown) => void) => unknown} answer
 */
export function serveQuestions(answer) {
  self.onmessage = async ({ data }) => {
    try {
      const send = (/** @type {unknown} */ part) => self.postMessage({ id: data.id, part });
      self.postMessage({ id: data.id, answer: await answer(data.question, send) });
    } catch (error) {
      const isError = error instanceof Error;
      const [name, text] = isError ? [error.name, error.message] : ["Error", String(error)];
      self.postMessage({ id: data.id, error: text, name });
    }
  };
}
