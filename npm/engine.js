/**
 * The library in a browser without the default model, for those who load another one: bundlers do not copy
 * its files. The engine's files are found by themselves, with a bundler or without; the option `root` names
 * another folder that has them.
 */

export {
  Conversation,
  Engine,
  EngineError,
  loadModel,
  Model,
  ModelState,
  readConversations,
  writeConversations,
} from "./engine/client.js";
export { createChatCompletion, createCompletion, createFetch } from "./engine/openai.js";

/** @typedef {import("./engine/client.js").Chunk} Chunk */
/** @typedef {import("./engine/client.js").End} End */
/** @typedef {import("./engine/client.js").Progress} Progress */
/** @typedef {import("./engine/client.js").ModelInfo} ModelInfo */
/** @typedef {import("./engine/client.js").ModelChoice} ModelChoice */
/** @typedef {import("./engine/client.js").RequestOptions} RequestOptions */
/** @typedef {import("./engine/client.js").Turn} Message */
/** @typedef {import("./engine/client.js").Writing} Writing */
/** @typedef {import("./engine/protocol.js").Candidate} Candidate */
/** @typedef {import("./engine/protocol.js").Usage} Usage */
/** @typedef {import("./engine/protocol.js").GenerateOptions} GenerateOptions */
/** @typedef {import("./engine/protocol.js").AnswerOptions} AnswerOptions */
/** @typedef {import("./engine/openai.js").CompletionRequest} CompletionRequest */
/** @typedef {import("./engine/model.js").ConverseOptions} ConverseOptions */
/** @typedef {import("./engine/client.js").LoadOptions} LoadOptions */
/** @typedef {import("./engine/protocol.js").ErrorCode} ErrorCode */
/** @typedef {import("./engine/protocol.js").Settings} Settings */
/** @typedef {import("./engine/openai.js").ChatCompletion} ChatCompletion */
/** @typedef {import("./engine/openai.js").ChatCompletionChunk} ChatCompletionChunk */
/** @typedef {import("./engine/openai.js").ChatLogprobs} ChatLogprobs */
/** @typedef {import("./engine/openai.js").ResponseFormat} ResponseFormat */
/** @typedef {import("./engine/openai.js").TextRequest} TextRequest */
/** @typedef {import("./engine/openai.js").TextCompletion} TextCompletion */
/** @typedef {import("./engine/openai.js").TextLogprobs} TextLogprobs */
/** @typedef {import("./engine/conversation-files.js").ConversationTree} ConversationTree */
/** @typedef {import("./engine/conversation-files.js").TreeMessage} TreeMessage */
/** @typedef {import("./engine/conversation-files.js").ConversationFormat} ConversationFormat */
