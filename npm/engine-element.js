/**
 * Importing this module defines <goose-quill> without the default model: its attribute `model` names another.
 */

export { define, GooseQuill } from "./widget/goose-quill.js";
