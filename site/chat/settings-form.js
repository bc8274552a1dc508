/**
 * The settings above the conversation: its system prompt, its chat format, how long the model thinks, and the
 * saved state that it starts from.
 */

import { Controls } from "../ui/controls.js";
import { byId, element } from "../ui/dom.js";
import { t, translated } from "../ui/words.js";

/** @import { ChatSession } from "./session.js" */
/**
 * The chat formats, and what can be asked of a reply where the model reasons: `chat` of ui/decoding.json.
 * @typedef {{
 *   formats: {name: string, title: string, reasons: boolean}[],
 *   parameters: import("../ui/control-kinds.js").Parameter[]
 * }} ChatDescription
 * @typedef {NonNullable<import("../engine/protocol.js").ModelInfo["chat_format"]>} ModelFormat
 */

export class SettingsForm {
  #session;
  #system = byId("system", "textarea");
  #format = byId("chat-format", "select");
  #reason = byId("format-reason", "p");
  #replyBox = byId("reply-settings", "div");
  #reply;
  #formats;
  /** The format of the loaded model. @type {ModelFormat | null} */
  #own = null;

  /** @param {ChatSession} session @param {ChatDescription} description */
  constructor(session, { formats, parameters }) {
    this.#session = session;
    this.#formats = formats;
    this.#format.append(
      ...formats.map(({ name, title }) => element("option", { value: name }, translated(title))),
    );
    const onChange = () => session.announce("settings");
    this.#reply = new Controls({ prefix: "reply", onChange, folded: true });
    this.#replyBox.append(...parameters.map((parameter) => this.#reply.add(parameter)));
    this.#system.addEventListener("change", () => session.set({ system: this.#system.value }));
    this.#format.addEventListener("change", () => session.set({ format: this.#format.value }));
    session.on(["open", "settings"], () => this.#show());
    session.on("busy", () => {
      for (const field of [this.#system, this.#format]) field.disabled = session.busy;
    });
  }

  /** The settings of the next reply, where the chat format has them. @returns {Record<string, any>} */
  get replySettings() {
    return this.#reasons ? this.#reply.settings() : {};
  }

  get #reasons() {
    const chosen = this.#formats.find(({ name }) => name === this.#session.format) ?? this.#own;
    return chosen?.reasons ?? false;
  }

  /** For the memory. */
  values() {
    return this.#reply.values();
  }

  /** @param {Map<string, string>} values */
  restore(values) {
    this.#reply.restore(values);
  }

  /** Shows the model's own format and why it is this one. @param {ModelFormat | null} format */
  showModel(format) {
    this.#own = format;
    this.#show();
  }

  #show() {
    const { tree, format } = this.#session;
    this.#system.value = tree.system;
    this.#format.value = [...this.#format.options].some(({ value }) => value === format) ? format : "";
    this.#replyBox.hidden = !this.#reasons;
    if (!this.#own) return;
    const { title, reason } = this.#own;
    const words = title
      ? t("The model's own format is “{format}”.", { format: translated(title) })
      : t("The model has a format of its own.");
    this.#reason.textContent = `${words} ${translated(reason)}`;
  }
}
