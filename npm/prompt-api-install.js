/** Makes the Prompt API global where there is none; `install({ force: true })` replaces the browser's. */

export { install } from "./engine/prompt-api-install.js";
