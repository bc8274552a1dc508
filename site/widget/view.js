// What <goose-quill> shows: built once from elements, filled with text nodes only. It knows nothing of
// the engine; the element tells it what to show and hears what was pressed.

import { CSS } from "./styles.js";

/** @typedef {import("../engine/client.js").Progress} Progress */
/** @typedef {"send" | "stop" | "retry" | "copy" | "clear"} Action */

/** @type {Record<Progress["status"], string>} */
const PHASES = {
  engine: "Loading the engine",
  start: "Starting the engine",
  model: "Loading the model",
  weights: "Reading the weights",
  prompt: "Reading the prompt",
};

/** @type {CSSStyleSheet | null} shared by all elements, made with the first */
let sheet = null;

function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {string} name @param {...(Node | string)} fallback */
function slot(name, ...fallback) {
  return make("slot", { name }, ...fallback);
}

export class View {
  /** @type {Map<Progress["status"], Progress>} downloads side by side are shown as one */
  #downloads = new Map();
  /** @type {HTMLElement | null} where text is being written */
  #writing = null;

  /** @param {ShadowRoot} root @param {(action: Action) => void} act */
  constructor(root, act) {
    root.adoptedStyleSheets = [styleSheet()];
    const button = (/** @type {Action} */ action, /** @type {string} */ text, quiet = true) => {
      const made = make("button", { type: "button", part: quiet ? `button ${action}` : action }, text);
      if (quiet) made.className = "quiet";
      made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act(action));
      return made;
    };
    this.label = make("label", { part: "label", for: "input" });
    this.input = make("textarea", {
      id: "input",
      part: "input",
      rows: "3",
      autocomplete: "off",
      "aria-describedby": "hint",
    });
    this.hint = make("p", { id: "hint", class: "note", part: "hint" });
    this.buttons = {
      send: button("send", "Write", false),
      stop: button("stop", "Stop", false),
      retry: button("retry", "Retry"),
      copy: button("copy", "Copy"),
      clear: button("clear", "Clear"),
    };
    const { send, stop, retry, copy, clear } = this.buttons;
    const row = make("div", { class: "row", part: "actions" }, send, stop, slot("actions"));
    row.append(make("span", { class: "row more" }, retry, copy, clear));
    this.status = make("p", { class: "status note", part: "status", role: "status" });
    this.bar = make("progress", { part: "progress", "aria-label": "Progress" });
    this.figures = make("p", { class: "note", part: "figures" });
    this.progress = make("div", { class: "progress", hidden: "" }, slot("progress", this.bar, this.figures));
    this.error = make("div", { class: "error", part: "error", role: "alert", hidden: "" });
    this.poster = make("div", { class: "poster", part: "poster" }, slot("poster"));
    this.output = make("div", { class: "output", part: "output", role: "region", tabindex: "0", hidden: "" });
    this.root = make(
      "div",
      { class: "root", part: "root" },
      this.poster,
      make("div", { class: "compose" }, this.label, this.input, this.hint, row),
      make("div", { class: "about" }, this.status, this.progress, this.error),
      this.output,
    );
    this.root.addEventListener("keydown", (event) => this.#key(event, act));
    root.replaceChildren(this.root);
  }

  /** @param {KeyboardEvent} event @param {(action: Action) => void} act */
  #key(event, act) {
    if (event.key === "Escape" && this.root.hasAttribute("data-busy")) {
      event.preventDefault();
      act("stop");
    } else if (event.key === "Enter" && event.target === this.input && !event.isComposing) {
      const chat = this.root.dataset.mode === "chat";
      if (!(event.ctrlKey || event.metaKey || (chat && !event.shiftKey))) return;
      event.preventDefault();
      act("send");
    }
  }

  /** @param {{mode: "chat" | "completion", label: string, placeholder: string}} look */
  describe({ mode, label, placeholder }) {
    const chat = mode === "chat";
    this.root.dataset.mode = mode;
    this.label.textContent = label || (chat ? "Message" : "Prompt");
    this.input.placeholder = placeholder;
    this.output.setAttribute("aria-label", chat ? "Conversation" : "Output");
    this.buttons.send.textContent = chat ? "Send" : "Write";
    this.hint.textContent = chat
      ? "Enter sends, Shift+Enter begins a new line, Esc stops."
      : "Ctrl+Enter writes, Esc stops.";
  }

  /** @param {{busy: boolean, written: boolean, tried: boolean}} state */
  enable({ busy, written, tried }) {
    const enabled = {
      send: !busy,
      stop: busy,
      retry: !busy && tried,
      copy: written,
      clear: !busy && (written || tried),
    };
    for (const [name, on] of Object.entries(enabled)) {
      this.buttons[/** @type {Action} */ (name)].setAttribute("aria-disabled", String(!on));
    }
    this.root.toggleAttribute("data-busy", busy);
    this.output.setAttribute("aria-busy", String(busy));
  }

  /** One line, politely announced. @param {string} text */
  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** @param {Progress} progress */
  showProgress(progress) {
    let { status, loaded, total } = progress;
    if (status === "engine" || status === "model") {
      this.#downloads.set(status, progress);
      loaded = [...this.#downloads.values()].reduce((sum, part) => sum + part.loaded, 0);
      total = [...this.#downloads.values()].reduce((sum, part) => sum + part.total, 0);
    } else if (status === "start" && [...this.#downloads.values()].some((part) => part.loaded < part.total)) {
      return; // something is still on its way, and that is the longer wait
    }
    this.say(
      `${this.#downloads.size > 1 && status === "model" ? "Loading the engine and the model" : PHASES[status]}…`,
    );
    this.progress.hidden = false;
    if (total) {
      this.bar.max = total;
      this.bar.value = Math.min(loaded, total);
    } else {
      this.bar.removeAttribute("value");
    }
    const bytes = status === "engine" || status === "model";
    this.figures.textContent = bytes ? `${megabytes(loaded)} of ${megabytes(total)} MB` : "";
  }

  hideProgress() {
    this.#downloads.clear();
    this.progress.hidden = true;
  }

  /** @param {{message: string, remedy?: string} | null} error */
  showError(error) {
    this.error.hidden = error === null;
    if (!error) return;
    this.error.replaceChildren(make("strong", {}, error.message), error.remedy ? ` ${error.remedy}` : "");
    this.say(""); // the box is an alert, which is read by itself
  }

  /** @param {boolean} on */
  showPoster(on) {
    this.poster.hidden = !on;
  }

  /** Begins a text: what goes before it, then what is written. @param {string} prompt */
  beginText(prompt) {
    this.#writing = make("span", { class: "writing", part: "text" });
    this.output.replaceChildren(
      make("span", { class: "prompt-text", part: "prompt-text" }, prompt),
      this.#writing,
    );
    this.output.hidden = false;
  }

  /** @param {{role: string, content: string}[]} messages @param {boolean} writing whether one more is coming */
  showMessages(messages, writing) {
    const list = make(
      "ol",
      { class: "messages" },
      ...messages.map(({ role, content }) => bubble(role, content)),
    );
    this.#writing = null;
    if (writing) {
      const coming = bubble("assistant", "");
      this.#writing = /** @type {HTMLElement} */ (coming.lastElementChild);
      this.#writing.classList.add("writing");
      list.append(coming);
    }
    this.output.replaceChildren(list);
    this.output.hidden = list.childElementCount === 0;
    this.#follow(true);
  }

  /** @param {string} text */
  append(text) {
    const following = this.output.scrollHeight - this.output.scrollTop - this.output.clientHeight < 40;
    this.#writing?.append(text);
    this.#follow(following);
  }

  endText() {
    this.#writing?.classList.remove("writing");
    if (this.#writing?.textContent === "") this.#writing.closest("li")?.remove(); // stopped before it began
  }

  clear() {
    this.output.replaceChildren();
    this.output.hidden = true;
    this.#writing = null;
    this.showError(null);
    this.say("");
  }

  /** @param {boolean} wanted who has scrolled back is left there */
  #follow(wanted) {
    if (wanted) this.output.scrollTop = this.output.scrollHeight;
  }
}

/** @param {string} role @param {string} content */
function bubble(role, content) {
  const user = role === "user";
  return make(
    "li",
    { class: `message ${user ? "user" : "assistant"}`, part: `message ${user ? "user" : "assistant"}` },
    make("span", { class: "who" }, user ? "You" : "Model"),
    make("span", { class: "said" }, content),
  );
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
