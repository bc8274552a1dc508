/**
 * Completions in the shape of OpenAI's API, answered by a model in this page: chat completions, and texts.
 * Source: https://platform.openai.com/docs/api-reference
 */

import { EngineError } from "./protocol.js";

/** @typedef {import("./client.js").Model} Model */
/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").Chunk} Chunk */
/** @typedef {import("./protocol.js").End} End */
/** @typedef {import("./model.js").Turn} Turn */

/**
 * What the answer has to be: `json_object` is any JSON object, and `regex` is not OpenAI's.
 * @typedef {{type: "text"} | {type: "json_object"} | {type: "regex", regex: string} |
 *   {type: "json_schema", json_schema: {schema: object | boolean, name?: string, strict?: boolean | null}}
 * } ResponseFormat
 */

/**
 * What both kinds of request have, and the decoder's settings by their own names. Of `n` answers the first
 * has the `seed`, and each other the next one. `model`, `user`, `metadata`, `store` and `service_tier` are
 * ignored.
 * @typedef {Omit<import("./protocol.js").GenerateOptions, "state" | "given" | "opening" | "logprobs"> & {
 *   n?: number | null, stream?: boolean | null, stream_options?: {include_usage?: boolean} | null,
 *   response_format?: ResponseFormat | null, model?: string, user?: string, metadata?: object | null,
 *   store?: boolean | null, service_tier?: string | null, signal?: AbortSignal
 * }} CommonRequest
 */

/**
 * A request for a chat completion. `max_tokens` is another name of `max_completion_tokens`, `top_logprobs` is
 * how many candidates each token gets with `logprobs`.
 * @typedef {CommonRequest & {
 *   messages: Message[], logprobs?: boolean | null, top_logprobs?: number | null,
 *   max_completion_tokens?: number | null
 * }} CompletionRequest
 */

/**
 * A request to continue one or several texts, by 16 tokens unless `max_tokens` says more. `echo` returns the
 * prompt too, and with `logprobs`, how many candidates each token gets, the probabilities of its tokens.
 * @typedef {CommonRequest & {
 *   prompt: string | string[], logprobs?: number | null, echo?: boolean | null
 * }} TextRequest
 */

/**
 * @typedef {{prompt_tokens: number, completion_tokens: number, total_tokens: number}} CompletionUsage
 * @typedef {"stop" | "length" | "abort"} FinishReason
 * `token` is the token's text; where that is a part of a character, `bytes` has it exactly.
 * @typedef {{token: string, bytes: number[], logprob: number}} TokenLogprob
 * @typedef {{content: (TokenLogprob & {top_logprobs: TokenLogprob[]})[], refusal: null}} ChatLogprobs
 * @typedef {{
 *   id: string, created: number, model: string, object: "chat.completion", usage: CompletionUsage,
 *   choices: {
 *     index: number, finish_reason: FinishReason, logprobs: ChatLogprobs | null,
 *     message: {role: "assistant", content: string, refusal: null, reasoning_content?: string}
 *   }[]
 * }} ChatCompletion
 * With `include_usage`, the last chunk has the usage and no choice.
 * @typedef {{
 *   id: string, created: number, model: string, object: "chat.completion.chunk",
 *   usage?: CompletionUsage | null,
 *   choices: {
 *     index: number, finish_reason: FinishReason | null, logprobs: ChatLogprobs | null,
 *     delta: {role?: "assistant", content?: string, reasoning_content?: string}
 *   }[]
 * }} ChatCompletionChunk
 * `text_offset` counts code points from the start of `text`.
 * @typedef {{
 *   tokens: string[], token_logprobs: (number | null)[], top_logprobs: (Record<string, number> | null)[],
 *   text_offset: number[]
 * }} TextLogprobs
 * @typedef {{
 *   id: string, created: number, model: string, object: "text_completion", usage?: CompletionUsage | null,
 *   choices: {
 *     index: number, text: string, finish_reason: FinishReason | null, logprobs: TextLogprobs | null
 *   }[]
 * }} TextCompletion
 */

/**
 * A part of an answer, with the tokens that it took.
 * @typedef {{text: string, thought: string, tokens: Chunk[]}} Piece
 */

const IGNORED = ["model", "user", "metadata", "store", "service_tier"];
/** As OpenAI allows. */
const MOST_ANSWERS = 128;
const MOST_CANDIDATES = 20;
const TEXT_TOKENS = 16;
const UTF8 = new TextDecoder();
/** Codes of errors that are not the request's. */
const OURS = /^(engine-|worker-|internal|out-of-memory|csp|network|aborted|model-(nan|unloaded))/;

let count = 0;

/**
 * A chat completion, or with `stream: true` an async iterator of its chunks.
 * @type {{
 *   (model: Model, request: CompletionRequest & {stream: true}):
 *     Promise<AsyncGenerator<ChatCompletionChunk, void, void>>,
 *   (model: Model, request: CompletionRequest & {stream?: false | null}): Promise<ChatCompletion>,
 * }}
 * @throws {import("./protocol.js").EngineError} `chat-messages`, `option` and the codes of `Model.chat`; as
 *   in OpenAI's API it also has `type` ("invalid_request_error" or "server_error") and `param`
 */
export const createChatCompletion = (/** @type {Model} */ model, /** @type {any} */ request) =>
  answered(() => chat(model, request));

/**
 * Texts that continue prompts, or with `stream: true` an async iterator of their parts. The answers to the
 * first prompt come first.
 * @type {{
 *   (model: Model, request: TextRequest & {stream: true}):
 *     Promise<AsyncGenerator<TextCompletion, void, void>>,
 *   (model: Model, request: TextRequest & {stream?: false | null}): Promise<TextCompletion>,
 * }}
 * @throws {import("./protocol.js").EngineError} as `createChatCompletion`
 */
export const createCompletion = (/** @type {Model} */ model, /** @type {any} */ request) =>
  answered(() => continued(model, request));

/** @param {() => Promise<any>} act @returns {Promise<any>} */
async function answered(act) {
  try {
    const found = await act();
    return Symbol.asyncIterator in found ? streamed(found) : found;
  } catch (error) {
    throw named(error);
  }
}

/** @param {AsyncIterable<any>} parts */
async function* streamed(parts) {
  try {
    yield* parts;
  } catch (error) {
    throw named(error);
  }
}

/** An error with the fields that OpenAI's have. @param {any} error */
function named(error) {
  if (!(error instanceof EngineError)) return error;
  const type = OURS.test(error.code) ? "server_error" : "invalid_request_error";
  return Object.assign(error, { type, param: /** @type {any} */ (error).param ?? null });
}

/** @param {string} param @param {string} wanted */
function refusal(param, wanted) {
  const fields = { message: `“${param}” has to be ${wanted}.`, remedy: "Change the request." };
  return Object.assign(new EngineError({ code: "option", ...fields }), { param });
}

/**
 * Separates what OpenAI names otherwise from the decoder's settings.
 * @param {any} request
 * @param {Model} model
 * @param {string} prefix of the id
 */
function prepare(request, model, prefix) {
  const { n: asked, stream, stream_options, response_format, ...settings } = Object(request);
  for (const name of IGNORED) delete settings[name];
  const n = asked ?? 1;
  if (!(Number.isInteger(n) && n >= 1 && n <= MOST_ANSWERS))
    throw refusal("n", `a whole number from 1 to ${MOST_ANSWERS}`);
  for (const [name, value] of Object.entries(settings)) if (value === null) delete settings[name];
  Object.assign(settings, constraint(response_format));
  const about = {
    id: `${prefix}-${++count}`,
    created: Math.floor(Date.now() / 1000),
    model: model.info.name,
  };
  return { settings, n, about, stream: Boolean(stream), usage: Boolean(stream_options?.include_usage) };
}

/** The decoder's settings for a response format. @param {any} format */
function constraint(format) {
  const type = format?.type ?? "text";
  if (type === "text") return {};
  if (type === "json_object") return { json_schema: { type: "object" } };
  if (type === "json_schema" && format.json_schema?.schema !== undefined)
    return { json_schema: format.json_schema.schema };
  if (type === "regex" && typeof format.regex === "string") return { regex: format.regex };
  throw refusal(
    "response_format",
    "of the type text, json_object, json_schema or regex, with what that needs",
  );
}

/** @param {string} param @param {unknown} value @param {number} most */
function candidates(param, value, most = MOST_CANDIDATES) {
  const number = value ?? 0;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= most) return number;
  throw refusal(param, `a whole number from 0 to ${most}`);
}

/**
 * The parts of an answer: the tokens of text that is held back, as it may begin a stop string, come with the
 * text, or not at all if it was one. At last the end.
 * @param {AsyncIterable<Chunk | End>} writing
 * @returns {AsyncGenerator<Piece & {end: End | null}, void, void>}
 */
async function* pieces(writing) {
  /** @type {Chunk[]} */
  let tokens = [];
  for await (const item of writing) {
    const { text, thought = "" } = item;
    const end = "finish_reason" in item ? item : null;
    if (!end) tokens.push(/** @type {Chunk} */ (item));
    if (!text && !thought && !end) continue;
    yield { text, thought, tokens: text || thought ? tokens : [], end };
    tokens = [];
  }
}

/** The settings of one of several answers. @param {any} settings @param {number} index */
const seeded = (settings, index) =>
  typeof settings.seed === "number" ? { ...settings, seed: settings.seed + index } : settings;

/** @param {number} prompt @param {number} completion @returns {CompletionUsage} */
const totals = (prompt, completion) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

/** @param {Model} model @param {any} request */
async function chat(model, request) {
  const { settings, n, about, stream, usage } = prepare(request, model, "chatcmpl");
  const { messages, logprobs, top_logprobs, max_tokens, max_completion_tokens, ...decoder } = settings;
  const most = max_completion_tokens ?? max_tokens;
  if (most !== undefined) decoder.max_new_tokens = most;
  if (logprobs !== undefined && typeof logprobs !== "boolean") throw refusal("logprobs", "true or false");
  const top = candidates("top_logprobs", top_logprobs);
  if (top && !logprobs) throw refusal("top_logprobs", "given with logprobs: true");
  if (logprobs) decoder.logprobs = top;
  const parts = chatParts(model, messages, decoder, n, logprobs === true);
  return stream ? chatChunks(parts, about, usage) : await wholeChat(parts, about);
}

/**
 * @param {Model} model @param {Message[]} messages @param {any} settings @param {number} n
 * @param {boolean} measured
 */
async function* chatParts(model, messages, settings, n, measured) {
  for (let index = 0; index < n; index++) {
    for await (const { text, thought, tokens, end } of pieces(
      model.chat(messages, seeded(settings, index)),
    )) {
      const content = measured ? await chatLogprobs(model, tokens) : null;
      yield { index, text, thought, end, logprobs: content && { content, refusal: null } };
    }
  }
}

/** @param {AsyncIterable<any>} parts @param {any} about @returns {Promise<ChatCompletion>} */
async function wholeChat(parts, about) {
  /** @type {any[]} */
  const choices = [];
  let [prompt, completion] = [0, 0];
  for await (const { index, text, thought, end, logprobs } of parts) {
    choices[index] ??= {
      index,
      message: { role: "assistant", content: "", refusal: null },
      logprobs: logprobs && { content: [], refusal: null },
    };
    const { message } = choices[index];
    message.content += text;
    if (thought) message.reasoning_content = (message.reasoning_content ?? "") + thought;
    choices[index].logprobs?.content.push(...logprobs.content);
    if (!end) continue;
    choices[index].finish_reason = end.finish_reason;
    prompt = end.usage.prompt_tokens;
    completion += end.usage.completion_tokens;
  }
  return { ...about, object: "chat.completion", choices, usage: totals(prompt, completion) };
}

/** @param {AsyncIterable<any>} parts @param {any} about @param {boolean} usage @returns {any} */
async function* chatChunks(parts, about, usage) {
  const shape = { ...about, object: "chat.completion.chunk", ...(usage && { usage: null }) };
  const chunk = (/** @type {object} */ choice) => ({ ...shape, choices: [{ logprobs: null, ...choice }] });
  let [begun, prompt, completion] = [-1, 0, 0];
  for await (const { index, text, thought, end, logprobs } of parts) {
    if (index !== begun)
      yield chunk({ index, delta: { role: "assistant", content: "" }, finish_reason: null });
    begun = index;
    if (thought) yield chunk({ index, delta: { reasoning_content: thought }, finish_reason: null });
    if (text) yield chunk({ index, delta: { content: text }, logprobs, finish_reason: null });
    if (!end) continue;
    yield chunk({ index, delta: {}, finish_reason: end.finish_reason });
    prompt = end.usage.prompt_tokens;
    completion += end.usage.completion_tokens;
  }
  if (usage) yield { ...shape, choices: [], usage: totals(prompt, completion) };
}

/** @param {Model} model @param {any} request */
async function continued(model, request) {
  const { settings, n, about, stream, usage } = prepare(request, model, "cmpl");
  const { prompt, logprobs, echo, max_tokens = TEXT_TOKENS, ...decoder } = settings;
  const prompts = Array.isArray(prompt) ? prompt : [prompt];
  if (!prompts.length || prompts.some((one) => typeof one !== "string"))
    throw refusal("prompt", "a text or a list of texts");
  const measured = logprobs !== undefined;
  decoder.logprobs = candidates("logprobs", logprobs);
  decoder.max_new_tokens ??= max_tokens;
  const parts = textParts(model, prompts, decoder, { n, measured, echo: Boolean(echo) });
  const shape = { ...about, object: "text_completion" };
  return stream ? textChunks(parts, shape, usage) : await wholeText(parts, shape);
}

/**
 * @param {Model} model @param {string[]} prompts @param {any} settings
 * @param {{n: number, measured: boolean, echo: boolean}} options
 */
async function* textParts(model, prompts, settings, { n, measured, echo }) {
  for (const [at, prompt] of prompts.entries()) {
    const read = echo && measured ? await model.logprobs(prompt, { top: settings.logprobs }) : [];
    const before = echo && (await textLogprobs(model, read, 0));
    for (let own = 0; own < n; own++) {
      const index = at * n + own;
      let offset = 0;
      if (before) {
        yield { index, text: prompt, end: null, logprobs: measured ? before : null };
        offset = lengthOf(prompt);
      }
      for await (const { text, tokens, end } of pieces(model.generate(prompt, seeded(settings, index)))) {
        const logprobs = measured ? await textLogprobs(model, tokens, offset) : null;
        offset += lengthOf(text);
        yield { index, text, logprobs, end, counts: end && own === 0 };
      }
    }
  }
}

/** @param {AsyncIterable<any>} parts @param {any} shape @returns {Promise<TextCompletion>} */
async function wholeText(parts, shape) {
  /** @type {any[]} */
  const choices = [];
  let [prompt, completion] = [0, 0];
  for await (const { index, text, logprobs, end, counts } of parts) {
    choices[index] ??= { index, text: "", logprobs: logprobs && noLogprobs() };
    choices[index].text += text;
    for (const name of Object.keys(logprobs ?? {})) choices[index].logprobs[name].push(...logprobs[name]);
    if (!end) continue;
    choices[index].finish_reason = end.finish_reason;
    if (counts) prompt += end.usage.prompt_tokens;
    completion += end.usage.completion_tokens;
  }
  return { ...shape, choices, usage: totals(prompt, completion) };
}

/** @param {AsyncIterable<any>} parts @param {any} about @param {boolean} usage @returns {any} */
async function* textChunks(parts, about, usage) {
  const shape = { ...about, ...(usage && { usage: null }) };
  let [prompt, completion] = [0, 0];
  for await (const { index, text, logprobs, end, counts } of parts) {
    yield { ...shape, choices: [{ index, text, logprobs, finish_reason: end?.finish_reason ?? null }] };
    if (counts) prompt += end.usage.prompt_tokens;
    completion += end?.usage.completion_tokens ?? 0;
  }
  if (usage) yield { ...shape, choices: [], usage: totals(prompt, completion) };
}

/** @param {string} text */
const lengthOf = (text) => [...text].length;

/** @returns {TextLogprobs} */
const noLogprobs = () => ({ tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] });

/**
 * The bytes of tokens and of their candidates, by id.
 * @param {Model} model
 * @param {{token: number, top_logprobs?: {token: number}[]}[]} tokens
 * @returns {Promise<Map<number, number[]>>}
 */
async function bytesOf(model, tokens) {
  const ids = [
    ...new Set(
      tokens.flatMap(({ token, top_logprobs = [] }) => [token, ...top_logprobs.map((one) => one.token)]),
    ),
  ];
  const found = ids.length ? await model.call("token_bytes", { tokens: ids }) : [];
  return new Map(ids.map((id, at) => [id, found[at]]));
}

/** @param {Model} model @param {Chunk[]} tokens */
async function chatLogprobs(model, tokens) {
  const all = await bytesOf(model, tokens);
  const entry = (/** @type {{token: number, logprob: number}} */ { token, logprob }) => {
    const bytes = /** @type {number[]} */ (all.get(token));
    return { token: UTF8.decode(new Uint8Array(bytes)), bytes, logprob };
  };
  return tokens.map((one) => ({ ...entry(one), top_logprobs: (one.top_logprobs ?? []).map(entry) }));
}

/**
 * @param {Model} model
 * @param {{
 *   token: number, logprob: number | null, top_logprobs?: {token: number, logprob: number}[]
 * }[]} tokens
 * @param {number} offset of the first one
 * @returns {Promise<TextLogprobs>}
 */
async function textLogprobs(model, tokens, offset) {
  const all = await bytesOf(model, tokens);
  const bytes = (/** @type {number} */ token) => /** @type {number[]} */ (all.get(token));
  const found = noLogprobs();
  const decoder = new TextDecoder(); // a part of a character is where the character begins
  for (const { token, logprob, top_logprobs } of tokens) {
    found.tokens.push(shown(bytes(token)));
    found.token_logprobs.push(logprob);
    const likely = top_logprobs?.length && top_logprobs.map((one) => [shown(bytes(one.token)), one.logprob]);
    found.top_logprobs.push(likely ? Object.fromEntries(likely) : null);
    found.text_offset.push(offset);
    offset += lengthOf(decoder.decode(new Uint8Array(bytes(token)), { stream: true }));
  }
  return found;
}

/** A token's text; a part of a character as OpenAI shows it. @param {number[]} bytes */
function shown(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
  } catch {
    return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}`;
  }
}
