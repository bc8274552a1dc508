/**
 * Importing this module defines <goose-quill>. Its attribute `engine` is the folder of the engine's files.
 */

import "./engine/default-model.js";

export { define, GooseQuill } from "./widget/goose-quill.js";
