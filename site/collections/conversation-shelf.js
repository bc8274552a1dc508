/**
 * The conversations that this browser keeps, in IndexedDB: a record for each conversation, one for each
 * message, so that two tabs that write in one conversation lose nothing of each other, and one for the state
 * that it starts from. Every tab hears what another one has changed. While the visitor does not allow that
 * texts are remembered (ui/memory.js), nothing is kept.
 */

import { Database } from "../ui/database.js";
import { refuseInFrame } from "../ui/framed.js";
import { CHATS, isRemembering, TASKS } from "../ui/memory.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";
import { Tree } from "./conversation-tree.js";

/** @import { Message } from "./conversation-tree.js" */
/**
 * A conversation without its messages. `used` is when it was last used, in milliseconds; `leaf` is the end of
 * the branch that was shown last; `first` is the beginning of its first message.
 * @typedef {{
 *   id: string, title: string, system: string, fields: Record<string, any>, used: number, first: string,
 *   format: string, pinned: boolean, leaf: string | null, source?: string
 * }} Kept `source` is the file that it came from
 * @typedef {{name: string, bytes: Uint8Array}} Start the saved state that it starts from
 * What is kept of a conversation, or changes of it.
 * @typedef {{
 *   changes: Partial<Kept> & {start?: Start | null}, messages?: Iterable<Message>
 * }} Changes
 * The same by the conversation's id; `whole` is kept instead if it is not there, or was deleted meanwhile.
 * @typedef {Changes & {id: string, whole?: Changes}} Entry
 * @typedef {{about: Kept & {start: Start | null}, tree: Tree}} Found
 * @typedef {{conversation: string, id: string, at: number, message: Message}} KeptMessage
 */

const BOTH = ["conversations", "messages"];
/** The id of the record of the state among those of messages, which come after it. */
const START = "";

const NEW = { title: "", system: "", fields: {}, first: "", format: "", pinned: false, leaf: null };

const chats = new Database(CHATS, (database) => {
  database.createObjectStore("conversations", { keyPath: "id" });
  const messages = database.createObjectStore("messages", { keyPath: ["conversation", "id"] });
  messages.createIndex("conversation", "conversation");
});

export class Shelf {
  #channel = new BroadcastChannel(CHATS);
  /** In the order of writing, also within a millisecond. */
  #at = 0;

  /**
   * @param {(ids: string[]) => void} onChange called when another tab has changed conversations; none are all
   */
  constructor(onChange) {
    this.#channel.addEventListener("message", ({ data }) => onChange([data].flat().filter(Boolean)));
  }

  /** All conversations, the pinned ones first and then the last used. @returns {Promise<Kept[]>} */
  async list() {
    const found = await chats
      .run(["conversations"], "readonly", ({ conversations }) => conversations.getAll())
      .catch(() => []); // private mode: nothing is kept
    return found.sort(byUse);
  }

  /** One of them. @param {string} id @returns {Promise<Kept | undefined>} */
  find(id) {
    return chats.run(["conversations"], "readonly", ({ conversations }) => conversations.get(id));
  }

  /** @param {string} id @returns {Promise<Found | null>} */
  async read(id) {
    return (await this.readAll([id]))[0] ?? null;
  }

  /** Conversations with their messages, without those that are gone. @param {string[]} ids */
  async readAll(ids) {
    /** @type {Found[]} */
    const found = [];
    if (!ids.length) return found;
    await chats.run(BOTH, "readonly", ({ conversations, messages }) => {
      /** @type {IDBRequest[]} */
      const requests = ids.map((id) => {
        const about = conversations.get(id);
        const request = messages.index("conversation").getAll(id);
        request.addEventListener("success", () => {
          if (about.result) found.push(joined(about.result, request.result));
        });
        return request;
      });
      return requests[0];
    });
    return found;
  }

  /**
   * Keeps changes of conversations, and messages of them, all or nothing. What the changes do not name stays
   * as it is, also if another tab wrote it.
   * @param {Entry[]} entries
   * @returns {Promise<Kept[]>} what is kept of each now; none if nothing is to be remembered
   * @throws {Error} if there is no space; what was kept before is still there
   */
  async keep(entries) {
    /** @type {Kept[]} */
    const kept = [];
    if (!isRemembering() || !entries.length) return kept;
    const ids = entries.map(({ id }) => id);
    await this.#write(ids, (stores) => {
      const requests = entries.map((entry) => this.#put(stores, entry, (about) => kept.push(about)));
      return requests[0];
    });
    return kept;
  }

  /**
   * @param {import("../ui/database.js").Stores} stores
   * @param {Entry} entry
   * @param {(about: Kept) => void} done
   */
  #put({ conversations, messages: store }, { id, whole, ...some }, done) {
    const known = conversations.get(id);
    known.addEventListener("success", () => {
      const { changes: given, messages = [] } = known.result ? some : (whole ?? some);
      const { start, ...changes } = given;
      const records = Array.from(messages, (message) => ({
        conversation: id,
        id: message.id,
        at: this.#next(),
        message,
      }));
      const about = { ...NEW, id, used: Date.now(), ...known.result, ...changes };
      conversations.put(about);
      if (start) store.put({ conversation: id, id: START, at: 0, start });
      for (const record of records) {
        if (known.result) keepPlace(store, record);
        else store.put(record); // of a new conversation no message has a place yet
      }
      done(about);
    });
    return known;
  }

  /** Removes messages of a conversation. @param {string} id @param {Message[]} messages */
  async drop(id, messages) {
    await this.#write([id], (stores) => {
      for (const message of messages) stores.messages.delete([id, message.id]);
      return stores.conversations.get(id);
    });
  }

  /** Removes conversations. @param {string[]} ids */
  async remove(ids) {
    refuseInFrame();
    if (!ids.length) return;
    await this.#write(ids, ({ conversations, messages }) => {
      for (const id of ids) messages.delete(IDBKeyRange.bound([id], [id, []]));
      return ids.map((id) => conversations.delete(id))[0];
    });
  }

  /** @param {string[]} ids @param {(stores: import("../ui/database.js").Stores) => IDBRequest} use */
  async #write(ids, use) {
    try {
      await chats.run(BOTH, "readwrite", use);
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError") {
        throw problem(
          t("There is no space left to keep this conversation: what you see is in this tab only."),
          t("Export it, or delete conversations or models under Storage."),
        );
      }
      throw error;
    }
    this.#channel.postMessage(ids);
  }

  #next() {
    this.#at = Math.max(Date.now(), this.#at + 1 / 1024);
    return this.#at;
  }
}

/** The pinned conversations first, then the last used. @param {Kept} a @param {Kept} b */
export function byUse(a, b) {
  return Number(b.pinned) - Number(a.pinned) || b.used - a.used;
}

/**
 * A conversation of what is kept of it.
 * @param {Kept} about
 * @param {any[]} records
 * @returns {Found}
 */
function joined(about, records) {
  const start = records[0]?.id === START ? records.shift().start : null;
  const messages = records.sort((a, b) => a.at - b.at).map(({ message }) => message);
  return { about: { ...about, start }, tree: new Tree({ ...about, messages }) };
}

/** How many conversations are kept, and their size. @returns {Promise<{count: number, bytes: number}>} */
export async function chatsKept() {
  let bytes = 0;
  const encoder = new TextEncoder();
  const count = await chats
    .run(BOTH, "readonly", (stores) => {
      const request = stores.messages.openCursor(); // one at a time: there can be many
      request.addEventListener("success", () => {
        const cursor = request.result;
        if (!cursor) return;
        const { message, start } = cursor.value;
        bytes += start?.bytes.length ?? encoder.encode(JSON.stringify(message)).length;
        cursor.continue();
      });
      return stores.conversations.count();
    })
    .catch(() => 0);
  return { count, bytes };
}

/** Deletes all conversations, and what was noted of tasks in them. */
export async function deleteChats() {
  refuseInFrame();
  indexedDB.deleteDatabase(TASKS);
  await chats.run(BOTH, "readwrite", (stores) => {
    stores.messages.clear();
    return stores.conversations.clear();
  });
  new BroadcastChannel(CHATS).postMessage("");
}

/**
 * Keeps a message's place in the order when it is written again.
 * @param {IDBObjectStore} store
 * @param {KeptMessage} record
 */
function keepPlace(store, record) {
  const request = store.get([record.conversation, record.id]);
  request.addEventListener("success", () => store.put({ ...record, at: request.result?.at ?? record.at }));
}
