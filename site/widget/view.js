/**
 * What <goose-quill> shows: built once from elements and filled with text nodes only. It does not know the
 * engine; goose-quill.js calls it, and is called when a button is pressed.
 */

import { isComposing } from "../ui/composing.js";
import { element } from "../ui/dom.js";
import { ProgressView } from "../ui/progress.js";
import { ThoughtFold } from "../ui/thought-fold.js";
import { growText, shownText } from "../ui/unseen.js";
import { t } from "../ui/words.js";
import { CSS } from "./styles.js";

/** @typedef {"send" | "stop" | "retry" | "copy" | "clear"} Action */

/** @type {CSSStyleSheet | null} shared by all elements, created with the first */
let sheet = null;

function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}

/** @param {string} name @param {...(Node | string)} fallback */
function slot(name, ...fallback) {
  return element("slot", { name }, ...fallback);
}

export class View {
  /** @type {HTMLElement | null} where text is being added */
  #writing = null;
  /** @type {ThoughtFold | null} what the model thinks before the text */
  #thought = null;

  /** @param {ShadowRoot} root @param {(action: Action) => void} act */
  constructor(root, act) {
    root.adoptedStyleSheets = [styleSheet()];
    const button = (/** @type {Action} */ action, quiet = true) => {
      const created = element("button", { type: "button", part: quiet ? `button ${action}` : action });
      if (quiet) created.className = "quiet";
      created.addEventListener(
        "click",
        () => created.getAttribute("aria-disabled") !== "true" && act(action),
      );
      return created;
    };
    this.label = element("label", { part: "label", for: "input" });
    this.input = element("textarea", {
      id: "input",
      part: "input",
      rows: "3",
      autocomplete: "off",
      "aria-describedby": "hint",
    });
    this.hint = element("p", { id: "hint", class: "note", part: "hint" });
    this.buttons = {
      send: button("send", false),
      stop: button("stop", false),
      retry: button("retry"),
      copy: button("copy"),
      clear: button("clear"),
    };
    const { send, stop, retry, copy, clear } = this.buttons;
    const row = element("div", { class: "row", part: "actions" }, send, stop, slot("actions"));
    this.status = element("p", { class: "status note", part: "status", role: "status" });
    this.bar = element("progress", { part: "progress" });
    this.figures = element("p", { class: "note", part: "figures" });
    const progress = element(
      "div",
      { class: "progress", hidden: true },
      slot("progress", this.bar, this.figures),
    );
    row.append(element("span", { class: "row more" }, retry, copy, clear), progress);
    this.progress = new ProgressView({ box: progress, bar: this.bar, label: this.figures }, (text) =>
      this.say(text),
    );
    this.error = element("div", { class: "error", part: "error", role: "alert", hidden: true });
    this.poster = element("div", { class: "poster", part: "poster" }, slot("poster"));
    this.output = element("div", {
      class: "output",
      part: "output",
      role: "region",
      tabindex: "0",
      hidden: true,
    });
    this.root = element(
      "div",
      { class: "root", part: "root" },
      this.poster,
      element("div", { class: "compose" }, this.label, this.input, this.hint, row),
      element("div", { class: "about" }, this.status, this.error),
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
    } else if (event.key === "Enter" && event.target === this.input && !isComposing(event)) {
      const chat = this.root.dataset.mode === "chat";
      if (!(event.ctrlKey || event.metaKey || (chat && !event.shiftKey))) return;
      event.preventDefault();
      act("send");
    }
  }

  /**
   * Writes what does not change while it works. @param {{mode: "chat" | "completion", label: string,
   * placeholder: string}} look
   */
  describe({ mode, label, placeholder }) {
    const chat = mode === "chat";
    this.root.dataset.mode = mode;
    this.label.textContent = label || (chat ? t("Message") : t("Prompt"));
    this.input.placeholder = placeholder;
    this.output.setAttribute("aria-label", chat ? t("Conversation") : t("Output"));
    this.bar.setAttribute("aria-label", t("Progress"));
    const { send, stop, retry, copy, clear } = this.buttons;
    send.textContent = chat ? t("Send") : t("Generate");
    stop.textContent = t("Stop");
    retry.textContent = t("Retry");
    copy.textContent = t("Copy");
    clear.textContent = t("Clear");
    this.hint.textContent = chat
      ? t("Enter sends, Shift+Enter starts a new line, Esc stops.")
      : t("Ctrl+Enter generates, Esc stops.");
  }

  /** @param {{busy: boolean, written: boolean, retry: boolean}} state */
  enable({ busy, written, retry }) {
    const enabled = {
      send: !busy,
      stop: busy,
      retry: !busy && retry,
      copy: written,
      clear: !busy && (written || retry),
    };
    for (const [name, on] of Object.entries(enabled)) {
      this.buttons[/** @type {Action} */ (name)].setAttribute("aria-disabled", String(!on));
    }
    this.root.toggleAttribute("data-busy", busy);
    this.output.setAttribute("aria-busy", String(busy));
  }

  /** One line, announced politely. @param {string} text */
  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** @param {{message: string, remedy?: string} | null} error */
  showError(error) {
    this.error.hidden = error === null;
    if (!error) return;
    this.error.replaceChildren(element("strong", {}, error.message), error.remedy ? ` ${error.remedy}` : "");
    this.say(""); // the box is an alert, which is announced by itself
  }

  /** @param {boolean} on */
  showPoster(on) {
    this.poster.hidden = !on;
  }

  /** Starts a text: the prompt, then what is generated. @param {string} prompt */
  beginText(prompt) {
    this.#writing = element("span", { class: "writing", part: "text" });
    this.output.replaceChildren(
      element("span", { class: "prompt-text", part: "prompt-text" }, ...shownText(prompt)),
      this.#writing,
    );
    this.output.hidden = false;
  }

  /**
   * @param {{role: string, content: string, thought?: string}[]} messages
   * @param {boolean} writing whether a reply follows
   */
  showMessages(messages, writing) {
    const list = element("ol", { class: "messages" }, ...messages.map((message) => bubble(message)));
    this.#writing = this.#thought = null;
    if (writing) {
      this.#thought = new ThoughtFold();
      const reply = bubble({ role: "assistant", content: "" }, this.#thought);
      this.#writing = /** @type {HTMLElement} */ (reply.lastElementChild);
      this.#writing.classList.add("writing");
      list.append(reply);
    }
    this.output.replaceChildren(list);
    this.output.hidden = list.childElementCount === 0;
    this.#follow(true);
  }

  /** @param {string} text @param {string} [thought] */
  append(text, thought = "") {
    const following = this.output.scrollHeight - this.output.scrollTop - this.output.clientHeight < 40;
    this.#thought?.add(thought);
    if (this.#writing && text) {
      if (!this.#writing.hasChildNodes()) this.#thought?.end({ fold: true });
      growText(this.#writing, text);
    }
    this.#follow(following);
  }

  endText() {
    this.#writing?.classList.remove("writing");
    const empty = this.#writing?.textContent === "";
    this.#thought?.end({ fold: !empty });
    if (empty && !this.#thought?.text) this.#writing?.closest("li")?.remove(); // stopped before the first token
  }

  clear() {
    this.output.replaceChildren();
    this.output.hidden = true;
    this.#writing = this.#thought = null;
    this.showError(null);
    this.say("");
  }

  /** Scrolls to the end, unless the reader has scrolled back. @param {boolean} following */
  #follow(following) {
    if (following) this.output.scrollTop = this.output.scrollHeight;
  }
}

/**
 * @param {{role: string, content: string, thought?: string}} message
 * @param {ThoughtFold} [fold] of a reply that is being written
 */
function bubble({ role, content, thought = "" }, fold = new ThoughtFold()) {
  const user = role === "user";
  fold.add(thought);
  if (thought) fold.end({ fold: content !== "" });
  const part = `message ${user ? "user" : "assistant"}`;
  return element(
    "li",
    { class: part, part },
    element("span", { class: "who" }, user ? t("You") : t("Model")),
    fold.box,
    element("span", { class: "said" }, ...shownText(content)),
  );
}
