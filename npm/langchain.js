/**
 * A loaded model as a chat model of LangChain.js. It only translates between LangChain's messages and chat
 * completions in the shape of OpenAI's API.
 * Source: https://docs.langchain.com/oss/javascript/langchain/models
 */

import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import {
  assembleStructuredOutputPipeline,
  createContentParser,
} from "@langchain/core/language_models/structured_output";
import { AIMessage, AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { unreadable } from "./adapting.js";
import { createChatCompletion } from "./engine/openai.js";

/**
 * @typedef {import("./engine/client.js").Model} Model
 * @typedef {Omit<import("./engine/protocol.js").Settings, "logprobs">} Settings
 * @typedef {import("./engine/openai.js").CompletionUsage} CompletionUsage
 * @typedef {import("@langchain/core/messages").BaseMessage} BaseMessage
 * @typedef {import("@langchain/core/callbacks/manager").CallbackManagerForLLMRun} RunManager
 * @typedef {import("@langchain/core/language_models/chat_models").BaseChatModelParams} BaseParams
 * @typedef {import("@langchain/core/language_models/chat_models").BaseChatModelCallOptions} BaseCallOptions
 * @typedef {import("@langchain/core/language_models/base").BaseLanguageModelInput} Input
 */

/**
 * @template {Record<string, any>} Output
 * @typedef {import("@langchain/core/utils/types").InteropZodType<Output> |
 *   import("@langchain/core/utils/standard_schema").SerializableSchema<Output> | Record<string, any>} Schema
 */

/**
 * @template {boolean} Raw
 * @typedef {import("@langchain/core/language_models/base").StructuredOutputMethodOptions<Raw>
 * } StructuredOptions
 */

/**
 * @template In, Out
 * @typedef {import("@langchain/core/runnables").Runnable<In, Out>} Runnable
 */

/**
 * `settings` are the decoder's, by their own names: `temperature`, `max_new_tokens`, `min_p` and more.
 * @typedef {BaseParams & {model: Model, settings?: Settings}} ChatGoosequillParams
 * Those of a call come before those of the chat model.
 * @typedef {BaseCallOptions & {
 *   settings?: Settings, response_format?: import("./engine/openai.js").ResponseFormat
 * }} CallOptions
 */

/** @type {Record<string, "system" | "user" | "assistant">} */
const ROLES = { system: "system", developer: "system", human: "user", ai: "assistant" };

/** There is one prompt, and one answer to it. */
const FIRST = { prompt: 0, completion: 0 };

/**
 * The model for chains, agents and all else that takes a chat model.
 *
 *   const chat = new ChatGoosequill({ model: await loadModel(), settings: { max_new_tokens: 60 } });
 *   const { text } = await chat.invoke("Good morning.");
 *
 * @extends {BaseChatModel<CallOptions>}
 */
export class ChatGoosequill extends BaseChatModel {
  static lc_name() {
    return "ChatGoosequill";
  }

  /** @param {ChatGoosequillParams} fields */
  constructor({ model, settings = {}, ...fields }) {
    super(fields);
    this.model = model;
    this.settings = settings;
  }

  _llmType() {
    return "goosequill";
  }

  /** What a cache distinguishes models by. */
  _identifyingParams() {
    return { model: this.model.info.name, ...this.settings };
  }

  get callKeys() {
    return [...super.callKeys, "settings", "response_format"];
  }

  /** @param {BaseMessage[]} messages @param {this["ParsedCallOptions"]} options */
  async _generate(messages, options) {
    const request = this.#request(messages, options);
    const { id, model, choices, usage } = await createChatCompletion(this.model, request);
    const { message: reply, finish_reason } = choices[0];
    const message = new AIMessage({
      id,
      content: reply.content ?? "",
      additional_kwargs: reasoning(reply),
      usage_metadata: counted(usage),
      response_metadata: { model_name: model, finish_reason },
    });
    const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = usage;
    const tokenUsage = { promptTokens, completionTokens, totalTokens: usage.total_tokens };
    return { generations: [{ text: message.text, message }], llmOutput: { tokenUsage } };
  }

  /**
   * @param {BaseMessage[]} messages
   * @param {this["ParsedCallOptions"]} options
   * @param {RunManager} [runManager]
   */
  async *_streamResponseChunks(messages, options, runManager) {
    const request = this.#request(messages, options);
    const stream_options = { include_usage: true };
    const chunks = await createChatCompletion(this.model, { ...request, stream: true, stream_options });
    for await (const { id, model, choices, usage } of chunks) {
      const { delta = {}, finish_reason } = choices[0] ?? {};
      const text = delta.content ?? "";
      const message = new AIMessageChunk({
        id,
        content: text,
        additional_kwargs: reasoning(delta),
        ...(usage && { usage_metadata: counted(usage) }),
        response_metadata: finish_reason ? { model_name: model, finish_reason } : {},
      });
      const chunk = new ChatGenerationChunk({ text, message });
      yield chunk;
      await runManager?.handleLLMNewToken(text, FIRST, undefined, undefined, undefined, { chunk });
    }
  }

  /**
   * A model whose answers fit a schema, as the decoder allows nothing else: a JSON schema, or one of Zod or
   * of another library that writes JSON schemas.
   * @template {Record<string, any>} Output
   * @overload
   * @param {Schema<Output>} schema
   * @param {StructuredOptions<false>} [config]
   * @returns {Runnable<Input, Output>}
   */
  /**
   * @template {Record<string, any>} Output
   * @overload
   * @param {Schema<Output>} schema
   * @param {StructuredOptions<true>} [config]
   * @returns {Runnable<Input, {raw: BaseMessage, parsed: Output}>}
   */
  /** @param {any} schema @param {{name?: string, includeRaw?: boolean}} [config] @returns {any} */
  withStructuredOutput(schema, { name = "answer", includeRaw } = {}) {
    const json_schema = { name, schema: toJsonSchema(schema) };
    const writer = this.withConfig({ response_format: { type: "json_schema", json_schema } });
    const parser = createContentParser(schema);
    return assembleStructuredOutputPipeline(writer, parser, includeRaw, "StructuredOutput");
  }

  /**
   * @param {BaseMessage[]} messages
   * @param {this["ParsedCallOptions"]} options
   * @returns {import("./engine/openai.js").CompletionRequest & {stream?: undefined}}
   */
  #request(messages, { settings, stop, signal, response_format }) {
    return {
      messages: messages.map(toMessage),
      ...this.settings,
      ...settings,
      ...(stop && { stop }),
      response_format,
      signal,
    };
  }
}

/** @param {BaseMessage} message @returns {import("./engine/client.js").Turn} */
function toMessage(message) {
  const role = ROLES[message.type];
  if (!role) throw unreadable(`a message of type “${message.type}”`);
  const { content, additional_kwargs } = message;
  const other = Array.isArray(content) && content.find(({ type }) => type !== "text" && type !== "reasoning");
  if (other) throw unreadable(`a part of type “${other.type}”`);
  const thought = additional_kwargs.reasoning_content;
  return { role, content: message.text, ...(typeof thought === "string" && { thought }) };
}

/** @param {{reasoning_content?: string}} reply */
const reasoning = ({ reasoning_content }) => (reasoning_content ? { reasoning_content } : {});

/** @param {CompletionUsage} usage */
const counted = (usage) => ({
  input_tokens: usage.prompt_tokens,
  output_tokens: usage.completion_tokens,
  total_tokens: usage.total_tokens,
});
