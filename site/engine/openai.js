/**
 * Completions in the shape of OpenAI's API, answered by a model in this page: chat completions, and texts.
 * Requests are read and answered in Python (goosequill.openai).
 * Source: https://platform.openai.com/docs/api-reference
 */

import { EngineError } from "./protocol.js";

export { createFetch } from "./openai-fetch.js";

/** @typedef {import("./client.js").Model} Model */
/** @typedef {import("./protocol.js").ToolOptions} ToolOptions */
/** @typedef {import("./protocol.js").ChatSettings["reasoning_effort"]} Effort */
/**
 * @typedef {"state" | "given" | "opening" | "logprobs" | "reasoning_effort" | keyof ToolOptions}
 *   OtherOptions
 */

/**
 * What the answer has to be: `json_object` is any JSON object, and `regex` is not OpenAI's.
 * @typedef {{type: "text"} | {type: "json_object"} | {type: "regex", regex: string} |
 *   {type: "json_schema", json_schema: {schema: object | boolean, name?: string, strict?: boolean | null}}
 * } ResponseFormat
 */

/**
 * What both kinds of request have, and the decoder's settings by their own names. Of `n` answers the first
 * has the `seed`, and each other the next one. Fields that could not change the answer, such as `user`, and
 * unknown ones are ignored, and named in `ignored_fields` of the answer.
 * @typedef {Omit<import("./protocol.js").GenerateOptions, OtherOptions> & {
 *   n?: number | null, stream?: boolean | null, stream_options?: {include_usage?: boolean} | null,
 *   response_format?: ResponseFormat | null, model?: string, signal?: AbortSignal,
 *   onProgress?: (progress: import("./protocol.js").Progress) => void,
 *   user?: string, metadata?: object | null, store?: boolean | null, service_tier?: string | null,
 *   prompt_cache_key?: string | null, safety_identifier?: string | null
 * }} CommonRequest
 */

/**
 * A request for a chat completion. `max_tokens` is another name of `max_completion_tokens`, `top_logprobs` is
 * how many candidates each token gets with `logprobs`. A model that does not think ignores
 * `reasoning_effort`; one that does takes "minimal" for "low", and "xhigh" and "max" for "high".
 * @typedef {CommonRequest & {
 *   messages: import("./protocol.js").GivenMessage[],
 *   logprobs?: boolean | null, top_logprobs?: number | null,
 *   max_completion_tokens?: number | null, reasoning_effort?: Effort | "minimal" | "xhigh" | "max",
 *   verbosity?: string | null, tools?: import("./protocol.js").Tool[] | null,
 *   tool_choice?: import("./protocol.js").ToolChoice | null, parallel_tool_calls?: boolean | null
 * }} CompletionRequest
 */

/**
 * A request to continue one or several texts, by 16 tokens unless `max_tokens` says more. `echo` returns the
 * prompt too, and with `logprobs`, how many candidates each token gets, the probabilities of its tokens. A
 * prompt may be a list of token ids; `best_of` may be 1, or `n`.
 * @typedef {CommonRequest & {
 *   prompt: string | number[] | (string | number[])[], logprobs?: number | null, echo?: boolean | null,
 *   best_of?: number | null
 * }} TextRequest
 */

/**
 * @typedef {{prompt_tokens: number, completion_tokens: number, total_tokens: number}} CompletionUsage
 * @typedef {"stop" | "length" | "tool_calls" | "abort"} FinishReason
 * @typedef {import("./protocol.js").OpenAIToolCall} ChatToolCall
 * `token` is the token's text; where that is a part of a character, `bytes` has it exactly.
 * @typedef {{token: string, bytes: number[], logprob: number}} TokenLogprob
 * @typedef {{content: (TokenLogprob & {top_logprobs: TokenLogprob[]})[], refusal: null}} ChatLogprobs
 * @typedef {{
 *   id: string, created: number, model: string, object: "chat.completion", usage: CompletionUsage,
 *   ignored_fields?: string[],
 *   choices: {
 *     index: number, finish_reason: FinishReason, logprobs: ChatLogprobs | null,
 *     message: {
 *       role: "assistant", content: string | null, refusal: null, reasoning_content?: string,
 *       tool_calls?: ChatToolCall[]
 *     }
 *   }[]
 * }} ChatCompletion
 * With `include_usage`, the last chunk has the usage and no choice.
 * @typedef {{
 *   id: string, created: number, model: string, object: "chat.completion.chunk",
 *   usage?: CompletionUsage | null, ignored_fields?: string[],
 *   choices: {
 *     index: number, finish_reason: FinishReason | null, logprobs: ChatLogprobs | null,
 *     delta: {
 *       role?: "assistant", content?: string, reasoning_content?: string,
 *       tool_calls?: {
 *         index: number, id?: string, type?: "function", function: {name?: string, arguments: string}
 *       }[]
 *     }
 *   }[]
 * }} ChatCompletionChunk
 * `text_offset` counts code points from the start of `text`.
 * @typedef {{
 *   tokens: string[], token_logprobs: (number | null)[], top_logprobs: (Record<string, number> | null)[],
 *   text_offset: number[]
 * }} TextLogprobs
 * @typedef {{
 *   id: string, created: number, model: string, object: "text_completion", usage?: CompletionUsage | null,
 *   ignored_fields?: string[],
 *   choices: {
 *     index: number, text: string, finish_reason: FinishReason | null, logprobs: TextLogprobs | null
 *   }[]
 * }} TextCompletion
 */

/**
 * A chat completion, or with `stream: true` an async iterator of its chunks.
 * @type {{
 *   (model: Model, request: CompletionRequest & {stream: true}):
 *     Promise<AsyncGenerator<ChatCompletionChunk, void, void>>,
 *   (model: Model, request: CompletionRequest & {stream?: false | null}): Promise<ChatCompletion>,
 * }}
 * @throws {import("./protocol.js").EngineError} `chat-messages`, `option` and the codes of `Model.chat`; as
 *   in OpenAI's API it also has `type` ("invalid_request_error" or "server_error") and `param`. A stream
 *   throws when it is read.
 */
export const createChatCompletion = (/** @type {Model} */ model, /** @type {any} */ request) =>
  answer("chat_completion", model, request);

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
  answer("completion", model, request);

/**
 * @param {string} job
 * @param {Model} model
 * @param {any} request
 * @returns {Promise<any>}
 */
async function answer(job, model, request) {
  const { signal, onProgress, ...fields } = Object(request);
  const state = model.state.bytes;
  const args = { request: fields, ...(state && { state }) };
  if (fields.stream) return chunks(model, job, args, { signal, onProgress });
  try {
    return nulled(await model.call(job, args, { signal, onProgress }));
  } catch (error) {
    throw typed(error);
  }
}

/**
 * The chunks of a stream, without the whole that ends the job.
 * @param {Model} model
 * @param {string} job
 * @param {Record<string, unknown>} args
 * @param {import("./engine.js").RequestOptions} options
 */
async function* chunks(model, job, args, options) {
  /** @type {unknown} */
  let whole;
  const onEnd = (/** @type {unknown} */ end) => {
    whole = end;
  };
  try {
    for await (const part of model.stream(job, args, { ...options, onEnd })) {
      if (part !== whole) yield nulled(part);
    }
  } catch (error) {
    throw typed(error);
  }
}

/**
 * A completion with null where it has undefined, which is what Python's None becomes.
 * @param {any} value
 */
function nulled(value) {
  for (const name in value) {
    if (value[name] === undefined) value[name] = null;
    else if (typeof value[name] === "object") nulled(value[name]);
  }
  return value;
}

/** An error that the request did not get from Python is not the request's. @param {any} error */
function typed(error) {
  if (error instanceof EngineError) error.type ??= "server_error";
  return error;
}
