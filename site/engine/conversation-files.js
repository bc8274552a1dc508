/**
 * Conversations as trees, to and from files, in the formats of `goosequill.conversations`: the page, Python
 * and this library write the same files.
 */

/** @import { Model } from "./model.js" */
/** @import { RequestOptions } from "./engine.js" */

/**
 * A message of a tree. `parent` is the id of the message that it replies to; `rank` is 0 for the best of the
 * replies to the same message. What else is known of it is in `fields`, under Open Assistant's names:
 * `emojis` with "+1" or "-1" for a rating, `reason`, `labels`, `model_name`, `created_date`.
 * @typedef {{
 *   id: string, parent: string | null, role: "system" | "user" | "assistant", text: string,
 *   rank: number | null, fields: Record<string, any>
 * }} TreeMessage
 * A conversation with all its branches; `fields` is what else a file says of it.
 * @typedef {{
 *   id: string, title: string, system: string, fields: Record<string, any>, messages: TreeMessage[]
 * }} ConversationTree
 * @typedef {"oasst-messages" | "oasst-trees" | "preferences" | "kto" | "messages"} TrainingFormat
 * @typedef {TrainingFormat | "rwkv" | "report" | "markdown"} ConversationFormat
 */

/**
 * The conversations in a file, whose format is recognized. It may be packed with gzip.
 * @param {Pick<Model, "engine">} model of which only the engine is used
 * @param {Uint8Array} data
 * @param {RequestOptions} [options]
 * @returns {Promise<ConversationTree[]>}
 * @throws {import("./protocol.js").EngineError} `conversations`: the file is damaged, too large, or in none
 *   of the formats; the message names the line
 */
export async function readConversations(model, data, options) {
  /** @type {any[]} */
  const trees = await model.engine.run("read_conversations", { data }, options);
  return trees.map(asTree);
}

/**
 * Conversations as a file. `oasst-messages` keeps everything, and is the one to read again.
 * @param {Pick<Model, "engine">} model of which only the engine is used
 * @param {ConversationTree[]} trees
 * @param {ConversationFormat} to
 * @param {RequestOptions & {packed?: boolean}} [options] `packed`: with gzip
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {import("./protocol.js").EngineError} `nothing-to-export`: the conversations have nothing for this
 *   format, such as ranks for preferences; `chat-messages`: one is not a tree
 */
export function writeConversations(model, trees, to, { packed = false, ...options } = {}) {
  return model.engine.run("write_conversations", { trees, to, packed }, options);
}

/** A tree as Python returns it, in which None is undefined. @param {any} tree @returns {ConversationTree} */
export function asTree(tree) {
  return { ...tree, messages: tree.messages.map(asMessage) };
}

/** @param {any} message @returns {TreeMessage} */
export function asMessage({ parent = null, rank = null, ...rest }) {
  return { ...rest, parent, rank };
}
