/** The library in a browser, with the default model (engine/default-model.js). */

import "./engine/default-model.js";

export * from "./engine.js";
