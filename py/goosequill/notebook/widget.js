/**
 * The page's part of the widget for notebooks: <goose-quill>, kept equal to the traits of widget.py.
 * Source of the interface: https://anywidget.dev/en/afm/
 */

/**
 * @typedef {import("../../../site/widget/goose-quill.js").GooseQuill} GooseQuill
 * @typedef {{
 *   get(name: string): any, set(name: string, value: unknown): void, save_changes(): void,
 *   on(event: string, listener: (message: any) => void): void,
 *   off(event: string, listener: (message: any) => void): void
 * }} Model
 */

/** Traits that are attributes of the element; a change of the mode removes the messages, so they come first. */
const ATTRIBUTES = ["mode", "model", "system", "theme"];
/** The state that each event of the element begins. */
const STATES = { progress: "loading", load: "ready", token: "writing", done: "ready", error: "error" };
/** Events that Python gets. */
const REPORTED = ["load", "done", "abort", "error"];
/** Milliseconds between two reports of a text that grows. */
const INTERVAL = 100;

export default () => {
  /** The displays of one widget, the newest last. @type {Display[]} */
  const displays = [];
  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      model.on("msg:custom", (message) => displays.at(-1)?.perform(message));
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    async render({ model, el }) {
      const site = new URL(model.get("site"), document.baseURI);
      try {
        await import(new URL("embed/goosequill.js", site).href);
      } catch (error) {
        const remedy = "Check the address and the connection.";
        el.textContent = `Goosequill could not be loaded from ${site}. ${remedy}`;
        report(model, "error", { code: "network", message: String(error), remedy });
        return;
      }
      const display = new Display(model);
      el.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes keys that are typed into the element
      el.append(display.quill);
      displays.push(display);
      return () => {
        displays.splice(displays.indexOf(display), 1);
        display.remove();
      };
    },
  };
};

/** @param {Model} model @param {string} name @param {object} detail */
function report(model, name, detail) {
  const index = (model.get("event").index ?? 0) + 1;
  model.set("event", { name, index, detail: JSON.parse(JSON.stringify(detail)) });
  model.save_changes();
}

/** An element, and what keeps it equal to the traits. */
class Display {
  quill = /** @type {GooseQuill} */ (document.createElement("goose-quill"));
  #model;
  #timer = 0;
  /** How the element takes each trait. @type {Record<string, () => void>} */
  #take = {
    ...Object.fromEntries(ATTRIBUTES.map((name) => [name, () => this.#set(name)])),
    prompt: () => {
      if (this.quill.value !== this.#model.get("prompt")) this.quill.value = this.#model.get("prompt");
    },
    settings: () => {
      this.quill.options = this.#model.get("settings");
    },
    messages: () => {
      const messages = this.#model.get("messages");
      if (JSON.stringify(messages) !== JSON.stringify(this.quill.messages)) this.quill.messages = messages;
    },
  };

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    for (const [name, take] of Object.entries(this.#take)) {
      take();
      model.on(`change:${name}`, take);
    }
    const { quill } = this;
    for (const [name, state] of Object.entries(STATES))
      quill.addEventListener(name, () => model.set("state", state));
    quill.addEventListener("abort", () => model.set("state", quill.info ? "ready" : "idle"));
    for (const name of ["progress", "token"])
      quill.addEventListener(name, () => {
        this.#timer ||= window.setTimeout(() => this.#save(), INTERVAL);
      });
    for (const name of REPORTED)
      quill.addEventListener(name, (event) => {
        this.#save();
        report(model, name, /** @type {CustomEvent} */ (event).detail);
      });
    for (const name of ["input", "click"]) quill.addEventListener(name, () => this.#save());
  }

  /** @param {string} name */
  #set(name) {
    /** @type {any} */ (this.quill)[name] = this.#model.get(name);
  }

  #save() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    const { value, text, messages } = this.quill;
    for (const [name, now] of Object.entries({ prompt: value, text, messages })) {
      const known = this.#model.get(name);
      if (JSON.stringify(known) !== JSON.stringify(now)) this.#model.set(name, now);
    }
    this.#model.save_changes();
  }

  /** Does what Python asks for. @param {{command: string, text?: string | null}} message */
  async perform({ command, text }) {
    try {
      if (command === "generate") await this.quill.generate(text ?? undefined);
      else if (command === "load") await this.quill.load();
      else if (command === "abort") this.quill.abort();
      else if (command === "clear") this.quill.clear();
      this.#save();
    } catch (error) {
      // The element reports its own errors, but not that it is busy.
      const { name, message } = /** @type {Error} */ (error);
      const remedy = "Wait until it has finished.";
      if (name === "InvalidStateError") report(this.#model, "error", { code: "option", message, remedy });
    }
  }

  remove() {
    window.clearTimeout(this.#timer);
    for (const [name, take] of Object.entries(this.#take)) this.#model.off(`change:${name}`, take);
    this.quill.remove();
  }
}
