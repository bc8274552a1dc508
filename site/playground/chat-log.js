/**
 * The messages of a conversation as the page shows them: whole, or growing while a reply is generated.
 */

import { element } from "../ui/dom.js";
import { ThoughtFold } from "../ui/thought-fold.js";
import { shownText } from "../ui/unseen.js";
import { t } from "../ui/words.js";

/** @import { Turn } from "../engine/client.js" */

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
    for (const { role, content, thought = "" } of messages) {
      const bubble = this.#addBubble(role);
      bubble.add(content, thought);
      bubble.end();
    }
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
  #thought = new ThoughtFold();

  /** @param {Turn["role"]} role */
  constructor(role) {
    const name = element("p", { class: "who" }, whoIs(role));
    this.box = element("div", { class: `message ${role}` }, name, this.#thought.box, this.#said);
  }

  /** @param {string} text @param {string} thought */
  add(text, thought) {
    this.#thought.add(thought);
    if (text && !this.text) this.#thought.end({ fold: true });
    this.#said.append(...shownText(text, this.text));
    this.text += text;
  }

  /** @returns {Turn} */
  turn() {
    const thought = this.#thought.text;
    return { role: "assistant", content: this.text, ...(thought && { thought }) };
  }

  /** Nothing is added any more. */
  end() {
    this.#thought.end({ fold: this.text !== "" });
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
