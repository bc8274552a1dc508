/**
 * The web platform's Prompt API on this engine: `LanguageModel`, to import where the browser has none or
 * where a page wants the same model everywhere. `goosequill/prompt-api/install` makes it global.
 */

import "./engine/default-model.js";

export {
  LanguageModel,
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
} from "./prompt-api/language-model.js";

export { SemanticEmbedder } from "./prompt-api/semantic-embedder.js";

/** @typedef {import("./prompt-api/semantic-embedder.js").CreateOptions} SemanticEmbedderCreateOptions */
/** @typedef {import("./prompt-api/semantic-embedder.js").Embedded} SemanticEmbedderResult */
/** @typedef {import("./prompt-api/language-model.js").Availability} Availability */
/** @typedef {import("./prompt-api/language-model.js").CreateOptions} LanguageModelCreateOptions */
/** @typedef {import("./prompt-api/language-model.js").CoreOptions} LanguageModelCreateCoreOptions */
/** @typedef {import("./prompt-api/language-model.js").Message} LanguageModelMessage */
/** @typedef {import("./prompt-api/language-model.js").Content} LanguageModelMessageContent */
/** @typedef {import("./prompt-api/language-model.js").Prompt} LanguageModelPrompt */
/** @typedef {import("./prompt-api/language-model.js").PromptOptions} LanguageModelPromptOptions */
/** @typedef {import("./prompt-api/language-model.js").SamplingMode} LanguageModelSamplingMode */
/** @typedef {import("./prompt-api/input.js").Tool} LanguageModelTool */
