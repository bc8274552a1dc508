/**
 * Vectors from a server with an OpenAI-compatible API. Python makes the requests and reads the answers
 * (goosequill.search.endpoint); they are sent from here. The key is an argument: it is kept nowhere, and
 * never
 * reaches Python.
 */

import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";
import { refusal, unreachable } from "./completions.js";

/** Texts in a request: few enough that progress shows and that Cancel loses little. */
const BATCH = 64;
/** Characters of an answer, of which Python reads as many. */
const LONGEST_ANSWER = 64_000_000;

/**
 * @typedef {(job: string, args: Record<string, unknown>, options?: {signal?: AbortSignal}) => Promise<any>}
 *   Run
 * @typedef {{base: string, model: string, key: string}} Server `base` may end before "/embeddings"
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
    const answer = await post(url, body, { key, signal, send });
    const read = { address: base, model_name: model, answer, count: part.length };
    yield { first, ...(await run("endpoint_vectors", read, { signal })) };
  }
}

/**
 * @param {string} url
 * @param {string} body
 * @param {{key: string, signal: AbortSignal, send: typeof fetch}} options
 */
async function post(url, body, { key, signal, send }) {
  const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  /** @type {RequestInit} */
  const options = {
    method: "POST",
    headers,
    body,
    signal,
    credentials: "omit",
    referrerPolicy: "no-referrer",
  };
  const response = await send(url, options).catch((error) => {
    throw signal.aborted ? error : unreachable(new URL(url));
  });
  if (!response.ok || !response.body) throw await refusal(response);
  return await textOf(response.body);
}

/** @param {ReadableStream<Uint8Array>} body */
async function textOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
    if (text.length > LONGEST_ANSWER) {
      reader.cancel().catch(() => {});
      throw problem(t("The server's answer is too long."), t("Check the address and the model."));
    }
  }
}
