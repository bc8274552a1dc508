/**
 * One message as the page shows it: who says it, its text whole or as it grows, its place among the replies
 * to the same message, and what can be done with it. Model text becomes Markdown through ui/render when it is
 * complete, and is text until then.
 */

import { ratingOf } from "../collections/conversation-tree.js";
import { element } from "../ui/dom.js";
import { keepFocus, redraw } from "../ui/keep-focus.js";
import { renderInto } from "../ui/render/index.js";
import { ThoughtFold } from "../ui/thought-fold.js";
import { growText, inLine, shownText, withSigns } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";
import { passagesBox, passagesOf } from "./passages.js";

/** @import { Message, Tree } from "../collections/conversation-tree.js" */
/**
 * What a message's buttons do.
 * @typedef {"copy" | "edit" | "regenerate" | "continue" | "up" | "down" | "rank" | "before" | "after" |
 *   "tokens" | "details"} Action
 * @typedef {(action: Action, message: Message) => void} Act
 */

/** Characters of a message that are shown at once; the rest when it is asked for. */
export const LONG = 20_000;

export class MessageView {
  #message;
  #said = element("div", { class: "said model-text", dir: "auto" });
  #thought = new ThoughtFold();
  #tools = element("div", { class: "row message-tools" });
  #more = element("button", { type: "button", class: "quiet", hidden: true }, t("Show the whole message"));
  #sources = element("div", {});
  /** Characters that are on the page while the message is written. */
  #shown = 0;

  /** @param {Message} message @param {Act} act */
  constructor(message, act) {
    this.#message = message;
    const who = element("p", { class: "who" }, whoIs(message));
    this.#more.addEventListener("click", () => this.#draw(Infinity));
    this.box = element(
      "article",
      { class: `message ${message.role}`, "data-testid": "message", "data-role": message.role, tabindex: -1 },
      who,
      this.#thought.box,
      this.#said,
      this.#more,
      this.#sources,
      this.#tools,
    );
    this.box.dataset.id = message.id;
    this.#tools.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.action) act(/** @type {Action} */ (button.dataset.action), message);
    });
  }

  /** Shows what was added to the text since it was shown. */
  grow() {
    const { text, fields } = this.#message;
    if (fields.thought) this.#thought.add(fields.thought.slice(this.#thought.text.length));
    if (text && !this.#shown) this.#thought.end({ fold: true });
    growText(this.#said, text.slice(this.#shown));
    this.#shown = text.length;
  }

  /** Shows the complete text. */
  complete() {
    this.#draw(LONG);
  }

  /** @param {number} length characters to show */
  #draw(length) {
    const { text, role, fields } = this.#message;
    const thought = String(fields.thought ?? "");
    this.#thought.add(thought.slice(this.#thought.text.length, length));
    this.#thought.end({ fold: true });
    this.#more.hidden = Math.max(text.length, thought.length) <= length;
    this.#shown = text.length;
    if (role === "assistant") renderInto(this.#said, text.slice(0, length), { special: "show" });
    else this.#said.replaceChildren(...shownText(text.slice(0, length), ""));
  }

  /**
   * Shows what can be done with the message now.
   * @param {Tree} tree
   * @param {{busy: boolean, last: boolean}} state whether it is the end of its branch
   */
  showTools(tree, { busy, last }) {
    const message = this.#message;
    const siblings = tree.siblings(message);
    const replies = message.role === "assistant";
    const cut = ["length", "abort"].includes(message.fields.finish_reason);
    const fixed = busy || message.fields.saved === true; // what a saved state has read stays as it is
    const rating = ratingOf(message);
    const asked = tree.get(message.parent);
    const passages = replies && asked ? passagesOf(asked) : null;
    if (passages && !this.#sources.childElementCount)
      this.#sources.append(passagesBox(passages, asked?.text ?? ""));
    const buttons = [
      ...(siblings.length > 1 ? this.#places(siblings, busy) : []),
      this.#button("copy", t("Copy")),
      this.#button("edit", t("Edit"), { testid: "edit", disabled: fixed }),
      ...(replies
        ? [this.#button("regenerate", t("Regenerate"), { testid: "regenerate", disabled: fixed })]
        : []),
      ...(replies && last && cut
        ? [this.#button("continue", t("Continue"), { testid: "continue", disabled: busy })]
        : []),
      ...(replies ? this.#thumbs(rating) : []),
      ...(replies && siblings.length > 1 ? [this.#button("rank", t("Rank"), { testid: "rank" })] : []),
      ...(replies
        ? [this.#button("tokens", t("Word choices"), { testid: "message-tokens", disabled: busy })]
        : []),
      this.#button("details", t("Details"), { testid: "message-details" }),
      ...this.#notes(rating),
    ];
    keepFocus(this.#tools, () => redraw(this.#tools, buttons), this.box);
  }

  /** @param {Message[]} siblings @param {boolean} busy */
  #places(siblings, busy) {
    const at = siblings.indexOf(this.#message);
    const place = t("{at} of {count}", { at: at + 1, count: siblings.length });
    return [
      this.#button("before", "‹", {
        testid: "branch-previous",
        label: t("Previous version"),
        disabled: busy || at === 0,
      }),
      element("span", { class: "note place", "data-testid": "branch-place" }, `${at + 1}/${siblings.length}`),
      element("span", { class: "visually-hidden" }, place),
      this.#button("after", "›", {
        testid: "branch-next",
        label: t("Next version"),
        disabled: busy || at === siblings.length - 1,
      }),
    ];
  }

  /** @param {number} rating */
  #thumbs(rating) {
    return [
      this.#button("up", t("Good"), { testid: "rate-up", pressed: rating > 0 }),
      this.#button("down", t("Bad"), { testid: "rate-down", pressed: rating < 0 }),
    ];
  }

  /** @param {number} rating */
  #notes(rating) {
    const { rank, fields } = this.#message;
    const notes = [
      rank === null ? "" : t("Rank {rank}", { rank: rank + 1 }),
      rating && typeof fields.reason === "string" ? inLine(fields.reason) : "",
    ].filter(Boolean);
    return notes.map((note) => element("span", { class: "note" }, note));
  }

  /**
   * @param {Action} action
   * @param {string} text
   * @param {{testid?: string, label?: string, disabled?: boolean, pressed?: boolean}} [more]
   */
  #button(action, text, { testid, label, disabled, pressed } = {}) {
    return element(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-action": action,
        "data-testid": testid,
        "aria-label": label,
        title: label,
        disabled,
        "aria-pressed": pressed === undefined ? null : String(pressed),
      },
      text,
    );
  }
}

/** Who says something, as the page shows it. @param {Message} message */
export function whoIs({ role, fields }) {
  if (role === "user") return t("You");
  if (role === "system") return t("System");
  if (typeof fields.model_name === "string" && fields.model_name) return inLine(fields.model_name);
  return fields.synthetic === false ? t("A person") : t("Model");
}

/** What is known of how a message was written. @param {Message} message @returns {[string, string][]} */
export function detailsOf({ text, fields }) {
  /** @type {[string, string][]} */
  const found = [[t("Length"), tn(text.length, "{n} character", "{n} characters")]];
  if (fields.model_name) found.push([t("Model"), String(fields.model_name)]);
  if (typeof fields.tokens === "number") found.push([t("Tokens"), String(fields.tokens)]);
  if (typeof fields.read === "number") found.push([t("Tokens read"), String(fields.read)]);
  if (typeof fields.created_date === "string") found.push([t("Written"), fields.created_date]);
  if (fields.settings) found.push([t("Settings"), JSON.stringify(fields.settings, null, 1)]);
  return found.map(([name, value]) => [name, withSigns(value.slice(0, LONG))]);
}
