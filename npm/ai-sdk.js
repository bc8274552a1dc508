/**
 * A loaded model as a language model of the Vercel AI SDK: its `LanguageModelV3`, which `ai` 6 uses and later
 * versions accept. It only translates between that and chat completions in the shape of OpenAI's API.
 * Source: https://github.com/vercel/ai/tree/main/packages/provider/src/language-model/v3
 */

import { unreadable } from "./adapting.js";
import { createChatCompletion } from "./engine/openai.js";

/**
 * @typedef {import("./engine/client.js").Model} Model
 * @typedef {import("./adapting.js").Settings} Settings
 * @typedef {import("./engine/openai.js").CompletionUsage} CompletionUsage
 * @typedef {import("./engine/openai.js").ChatCompletionChunk} Chunk
 * @typedef {import("./engine/openai.js").CompletionRequest} CompletionRequest
 * @typedef {import("./engine/protocol.js").GivenMessage} GivenMessage
 * @typedef {import("./engine/protocol.js").ToolChoice} ToolChoice
 * @typedef {import("@ai-sdk/provider").LanguageModelV3} LanguageModel
 * @typedef {import("@ai-sdk/provider").LanguageModelV3CallOptions} CallOptions
 * @typedef {import("@ai-sdk/provider").LanguageModelV3Content} Content
 * @typedef {import("@ai-sdk/provider").LanguageModelV3Message} Message
 * @typedef {import("@ai-sdk/provider").LanguageModelV3StreamPart} StreamPart
 * @typedef {import("@ai-sdk/provider").LanguageModelV3ToolCall} ToolCall
 * @typedef {import("@ai-sdk/provider").LanguageModelV3ToolResultOutput} Output
 * @typedef {import("@ai-sdk/provider").LanguageModelV3FinishReason} FinishReason
 * @typedef {import("@ai-sdk/provider").LanguageModelV3Usage} Usage
 * @typedef {import("@ai-sdk/provider").SharedV3Warning} Warning
 */

/** @type {Record<string, FinishReason["unified"]>} */
const REASONS = { stop: "stop", length: "length", tool_calls: "tool-calls" };

/**
 * The model for `generateText`, `streamText` and the other functions of the package `ai`. A call's
 * `providerOptions: { goosequill: {...} }` sets what the AI SDK has no name for, as `settings` does for every
 * call.
 *
 *   const { text } = await generateText({ model: goosequill(await loadModel()), prompt: "Good morning." });
 *
 * @param {Model} model
 * @param {Settings} [settings] the decoder's, by their own names: `min_p`, `repetition_penalty` and more
 * @returns {LanguageModel}
 */
export function goosequill(model, settings = {}) {
  return {
    specificationVersion: "v3",
    provider: "goosequill",
    modelId: model.info.name,
    supportedUrls: {},

    async doGenerate(options) {
      const { request, warnings } = translated(options, settings);
      const { id, created, model: modelId, choices, usage } = await createChatCompletion(model, request);
      const { message, finish_reason } = choices[0];
      /** @type {Content[]} */
      const content = [];
      if (message.reasoning_content) content.push({ type: "reasoning", text: message.reasoning_content });
      if (message.content) content.push({ type: "text", text: message.content });
      for (const { id, function: called } of message.tool_calls ?? []) {
        const call = { toolCallId: id, toolName: called.name, input: called.arguments };
        if (isWhole(call)) content.push({ type: "tool-call", ...call });
      }
      return {
        content,
        finishReason: reason(finish_reason),
        usage: counted(usage),
        request: { body: request },
        response: { id, modelId, timestamp: new Date(created * 1000) },
        warnings,
      };
    },

    async doStream(options) {
      const { request, warnings } = translated(options, settings);
      const stream_options = { include_usage: true };
      const chunks = await createChatCompletion(model, { ...request, stream: true, stream_options });
      return { stream: readable(parts(chunks, warnings, options)), request: { body: request } };
    },
  };
}

/**
 * A call as a request for a chat completion, and what of the call it leaves out.
 * @param {CallOptions} options
 * @param {Settings} settings
 */
function translated(options, settings) {
  const { maxOutputTokens, temperature, topP, topK, presencePenalty, frequencyPenalty } = options;
  const { prompt, stopSequences, seed, responseFormat, abortSignal, tools, providerOptions } = options;
  const asked = {
    max_completion_tokens: maxOutputTokens,
    temperature,
    top_p: topP,
    top_k: topK,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    stop: stopSequences,
    seed,
    ...providerOptions?.goosequill,
  };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  /** @type {Warning[]} */
  const warnings = [];
  /** @type {import("./engine/protocol.js").Tool[]} */
  const functions = [];
  for (const tool of tools ?? []) {
    if (tool.type !== "function") warnings.push({ type: "unsupported", feature: `the tool ${tool.id}` });
    else {
      const { name, description, inputSchema: parameters } = tool;
      functions.push({ type: "function", function: { name, description, parameters } });
    }
  }
  /** @type {CompletionRequest & {stream?: undefined}} */
  const request = {
    messages: prompt.flatMap(toMessages),
    ...settings,
    ...given,
    response_format: format(responseFormat),
    ...(functions.length && { tools: functions, tool_choice: choice(options.toolChoice) }),
    signal: abortSignal,
  };
  return { request, warnings };
}

/** @param {CallOptions["responseFormat"]} wanted @returns {import("./engine/openai.js").ResponseFormat} */
function format(wanted) {
  if (wanted?.type !== "json") return { type: "text" };
  if (!wanted.schema) return { type: "json_object" };
  return { type: "json_schema", json_schema: { name: wanted.name ?? "answer", schema: wanted.schema } };
}

/** @param {CallOptions["toolChoice"]} wanted @returns {ToolChoice | undefined} */
const choice = (wanted) =>
  wanted?.type === "tool" ? { type: "function", function: { name: wanted.toolName } } : wanted?.type;

/** A message, or each result of a call as a message. @param {Message} message @returns {GivenMessage[]} */
function toMessages({ role, content }) {
  if (role === "system") return [{ role, content }];
  if (role === "tool") return content.map(toResult);
  const texts = { text: "", reasoning: "" };
  const calls = [];
  for (const part of content) {
    if (part.type === "text" || part.type === "reasoning") texts[part.type] += part.text;
    else if (part.type === "tool-call") {
      const called = { name: part.toolName, arguments: JSON.stringify(part.input) };
      calls.push({ id: part.toolCallId, type: /** @type {const} */ ("function"), function: called });
    } else throw unreadable(`a part of type “${part.type}”`);
  }
  const { text, reasoning } = texts;
  return [
    {
      role,
      content: text,
      ...(reasoning && { thought: reasoning }),
      ...(calls.length && { tool_calls: calls }),
    },
  ];
}

/** @param {Extract<Message, {role: "tool"}>["content"][number]} part @returns {GivenMessage} */
function toResult(part) {
  if (part.type !== "tool-result") throw unreadable(`a part of type “${part.type}”`);
  const { toolCallId: tool_call_id, toolName: name, output } = part;
  return { role: "tool", tool_call_id, name, content: written(output) };
}

/** What a call returned, as text. @param {Output} output */
function written(output) {
  if (output.type === "execution-denied") return output.reason ?? "The call was denied.";
  if (output.type === "text" || output.type === "error-text") return output.value;
  if (output.type !== "content") return JSON.stringify(output.value);
  const texts = output.value.map((part) => {
    if (part.type !== "text") throw unreadable(`a result of type “${part.type}”`);
    return part.text;
  });
  return texts.join("\n");
}

/** Whether a call is complete: the length may end it too early. @param {{input: string}} call */
function isWhole({ input }) {
  try {
    return JSON.parse(input) !== null;
  } catch {
    return false;
  }
}

/** @param {string | null} raw @returns {FinishReason} */
const reason = (raw) => ({ unified: REASONS[raw ?? ""] ?? "other", raw: raw ?? undefined });

/** @param {CompletionUsage} usage @returns {Usage} */
const counted = (usage) => ({
  inputTokens: {
    total: usage.prompt_tokens,
    noCache: usage.prompt_tokens,
    cacheRead: undefined,
    cacheWrite: undefined,
  },
  outputTokens: { total: usage.completion_tokens, text: undefined, reasoning: undefined },
  raw: usage,
});

/**
 * The stream of a reply, to its finish or its error.
 * @param {AsyncIterable<Chunk>} chunks
 * @param {Warning[]} warnings
 * @param {CallOptions} options
 * @returns {AsyncGenerator<StreamPart, void, void>}
 */
async function* parts(chunks, warnings, { includeRawChunks, abortSignal }) {
  yield { type: "stream-start", warnings };
  const blocks = new Blocks();
  let begun = false;
  let finishReason = reason(null);
  try {
    for await (const chunk of chunks) {
      if (includeRawChunks) yield { type: "raw", rawValue: chunk };
      const { id, created, model: modelId, choices, usage } = chunk;
      if (!begun) yield { type: "response-metadata", id, modelId, timestamp: new Date(created * 1000) };
      begun = true;
      const { delta, finish_reason } = choices[0] ?? {};
      yield* blocks.add("reasoning", delta?.reasoning_content);
      yield* blocks.add("text", delta?.content);
      for (const call of delta?.tool_calls ?? []) yield* blocks.call(call);
      if (finish_reason) finishReason = reason(finish_reason);
      if (!usage) continue;
      yield* blocks.end();
      yield { type: "finish", finishReason, usage: counted(usage) };
    }
  } catch (error) {
    if (abortSignal?.aborted) throw error;
    yield { type: "error", error };
  }
}

/** Text, reasoning and calls are blocks: each starts, has its deltas, and ends before the next one starts. */
class Blocks {
  #count = 0;
  /** @type {"text" | "reasoning" | null} */
  #open = null;
  /** @type {Pick<ToolCall, "toolCallId" | "toolName" | "input"> | null} */
  #call = null;

  /** @param {"text" | "reasoning"} type @param {string} [delta] @returns {Iterable<StreamPart>} */
  *add(type, delta) {
    if (!delta) return;
    if (this.#open !== type) {
      yield* this.end();
      yield { type: `${type}-start`, id: `${++this.#count}` };
      this.#open = type;
    }
    yield { type: `${type}-delta`, id: `${this.#count}`, delta };
  }

  /**
   * @param {{id?: string, function: {name?: string, arguments: string}}} added
   * @returns {Iterable<StreamPart>}
   */
  *call({ id, function: { name: toolName = "", arguments: delta } }) {
    if (id) {
      yield* this.end();
      yield { type: "tool-input-start", id, toolName };
      this.#call = { toolCallId: id, toolName, input: "" };
    }
    if (!delta || !this.#call) return;
    this.#call.input += delta;
    yield { type: "tool-input-delta", id: this.#call.toolCallId, delta };
  }

  /** @returns {Iterable<StreamPart>} */
  *end() {
    const call = this.#call;
    if (this.#open) yield { type: `${this.#open}-end`, id: `${this.#count}` };
    if (call) yield { type: "tool-input-end", id: call.toolCallId };
    if (call && isWhole(call)) yield { type: "tool-call", ...call };
    this.#open = this.#call = null;
  }
}

/**
 * What is not read is not generated, and cancelling ends the reply.
 * @param {AsyncGenerator<StreamPart, void, void>} items
 * @returns {ReadableStream<StreamPart>}
 */
function readable(items) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await items.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await items.return();
      },
    },
    { highWaterMark: 0 },
  );
}
