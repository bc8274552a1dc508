/**
 * The library in a browser. Serve the engine's files unchanged, and pass loadModel the address of the folder
 * that `npx goosequill-assets` filled, as `root`.
 */

export { Conversation, Engine, EngineError, loadModel, Model } from "./engine/client.js";
export { createChatCompletion } from "./engine/openai.js";
