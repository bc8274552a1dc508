/**
 * The view "Tasks" of the chat page: one task after the other, as tasks.js draws them, answered
 * in the forms of task-forms.js. Answers go into the conversations, through the session; nothing is sent.
 */

import { Tree } from "../collections/conversation-tree.js";
import { element, fill } from "../ui/dom.js";
import { isRemembering, recall, remember } from "../ui/memory.js";
import { prepare } from "../ui/render/index.js";
import { drawSeed } from "../ui/seeded.js";
import { problem } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { draftOf, labelForm, rankForm, textForm } from "./task-forms.js";
import { addToLog, dropFromLog, readLog } from "./task-log.js";
import { collected, contextOf, keys, NAMES } from "./task-parts.js";
import { agreementOf, KINDS, keyOf, perform, rankable, TaskQueue, takeBack } from "./tasks.js";

/** @import { Answer, Done, Kind, Task } from "./tasks.js" */
/** @import { Logged } from "./task-log.js" */
/** @import { ChatSession } from "./session.js" */
/** @import { Form } from "./task-forms.js" */
/**
 * `changed` is called when what `toValue` returns has changed.
 * @typedef {{
 *   session: ChatSession, say: (words: string) => void, complain: (error: unknown) => void,
 *   changed: () => void, importSet: () => void, close: () => void
 * }} Host
 * @typedef {{kind?: Kind | "", source?: string, task?: Task | null, draft?: unknown}} Value
 */

/** The choice of one's own conversations, which no file has as its name. */
const OWN = "/";

export class TasksView {
  #session;
  #host;
  #queue;
  /** @type {Logged[]} */
  #log = [];
  /** @type {Task | null} */
  #task = null;
  /** @type {Form | null} */
  #form = null;
  #draft = /** @type {unknown} */ (undefined);
  /** What was entered for tasks that were left for others. @type {Map<string, unknown>} */
  #begun = new Map();
  #last = Promise.resolve();
  #kind = element("select", { id: "task-kind", "data-testid": "task-kind" });
  #source = element("select", { id: "task-source", "data-testid": "task-source" });
  #area = element("div", { class: "task" });
  #undo = element("button", { type: "button", class: "quiet", "data-testid": "task-undo" }, t("Undo"));
  #progress = element("section", {
    class: "task-progress",
    "aria-label": t("Collected"),
    "data-testid": "task-progress",
  });
  /** Where the page's status line is while tasks are shown. */
  status = element("div");

  /** @param {Host} host @param {Value} value what `toValue` returned last time */
  constructor(host, value) {
    this.#host = host;
    this.#session = host.session;
    this.#task = value.task ?? null;
    this.#draft = value.draft;
    this.#queue = this.#newQueue();
    const names = KINDS.map((kind) => element("option", { value: kind }, NAMES()[kind]));
    this.#kind.append(element("option", { value: "" }, t("Any kind")), ...names);
    this.#kind.value = value.kind ?? "";
    this.#showSources(value.source ?? "");
    for (const select of [this.#kind, this.#source]) {
      select.addEventListener("change", () => this.#do(() => this.#chooseAgain()));
    }
    this.#undo.addEventListener("click", () => this.#do(() => this.#takeBack()));
    const choices = [
      element("label", {}, t("Kind of task"), this.#kind),
      element("label", {}, t("Conversations"), this.#source),
    ];
    this.box = element(
      "section",
      { class: "tasks", "aria-labelledby": "tasks-title", "data-testid": "task-view" },
      element(
        "div",
        { class: "row" },
        element("h1", { id: "tasks-title", class: "grow" }, t("Tasks")),
        this.#button(t("Back to the conversation"), "tasks-close", host.close, { class: "quiet" }),
      ),
      element(
        "p",
        { class: "note" },
        t(
          "Write what is missing in conversations, and judge the replies in them. Nothing is " +
            "sent anywhere: your answers stay in this browser, in the conversations, and are " +
            "exported with them.",
        ),
      ),
      element("div", { class: "row task-choices" }, ...choices),
      this.#area,
      this.status,
      this.#progress,
    );
    this.box.addEventListener("keydown", (event) => this.#press(event));
    this.#session.on("list", () => {
      this.#showSources(this.#source.value);
      this.#showCollected();
    });
    prepare().catch(() => {}); // texts are shown as they are
  }

  /** What a reload must not lose. @returns {Value} */
  toValue() {
    const draft = this.#form?.draft() ?? this.#draft;
    return { kind: this.#chosen, source: this.#source.value, task: this.#task, draft };
  }

  get #chosen() {
    return /** @type {Kind | ""} */ (this.#kind.value);
  }

  /** Shows the task that was begun, or another one. @param {{focus: boolean}} options */
  open({ focus }) {
    return this.#do(async () => {
      this.#log = await readLog();
      this.#draft = this.#form?.draft() ?? this.#draft;
      const task = this.#task;
      const tree = task && (await this.#treeOf(task));
      if (task && (task.kind === "initial_prompt" || tree?.get(task.message)))
        this.#show(task, tree, { focus });
      else await this.#next({ focus });
    });
  }

  /** Looks for a task in conversations that have come, unless something is written already. */
  renew() {
    this.#queue = this.#newQueue();
    this.#draft = this.#form?.draft();
    const isBegun = this.#task?.kind !== "initial_prompt" || this.#draft;
    return this.#do(async () => {
      if (this.#task && isBegun) this.#show(this.#task, await this.#treeOf(this.#task), { focus: true });
      else await this.#next();
    });
  }

  /** @param {Task} task @returns {Promise<Tree | null>} null if it is gone, or is a first prompt's */
  async #treeOf({ conversation }) {
    return conversation ? this.#session.treeOf(conversation) : null;
  }

  #newQueue() {
    const seed = recall("tasks-seed") ?? drawSeed();
    remember("tasks-seed", seed);
    return new TaskQueue((id) => this.#session.treeOf(id), Number(seed));
  }

  /** The conversations from which tasks are drawn; one that is being answered is left alone. */
  get #sources() {
    const { list, busy, tree } = this.#session;
    const from = this.#source.value;
    return list.filter(({ id, source = OWN }) => (!from || source === from) && !(busy && id === tree.id));
  }

  /** @param {string} chosen */
  #showSources(chosen) {
    const names = new Set(this.#session.list.flatMap(({ source }) => source ?? []));
    const options = [
      element("option", { value: "" }, t("All conversations")),
      element("option", { value: OWN }, t("My own")),
      ...Array.from(names, (name) => element("option", { value: name }, name)),
    ];
    this.#source.replaceChildren(...options);
    this.#source.value = options.some(({ value }) => value === chosen) ? chosen : "";
  }

  /** What was done in conversations that are still there. */
  get #kept() {
    const ids = new Set(this.#session.list.map(({ id }) => id));
    return this.#log.filter(({ conversation }) => !conversation || ids.has(conversation));
  }

  /** Does one thing after the other. @param {() => Promise<void>} job */
  #do(job) {
    this.#last = this.#last
      .then(job)
      .catch(this.#host.complain)
      .then(() => this.#showCollected());
    return this.#last;
  }

  #showCollected() {
    this.#undo.disabled = this.#kept.length === 0;
    fill(this.#progress, collected(this.#kept));
  }

  // ---- One task --------------------------------------------------------------------------------

  /** After another kind or other conversations were chosen; what was begun is there when it comes again. */
  async #chooseAgain() {
    const [task, kind] = [this.#task, this.#chosen];
    const isThere = !task?.conversation || this.#sources.some(({ id }) => id === task.conversation);
    if (task && isThere && (!kind || kind === task.kind)) return this.#host.changed();
    if (task && this.#form) this.#begun.set(keyOf(task), this.#form.draft());
    this.#host.say("");
    await this.#next({ focus: false });
  }

  async #next({ focus = true } = {}) {
    this.#log = await readLog();
    this.#draft = undefined;
    if (!isRemembering()) return this.#showEmpty({ left: 0, focus });
    const from = { sources: this.#sources, log: this.#log, kind: this.#chosen };
    const { task, tree, left } = await this.#queue.next(from);
    if (task) this.#show(task, tree, { focus });
    else this.#showEmpty({ left, focus });
  }

  /** @param {Task} task @param {Tree | null} tree @param {{focus: boolean}} options */
  #show(task, tree, { focus }) {
    this.#task = task;
    this.#draft ??= this.#begun.get(keyOf(task));
    const form = this.#formFor(task, tree);
    this.#form = form;
    const submit = this.#button(t("Save"), "task-submit", () => this.#submit(form.answer()), {
      class: "primary",
      "aria-keyshortcuts": "Control+Enter",
    });
    const none = this.#button(t("None is good"), "task-none", () => this.#submit([]));
    const skip = this.#button(t("Skip"), "task-skip", () => this.#skip(), { "aria-keyshortcuts": "Alt+S" });
    const isRanking = task.kind === "rank_assistant_replies";
    fill(this.#area, [
      ...(this.#session.list.length ? [] : [this.#invitation()]),
      element("h2", { id: "task-title" }, NAMES()[task.kind]),
      element("p", { id: "task-hint", class: "note" }, form.hint),
      ...(tree ? contextOf(task, tree) : []),
      form.box,
      element("div", { class: "action-bar" }, submit, ...(isRanking ? [none] : []), skip, this.#undo),
      keys(),
    ]);
    const said = this.#area.querySelector(".task-thread");
    if (said) said.scrollTop = said.scrollHeight;
    if (focus) form.focus();
    this.#host.changed();
  }

  /** @param {Task} task @param {Tree | null} tree */
  #formFor({ kind, message }, tree) {
    const options = {
      draft: this.#draft,
      changed: this.#host.changed,
      complain: (/** @type {string} */ words) => this.#host.complain(new Error(words)),
    };
    if (kind === "label_message") return labelForm(options);
    if (kind === "rank_assistant_replies" && tree) {
      return rankForm(rankable(tree, message), { ...options, turn: this.#log.length });
    }
    const hints = {
      initial_prompt: t("Begin a conversation: ask something that you would really ask an assistant."),
      assistant_reply: t("Write the reply that a good assistant would give: true, helpful and polite."),
      prompter_reply: t("Continue the conversation as the user: what would you say next?"),
    };
    return textForm(hints[/** @type {keyof typeof hints} */ (kind)], options);
  }

  /** @param {Answer | null} answer */
  #submit(answer) {
    const [task, form] = [this.#task, this.#form];
    if (!task || !answer) return;
    return this.#do(async () => {
      if (form !== this.#form) return; // pressed twice
      await this.#goOn(await this.#keep(task, answer));
      this.#host.say(task.again ? this.#comparison(task) : t("Saved."));
    });
  }

  #skip() {
    const [task, form] = [this.#task, this.#form];
    if (!task) return;
    return this.#do(async () => {
      if (form !== this.#form) return;
      await this.#goOn({ ...task, answer: null });
      this.#host.say(t("Skipped."));
    });
  }

  /** Puts an answer into its conversation. @param {Task} task @param {Answer} answer */
  async #keep(task, answer) {
    if (!isRemembering()) throw new Error(offWords());
    const session = this.#session;
    const isNew = task.kind === "initial_prompt";
    const tree = isNew ? new Tree() : await session.treeOf(task.conversation);
    if (!tree || (!isNew && !tree.get(task.message))) {
      throw problem(t("This message was deleted."), t("Skip this task."));
    }
    const { done, changed } = perform(tree, task, answer);
    try {
      if (isNew) await session.adopt([tree.toValue()]);
      else if (changed.length) await session.keepIn(tree, changed);
    } catch (error) {
      takeBack(tree, done); // the open conversation is this very tree
      throw error;
    }
    return done;
  }

  /** Notes what was done, and shows the next task even if that fails. @param {Done} done */
  async #goOn(done) {
    if (this.#task) this.#begun.delete(keyOf(this.#task));
    this.#task = null; // so that a reload does not ask it again
    this.#form = null;
    try {
      await addToLog(done);
    } finally {
      this.#queue.forget(done.conversation);
      await this.#next();
    }
  }

  /** What the second answer to a task shows. @param {Task} task */
  #comparison(task) {
    const same = this.#log.filter((done) => keyOf(done) === keyOf(task));
    const { equal, count } = agreementOf(same).get(task.kind) ?? { equal: 0, count: 0 };
    return t("You have judged this one before: {equal} of {count} answers are the same.", { equal, count });
  }

  /** Takes the last answer back, or a skip, and shows that task again with what was entered. */
  async #takeBack() {
    const session = this.#session;
    this.#log = await readLog();
    const last = this.#kept.at(-1);
    if (!last) return;
    const { kind, conversation, message, again, answer: given } = last;
    const tree = await this.#treeOf(last);
    const back = tree && takeBack(tree, last);
    if (tree && !back) {
      throw problem(
        t("There is already a reply to what you wrote."),
        t("Edit it in the conversation instead."),
      );
    }
    const isNew = kind === "initial_prompt" && given !== null;
    if (tree && isNew) await session.remove([tree.id]);
    else if (tree && back?.removed) await session.removeFrom(tree, back.removed);
    else if (tree && back?.changed.length) await session.keepIn(tree, back.changed);
    await dropFromLog([last]);
    this.#log = await readLog();
    this.#queue.forget(conversation);
    this.#draft = given === null ? undefined : draftOf(back?.answer ?? "");
    const task = { kind, conversation: isNew ? "" : conversation, message, ...(again && { again }) };
    this.#show(task, isNew ? null : tree, { focus: true });
    this.#host.say(
      given === null
        ? t("The task has been restored.")
        : t("Your last answer is removed. Change it, and save it again."),
    );
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key, code, ctrlKey, metaKey, altKey } = event;
    const isSubmit = key === "Enter" && (ctrlKey || metaKey);
    if (!this.#form || !(isSubmit || (altKey && code === "KeyS"))) return;
    event.preventDefault();
    if (isSubmit) this.#submit(this.#form.answer());
    else this.#skip();
  }

  // ---- No task, and what was collected ---------------------------------------------------------

  #invitation() {
    return element(
      "div",
      { class: "notice task-start", "data-testid": "task-start" },
      element(
        "p",
        {},
        t(
          "There are no conversations yet. Write a first prompt or import a set, and there will be " +
            "replies to write, rank and label.",
        ),
      ),
      this.#importButton(),
    );
  }

  #importButton() {
    return this.#button(t("Import a set"), "task-import", () => this.#host.importSet());
  }

  /** @param {{left: number, focus: boolean}} options `left` conversations were not read yet */
  #showEmpty({ left, focus }) {
    this.#task = null;
    this.#form = null;
    const skipped = this.#log.filter(({ answer }) => answer === null);
    const words = left
      ? tn(
          left,
          "None of the conversations read so far has such a task; {n} is left.",
          "None of the conversations read so far has such a task; {n} are left.",
        )
      : t("There is nothing of this kind left to do.");
    const further = this.#button(t("Look further"), "task-further", () => this.#do(() => this.#next()));
    const first = this.#button(t("Write a first prompt"), "task-first", () => this.#choose("initial_prompt"));
    const back = this.#button(t("Bring back skipped tasks"), "task-back", () => this.#bringBack(skipped));
    const buttons = [
      ...(left ? [further] : []),
      first,
      this.#importButton(),
      ...(skipped.length ? [back] : []),
    ];
    const title = element("h2", { tabindex: -1 }, t("No task"));
    fill(this.#area, [
      element(
        "div",
        { class: "empty-state", "data-testid": "task-empty" },
        title,
        element("p", {}, isRemembering() ? words : offWords()),
        element("div", { class: "action-bar" }, ...(isRemembering() ? buttons : []), this.#undo),
      ),
    ]);
    if (focus) title.focus();
    this.#host.changed();
  }

  /** @param {Kind} kind */
  #choose(kind) {
    this.#kind.value = kind;
    return this.#do(() => this.#next());
  }

  /** @param {Logged[]} skipped */
  #bringBack(skipped) {
    return this.#do(async () => {
      await dropFromLog(skipped);
      this.#queue = this.#newQueue();
      await this.#next();
    });
  }

  /**
   * @param {string} words
   * @param {string} testid
   * @param {() => void} onclick
   * @param {import("../ui/dom.js").Properties} [more]
   */
  #button(words, testid, onclick, more) {
    return element("button", { type: "button", "data-testid": testid, onclick, ...more }, words);
  }
}

function offWords() {
  return t(
    "Your answers would be lost: “Keep my prompts, texts and chats”, at the bottom of the page, is off.",
  );
}
