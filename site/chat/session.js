/**
 * The state of the chat page: the conversations that are kept, the one that is open with its tree of
 * messages, which branch of it is shown, and what runs. It draws nothing and knows no view; views listen to
 * its events:
 *
 * - `list`: conversations were added, renamed, used or removed
 * - `open`: another conversation is open
 * - `thread`: another branch is shown, or messages were added or removed
 * - `message`: one message has changed; its id comes with the event
 * - `text`: the message that is being written has grown; its id comes with the event
 * - `settings`: the system prompt, the format, a setting or what is attached has changed
 * - `busy`: something has begun to run, or has ended
 */

import { byUse, Shelf } from "../collections/conversation-shelf.js";
import { firstWords, Tree } from "../collections/conversation-tree.js";
import { Store } from "../ui/store.js";

/** @import { Entry, Found, Kept } from "../collections/conversation-shelf.js" */
/** @import { Message, TreeValue } from "../collections/conversation-tree.js" */
/** @import { SavedState } from "./state-file.js" */
/** @typedef {"list" | "open" | "thread" | "message" | "text" | "settings" | "busy"} ChatEvent */

/** Messages that are kept in one transaction while conversations are added, a longer conversation alone. */
const AT_ONCE = 2000;

/** @extends {Store<ChatEvent>} */
export class ChatSession extends Store {
  tree = new Tree();
  /** The last message of the branch that is shown. @type {string | null} */
  leaf = null;
  /** The conversations that are kept. @type {Kept[]} */
  list = [];
  /** The chat format of this conversation; "" is the model's own. */
  format = "";
  /** The saved state that it starts from. @type {SavedState | null} */
  start = null;
  /** Which reply was shown last at each fork. @type {Map<string | null, string>} */
  #chosen = new Map();
  #busy = false;
  /** Conversations that were deleted last, which can be restored. @type {Found[]} */
  #removed = [];
  #complain;
  #shelf = new Shelf((ids) => this.#hear(ids));

  /** @param {(error: unknown) => void} complain shows what could not be kept */
  constructor(complain) {
    super();
    this.#complain = complain;
  }

  /** The messages that are shown. */
  get path() {
    return this.tree.path(this.leaf);
  }

  /** Whether a model loads or a reply is written. */
  get busy() {
    return this.#busy;
  }

  set busy(on) {
    this.#busy = on;
    this.announce("busy");
  }

  // ---- Conversations ---------------------------------------------------------------------------

  /** Reads which conversations are kept. */
  async refresh() {
    this.list = await this.#shelf.list();
    this.announce("list");
  }

  /** Begins an empty conversation, which is kept with its first message. */
  create() {
    this.#show(new Tree({ system: this.tree.system }), { format: this.format });
  }

  /**
   * Begins a conversation with messages that follow each other.
   * @param {{role: Message["role"], content: string}[]} messages
   * @param {SavedState | null} [start] a saved state that has read them
   * @throws {Error} if they are not a conversation
   */
  begin(messages, start = null) {
    const tree = new Tree({ system: this.tree.system });
    /** @type {string | null} */
    let leaf = null;
    for (const { role, content } of messages) {
      if (!["user", "assistant", "system"].includes(role) || typeof content !== "string") {
        throw new Error("not a conversation");
      }
      leaf = tree.add(leaf, role, content, start ? { saved: true } : {}).id;
    }
    this.#show(tree, { leaf, start, format: this.format });
    this.#keep([...tree.all()]);
  }

  /** Opens a conversation that is kept; returns whether it is there. @param {string} id */
  async open(id) {
    const found = await this.#shelf.read(id);
    if (!found) return false;
    const { about, tree } = found;
    this.#show(tree, { ...about, leaf: tree.endOf(tree.get(about.leaf) ? about.leaf : null) });
    return true;
  }

  /**
   * Adds conversations from elsewhere; those that are here already get what is new in them.
   * @param {TreeValue[]} values
   * @param {{signal?: AbortSignal, source?: string}} [options] aborted, it leaves those that were added;
   *   `source` is the name of their file
   */
  async adopt(values, { signal, source } = {}) {
    const known = new Set(this.list.map(({ id }) => id));
    try {
      for (const part of inParts(values)) {
        signal?.throwIfAborted();
        await this.#shelf.keep(part.map((value) => entryOf(value, known.has(value.id) ? undefined : source)));
      }
    } finally {
      await this.refresh();
    }
  }

  /** A conversation; null if it is not kept. @param {string} id @returns {Promise<Tree | null>} */
  async treeOf(id) {
    return id === this.tree.id ? this.tree : ((await this.#shelf.read(id))?.tree ?? null);
  }

  /** Conversations with their messages, as files have them. @param {string[]} ids */
  async valuesOf(ids) {
    const others = await this.#shelf.readAll(ids.filter((id) => id !== this.tree.id));
    const values = new Map(others.map(({ tree }) => [tree.id, tree.toValue()]));
    if (ids.includes(this.tree.id)) values.set(this.tree.id, this.tree.toValue());
    return ids.map((id) => values.get(id)).filter((value) => value !== undefined);
  }

  /** @param {string} id @param {Partial<Kept>} changes such as a title */
  async change(id, changes) {
    if (id === this.tree.id && changes.title !== undefined) this.tree.title = changes.title;
    await this.#keep([], changes, id);
  }

  /** Removes conversations; `restoreRemoved` restores them. @param {string[]} ids */
  async remove(ids) {
    this.#removed = await this.#shelf.readAll(ids);
    await this.#shelf.remove(ids);
    if (ids.includes(this.tree.id)) this.create();
    await this.refresh();
  }

  /** Restores what was removed last, with all that was known of it; returns how many conversations. */
  async restoreRemoved() {
    const removed = this.#removed;
    this.#removed = [];
    await this.#shelf.keep(
      removed.map(({ about, tree }) => ({ id: about.id, changes: about, messages: tree.all() })),
    );
    await this.refresh();
    if (removed.length === 1) await this.open(removed[0].about.id);
    return removed.length;
  }

  // ---- Messages --------------------------------------------------------------------------------

  /** Shows the branch that goes on from a message. @param {string | null} id */
  choose(id) {
    this.#leave();
    this.leaf = this.tree.endOf(id, this.#chosen);
    this.announce("thread");
    this.#keep([]);
  }

  /** Notes the branch that is shown, to come back to it. */
  #leave() {
    for (const message of this.path) this.#chosen.set(message.parent, message.id);
  }

  /**
   * Adds a message at the end of a branch, which is shown.
   * @param {string | null} parent
   * @param {Message["role"]} role
   * @param {string} text
   * @param {Record<string, any>} [fields]
   */
  add(parent, role, text, fields) {
    this.#leave();
    const message = this.tree.add(parent, role, text, fields);
    this.leaf = message.id;
    this.announce("thread");
    this.#keep([message]);
    return message;
  }

  /** Keeps a message that is still being written. @param {Message} message */
  keep(message) {
    return this.#keep([message]);
  }

  /** Keeps what has changed in messages, and says so. @param {...Message} messages */
  changed(...messages) {
    for (const { id } of messages) this.announce("message", id);
    return this.#keep(messages);
  }

  /**
   * Adds to the message that is being written; `changed` keeps it.
   * @param {Message} message
   * @param {string} text
   */
  extend(message, text) {
    message.text += text;
    this.announce("text", message.id);
  }

  /** Removes a message that nothing replies to, such as a reply without a word. @param {Message} message */
  discard(message) {
    this.removeFrom(this.tree, message).catch(this.#complain);
  }

  /**
   * Keeps messages that were added to a conversation or changed in it, whether or not it is open.
   * @param {Tree} tree
   * @param {Message[]} messages
   */
  async keepIn(tree, messages) {
    this.#enter(await this.#shelf.keep([{ id: tree.id, changes: {}, messages }]));
    if (tree !== this.tree) return;
    this.leaf = tree.endOf(this.leaf);
    this.announce("thread");
    for (const { id } of messages) this.announce("message", id);
  }

  /**
   * Removes a message that nothing replies to from a conversation, whether or not it is open.
   * @param {Tree} tree
   * @param {Message} message
   */
  async removeFrom(tree, message) {
    tree.remove(message);
    if (tree === this.tree) {
      if (this.leaf === message.id) this.leaf = message.parent;
      this.announce("thread");
    }
    await this.#shelf.drop(tree.id, [message]);
  }

  /** @param {{system?: string, format?: string}} settings */
  set({ system = this.tree.system, format = this.format }) {
    this.tree.system = system;
    this.format = format;
    this.announce("settings");
    if (this.tree.size) this.#keep([]);
  }

  /** @param {import("./passages.js").Attached[]} documents all that are attached to the open conversation */
  attach(documents) {
    const { documents: _, ...fields } = this.tree.fields;
    this.tree.fields = documents.length ? { ...fields, documents } : fields;
    this.announce("settings");
    if (this.tree.size) this.#keep([]);
  }

  /**
   * Keeps messages of the open conversation, and where it is.
   * @param {Message[]} messages
   * @param {Partial<Kept>} [changes]
   * @param {string} [id]
   */
  async #keep(messages, changes, id = this.tree.id) {
    const { tree, leaf, format, start } = this;
    const { title, system, fields } = tree;
    const here = { title, system, fields, format, leaf, first: firstWords(tree), used: Date.now() };
    const some = { id, changes: changes ?? here, messages };
    const whole = { changes: { ...here, start }, messages: tree.all() };
    try {
      this.#enter(await this.#shelf.keep([changes ? some : { ...some, whole }]));
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Takes over into the list what is kept of conversations now. @param {Kept[]} kept */
  #enter(kept) {
    const ids = new Set(kept.map(({ id }) => id));
    this.list = [...this.list.filter(({ id }) => !ids.has(id)), ...kept].sort(byUse);
    this.announce("list");
  }

  /**
   * @param {Tree} tree
   * @param {{leaf?: string | null, format?: string, start?: SavedState | null}} about
   */
  #show(tree, { leaf = null, format = "", start = null }) {
    Object.assign(this, { tree, leaf, format, start });
    this.#chosen.clear();
    this.announce("open");
    this.announce("thread");
  }

  /** Takes over what another tab has changed; an empty list is all. @param {string[]} ids */
  async #hear(ids) {
    const { id: here } = this.tree;
    const about = ids.length === 1 ? await this.#shelf.find(ids[0]) : undefined;
    if (about) this.#enter([about]);
    else await this.refresh();
    if (!ids.includes(here) || here !== this.tree.id || this.busy) return;
    const found = await this.#shelf.read(here);
    if (!found || here !== this.tree.id) return;
    for (const message of found.tree.all()) this.tree.put(message);
    this.tree.title = found.tree.title;
    this.announce("thread");
  }
}

/** @param {TreeValue} value @param {string} [source] the file that it came from @returns {Entry} */
function entryOf(value, source) {
  const { id, title, system, fields, messages } = value;
  const first = firstWords(new Tree(value));
  return { id, changes: { title, system, fields, first, ...(source && { source }) }, messages };
}

/** Conversations in groups that are kept at once. @param {TreeValue[]} values */
function* inParts(values) {
  for (let first = 0, end = 0; first < values.length; first = end) {
    let messages = 0;
    while (end < values.length && messages < AT_ONCE) messages += values[end++].messages.length + 1;
    yield values.slice(first, end);
  }
}
