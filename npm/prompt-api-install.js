/**
 * Makes the Prompt API global where the browser has none that can run; `install({ force: true })` always
 * does.
 */

import "./engine/default-model.js";

export { install } from "./prompt-api/install.js";
