/** Chat completions in the shape of OpenAI's API, answered by a model in this page. */

/** @typedef {import("./client.js").Model} Model */
/** @typedef {import("./protocol.js").Message} Message */

/**
 * A request in the shape of OpenAI's API, with the decoder's settings; `model` is ignored.
 * @typedef {Omit<import("./protocol.js").GenerateOptions, "state"> & {
 *   messages: Message[], stream?: boolean, model?: string, signal?: AbortSignal
 * }} CompletionRequest
 */

/**
 * @typedef {{prompt_tokens: number, completion_tokens: number, total_tokens: number}} CompletionUsage
 * @typedef {"stop" | "length" | "abort"} FinishReason
 * @typedef {{
 *   id: string, created: number, model: string, object: "chat.completion", usage: CompletionUsage,
 *   choices: {
 *     index: number, finish_reason: FinishReason, logprobs: null,
 *     message: {role: "assistant", content: string, reasoning_content?: string}
 *   }[]
 * }} ChatCompletion
 * @typedef {{
 *   id: string, created: number, model: string, object: "chat.completion.chunk", usage?: CompletionUsage,
 *   choices: {
 *     index: number, finish_reason: FinishReason | null,
 *     delta: {role?: "assistant", content?: string, reasoning_content?: string}
 *   }[]
 * }} ChatCompletionChunk
 */

let count = 0;

/**
 * A completion, or with `stream: true` an async iterator of its chunks.
 * @type {{
 *   (model: Model, request: CompletionRequest & {stream: true}):
 *     Promise<AsyncGenerator<ChatCompletionChunk, void, void>>,
 *   (model: Model, request: CompletionRequest & {stream?: false}): Promise<ChatCompletion>,
 * }}
 * @throws {import("./protocol.js").EngineError} `chat-messages` and the codes of `Model.chat`
 */
export const createChatCompletion = complete;

/** @param {Model} model @param {CompletionRequest} request @returns {Promise<any>} */
async function complete(model, request) {
  const { messages, stream = false, max_tokens, ...options } = Object(request);
  /** @type {Record<string, unknown>} */
  const settings = { ...options, ...(max_tokens !== undefined && { max_new_tokens: max_tokens }) };
  delete settings.model;
  const about = { id: `chatcmpl-${++count}`, created: Math.floor(Date.now() / 1000), model: model.info.name };
  const writing = model.chat(messages, settings);
  if (stream) return chunksOf(writing, about);
  let content = "";
  let thought = "";
  for await (const item of writing) {
    content += item.text;
    thought += item.thought ?? "";
    if ("finish_reason" in item) {
      const message = { role: "assistant", content, ...(thought && { reasoning_content: thought }) };
      const choices = [{ index: 0, message, finish_reason: item.finish_reason, logprobs: null }];
      return { ...about, object: "chat.completion", choices, usage: totals(item.usage) };
    }
  }
}

/** @param {ReturnType<Model["chat"]>} writing @param {{id: string, created: number, model: string}} about */
async function* chunksOf(writing, about) {
  const chunk = (/** @type {object} */ delta, /** @type {string | null} */ finish_reason = null) => ({
    ...about,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  yield chunk({ role: "assistant", content: "" });
  for await (const item of writing) {
    const { text: content, thought: reasoning_content } = item;
    if (reasoning_content) yield chunk({ reasoning_content });
    if (content) yield chunk({ content });
    if ("finish_reason" in item) yield { ...chunk({}, item.finish_reason), usage: totals(item.usage) };
  }
}

/** @param {import("./protocol.js").Usage} usage */
function totals({ prompt_tokens, completion_tokens }) {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
