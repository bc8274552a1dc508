/**
 * Vectors from a server with an OpenAI-compatible API. Python makes the requests and reads the answers
 * (goosequill.search.endpoint); they are sent from here. The key is an argument: it is kept nowhere, and
 * never reaches Python.
 */

import { ask, wholeText } from "../ui/openai-server.js";

/** Texts in a request: few enough that progress shows and that Cancel loses little. */
const BATCH = 64;
/** Characters of an answer, of which Python reads as many. */
const LONGEST_ANSWER = 64_000_000;

/**
 * @typedef {(job: string, args: Record<string, unknown>, options?: {signal?: AbortSignal}) => Promise<any>}
 *   Run
 * @typedef {import("../ui/openai-server.js").Server} Server `base` may end before "/embeddings"
 * @typedef {{first: number, vectors: import("../engine/protocol.js").NumpyArray,
 *   model: {name: string, dimensions: number, fingerprint: string}}} Embedded the vectors of the texts from
 * `first`
 */

/**
 * The vectors of texts, as the answers arrive.
 * @param {Run} run starts a job of the engine
 * @param {Server} server
 * @param {string[]} texts
 * @param {{signal: AbortSignal, send?: typeof fetch}} options
 * @returns {AsyncGenerator<Embedded, void, void>}
 */
export async function* embedTexts(run, { base, model, key }, texts, { signal, send = fetch }) {
  for (let first = 0; first < texts.length; first += BATCH) {
    const part = texts.slice(first, first + BATCH);
    const { url, body } = await run(
      "endpoint_request",
      { address: base, model_name: model, texts: part },
      { signal },
    );
    const answer = await wholeText(await ask(url, { key, body, signal, send }), LONGEST_ANSWER);
    const read = { address: base, model_name: model, answer, count: part.length };
    yield { first, ...(await run("endpoint_vectors", read, { signal })) };
  }
}
