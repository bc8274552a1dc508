/**
 * The chat's form: the page's mode, the settings of a conversation, the message, the buttons. It does not
 * know the conversation (chat.js), which calls it and is called when something is pressed.
 */

import { isComposing } from "../ui/composing.js";
import { byId, element } from "../ui/dom.js";
import { t, translated } from "../ui/words.js";

/**
 * What is called when the visitor acts; `settingsChanged` for what the conversation depends on.
 * @typedef {{
 *   send: () => void, again: () => void, undo: () => void, copy: () => void, clear: () => void,
 *   save: (kind: string) => void, startFrom: (file: File) => void, startEmpty: () => void,
 *   settingsChanged: () => void, modeChanged: () => void
 * }} Actions
 */

/** A prompt template of ui/decoding.json. @typedef {{format: string, title: string}} Template */

export class ChatForm {
  log = byId("messages", "div");
  message = byId("message", "textarea");
  measures = byId("chat-measures", "p");
  #modes = byId("modes", "fieldset");
  #parts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-mode]"));
  #note = byId("chat-note", "p");
  #system = byId("system", "textarea");
  #format = byId("chat-format", "select");
  #stateFile = byId("state-file", "input");
  #stateName = byId("state-name", "p");
  #noState = byId("no-state", "button");
  #send = byId("send", "button");
  #again = byId("again", "button");
  #undo = byId("undo", "button");
  #copy = byId("chat-copy", "button");
  #clear = byId("chat-clear", "button");
  #save = byId("chat-save", "div");

  /** @param {Actions} actions @param {Template[]} templates those that are chat formats can be chosen */
  constructor(actions, templates) {
    const formats = templates.filter(({ format }) => format);
    this.#format.append(
      ...formats.map(({ format, title }) => element("option", { value: format }, translated(title))),
    );
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

  /** Its state for the address and the memory. @returns {[string, string][]} */
  values() {
    const { system, format } = this.settings;
    /** @type {[string, string][]} */
    const values = [];
    if (this.active) values.push(["mode", "chat"]);
    if (system.trim()) values.push(["system", system]);
    if (format) values.push(["format", format]);
    return values;
  }

  /** Sets what `values` returned. @param {Map<string, string>} values */
  restore(values) {
    byId(`mode-${values.get("mode") === "chat" ? "chat" : "write"}`, "input").checked = true;
    this.#system.value = values.get("system") ?? "";
    const format = values.get("format") ?? "";
    this.#format.value = [...this.#format.options].some(({ value }) => value === format) ? format : "";
    this.#showMode();
  }

  /** Shows whether the model was trained for conversations. @param {boolean} trained */
  showNote(trained) {
    this.#note.hidden = trained;
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
