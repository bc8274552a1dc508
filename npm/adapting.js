/** What the adapters for other libraries share. */

import { EngineError } from "./engine/protocol.js";

/**
 * The fields of a request that are the same in every library: the decoder's settings by their own names,
 * `reasoning_effort` and `parallel_tool_calls`.
 * @typedef {Omit<import("./engine/openai.js").CompletionRequest, Translated | Unused>} Settings
 * @typedef {"messages" | "response_format" | "tools" | "tool_choice" | "stream" | "signal"} Translated
 * @typedef {"n" | "stream_options" | "logprobs" | "top_logprobs" | "onProgress"} Unused
 */

/** The error for a part of a prompt that is not text. @param {string} what */
export const unreadable = (what) =>
  new EngineError({
    code: "chat-messages",
    message: `The prompt has ${what}, which the model cannot read.`,
    remedy: "Send text only.",
  });
