/**
 * The messages of a conversation as the page shows them: whole, or growing while a reply is generated. A
 * reasoning model's thoughts are folded away once its answer begins.
 */

import { element } from "../ui/dom.js";
import { shownText } from "../ui/unseen.js";
import { t } from "../ui/words.js";

/** @typedef {import("../engine/client.js").Turn} Turn */

/** Who says something, as files have it. */
export const NAMES = { system: "System", user: "You", assistant: "Model" };

export class ChatLog {
  #box;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
  }

  /** @param {Turn[]} messages */
  show(messages) {
    this.#box.replaceChildren();
    for (const { role, content, thought = "" } of messages) this.#addBubble(role).add(content, thought);
    this.#scrollToEnd();
  }

  /** An empty bubble for a reply that is about to come. */
  startReply() {
    const bubble = this.#addBubble("assistant");
    this.#scrollToEnd();
    return bubble;
  }

  /**
   * Adds to a reply, and follows it unless the reader has scrolled back.
   * @param {Bubble} bubble
   * @param {string} text
   * @param {string} thought
   */
  append(bubble, text, thought) {
    const following = this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < 40;
    bubble.add(text, thought);
    if (following) this.#scrollToEnd();
  }

  /** @param {Turn["role"]} role */
  #addBubble(role) {
    const bubble = new Bubble(role);
    this.#box.append(bubble.box);
    return bubble;
  }

  #scrollToEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }
}

/** One message, shown whole or as it comes. */
export class Bubble {
  text = "";
  thought = "";
  #said = element("div", { class: "said" });
  #thought = element("div", { class: "said" });
  #fold = element("details", { class: "thought" }, element("summary", {}, t("Thought")), this.#thought);

  /** @param {Turn["role"]} role */
  constructor(role) {
    this.#fold.hidden = true;
    const name = element("p", { class: "who" }, whoIs(role));
    this.box = element("div", { class: `message ${role}` }, name, this.#fold, this.#said);
  }

  /** @param {string} text @param {string} thought */
  add(text, thought) {
    this.#said.append(...shownText(text, this.text));
    this.#thought.append(...shownText(thought, this.thought));
    this.text += text;
    this.thought += thought;
    this.#fold.hidden = this.thought === "";
    if (thought || this.text === text) this.#fold.open = this.text === ""; // closed when the answer begins
  }

  /** @returns {Turn} */
  turn() {
    return { role: "assistant", content: this.text, ...(this.thought && { thought: this.thought }) };
  }
}

/** Who says something, as the page shows it. @param {Turn["role"]} role */
function whoIs(role) {
  if (role === "user") return t("You");
  return role === "assistant" ? t("Model") : t("System");
}

/** A conversation as plain text. @param {Turn[]} messages */
export function transcript(messages) {
  return messages.map(({ role, content }) => `${NAMES[role]}: ${content}`).join("\n\n");
}
