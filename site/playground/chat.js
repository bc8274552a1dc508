/**
 * Chat in the playground: turns with the loaded model. The form is chat-form.js, the conversation itself is
 * chat-session.js, bubbles are chat-log.js, files are chat-files.js.
 */

import { LONGEST_PROMPT } from "../ui/address.js";
import { copyText } from "../ui/clipboard.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { refuseInFrame } from "../ui/framed.js";
import { problem } from "../ui/status.js";
import { isReturn } from "../ui/tab-state.js";
import { t, tn } from "../ui/words.js";
import { readState, saveMessages, saveState } from "./chat-files.js";
import { ChatForm } from "./chat-form.js";
import { ChatLog, transcript } from "./chat-log.js";
import { ChatSession } from "./chat-session.js";
import { Pace } from "./pace.js";

/** @import { Turn, Writing } from "../engine/client.js" */
/** @import { Bubble } from "./chat-log.js" */
/**
 * What the page does for the chat: `check` whether all settings can be used, and `settings` for a reply.
 * @typedef {{check: () => boolean, settings: () => Record<string, any>}} Host
 */

/**
 * How a reply ended. @param {import("../engine/client.js").End["finish_reason"]} reason @param {number}
 * tokens
 */
function endWords(reason, tokens) {
  if (reason === "abort") return tn(tokens, "Stopped after {n} token.", "Stopped after {n} tokens.");
  if (reason === "stop") return tn(tokens, "Answered after {n} token.", "Answered after {n} tokens.");
  return tn(tokens, "Length limit reached after {n} token.", "Length limit reached after {n} tokens.");
}

export class Chat {
  #page;
  #host;
  #form;
  #log;
  #session = new ChatSession(() => this.#form.settings);
  #working = false;
  /** The reply that is being written. @type {Writing | null} */
  #writing = null;
  /** The conversation that a link brought. @type {Turn[] | null} */
  #linked = null;

  /**
   * @param {import("./session.js").PlaygroundSession} page
   * @param {Host} host
   * @param {import("./chat-form.js").ChatDescription} description
   */
  constructor(page, host, description) {
    this.#page = page;
    this.#host = host;
    this.#form = new ChatForm(this.#actions(), description);
    this.#form.message.addEventListener("input", () => page.announce("draft"));
    this.#log = new ChatLog(this.#form.log);
    page.addEventListener("busy", () => this.showButtons());
    page.addEventListener("stop", () => this.#writing?.cancel());
    page.addEventListener("model", () => this.#showModel());
  }

  /** What the form's controls do. @returns {import("./chat-form.js").Actions} */
  #actions() {
    return {
      send: () => this.send(),
      again: () => this.#again(),
      undo: () => this.#undo(),
      copy: () => this.#copy(),
      clear: () => this.#clear(),
      save: (kind) => this.#save(kind),
      startFrom: (file) => this.#startFrom(file),
      startEmpty: () => {
        if (this.#restart()) this.#page.say(t("The next message starts a new conversation."));
      },
      settingsChanged: () => {
        this.#session.forget(); // with the next message the conversation is read again, under the new setting
        this.#page.announce("settings");
      },
      replyChanged: () => this.#page.announce("settings"),
      modeChanged: () => this.#page.announce("settings"),
    };
  }

  /** Whether the page is in chat mode. */
  get active() {
    return this.#form.active;
  }

  /** Its settings for the address and the memory. */
  values() {
    return this.#form.values();
  }

  /** What a link carries: the conversation with its settings, and nothing of them in the other mode. */
  linkValues() {
    if (!this.active) return [];
    const messages = this.#session.messages.map(({ role, content }) => ({ role, content }));
    /** @type {[string, string][]} */
    const conversation = messages.length ? [["messages", JSON.stringify(messages)]] : [];
    return [...this.values(), ...conversation];
  }

  /** Sets what `values` or `linkValues` returned. @param {Map<string, string>} values */
  restore(values) {
    this.#form.restore(values);
    this.#session.forget();
    const text = values.get("messages");
    if (text) this.#open(text);
    this.showButtons();
  }

  /** Shows a link's conversation; “Restore” brings the one before back. @param {string} text */
  #open(text) {
    try {
      if (text.length > LONGEST_PROMPT) throw new Error("no link of ours");
      this.#linked = readMessages(JSON.parse(text)).map(({ role, content }) => ({ role, content }));
      this.#session.restart(null, this.#linked);
      this.#show();
    } catch {
      const remedy = t("Ask whoever sent the link to copy it again.");
      this.#page.complain(problem(t("The conversation in the link is damaged."), remedy));
    }
  }

  /** The conversation, as a plain value. */
  toValue() {
    const { messages, start } = this.#session;
    return { messages, start, message: this.#form.message.value };
  }

  /** Takes what `toValue` returned; the model reads it again with the next message. @param {any} value */
  fromValue(value) {
    this.#session.messages = readMessages(value.messages);
    this.#session.start = value.start?.bytes instanceof Uint8Array ? value.start : null;
    if (this.#linked && !isReturn()) this.#session.restart(null, this.#linked);
    if (typeof value.message === "string") this.#form.message.value ||= value.message;
    this.#show();
  }

  #showModel() {
    const info = this.#page.model?.info;
    if (info) this.#form.showModel({ trained: info.chat !== null, format: info.chat_format ?? null });
  }

  /** Enables the buttons that can be used now. */
  showButtons() {
    const { messages, start, canRestore } = this.#session;
    const any = messages.length > 0;
    this.#form.show({ busy: this.#busy, messages: any, canRestore, start: start?.name ?? "" });
  }

  /** Sends the message in the field. */
  async send() {
    if (this.#busy || !this.#host.check()) return;
    const typed = this.#form.message.value;
    if (typed.trim()) return await this.#answer(typed);
    this.#form.message.focus();
    const [message, remedy] = [t("The message is empty."), t("Type something to say to the model.")];
    showFieldProblem(this.#form.message, `${message} ${remedy}`);
    this.#page.complain(problem(message, remedy));
  }

  get #busy() {
    return this.#working || this.#page.busy;
  }

  // ---- Turns -----------------------------------------------------------------------------------

  /** Lets the model answer; a message without any answer goes back into the field. @param {string} message */
  async #answer(message) {
    const session = this.#session;
    const before = session.messages;
    /** @type {Turn} */
    const turn = { role: "user", content: message };
    const { progress, say, complain } = this.#page;
    this.#working = true;
    this.#form.message.value = "";
    this.#show([...before, turn]);
    const reply = this.#log.startReply();
    try {
      const conversation = await session.open(await this.#page.ensureModel());
      say(t("Reading the message…"));
      const options = { ...this.#host.settings(), ...this.#form.replySettings, onProgress: progress.show };
      await this.#stream(conversation.say(message, options), reply);
      session.commit(conversation);
    } catch (error) {
      session.forget();
      if (reply.text) session.messages = [...before, turn, reply.turn()];
      complain(error);
    } finally {
      this.#working = false;
      progress.hide();
      this.#track(null);
      if (session.messages.length <= before.length) this.#form.message.value ||= message;
      this.#show();
    }
  }

  /** @param {Writing | null} writing */
  #track(writing) {
    this.#writing = writing;
    this.#page.writing = writing !== null;
  }

  /** @param {Writing} writing @param {Bubble} reply */
  async #stream(writing, reply) {
    const { progress, say } = this.#page;
    this.#track(writing);
    const pace = new Pace(this.#form.measures);
    for await (const item of writing) {
      this.#log.append(reply, item.text, item.thought ?? "");
      if ("finish_reason" in item) {
        const { finish_reason, usage } = item;
        say(endWords(finish_reason, usage.completion_tokens));
        return pace.showEnd([tn(usage.prompt_tokens, "{n} token read", "{n} tokens read")], item);
      }
      if (pace.tokens === 0) progress.hide();
      pace.add();
      say(reply.text || !item.thought ? t("Generating…") : t("Thinking…"));
    }
  }

  async #again() {
    const message = await this.#takeBack();
    if (message !== null) await this.#answer(message);
  }

  async #undo() {
    if (this.#session.canRestore) {
      this.#session.restoreCleared();
      this.#show();
      return this.#page.say(t("The conversation is restored."));
    }
    const message = await this.#takeBack();
    if (message === null) return;
    this.#form.message.value ||= message;
    this.#form.message.focus();
    this.#page.say(t("The last turn is undone."));
  }

  /** Removes the last turn; returns its message, or null if that failed. */
  async #takeBack() {
    if (this.#busy) return null;
    this.#setWorking(true);
    try {
      return await this.#session.undo(await this.#page.ensureModel());
    } catch (error) {
      this.#page.complain(error);
      return null;
    } finally {
      this.#setWorking(false);
      this.#show();
    }
  }

  /** @param {boolean} on */
  #setWorking(on) {
    this.#working = on;
    this.showButtons();
  }

  #clear() {
    if (!this.#restart(this.#session.start)) return;
    this.#page.say(t("Cleared. “Restore” brings the conversation back."));
    this.#form.message.focus();
  }

  /**
   * Starts a new conversation, except in a frame.
   * @param {import("./chat-files.js").SavedState | null} [start]
   */
  #restart(start = null) {
    try {
      refuseInFrame();
    } catch (error) {
      this.#page.complain(error);
      return false;
    }
    this.#session.restart(start);
    if (!start) this.#form.clearFile();
    this.#form.measures.textContent = "";
    this.#show();
    return true;
  }

  // ---- Files -----------------------------------------------------------------------------------

  /** Starts from a state file, once the model has accepted it. @param {File} file */
  async #startFrom(file) {
    if (this.#busy) return;
    this.#setWorking(true);
    try {
      const start = await readState(file);
      await this.#session.startFrom(await this.#page.ensureModel(), start);
      this.#form.measures.textContent = "";
      this.#show();
      this.#page.say(t("The conversation continues from {name}.", { name: file.name }));
    } catch (error) {
      this.#form.clearFile();
      this.#page.complain(error);
    } finally {
      this.#setWorking(false);
    }
  }

  /** @param {string} kind */
  async #save(kind) {
    if (kind !== "state") return saveMessages(kind, this.#session.messages);
    try {
      const conversation = await this.#session.open(await this.#page.ensureModel());
      saveState(await conversation.save("chat"));
      this.#page.say(
        t("The state is saved, with the messages. A conversation with this model can start from it."),
      );
    } catch (error) {
      this.#page.complain(error);
    }
  }

  #copy() {
    const { say } = this.#page;
    copyText(transcript(this.#session.messages), { say, fallbackElement: this.#form.log });
  }

  /** @param {Turn[]} [messages] */
  #show(messages = this.#session.messages) {
    this.#log.show(messages);
    this.showButtons();
    this.#page.announce("draft");
  }
}

/**
 * @param {any} messages which anybody can have written
 * @returns {Turn[]}
 * @throws {Error} if it is not a conversation
 */
function readMessages(messages) {
  const roles = ["system", "user", "assistant"];
  const valid = (/** @type {any} */ one) => roles.includes(one?.role) && typeof one.content === "string";
  if (!Array.isArray(messages) || !messages.every(valid)) throw new Error("not a conversation");
  return messages;
}
