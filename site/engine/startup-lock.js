/**
 * Lets an engine start undisturbed. On a machine with few cores anything else that is done meanwhile (above
 * all the service worker's first download of all pages) delays the first text accordingly. A lock is held
 * during startup, because a page may contain two copies of this module, and other tabs start engines too.
 */

const LOCK = "goosequill-startup";
/** Milliseconds without a request, or after the first words, until an engine counts as started. */
const IDLE = 2000;

/**
 * One engine's startup: from its creation until its first words, or until nothing has been requested for a
 * while.
 */
export class StartupLock {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #release = () => {};

  /** @param {LockManager | undefined} [locks] */
  constructor(locks = locksOfPage()) {
    const over = new Promise((resolve) => (this.#release = () => resolve(undefined)));
    locks?.request(LOCK, { mode: "shared" }, () => over).catch(() => {}); // some frames may not hold any
    this.idle();
  }

  /** A request was sent to the engine. */
  busy() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The engine has sent its first words, or has no pending request. */
  idle() {
    this.#timer ??= setTimeout(() => this.release(), IDLE);
    /** @type {any} */ (this.#timer).unref?.(); // under Node, which would wait for it
  }

  release() {
    this.busy();
    this.#release();
  }
}

/**
 * Resolves when no engine is starting.
 * @param {LockManager | undefined} [locks]
 */
export async function afterStartup(locks = locksOfPage()) {
  await locks?.request(LOCK, () => {}).catch(() => {});
}

/** There are no locks over plain http; under Node nothing needs to wait. */
function locksOfPage() {
  return /** @type {any} */ (globalThis).document ? globalThis.navigator.locks : undefined;
}
