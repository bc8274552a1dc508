/**
 * The branch of a conversation that is shown, message under message. Of a long one the last messages are on
 * the page, and earlier ones when they are asked for.
 */

import { element } from "../ui/dom.js";
import { arrange, focusIfLost } from "../ui/keep-focus.js";
import { prepare } from "../ui/render/index.js";
import { withSigns } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";
import { LONG, MessageView } from "./message-view.js";

/** @import { Message } from "../collections/conversation-tree.js" */
/** @import { Act } from "./message-view.js" */
/** @import { ChatSession } from "./session.js" */

/** Messages that are on the page at first, and more each time that they are asked for. */
const STEP = 100;
/** Characters that are on the page for each of these: of long messages there are fewer. */
const EACH = 10_000;
/** Pixels from the end within which the page follows what is written. */
const NEAR = 60;

export class ThreadView {
  #session;
  #act;
  #box;
  #empty;
  #earlier = element("button", { type: "button", class: "quiet", "data-testid": "earlier" });
  /** @type {Map<string, MessageView>} */
  #views = new Map();
  /** What is on the page. @type {Message[]} */
  #shown = [];
  #most = STEP;
  #prepared = false;
  /** Messages of which more was written than is on the page. @type {Set<string>} */
  #growing = new Set();
  #frame = 0;

  /**
   * @param {ChatSession} session
   * @param {{box: HTMLElement, empty: HTMLElement, act: Act}} options `empty` is shown in an empty
   *   conversation
   */
  constructor(session, { box, empty, act }) {
    this.#session = session;
    this.#box = box;
    this.#empty = empty;
    this.#act = act;
    this.#earlier.addEventListener("click", () => {
      this.#most += STEP;
      this.#show({ follow: false });
    });
    session.on("open", () => {
      this.#most = STEP;
      this.#views.clear();
    });
    session.on("thread", () => this.#show({ follow: true }));
    session.on("busy", () => this.#showTools());
    session.on("message", (id) => {
      this.#views.get(id)?.complete();
      this.#showTools();
    });
    session.on("text", (id) => {
      this.#growing.add(id);
      this.#frame ||= requestAnimationFrame(() => this.#grow());
    });
  }

  /** Shows what was written since the last frame, and follows it if the reader sees the end. */
  #grow() {
    this.#frame = 0;
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    for (const id of this.#growing) this.#views.get(id)?.grow();
    this.#growing.clear();
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.#toEnd();
  }

  #toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** @param {{follow: boolean}} options */
  #show({ follow }) {
    const { path } = this.#session;
    if (path.length) this.#prepare();
    this.#shown = lastOf(path, this.#most);
    const views = this.#shown.map((message) => {
      const known = this.#views.get(message.id);
      if (known) return known;
      const view = new MessageView(message, this.#act);
      view.complete();
      this.#views.set(message.id, view);
      return view;
    });
    const hidden = path.length - this.#shown.length;
    this.#earlier.textContent = tn(
      Math.min(hidden, STEP),
      "Show {n} earlier message",
      "Show {n} earlier messages",
    );
    const nodes = views.map(({ box }) => box);
    const hadFocus = this.#box.contains(document.activeElement);
    arrange(this.#box, [...(hidden ? [this.#earlier] : []), ...nodes]);
    this.#empty.hidden = path.length > 0;
    this.#box.hidden = path.length === 0;
    this.#showTools();
    if (hadFocus) focusIfLost(this.#box);
    if (follow) this.#toEnd();
  }

  #showTools() {
    const { tree, leaf, busy } = this.#session;
    this.#box.setAttribute("aria-busy", String(busy)); // a reply is announced when it is complete
    for (const message of this.#shown) {
      this.#views.get(message.id)?.showTools(tree, { busy, last: message.id === leaf });
    }
  }

  /** Fetches what draws Markdown, with the first message. */
  #prepare() {
    if (this.#prepared) return;
    this.#prepared = true;
    prepare().then(
      () => this.#redraw(),
      () => {}, // texts are shown as they are
    );
  }

  #redraw() {
    for (const { id } of this.#shown) this.#views.get(id)?.complete();
  }

  /** Moves the focus to a message's button. @param {string} id @param {string} action */
  focus(id, action) {
    const button = this.#views.get(id)?.box.querySelector(`[data-action="${action}"]`);
    if (button instanceof HTMLElement) button.focus();
  }
}

/** What a screen reader hears of a branch that was chosen. @param {number} at @param {number} count */
export function placeWords(at, count) {
  return t("Version {at} of {count}.", { at, count });
}

/**
 * The last messages of a branch: `most`, or so many that the page can draw them at once.
 * @param {Message[]} path
 * @param {number} most
 */
export function lastOf(path, most) {
  let first = path.length;
  for (let left = most * EACH; first > 0 && path.length - first < most && left > 0; ) {
    const { text, fields } = path[--first];
    for (const part of [text, String(fields.thought ?? "")]) left -= withSigns(part.slice(0, LONG)).length;
  }
  return path.slice(first);
}
