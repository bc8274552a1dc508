/** Shows tasks in the place of the conversation, and fetches their view when they are first opened. */

import { byId } from "../ui/dom.js";

/** @import { Host, TasksView, Value } from "./tasks-view.js" */

export class TasksSwitch {
  #host;
  #button = byId("tasks", "button");
  #talk = byId("talk", "section");
  #status = [byId("progress-box", "div"), byId("status-line", "div")];
  /** @type {TasksView | null} */
  #view = null;
  /** @type {Value} */
  #value = {};
  isOpen = false;

  /** @param {Omit<Host, "close">} host */
  constructor(host) {
    this.#host = { ...host, close: () => this.close({ focus: true }) };
  }

  /** What a reload must not lose. */
  toValue() {
    return { ...(this.#view?.toValue() ?? this.#value), isOpen: this.isOpen };
  }

  /** @param {Value & {isOpen: boolean}} value */
  fromValue({ isOpen, ...value }) {
    this.#value = value;
    this.isOpen = isOpen === true;
  }

  async open({ focus = true } = {}) {
    try {
      const { TasksView } = await import("./tasks-view.js");
      this.#view ??= new TasksView(this.#host, this.#value);
      this.#set(true);
      await this.#view.open({ focus });
    } catch (error) {
      this.#host.complain(error);
    }
  }

  close({ focus = false } = {}) {
    if (!this.#view || !this.isOpen) return;
    this.#set(false);
    if (focus) byId("message", "textarea").focus();
  }

  /** Looks for tasks in conversations that were added. */
  renew() {
    if (this.isOpen) this.#view?.renew();
  }

  /** @param {boolean} on */
  #set(on) {
    if (!this.#view) return;
    this.isOpen = on;
    if (on) this.#talk.after(this.#view.box);
    this.#view.box.hidden = !on;
    this.#talk.hidden = on;
    this.#button.setAttribute("aria-pressed", String(on));
    if (!this.#host.session.busy) this.#host.say(""); // it was about what is no longer shown
    (on ? this.#view.status : byId("bar", "div")).prepend(...this.#status);
    this.#host.changed();
  }
}
