/** The page's files of conversations: those that are opened and saved (engine/conversation-files.js). */

import { readConversations, writeConversations } from "../engine/conversation-files.js";
import { fileBytes } from "../ui/bounded-file.js";
import { download } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { Engine, RequestOptions } from "../engine/engine.js" */
/** @import { TreeValue } from "../collections/conversation-tree.js" */
/** @import { ConversationFormat } from "../engine/conversation-files.js" */
/** @typedef {{name: ConversationFormat, title: string, suffix: string}} Format one of chat/formats.json */

/** Bytes of a file (goosequill.conversations.records). */
const LONGEST = 256_000_000;

/**
 * @param {Engine} engine
 * @param {File} file
 * @param {RequestOptions} options
 * @returns {Promise<TreeValue[]>}
 */
export async function readFile(engine, file, options) {
  const remedy = t("Split it: each line is a separate record.");
  const data = await fileBytes(file, LONGEST, remedy);
  return readConversations({ engine }, data, options);
}

/**
 * @param {Engine} engine
 * @param {TreeValue[]} trees
 * @param {Format} format
 * @param {RequestOptions} options
 */
export async function saveFile(engine, trees, { name, suffix }, options) {
  const bytes = await writeConversations({ engine }, trees, name, options);
  download(`conversations${suffix}`, bytes, "application/octet-stream");
}
