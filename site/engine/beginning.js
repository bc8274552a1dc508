// Lets an engine begin undisturbed. On a machine with few cores whatever else is done meanwhile (the service
// worker's first fetching of all pages above all) delays the first text by as long as it takes. A lock tells of
// it, since a page may hold two copies of this module, and other tabs start engines too.

const LOCK = "goosequill-beginning";
/** Milliseconds without a request, or with the first words there, after which an engine has begun. */
const REST = 2000;

/** One engine's beginning: from its start until somebody has words from it, or wants none. */
export class Beginning {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #over = () => {};

  /** @param {LockManager | undefined} [locks] */
  constructor(locks = locksOfPage()) {
    const over = new Promise((resolve) => (this.#over = () => resolve(undefined)));
    locks?.request(LOCK, { mode: "shared" }, () => over).catch(() => {}); // some frames may hold none
    this.rest();
  }

  /** Something is asked of the engine. */
  wait() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** It has answered all, or has begun to. */
  rest() {
    this.#timer ??= setTimeout(() => this.end(), REST);
    /** @type {any} */ (this.#timer).unref?.(); // under Node, which would wait for it
  }

  end() {
    this.wait();
    this.#over();
  }
}

/**
 * Resolves when no engine is beginning.
 * @param {LockManager | undefined} [locks]
 */
export async function calm(locks = locksOfPage()) {
  await locks?.request(LOCK, () => {}).catch(() => {});
}

/** There are none over plain http; under Node nothing waits. */
function locksOfPage() {
  return /** @type {any} */ (globalThis).document ? globalThis.navigator.locks : undefined;
}
