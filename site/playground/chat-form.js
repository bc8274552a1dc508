/**
 * The chat's form: the page's mode, the settings of a conversation, the message, the buttons. It does not
 * know the conversation (chat.js), which calls it and is called when something is pressed.
 */

import { isComposing } from "../ui/composing.js";
import { Controls } from "../ui/controls.js";
import { byId, element } from "../ui/dom.js";
import { t, translated } from "../ui/words.js";

/**
 * What is called when the visitor acts; `settingsChanged` for what the conversation depends on,
 * `replyChanged` for what only the next reply does.
 * @typedef {{
 *   send: () => void, again: () => void, undo: () => void, copy: () => void, clear: () => void,
 *   save: (kind: string) => void, startFrom: (file: File) => void, startEmpty: () => void,
 *   settingsChanged: () => void, replyChanged: () => void, modeChanged: () => void
 * }} Actions
 */

/**
 * The chat formats, and what can be asked of a reply where the model reasons: `chat` of ui/decoding.json.
 * @typedef {{
 *   formats: {name: string, title: string, reasons: boolean}[],
 *   parameters: import("../ui/control-kinds.js").Parameter[]
 * }} ChatDescription
 * @typedef {NonNullable<import("../engine/protocol.js").ModelInfo["chat_format"]>} ModelFormat
 */

/** A format that was offered before thinking became a setting of its own. */
const WITHOUT_THOUGHT = "g1-quick";

export class ChatForm {
  log = byId("messages", "div");
  message = byId("message", "textarea");
  measures = byId("chat-measures", "p");
  #modes = byId("modes", "fieldset");
  #parts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-mode]"));
  #note = byId("chat-note", "p");
  #system = byId("system", "textarea");
  #format = byId("chat-format", "select");
  #formatReason = byId("format-reason", "p");
  #replyBox = byId("reply-settings", "div");
  #reply;
  #formats;
  /** The format of the loaded model. @type {ModelFormat | null} */
  #own = null;
  #stateFile = byId("state-file", "input");
  #stateName = byId("state-name", "p");
  #noState = byId("no-state", "button");
  #send = byId("send", "button");
  #again = byId("again", "button");
  #undo = byId("undo", "button");
  #copy = byId("chat-copy", "button");
  #clear = byId("chat-clear", "button");
  #save = byId("chat-save", "div");

  /** @param {Actions} actions @param {ChatDescription} description */
  constructor(actions, { formats, parameters }) {
    this.#formats = formats;
    this.#format.append(
      ...formats.map(({ name, title }) => element("option", { value: name }, translated(title))),
    );
    this.#reply = new Controls({ prefix: "reply", onChange: actions.replyChanged, folded: true });
    this.#replyBox.append(...parameters.map((parameter) => this.#reply.add(parameter)));
    this.#modes.addEventListener("change", () => {
      this.#showMode();
      actions.modeChanged();
      (this.active ? this.message : byId("prompt", "textarea")).focus();
    });
    this.message.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
      event.preventDefault();
      actions.send();
    });
    this.#send.addEventListener("click", actions.send);
    this.#again.addEventListener("click", actions.again);
    this.#undo.addEventListener("click", actions.undo);
    this.#copy.addEventListener("click", actions.copy);
    this.#clear.addEventListener("click", actions.clear);
    this.#save.addEventListener("click", ({ target }) => {
      if (target instanceof HTMLElement && target.dataset.chat) actions.save(target.dataset.chat);
    });
    for (const field of [this.#system, this.#format]) {
      field.addEventListener("change", actions.settingsChanged);
    }
    this.#format.addEventListener("change", () => this.#showFormat());
    this.#stateFile.addEventListener("click", () => this.clearFile()); // the same file again is a change too
    this.#stateFile.addEventListener("change", () => {
      const file = this.#stateFile.files?.[0];
      if (file) actions.startFrom(file);
    });
    this.#noState.addEventListener("click", actions.startEmpty);
  }

  /** Whether the page is in chat mode. */
  get active() {
    return this.#modes.querySelector("input:checked")?.getAttribute("value") === "chat";
  }

  /** The settings of a conversation. */
  get settings() {
    return { system: this.#system.value, format: this.#format.value };
  }

  /** The settings of the next reply, where the chat format has them. @returns {Record<string, any>} */
  get replySettings() {
    return this.#reasons ? this.#reply.settings() : {};
  }

  get #reasons() {
    const chosen = this.#formats.find(({ name }) => name === this.#format.value) ?? this.#own;
    return chosen?.reasons ?? false;
  }

  /** Its state for the address and the memory. @returns {[string, string][]} */
  values() {
    const { system, format } = this.settings;
    /** @type {[string, string][]} */
    const values = [];
    if (this.active) values.push(["mode", "chat"]);
    if (system.trim()) values.push(["system", system]);
    if (format) values.push(["format", format]);
    return [...values, ...this.#reply.values()];
  }

  /** Sets what `values` returned. @param {Map<string, string>} values */
  restore(values) {
    byId(`mode-${values.get("mode") === "chat" ? "chat" : "write"}`, "input").checked = true;
    this.#system.value = values.get("system") ?? "";
    const quick = values.get("format") === WITHOUT_THOUGHT;
    const format = quick ? "g1" : (values.get("format") ?? "");
    this.#format.value = [...this.#format.options].some(({ value }) => value === format) ? format : "";
    this.#reply.restore(quick ? new Map([["reasoning_effort", "none"]]) : values);
    this.#showMode();
    this.#showFormat();
  }

  /**
   * Shows what is known of the model.
   * @param {{trained: boolean, format: ModelFormat | null}} model whether it was trained for conversations
   */
  showModel({ trained, format }) {
    this.#note.hidden = trained;
    this.#own = format;
    this.#showFormat();
  }

  /** Shows the model's own format and why it is this one, and what can be asked of a reply. */
  #showFormat() {
    this.#replyBox.hidden = !this.#reasons;
    if (!this.#own) return;
    const { title, reason } = this.#own;
    const words = title
      ? t("The model's own format is “{format}”.", { format: translated(title) })
      : t("The model has a format of its own.");
    this.#formatReason.textContent = `${words} ${translated(reason)}`;
  }

  /** Forgets which state file was chosen. */
  clearFile() {
    this.#stateFile.value = "";
  }

  /**
   * Enables what can be used now.
   * @param {{busy: boolean, messages: boolean, canRestore: boolean, start: string}} state `messages` says
   *   whether there are any, `start` is the name of the saved state that the conversation starts from
   */
  show({ busy, messages, canRestore, start }) {
    for (const one of [this.#system, this.#format, this.#stateFile, this.#noState]) one.disabled = busy;
    for (const button of [this.#again, this.#copy, this.#clear]) button.disabled = busy || !messages;
    this.#undo.disabled = busy || !(messages || canRestore);
    this.#undo.textContent = canRestore ? t("Restore") : t("Undo last turn");
    this.#save.hidden = busy || !messages;
    this.#stateName.textContent = start && t("Started from {start}.", { start });
    this.#noState.hidden = start === "";
    this.log.setAttribute("aria-busy", String(busy)); // a reply is announced when it is complete
    for (const radio of this.#modes.querySelectorAll("input")) radio.disabled = busy;
  }

  #showMode() {
    for (const part of this.#parts) part.hidden = (part.dataset.mode === "chat") !== this.active;
  }
}
