/**
 * A conversation as a tree of messages, in the form of `goosequill.conversations.tree`: a flat list with the
 * ids of parents, so that nothing recurses however long it is. It draws nothing and stores nothing.
 */

/** @typedef {import("../engine/conversation-files.js").TreeMessage} Message */
/** @typedef {import("../engine/conversation-files.js").ConversationTree} TreeValue */

const UP = "+1";
const DOWN = "-1";

export class Tree {
  /** @type {Map<string, Message>} */
  #messages = new Map();
  /** The replies to each message, in the order of their writing; those to null begin the conversation. */
  #replies = /** @type {Map<string | null, Message[]>} */ (new Map());

  /** @param {Partial<TreeValue>} [value] whose messages come after those that they reply to, or before */
  constructor({ id = crypto.randomUUID(), title = "", system = "", fields = {}, messages = [] } = {}) {
    this.id = id;
    this.title = title;
    this.system = system;
    this.fields = fields;
    for (const message of messages) this.put(message);
  }

  /** @returns {TreeValue} */
  toValue() {
    const { id, title, system, fields } = this;
    return { id, title, system, fields, messages: [...this.#messages.values()] };
  }

  get size() {
    return this.#messages.size;
  }

  /** All messages in the order in which they were added. */
  all() {
    return this.#messages.values();
  }

  /** @param {string | null} id */
  get(id) {
    return id === null ? undefined : this.#messages.get(id);
  }

  /** Adds a message, or replaces the one with its id. @param {Message} message */
  put(message) {
    const known = this.#messages.get(message.id);
    if (known) return Object.assign(known, message);
    this.#messages.set(message.id, message);
    const replies = this.#replies.get(message.parent);
    if (replies) replies.push(message);
    else this.#replies.set(message.parent, [message]);
    return message;
  }

  /**
   * A new message, which is the last reply to another.
   * @param {string | null} parent
   * @param {Message["role"]} role
   * @param {string} text
   * @param {Record<string, any>} [fields]
   */
  add(parent, role, text, fields = {}) {
    const created_date = new Date().toISOString();
    return this.put({
      id: crypto.randomUUID(),
      parent,
      role,
      text,
      rank: null,
      fields: { created_date, ...fields },
    });
  }

  /** Removes a message that nothing replies to. @param {Message} message */
  remove({ id, parent }) {
    this.#messages.delete(id);
    const replies = this.replies(parent).filter((reply) => reply.id !== id);
    this.#replies.set(parent, replies);
  }

  /** @param {string | null} id */
  replies(id) {
    return this.#replies.get(id) ?? [];
  }

  /** All replies to the message that this one replies to, itself among them. @param {Message} message */
  siblings({ parent }) {
    return this.replies(parent);
  }

  /** The messages from the first one to this one. @param {string | null} id */
  path(id) {
    const found = [];
    for (let at = this.get(id); at; at = this.get(at.parent)) found.push(at);
    return found.reverse();
  }

  /**
   * The last message of a branch that begins with a message: at each fork the one that was chosen, else the
   * newest.
   * @param {string | null} id
   * @param {Map<string | null, string>} [chosen] replies by what they reply to
   */
  endOf(id, chosen = new Map()) {
    let at = id;
    for (;;) {
      const next = this.get(chosen.get(at) ?? null) ?? this.replies(at).at(-1);
      if (!next) return at;
      at = next.id;
    }
  }

  /**
   * The first messages and all that follow, each with its depth, a branch to its end before the next.
   * @returns {Generator<{message: Message, depth: number}>} the depth counts branches, not messages
   */
  *branches() {
    const waiting = this.replies(null).map((message) => ({ message, depth: 0 }));
    waiting.reverse();
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      yield next;
      const replies = this.replies(next.message.id);
      const depth = next.depth + (replies.length > 1 ? 1 : 0);
      for (const message of replies.toReversed()) waiting.push({ message, depth });
    }
  }

  /**
   * Ranks replies to one message; siblings that are not named lose their rank.
   * @param {Message} one of them
   * @param {string[][]} places ids, the best first; those of one place are equally good
   */
  rank(one, places) {
    const ranks = new Map(places.flatMap((ids, rank) => ids.map((id) => [id, rank])));
    for (const message of this.siblings(one)) message.rank = ranks.get(message.id) ?? null;
  }
}

/** 1 for a message that was liked, -1 for one that was disliked, otherwise 0. @param {Message} message */
export function ratingOf({ fields: { emojis = {} } }) {
  const count = (/** @type {string} */ name) => (typeof emojis?.[name] === "number" ? emojis[name] : 0);
  return Math.sign(count(UP) - count(DOWN));
}

/**
 * @param {Message} message
 * @param {number} rating 1, -1, or 0 to take a rating back
 * @param {string} [reason]
 */
export function rate(message, rating, reason = "") {
  const { [UP]: _up, [DOWN]: _down, ...others } = message.fields.emojis ?? {};
  const emojis = rating ? { ...others, [rating > 0 ? UP : DOWN]: 1 } : others;
  const { emojis: _emojis, reason: _reason, ...rest } = message.fields;
  message.fields = {
    ...rest,
    ...(Object.keys(emojis).length > 0 && { emojis }),
    ...(rating && reason && { reason }),
  };
}

/** The beginning of a conversation's first message, in one line. @param {Tree} tree @returns {string} */
export function firstWords(tree) {
  const first = tree.replies(null)[0]?.text.slice(0, 500).trim().replace(/\s+/g, " ") ?? "";
  return first.length > 60 ? `${first.slice(0, 59)}…` : first;
}
