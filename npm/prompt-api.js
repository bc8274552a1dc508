/**
 * The web platform's Prompt API on this engine: `LanguageModel`, to import where the browser has none or
 * where a page wants the same model everywhere. `goosequill/prompt-api/install` makes it global.
 */

export {
  LanguageModel,
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
} from "./engine/prompt-api.js";

export { SemanticEmbedder } from "./engine/semantic-embedder.js";

/** @typedef {import("./engine/semantic-embedder.js").CreateOptions} SemanticEmbedderCreateOptions */
/** @typedef {import("./engine/semantic-embedder.js").Embedded} SemanticEmbedderResult */
/** @typedef {import("./engine/prompt-api.js").Availability} Availability */
/** @typedef {import("./engine/prompt-api.js").CreateOptions} LanguageModelCreateOptions */
/** @typedef {import("./engine/prompt-api.js").CoreOptions} LanguageModelCreateCoreOptions */
/** @typedef {import("./engine/prompt-api.js").Message} LanguageModelMessage */
/** @typedef {import("./engine/prompt-api.js").Content} LanguageModelMessageContent */
/** @typedef {import("./engine/prompt-api.js").Prompt} LanguageModelPrompt */
/** @typedef {import("./engine/prompt-api.js").PromptOptions} LanguageModelPromptOptions */
/** @typedef {import("./engine/prompt-api.js").SamplingMode} LanguageModelSamplingMode */
/** @typedef {import("./engine/prompt-api-input.js").Tool} LanguageModelTool */
