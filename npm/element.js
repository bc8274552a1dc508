// Importing this defines <goose-quill>; its attribute `engine` names the folder of the engine's files.

export { define, GooseQuill } from "./widget/goose-quill.js";
