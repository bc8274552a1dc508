/**
 * Texts from a server with an OpenAI-compatible API, streamed. Nothing is remembered; the key is an argument.
 */

import { withoutSlash } from "../ui/address.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";

/**
 * @typedef {{
 *   base: string, model: string, key: string, prompt: string, signal: AbortSignal,
 *   settings: Record<string, any>
 * }} CompletionRequest `base` ends before "/chat/completions"
 */

/** Bytes of a reply that are read; an answer has a few hundred. */
const LONGEST_REPLY = 1_000_000;

/** Decoder settings that such servers know by the same name. */
const KNOWN = ["temperature", "top_p", "presence_penalty", "frequency_penalty", "stop", "seed"];

/**
 * The pieces of a reply, as they arrive.
 * @param {CompletionRequest} request
 * @param {typeof fetch} [send]
 * @returns {AsyncGenerator<string, void, void>}
 */
export async function* complete({ base, model, key, prompt, settings, signal }, send = fetch) {
  const url = addressOf(base);
  const known = Object.entries(settings).filter(([name]) => KNOWN.includes(name));
  const body = {
    model,
    messages: [{ role: "user", content: prompt }],
    stream: true,
    max_tokens: settings.max_new_tokens ?? 200,
    ...Object.fromEntries(known),
  };
  const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  const options = {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    signal,
    referrerPolicy: "no-referrer",
  };
  const response = await send(url, /** @type {RequestInit} */ ({ ...options, credentials: "omit" })).catch(
    (error) => {
      throw signal.aborted ? error : unreachable(new URL(url));
    },
  );
  if (!response.ok || !response.body) throw await refusal(response);
  yield* textsOf(response.body);
}

/** The address of the completions below a base. @param {string} base */
function addressOf(base) {
  const text = withoutSlash(base.trim()).replace(/\/chat\/completions$/, "");
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return `${text}/chat/completions`;
  throw problem(
    t("This is not the address of a server."),
    t("Enter one such as http://localhost:11434/v1, which ends before “/chat/completions”."),
  );
}

/** @param {URL} url */
export function unreachable({ host }) {
  return problem(
    t("{host} cannot be reached from this page.", { host }),
    t(
      "Check that it is running, that the address is right, and that it allows requests from {origin} (CORS). " +
        "For Ollama, set OLLAMA_ORIGINS to this address.",
      { origin: location.origin },
    ),
  );
}

/** An error with `isRefused`: whether the key was. @param {Response} response */
export async function refusal(response) {
  const text = (await response.text().catch(() => "")).slice(0, 2000);
  const said = reason(text);
  const isRefused = response.status === 401 || response.status === 403;
  const remedy = isRefused
    ? t("Check the key.")
    : response.status === 404
      ? t("Check the address and the name of the model.")
      : t("Try again later, or check the server's log.");
  const reasons = [response.status, said.slice(0, 300)].filter(Boolean).join(", ");
  const what = t("The server refused: {reasons}.", { reasons });
  return Object.assign(problem(what, remedy), { isRefused });
}

/** The message in a server's JSON. @param {string} text */
function reason(text) {
  try {
    const { error } = JSON.parse(text);
    return String(error?.message ?? error ?? "").replace(/\.$/, "");
  } catch {
    return "";
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
  try {
    const { choices } = JSON.parse(json);
    const [choice] = choices ?? [];
    return String((choice?.delta ?? choice?.message)?.content ?? "");
  } catch {
    throw problem(
      t("The server's reply cannot be read."),
      t("Check that its API is compatible with OpenAI's."),
    );
  }
}
