// The library in a browser. Its engine's files have to be served as they are: give loadModel the address
// of the folder that `npx goosequill-assets` filled, as `root`.

export { Conversation, Engine, EngineError, loadModel, Model } from "./engine/client.js";
export { createChatCompletion } from "./engine/openai.js";
