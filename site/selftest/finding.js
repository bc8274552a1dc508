/**
 * What a check of the self-test finds, and how one is run: a check returns its detail in words, or throws.
 * Words are English here, as in the report; the table shows them in the page's language.
 */

/**
 * `unavailable` is what this browser does not offer, and the site works without, if more slowly.
 * @typedef {"passed" | "failed" | "unavailable"} Outcome
 * @typedef {{title: string, outcome: Outcome, detail: string, milliseconds: number}} Finding
 */

/**
 * What the groups of a run share. `model` loads the default model once.
 * @typedef {{
 *   signal: AbortSignal, report: (finding: Finding) => void,
 *   onProgress: (progress: import("../engine/protocol.js").Progress) => void,
 *   engine: () => import("../engine/client.js").Engine,
 *   model: () => Promise<import("../engine/client.js").LoadedModel>
 * }} Context
 */

/** How many findings have each outcome, those that failed first. @param {Finding[]} findings */
export function counts(findings) {
  const count = (/** @type {Outcome} */ wanted) =>
    findings.filter(({ outcome }) => outcome === wanted).length;
  return { failed: count("failed"), passed: count("passed"), unavailable: count("unavailable") };
}

/** The browser does not offer something, and the site does without it. */
export class Unavailable extends Error {}

/**
 * Runs a check and reports what it finds; a cancelled one throws.
 * @param {Context} context
 * @param {string} title
 * @param {() => string | Promise<string>} work
 */
export async function check({ signal, report }, title, work) {
  signal.throwIfAborted();
  const started = performance.now();
  const [outcome, detail] = await outcomeOf(() => unlessAborted(work, signal));
  signal.throwIfAborted();
  report({ title, outcome, detail, milliseconds: performance.now() - started });
}

/** @param {() => Promise<string>} work @returns {Promise<[Outcome, string]>} */
async function outcomeOf(work) {
  try {
    return ["passed", await work()];
  } catch (error) {
    const words = error instanceof Error ? error.message || error.name : String(error);
    return [error instanceof Unavailable ? "unavailable" : "failed", words];
  }
}

/**
 * A browser may never answer, so that cancelling cannot wait for it.
 * @param {() => string | Promise<string>} work
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
function unlessAborted(work, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    Promise.resolve()
      .then(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** @param {boolean} holds @param {string} words what is wrong if it does not */
export function ensure(holds, words) {
  if (!holds) throw new Error(words);
}
