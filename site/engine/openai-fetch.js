/**
 * A `fetch` that answers the requests of OpenAI's API with a model of this page, so that clients which take a
 * `fetch` need no server. Requests are read and answered in Python (goosequill.openai.http), as `goosequill
 * serve` does; nothing is sent anywhere.
 */

import { unlessAborted } from "./aborting.js";
import { EngineError } from "./protocol.js";

/** @import { Model } from "./model.js" */
/** @typedef {{status: number, headers: Record<string, string>}} Head */

/** Bytes of a body that are read at most, more than Python takes (MOST_BODY): it refuses what is longer. */
const MOST_BODY = 2 ** 22;

/**
 * Returns a function for the option `fetch` of a client. It answers addresses that end in
 * `/chat/completions`, `/completions`, `/responses`, `/embeddings`, `/models`, `/models/{id}`, `/tokenize`,
 * `/detokenize` and `/tokenizer_info`, whatever they begin with; keys are ignored. What is wrong with a
 * request is a response with a status and an error object, as in OpenAI's API; an aborted request rejects,
 * and its engine is free again after the current token.
 *
 *   new OpenAI({ baseURL: "http://goosequill/v1", apiKey: "none", fetch: createFetch(model) })
 *
 * @param {Model} model
 * @returns {typeof globalThis.fetch}
 */
export function createFetch(model) {
  const created = Math.floor(Date.now() / 1000);
  /** @type {Promise<{handle: number}> | undefined} */
  let opening;
  let { engine } = model;
  const embedder = async () => {
    if (engine.ended || engine !== model.engine) opening = undefined; // it was in a worker that died
    opening ??= model.call("open_model_embedder");
    opening.catch(() => (opening = undefined)); // it can be tried again
    const { handle } = await opening;
    engine = model.engine;
    return handle;
  };
  return async (input, init) => {
    const request = new Request(input, init);
    // Not the request's: Node aborts that only while the request itself is referenced.
    const given = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const leaving = new AbortController();
    const signal = AbortSignal.any([leaving.signal, ...(given ? [given] : [])]);
    const { pathname: path } = new URL(request.url);
    const body = await unlessAborted(bodyOf(request), signal);
    async function* parts() {
      const { bytes: state } = model.state;
      const args = { method: request.method, path, body, created, ...(state && { state }) };
      const more = path.endsWith("/embeddings") && { embedder: await embedder() };
      yield* model.stream("respond", { ...args, ...more }, { signal });
    }
    const answer = answered(parts());
    const { value: head } = await answer.next();
    const texts = /** @type {AsyncGenerator<string>} */ (answer);
    return new Response(
      streamOf(texts, () => leaving.abort()),
      /** @type {Head} */ (head),
    );
  };
}

/** Reads a body, or the start of one that is too long. @param {Request} request */
async function bodyOf(request) {
  const stream = request.body ?? (await request.blob()).stream(); // Firefox has no `body`
  const reader = stream.getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  for (let size = 0; size <= MOST_BODY; size += /** @type {Uint8Array} */ (pieces.at(-1)).length) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
  }
  reader.cancel().catch(() => {});
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/**
 * The head and the texts of an answer; a failure of the engine's is one as well.
 * @param {AsyncIterable<Head | string | null | undefined>} parts null for a step without output
 * @returns {AsyncGenerator<Head | string, void, void>}
 */
async function* answered(parts) {
  let head;
  try {
    for await (const part of parts) {
      if (!part) continue;
      head ??= part;
      yield part;
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { message, remedy, code, param } = error;
    const fields = { message: `${message} ${remedy}`.trim(), type: "server_error", param, code };
    const body = JSON.stringify({ error: fields });
    if (!head) yield { status: 500, headers: { "content-type": "application/json" } };
    yield head ? `data: ${body}\n\n` : body;
  }
}

/** @param {AsyncGenerator<string, void, void>} texts @param {() => void} leave */
function streamOf(texts, leave) {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await texts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}
