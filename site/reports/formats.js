/**
 * The formats of JSON reports, one line each; index.js tries them in the order of their names. A file must
 * match at most one. CSV, and JSON rows of any other shape with a prompt and an output, are read by rows.js.
 */

export { comparator } from "./comparator.js";
export { fastChat } from "./fastchat.js";
export { harness } from "./harness.js";
export { promptfoo } from "./promptfoo.js";
export { sampling } from "./sampling.js";
