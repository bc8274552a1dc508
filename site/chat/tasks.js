/**
 * Tasks, as Open Assistant had them: what people can add to conversations. This finds them in trees, draws
 * the next one, puts an answer into a tree or takes it out again, and counts. It draws nothing and stores
 * nothing (task-log.js); which task comes next follows from the seed, the conversations and the log.
 */

import { rate, Tree } from "../collections/conversation-tree.js";
import { chance, shuffled } from "../ui/seeded.js";
import { t } from "../ui/words.js";

/** @import { Message } from "../collections/conversation-tree.js" */
/**
 * Open Assistant's names; "label_message" is three of its kinds.
 * @typedef {typeof KINDS[number]} Kind
 * @typedef {{kind: Kind, conversation: string, message: string, again?: boolean}} Task `message` is what is
 *   replied to, or labelled, or whose replies are ranked; a first prompt has neither. `again`: it was done
 *   before, and this answer is only compared with that one
 * @typedef {Record<string, number>} Labels from 0 to 1, by Open Assistant's names
 * @typedef {string | string[][] | Labels} Answer a text; ids by place, [] if none is good; labels
 * @typedef {{id: string, rank: number | null, marks: Record<string, any>}} Before a message's rank and marks
 * @typedef {Task & {answer: Answer | null, before?: Before[]}} Done `answer` is null if the task was skipped,
 *   and for a text the id of the message that has it
 * @typedef {{id: string, used: number}} Source a conversation, and when it was used last
 * @typedef {{equal: number, count: number, tasks: number}} Agreement of `count` single answers in `tasks`
 *   tasks that were done twice, `equal` were the same
 */

export const KINDS = /** @type {const} */ ([
  "initial_prompt",
  "assistant_reply",
  "prompter_reply",
  "rank_assistant_replies",
  "label_message",
]);
/** Conversations that are read in search of one task. */
export const MOST_READ = 100;
/** Replies that are ranked at most: as many as there are number keys. */
const MOST_RANKED = 9;
/** How often a task is one that was done before, if there is one. */
const AGAIN = 1 / 6;
/** Answers after which a task may come again. */
const LATER = 3;
/** What of a message's fields an answer changes. */
const MARKS = ["emojis", "reason", "labels"];

/** A name of a task, also when it comes again. @param {Task} task */
export const keyOf = ({ kind, conversation, message }) => `${kind} ${conversation} ${message}`;
/** @param {Kind} kind */
const isJudging = (kind) => kind === "rank_assistant_replies" || kind === "label_message";
/** @param {Message} message */
const isThere = ({ text, fields }) => fields.deleted !== true && text.trim() !== "";

/**
 * The tasks that a conversation offers. What was deleted offers none, nor does what follows it.
 * @param {Tree} tree
 * @returns {Generator<Task>}
 */
export function* tasksIn(tree) {
  const waiting = tree.replies(null).filter(isThere);
  for (let message = waiting.pop(); message; message = waiting.pop()) {
    const replies = tree.replies(message.id).filter(isThere);
    for (const kind of kindsFor(message, replies)) {
      yield { kind, conversation: tree.id, message: message.id };
    }
    for (const reply of replies) waiting.push(reply);
  }
}

/** @param {Message} message @param {Message[]} replies @returns {Generator<Kind>} */
function* kindsFor({ role, fields }, replies) {
  if (role === "system") return;
  const spoken = replies.filter((reply) => reply.role === "assistant");
  if (role === "assistant" && !replies.length) yield "prompter_reply";
  if (role === "user" && spoken.every(isWritten)) yield "assistant_reply";
  const few = spoken.slice(0, MOST_RANKED);
  if (few.length > 1 && few.some(({ rank }) => rank === null) && !few.every(isRefused)) {
    yield "rank_assistant_replies";
  }
  if (!Object.keys(fields.labels ?? {}).length) yield "label_message";
}

/** Whether a model wrote a message. @param {Message} message */
function isWritten({ fields }) {
  return fields.synthetic === true || (fields.synthetic !== false && Boolean(fields.model_name));
}

/** @param {Message} message */
function isRefused({ fields }) {
  return fields.emojis?.["-1"] > 0;
}

/** The replies that a task asks to rank. @param {Tree} tree @param {string} id @returns {Message[]} */
export function rankable(tree, id) {
  const spoken = tree.replies(id).filter((reply) => reply.role === "assistant" && isThere(reply));
  return spoken.slice(0, MOST_RANKED);
}

/** Draws tasks from conversations, of which it reads few at a time. */
export class TaskQueue {
  #read;
  #seed;
  /**
   * Kinds of which a conversation has nothing, for as long as it is not used.
   * @type {Map<string, {used: number, kinds: Set<Kind>}>}
   */
  #bare = new Map();

  /** @param {(id: string) => Promise<Tree | null>} read @param {number} seed */
  constructor(read, seed) {
    this.#read = read;
    this.#seed = seed;
  }

  /** Looks at a conversation anew, in which something has changed. @param {string} id */
  forget(id) {
    this.#bare.delete(id);
  }

  /**
   * The next task, or how many conversations were not read yet: at most 100 are in one call.
   * @param {{sources: Source[], log: Done[], kind?: Kind | ""}} from "" for any kind
   * @returns {Promise<{task: Task | null, tree: Tree | null, left: number}>} a first prompt has no tree
   */
  async next({ sources, log, kind = "" }) {
    const turn = log.length;
    const again = await this.#again({ sources, log, kind });
    if (again) return { ...again, left: 0 };
    const order = kind ? [kind] : shuffled(KINDS, (one) => one, this.#words("kind", turn));
    if (order[0] === "initial_prompt") return FIRST;
    const kinds = order.filter((one) => one !== "initial_prompt");
    const closed = new Set(log.map(keyOf));
    const places = shuffled(sources, ({ id }) => id, this.#words("order", 0));
    const start = turn % Math.max(1, places.length);
    let read = 0;
    for (const source of [...places.slice(start), ...places.slice(0, start)]) {
      if (this.#isBare(source, kinds)) continue;
      if (read === MOST_READ) return { task: null, tree: null, left: this.#left(places, kinds) };
      read++;
      const tree = await this.#read(source.id);
      const task = tree && this.#choose(tree, { source, kinds, closed, turn });
      if (task) return { task, tree, left: 0 };
    }
    return kind ? { task: null, tree: null, left: 0 } : FIRST;
  }

  /** @param {Source} source @param {Kind[]} kinds */
  #isBare({ id, used }, kinds) {
    const known = this.#bare.get(id);
    return known?.used === used && kinds.every((kind) => known.kinds.has(kind));
  }

  /** @param {Source[]} sources @param {Kind[]} kinds */
  #left(sources, kinds) {
    return sources.filter((source) => !this.#isBare(source, kinds)).length;
  }

  /**
   * @param {Tree} tree
   * @param {{source: Source, kinds: Kind[], closed: Set<string>, turn: number}} options
   */
  #choose(tree, { source, kinds, closed, turn }) {
    /** @type {Map<Kind, Task[]>} */
    const found = new Map();
    for (const task of tasksIn(tree)) {
      if (closed.has(keyOf(task))) continue;
      const same = found.get(task.kind);
      if (same) same.push(task);
      else found.set(task.kind, [task]);
    }
    const none = KINDS.filter((kind) => !found.has(kind));
    this.#bare.set(source.id, { used: source.used, kinds: new Set(none) });
    const tasks = found.get(kinds.find((kind) => found.has(kind)) ?? "initial_prompt") ?? [];
    return tasks[this.#draw("message", turn, tasks.length)] ?? null;
  }

  /**
   * Now and then, a ranking or a labelled message that was done before, once for each.
   * @param {{sources: Source[], log: Done[], kind: Kind | ""}} from
   */
  async #again({ sources, log, kind }) {
    const turn = log.length;
    if (chance(this.#seed, "again", turn) >= AGAIN) return null;
    const ids = new Set(sources.map(({ id }) => id));
    const repeated = new Set(log.filter(({ again }) => again).map(keyOf));
    const before = log.slice(0, -LATER).filter((done) => {
      const fits = kind ? done.kind === kind : isJudging(done.kind);
      return fits && isJudging(done.kind) && done.answer && ids.has(done.conversation);
    });
    const found = before.filter((done) => !repeated.has(keyOf(done)));
    const done = found[this.#draw("done", turn, found.length)];
    const tree = done && (await this.#read(done.conversation));
    if (!tree || !isAsBefore(tree, done)) return null;
    const { conversation, message } = done;
    return { task: /** @type {Task} */ ({ kind: done.kind, conversation, message, again: true }), tree };
  }

  /** @param {string} word @param {number} turn */
  #words(word, turn) {
    return { seed: this.#seed, words: [word, String(turn)] };
  }

  /** @param {string} word @param {number} turn @param {number} count */
  #draw(word, turn, count) {
    return Math.floor(chance(this.#seed, word, turn) * count);
  }
}

/** @type {{task: Task, tree: null, left: number}} */
const FIRST = { task: { kind: "initial_prompt", conversation: "", message: "" }, tree: null, left: 0 };

/** Whether a task that was done asks the same now. @param {Tree} tree @param {Done} done */
function isAsBefore(tree, { kind, message, before = [] }) {
  if (kind === "label_message") return tree.get(message) !== undefined;
  const now = rankable(tree, message);
  return now.length === before.length && before.every(({ id }, at) => now[at].id === id);
}

/**
 * Puts an answer into a tree, or nothing if the task was done before.
 * @param {Tree} tree of a first prompt a new one
 * @param {Task} task
 * @param {Answer} answer
 * @returns {{done: Done, changed: Message[]}}
 */
export function perform(tree, task, answer) {
  if (typeof answer === "string") {
    const role = task.kind === "assistant_reply" ? "assistant" : "user";
    const written = tree.add(task.message || null, role, answer, { synthetic: false });
    return { done: { ...task, conversation: tree.id, answer: written.id }, changed: [written] };
  }
  const message = tree.get(task.message);
  const judged = Array.isArray(answer) ? rankable(tree, task.message) : message ? [message] : [];
  const done = { ...task, answer, before: judged.map(marksOf) };
  if (task.again) return { done, changed: [] };
  if (!Array.isArray(answer)) {
    for (const one of judged) one.fields = { ...one.fields, labels: counted(answer) };
    return { done, changed: judged };
  }
  if (judged.length) tree.rank(judged[0], answer);
  if (!answer.length) for (const one of judged) rate(one, -1, t("None of them is good"));
  return { done, changed: judged };
}

/** @param {Labels} labels */
function counted(labels) {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, { value, count: 1 }]));
}

/** @param {Message} message @returns {Before} */
function marksOf({ id, rank, fields }) {
  return {
    id,
    rank,
    marks: Object.fromEntries(Object.entries(fields).filter(([name]) => MARKS.includes(name))),
  };
}

/**
 * Takes an answer out of a tree again.
 * @param {Tree} tree
 * @param {Done} done
 * @returns {{answer: Answer, changed: Message[], removed: Message | null} | null} the answer as it was given;
 *   null if a message replies to it
 */
export function takeBack(tree, { answer, again, before = [] }) {
  if (typeof answer === "string") {
    const removed = tree.get(answer) ?? null;
    if (removed && tree.replies(removed.id).length) return null;
    if (removed) tree.remove(removed);
    return { answer: removed?.text ?? "", changed: [], removed };
  }
  const changed = [];
  for (const { id, rank, marks } of again ? [] : before) {
    const message = tree.get(id);
    if (!message) continue;
    const others = Object.entries(message.fields).filter(([name]) => !MARKS.includes(name));
    Object.assign(message, { rank, fields: { ...Object.fromEntries(others), ...marks } });
    changed.push(message);
  }
  return { answer: answer ?? "", changed, removed: null };
}

/** How many tasks of each kind were done, and how many skipped. @param {Done[]} log */
export function countsOf(log) {
  const answered = log.filter(({ answer, again }) => answer !== null && !again);
  const kinds = KINDS.map(
    (kind) => /** @type {const} */ ([kind, answered.filter((d) => d.kind === kind).length]),
  );
  return { kinds, skipped: log.filter(({ answer }) => answer === null).length };
}

/**
 * How often the second answer to a task was the first one: of a ranking each pair of replies counts, and of
 * labels each that was set both times.
 * @param {Done[]} log
 * @returns {Map<Kind, Agreement>} only kinds that were asked again
 */
export function agreementOf(log) {
  /** @type {Map<string, Done>} */
  const first = new Map();
  /** @type {Map<Kind, Agreement>} */
  const found = new Map();
  for (const done of log) {
    const before = first.get(keyOf(done));
    if (!done.again) first.set(keyOf(done), done);
    else if (done.answer && before?.answer) {
      const same = comparison(before, done);
      const sum = found.get(done.kind) ?? { equal: 0, count: 0, tasks: 0 };
      found.set(done.kind, {
        equal: sum.equal + same.filter(Boolean).length,
        count: sum.count + same.length,
        tasks: sum.tasks + 1,
      });
    }
  }
  return found;
}

/** Which of the single answers are equal. @param {Done} one @param {Done} other @returns {boolean[]} */
function comparison({ answer, before = [] }, other) {
  if (!Array.isArray(answer)) {
    const [one, two] = /** @type {Labels[]} */ ([answer, other.answer]);
    return Object.keys(one).flatMap((name) => (name in two ? [one[name] === two[name]] : []));
  }
  const places = [answer, /** @type {string[][]} */ (other.answer)].map(
    (ids) => new Map(ids.flatMap((tied, place) => tied.map((id) => [id, place]))),
  );
  const relation = (
    /** @type {Map<string, number>} */ ranks,
    /** @type {string} */ a,
    /** @type {string} */ b,
  ) => (ranks.size ? Math.sign((ranks.get(a) ?? Infinity) - (ranks.get(b) ?? Infinity)) : "none is good");
  const ids = before.map(({ id }) => id);
  return ids.flatMap((a, at) =>
    ids.slice(at + 1).map((b) => relation(places[0], a, b) === relation(places[1], a, b)),
  );
}
