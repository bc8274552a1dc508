/**
 * Chat in the playground: the page's side of a conversation with the loaded model. The conversation itself is
 * chat-session.js, bubbles are chat-log.js, files are chat-files.js.
 */

import { copyText } from "../ui/clipboard.js";
import { byId, counted } from "../ui/dom.js";
import { problem } from "../ui/status.js";
import { readState, saveMessages, saveState } from "./chat-files.js";
import { ChatLog, transcript } from "./chat-log.js";
import { ChatSession } from "./chat-session.js";
import { Pace } from "./pace.js";

/** @typedef {import("../engine/client.js").Model} Model */
/** @typedef {import("../engine/client.js").Turn} Turn */
/** @typedef {import("../engine/client.js").Writing} Writing */
/** @typedef {import("./chat-log.js").Bubble} Bubble */
/**
 * What the page does for the chat.
 * @typedef {{
 *   ready: () => Promise<Model>, settings: () => Record<string, any>, busy: () => boolean,
 *   track: (writing: Writing | null) => void, progress: import("../ui/progress.js").ProgressView,
 *   say: (text: string) => void, complain: (error: unknown) => void, changed: () => void
 * }} Host
 */

const REASONS = { stop: "Answered", length: "Length limit reached", abort: "Stopped" };

export class Chat {
  #host;
  #page = {
    modes: byId("modes", "fieldset"),
    system: byId("system", "textarea"),
    format: byId("chat-format", "select"),
    stateFile: byId("state-file", "input"),
    stateName: byId("state-name", "p"),
    noState: byId("no-state", "button"),
    note: byId("chat-note", "p"),
    log: byId("messages", "div"),
    message: byId("message", "textarea"),
    send: byId("send", "button"),
    again: byId("again", "button"),
    undo: byId("undo", "button"),
    copy: byId("chat-copy", "button"),
    clear: byId("chat-clear", "button"),
    measures: byId("chat-measures", "p"),
    save: byId("chat-save", "div"),
    parts: [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-mode]"))],
  };
  #log = new ChatLog(this.#page.log);
  #session = new ChatSession(() => {
    return { system: this.#page.system.value, format: this.#page.format.value };
  });
  #working = false;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    const page = this.#page;
    page.modes.addEventListener("change", () => {
      this.#showMode();
      host.changed();
      (this.active ? page.message : byId("prompt", "textarea")).focus();
    });
    page.message.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    page.send.addEventListener("click", () => this.send());
    page.again.addEventListener("click", () => this.#again());
    page.undo.addEventListener("click", () => this.#undo());
    page.copy.addEventListener("click", () =>
      copyText(transcript(this.#session.messages), { say: host.say, fallbackElement: page.log }),
    );
    page.clear.addEventListener("click", () => this.#clear());
    page.save.addEventListener("click", ({ target }) => {
      if (target instanceof HTMLElement && target.dataset.chat) this.#save(target.dataset.chat);
    });
    for (const control of [page.system, page.format]) {
      control.addEventListener("change", () => {
        this.#session.forget(); // with the next message the conversation is read again, under the new setting
        host.changed();
      });
    }
    page.stateFile.addEventListener("click", () => {
      page.stateFile.value = ""; // choosing the same file again is a change too
    });
    page.stateFile.addEventListener("change", () => this.#startFrom(page.stateFile.files?.[0]));
    page.noState.addEventListener("click", () => {
      this.#restart();
      host.say("The next message starts a new conversation.");
    });
  }

  /** Whether the page is in chat mode. */
  get active() {
    return this.#page.modes.querySelector("input:checked")?.getAttribute("value") === "chat";
  }

  /** Its settings for the address and the memory. @returns {[string, string][]} */
  values() {
    /** @type {[string, string][]} */
    const values = [];
    const { system, format } = this.#page;
    if (this.active) values.push(["mode", "chat"]);
    if (system.value.trim()) values.push(["system", system.value]);
    if (format.value) values.push(["format", format.value]);
    return values;
  }

  /** Sets what `values` returned. @param {Map<string, string>} values */
  restore(values) {
    const { system, format } = this.#page;
    byId(`mode-${values.get("mode") === "chat" ? "chat" : "write"}`, "input").checked = true;
    system.value = values.get("system") ?? "";
    const wanted = values.get("format") ?? "";
    format.value = [...format.options].some(({ value }) => value === wanted) ? wanted : "";
    this.#session.forget();
    this.#showMode();
  }

  /**
   * Notes whether the model was trained for conversations.
   * @param {import("../engine/client.js").ModelInfo} info
   */
  describe(info) {
    this.#page.note.hidden = info.chat !== null;
  }

  /** Enables the buttons that can be used now. */
  showButtons() {
    const page = this.#page;
    const busy = this.#busy;
    const { messages, start, canRestore } = this.#session;
    const any = messages.length > 0;
    page.send.disabled = busy;
    for (const control of [page.system, page.format, page.stateFile, page.noState]) control.disabled = busy;
    for (const button of [page.again, page.copy, page.clear]) button.disabled = busy || !any;
    page.undo.disabled = busy || !(any || canRestore);
    page.undo.textContent = canRestore ? "Restore" : "Undo last turn";
    page.save.hidden = busy || !any;
    page.noState.hidden = start === null;
    page.log.setAttribute("aria-busy", String(busy)); // a reply is announced when it is complete
    for (const radio of page.modes.querySelectorAll("input")) radio.disabled = busy;
  }

  /** Sends the message in the field. */
  async send() {
    if (this.#busy) return;
    const message = this.#page.message.value;
    if (message.trim()) return await this.#answer(message);
    this.#page.message.focus();
    this.#host.complain(problem("The message is empty.", "Type something to say to the model."));
  }

  get #busy() {
    return this.#working || this.#host.busy();
  }

  // ---- Turns -----------------------------------------------------------------------------------

  /** Lets the model answer; a message without any answer goes back into the field. @param {string} message */
  async #answer(message) {
    const session = this.#session;
    const before = session.messages;
    /** @type {Turn} */
    const turn = { role: "user", content: message };
    const { ready, settings, progress, say, complain, track } = this.#host;
    this.#working = true;
    this.#page.message.value = "";
    this.#show([...before, turn]);
    const reply = this.#log.startReply();
    try {
      const conversation = await session.open(await ready());
      say("Reading the message…");
      await this.#stream(conversation.say(message, { ...settings(), onProgress: progress.show }), reply);
      session.commit(conversation);
    } catch (error) {
      session.forget();
      if (reply.text) session.messages = [...before, turn, reply.turn()];
      complain(error);
    } finally {
      this.#working = false;
      progress.hide();
      track(null);
      if (session.messages.length <= before.length) this.#page.message.value ||= message;
      this.#show();
    }
  }

  /** @param {Writing} writing @param {Bubble} reply */
  async #stream(writing, reply) {
    const { track, progress, say } = this.#host;
    track(writing);
    const pace = new Pace(this.#page.measures);
    for await (const item of writing) {
      this.#log.append(reply, item.text, item.thought ?? "");
      if ("finish_reason" in item) {
        const { finish_reason, usage } = item;
        say(`${REASONS[finish_reason]} after ${counted(usage.completion_tokens, "token")}.`);
        return pace.show(` · ${counted(usage.prompt_tokens, "token")} read`);
      }
      if (pace.tokens === 0) progress.hide();
      pace.add();
      say(reply.text || !item.thought ? "Generating…" : "Thinking…");
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
      return this.#host.say("The conversation is restored.");
    }
    const message = await this.#takeBack();
    if (message === null) return;
    this.#page.message.value ||= message;
    this.#page.message.focus();
    this.#host.say("The last turn is undone.");
  }

  /** Removes the last turn; returns its message, or null if that failed. */
  async #takeBack() {
    if (this.#busy) return null;
    this.#setWorking(true);
    try {
      return await this.#session.undo(await this.#host.ready());
    } catch (error) {
      this.#host.complain(error);
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
    this.#restart(this.#session.start);
    this.#host.say("Cleared. “Restore” brings the conversation back.");
    this.#page.message.focus();
  }

  /** Starts a new conversation. @param {import("./chat-files.js").SavedState | null} [start] */
  #restart(start = null) {
    this.#session.restart(start);
    if (!start) this.#page.stateFile.value = "";
    this.#page.measures.textContent = "";
    this.#show();
  }

  // ---- Files -----------------------------------------------------------------------------------

  /** Starts from a state file, once the model has accepted it. @param {File} [file] */
  async #startFrom(file) {
    if (!file || this.#busy) return;
    this.#setWorking(true);
    try {
      const start = await readState(file);
      await this.#session.startFrom(await this.#host.ready(), start);
      this.#page.measures.textContent = "";
      this.#show();
      this.#host.say(`The conversation continues from ${file.name}.`);
    } catch (error) {
      this.#page.stateFile.value = "";
      this.#host.complain(error);
    } finally {
      this.#setWorking(false);
    }
  }

  /** @param {string} kind */
  async #save(kind) {
    if (kind !== "state") return saveMessages(kind, this.#session.messages);
    try {
      const conversation = await this.#session.open(await this.#host.ready());
      saveState(await conversation.save("chat"));
      this.#host.say(
        "The state is saved, with the messages. A conversation with this model can start from it.",
      );
    } catch (error) {
      this.#host.complain(error);
    }
  }

  // ---- Showing ---------------------------------------------------------------------------------

  #showMode() {
    for (const part of this.#page.parts) part.hidden = (part.dataset.mode === "chat") !== this.active;
    this.showButtons();
  }

  /** @param {Turn[]} [messages] */
  #show(messages = this.#session.messages) {
    this.#log.show(messages);
    const { start } = this.#session;
    this.#page.stateName.textContent = start ? `Started from ${start.name}.` : "";
    this.showButtons();
  }
}
