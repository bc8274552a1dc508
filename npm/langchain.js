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
import {
  convertLangChainToolCallToOpenAI,
  makeInvalidToolCall,
  parseToolCall,
} from "@langchain/core/output_parsers/openai_tools";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { unreadable } from "./adapting.js";
import { createChatCompletion } from "./engine/openai.js";

/**
 * @typedef {import("./engine/client.js").Model} Model
 * @typedef {import("./adapting.js").Settings} Settings
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
 *   settings?: Settings, response_format?: import("./engine/openai.js").ResponseFormat,
 *   tools?: import("./engine/protocol.js").Tool[]
 * }} CallOptions
 */

/** @type {Record<string, "system" | "user" | "assistant">} */
const ROLES = { system: "system", developer: "system", human: "user", ai: "assistant" };

/** Parts of a message whose meaning is read; a call is also in `tool_calls`. */
const READ = ["text", "reasoning", "tool_call"];
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
    return [...super.callKeys, "settings", "response_format", "tools", "tool_choice"];
  }

  /** @param {BaseMessage[]} messages @param {this["ParsedCallOptions"]} options */
  async _generate(messages, options) {
    const request = this.#request(messages, options);
    const { id, model, choices, usage } = await createChatCompletion(this.model, request);
    const { message: reply, finish_reason } = choices[0];
    const message = new AIMessage({
      id,
      content: reply.content ?? "",
      ...parsed(reply.tool_calls),
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
        tool_call_chunks: delta.tool_calls?.map(({ id, index, function: { name, arguments: args } }) => ({
          type: "tool_call_chunk",
          index,
          id,
          name,
          args,
        })),
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
   * A model that may call tools: those of LangChain, or in the form of OpenAI's API.
   * @param {import("@langchain/core/language_models/chat_models").BindToolsInput[]} tools
   * @param {Partial<CallOptions>} [options] such as `tool_choice`: "auto", "any", "none" or the tool's name
   */
  bindTools(tools, options) {
    const listed = /** @type {any[]} */ (tools.map((tool) => convertToOpenAITool(tool)));
    return this.withConfig({ tools: listed, ...options });
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
  #request(messages, { settings, stop, signal, response_format, tools, tool_choice }) {
    return {
      messages: messages.map(toMessage),
      ...this.settings,
      ...settings,
      ...(stop && { stop }),
      response_format,
      ...(tools && { tools, tool_choice: choice(tool_choice) }),
      signal,
    };
  }
}

/** @param {CallOptions["tool_choice"]} wanted @returns {any} */
function choice(wanted) {
  if (wanted === "any") return "required";
  if (typeof wanted !== "string" || ["auto", "none", "required"].includes(wanted)) return wanted;
  return { type: "function", function: { name: wanted } };
}

/** @param {import("./engine/protocol.js").OpenAIToolCall[]} [calls] the length may have ended the last one */
function parsed(calls = []) {
  /** @type {import("@langchain/core/messages/tool").ToolCall[]} */
  const tool_calls = [];
  const invalid_tool_calls = [];
  for (const call of calls) {
    try {
      tool_calls.push(parseToolCall(call, { returnId: true }));
    } catch (error) {
      invalid_tool_calls.push(makeInvalidToolCall(call, /** @type {Error} */ (error).message));
    }
  }
  return { tool_calls, invalid_tool_calls };
}

/** @param {BaseMessage} message @returns {import("./engine/protocol.js").GivenMessage} */
function toMessage(message) {
  const { tool_calls = [], tool_call_id, name } = /** @type {any} */ (message);
  if (message.type === "tool") return { role: "tool", tool_call_id, name, content: message.text };
  const role = ROLES[message.type];
  if (!role) throw unreadable(`a message of type “${message.type}”`);
  const { content, additional_kwargs } = message;
  const other = Array.isArray(content) && content.find(({ type }) => !READ.includes(type));
  if (other) throw unreadable(`a part of type “${other.type}”`);
  const thought = additional_kwargs.reasoning_content;
  return {
    role,
    content: message.text,
    ...(typeof thought === "string" && { thought }),
    ...(tool_calls.length && { tool_calls: tool_calls.map(convertLangChainToolCallToOpenAI) }),
  };
}

/** @param {{reasoning_content?: string}} reply */
const reasoning = ({ reasoning_content }) => (reasoning_content ? { reasoning_content } : {});

/** @param {CompletionUsage} usage */
const counted = (usage) => ({
  input_tokens: usage.prompt_tokens,
  output_tokens: usage.completion_tokens,
  total_tokens: usage.total_tokens,
});
