/**
 * The page's one engine: Python in a worker, started when something must be computed that JavaScript does not.
 */

/** @typedef {import("../engine/client.js").Engine} Engine */
/** @typedef {(words: string) => void} Say */

/** @type {Promise<Engine> | undefined} */
let starting;

/** @returns {Promise<Engine>} */
export async function engine() {
  const running = await starting?.catch(() => undefined);
  if (!running || running.ended) starting = import("../engine/client.js").then(({ Engine }) => new Engine());
  return /** @type {Promise<Engine>} */ (starting);
}

/**
 * @param {string} name a function that the bridge lists
 * @param {Record<string, unknown>} args
 * @param {Say} say told how far the engine's start has come
 * @returns {Promise<any>}
 */
export async function compute(name, args, say) {
  return (await engine()).call(name, args, { onProgress: (progress) => say(inWords(progress)) });
}

/** @param {import("../engine/protocol.js").Progress} progress */
export function inWords({ status, file, loaded, total }) {
  if (status === "start") return "Starting Python …";
  const share = total > 0 ? ` ${Math.round((100 * loaded) / total)} %` : "";
  return `${status === "engine" ? "Fetching the engine" : `Loading ${file}`}${share} …`;
}
