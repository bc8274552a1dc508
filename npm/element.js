/**
 * Importing this module defines <goose-quill>. Its attribute `engine` is the folder of the engine's files.
 */

export { define, GooseQuill } from "./widget/goose-quill.js";
