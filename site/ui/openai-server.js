/**
 * Requests to a server with an OpenAI-compatible API: texts, streamed, and the names of its models. Nothing
 * is remembered, and no cookies are sent; the key is an argument.
 */

import { withoutSlash } from "./address.js";
import { problem } from "./status.js";
import { t } from "./words.js";

/**
 * @typedef {{base: string, model: string, key: string}} Server `base` ends before "/chat/completions"
 * @typedef {"address" | "key"} Field which of a server's fields caused an error
 * What to write: a chat's answer to the prompt, or with `continues` its continuation, word for word. `send`
 * has the request's other fields, such as the decoder's settings.
 * @typedef {Server & {prompt: string, continues?: boolean, signal: AbortSignal,
 *   settings: Record<string, any>}} CompletionRequest
 */

/** Bytes of a reply that are read: some 60,000 tokens, each in an event of its own. */
const LONGEST_REPLY = 16_000_000;
/** Characters of a list of models that are read, and names that are taken from it. */
const LONGEST_LIST = 4_000_000;
/** Characters of an error. */
const LONGEST_REFUSAL = 100_000;
const MOST_MODELS = 1000;
const LONGEST_NAME = 300;

/** Decoder settings that such servers know by the same name. */
const KNOWN = ["temperature", "top_p", "presence_penalty", "frequency_penalty", "stop", "seed"];

/**
 * The settings that any such server knows, and the names of the others.
 * @param {Record<string, any>} settings of the decoder, by the engine's names
 * @returns {{known: Record<string, any>, others: string[]}}
 */
export function knownSettings({ max_new_tokens: _, ...settings }) {
  const isKnown = (/** @type {string} */ name) => KNOWN.includes(name);
  return {
    known: Object.fromEntries(Object.entries(settings).filter(([name]) => isKnown(name))),
    others: Object.keys(settings).filter((name) => !isKnown(name)),
  };
}

/**
 * The pieces of a reply, as they arrive.
 * @param {CompletionRequest & {sendsAll?: boolean}} request `sendsAll` also sends the settings that only some
 *   servers know
 * @param {typeof fetch} [send]
 * @returns {AsyncGenerator<string, void, void>}
 */
export async function* complete(request, send = fetch) {
  const { base, model, key, prompt, continues = false, settings, sendsAll = false, signal } = request;
  const { max_new_tokens = 200, ...others } = settings;
  const body = {
    model,
    ...(continues ? { prompt } : { messages: [{ role: "user", content: prompt }] }),
    stream: true,
    max_tokens: max_new_tokens,
    ...(sendsAll ? others : knownSettings(settings).known),
  };
  const url = addressOf(base, continues ? "completions" : "chat/completions");
  yield* textsOf(await ask(url, { key, body: JSON.stringify(body), signal, send }));
}

/**
 * The names of a server's models.
 * @param {Pick<Server, "base" | "key">} server
 * @param {{signal: AbortSignal, send?: typeof fetch}} options
 * @returns {Promise<string[]>}
 */
export async function listModels({ base, key }, { signal, send = fetch }) {
  const body = await ask(addressOf(base, "models"), { key, signal, send });
  const text = await wholeText(body, LONGEST_LIST);
  const names = parsed(text)?.data?.map?.((/** @type {any} */ one) => one?.id);
  if (!names) throw unreadable();
  const isName = (/** @type {unknown} */ name) => typeof name === "string" && name.length <= LONGEST_NAME;
  return names.filter(isName).slice(0, MOST_MODELS);
}

/** Throws if this is not the address of a server. @param {string} base */
export function checkAddress(base) {
  addressOf(base, "models");
}

/** The address of an endpoint below a base. @param {string} base @param {string} endpoint */
function addressOf(base, endpoint) {
  const text = withoutSlash(base.trim()).replace(/\/chat\/completions$/, "");
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return `${text}/${endpoint}`;
  throw caused(
    "address",
    problem(
      t("This is not the address of a server."),
      t("Enter one such as http://localhost:11434/v1, which ends before “/chat/completions”."),
    ),
  );
}

/** @template {Error} E @param {Field | null} field @param {E} error */
const caused = (field, error) => Object.assign(error, { field });

/**
 * Sends a request: with a body as POST.
 * @param {string} url
 * @param {{key: string, body?: string, signal: AbortSignal, send: typeof fetch}} options
 * @returns {Promise<ReadableStream<Uint8Array>>} the answer's bytes
 * @throws an error with its remedy, and the `field` that caused it, if one did
 */
export async function ask(url, { key, body, signal, send }) {
  const headers = {
    ...(body !== undefined && { "Content-Type": "application/json" }),
    ...(key && { Authorization: `Bearer ${key}` }),
  };
  /** @type {RequestInit} */
  const options = { method: body === undefined ? "GET" : "POST", headers, body, signal };
  const response = await send(url, {
    ...options,
    credentials: "omit",
    referrerPolicy: "no-referrer",
  }).catch((error) => {
    throw signal.aborted ? error : unreachable(new URL(url));
  });
  if (!response.ok || !response.body) throw await refusal(response);
  return response.body;
}

/** @param {URL} url */
function unreachable({ host }) {
  const error = problem(
    t("{host} cannot be reached from this page.", { host }),
    t(
      "Check that it is running, that the address is right, and that it allows requests from {origin} (CORS). " +
        "For Ollama, set OLLAMA_ORIGINS to this address; for Goosequill, --allow-origin.",
      { origin: location.origin },
    ),
  );
  return caused("address", error);
}

/** @param {Response} response */
async function refusal(response) {
  const text = response.body ? await wholeText(response.body, LONGEST_REFUSAL).catch(() => "") : "";
  const isKey = response.status === 401 || response.status === 403;
  const isMissing = response.status === 404;
  const remedy = isKey
    ? t("Check the key.")
    : isMissing
      ? t("Check the address and the name of the model.")
      : t("Try again later, or check the server's log.");
  const reasons = [response.status, reason(parsed(text))].filter(Boolean).join(", ");
  const error = problem(t("The server refused: {reasons}.", { reasons }), remedy);
  return caused(isKey ? "key" : isMissing ? "address" : null, error);
}

/** The message of a server's error. @param {any} answer */
function reason(answer) {
  const error = answer?.error;
  return String(error?.message ?? error ?? "")
    .slice(0, 300)
    .replace(/\.$/, "");
}

/** @param {string} json @returns {any} undefined if it is not JSON */
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function unreadable() {
  return problem(
    t("The server's reply cannot be read."),
    t("Check that its API is compatible with OpenAI's."),
  );
}

/**
 * A whole answer.
 * @param {ReadableStream<Uint8Array>} body
 * @param {number} longest in characters
 */
export async function wholeText(body, longest) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
    if (text.length > longest) {
      reader.cancel().catch(() => {});
      throw problem(t("The server's answer is too long."), t("Check the address and the model."));
    }
  }
}

/**
 * Server-sent events, or the one JSON object of a server that does not stream.
 * @param {ReadableStream<Uint8Array>} body
 */
async function* textsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [buffer, size, found, whole] = ["", 0, false, false];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      size += value?.length ?? 0;
      if (size > LONGEST_REPLY) throw problem(t("The server's reply is too long."), t("Check the address."));
      const piece = decoder.decode(value, { stream: !done });
      if (buffer === "" && !found) whole = piece.trimStart().startsWith("{");
      buffer = buffer === "" ? piece.trimStart() : buffer + piece;
      if (!whole && /[\r\n]/.test(piece)) {
        const lines = buffer.split(/\r\n|\n|\r/);
        buffer = lines.pop() ?? "";
        for (const line of lines) {
          if (!line.startsWith("data:")) continue;
          found = true;
          yield textIn(line.slice(5));
        }
      }
      if (done) break;
    }
    if (!found || buffer.startsWith("data:")) yield textIn(buffer.replace(/^data:/, ""));
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {string} json */
function textIn(json) {
  if (json.trim() === "[DONE]") return "";
  const answer = parsed(json);
  if (answer?.error) {
    throw problem(
      t("The server stopped: {reasons}.", { reasons: reason(answer) }),
      t("Try again later, or check the server's log."),
    );
  }
  const choice = answer?.choices?.[0];
  const text = (choice?.delta ?? choice?.message)?.content ?? choice?.text ?? "";
  if (Object(answer) !== answer || typeof text !== "string") throw unreadable();
  return text;
}
