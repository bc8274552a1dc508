/**
 * The conversations that are kept, at the side or in a drawer: open, rename, pin, delete with undo, find by
 * words of the title or of the first message.
 */

import { byId, element } from "../ui/dom.js";
import { focusIfLost, keepFocus, redraw } from "../ui/keep-focus.js";
import { inLine } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";

/** @import { Kept } from "../collections/conversation-shelf.js" */
/** @import { ChatSession } from "./session.js" */
/**
 * @typedef {{
 *   say: (words: string) => void, complain: (error: unknown) => void, create: () => void, tasks: () => void,
 *   chosen: () => void
 * }} Options `chosen` is called when a conversation is chosen, also the one that is open
 */

/** Conversations that are in the list at first, and more each time that they are asked for. */
const STEP = 200;
/** Characters of a title that are shown and searched: a file may have any number. */
const LONGEST = 200;
/** Narrower than this the list is a drawer; the same width is in chat.css. */
const NARROW = "(max-width: 53.99rem)";

export class ListView {
  #session;
  #say;
  #complain;
  #chosen;
  #drawer = byId("chats", "aside");
  #toggle = byId("chats-toggle", "button");
  #list = byId("chat-list", "ul");
  #filter = byId("chat-filter", "input");
  #undo = byId("chat-undo", "button");
  #count = byId("chat-count", "p");
  #narrow = matchMedia(NARROW);
  #most = STEP;
  /** The conversation whose title is being changed. */
  #renaming = "";

  /** @param {ChatSession} session @param {Options} options */
  constructor(session, { say, complain, create, tasks, chosen }) {
    this.#session = session;
    this.#say = say;
    this.#complain = complain;
    this.#chosen = chosen;
    for (const [id, open] of /** @type {const} */ ([
      ["chat-new", create],
      ["tasks", tasks],
    ])) {
      byId(id, "button").addEventListener("click", () => {
        this.#fold();
        open();
      });
    }
    this.#toggle.addEventListener("click", () => this.#open(!this.#drawer.hasAttribute("data-open")));
    byId("chats-close", "button").addEventListener("click", () => this.#open(false));
    this.#drawer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#narrow.matches || this.#renaming) return;
      event.stopPropagation();
      this.#open(false);
    });
    this.#filter.addEventListener("input", () => this.#show());
    this.#undo.addEventListener("click", async () => {
      const count = await session.restoreRemoved();
      this.#undo.hidden = true;
      focusIfLost(this.#filter);
      say(tn(count, "{n} conversation restored.", "{n} conversations restored."));
    });
    session.on(["list", "open", "busy"], () => this.#show());
  }

  /** @param {boolean} on */
  #open(on) {
    this.#drawer.toggleAttribute("data-open", on);
    this.#toggle.setAttribute("aria-expanded", String(on));
    (on ? this.#filter : this.#toggle).focus();
  }

  #fold() {
    if (this.#narrow.matches && this.#drawer.hasAttribute("data-open")) this.#open(false);
  }

  #show() {
    const { list, busy } = this.#session;
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = list.filter((one) => {
      if (!words.length) return true;
      const text = `${one.title.slice(0, LONGEST)} ${one.first}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const more = element(
      "li",
      {},
      element("button", { type: "button", class: "quiet", onclick: () => this.#showMore() }, t("Show more")),
    );
    const items = found.slice(0, this.#most).map((one) => this.#item(one, busy));
    const rows = [...items, ...(found.length > this.#most ? [more] : [])];
    keepFocus(this.#list, () => redraw(this.#list, rows), this.#filter);
    this.#count.textContent = words.length
      ? tn(found.length, "{n} conversation found", "{n} conversations found")
      : list.length
        ? ""
        : t("Your conversations will be listed here.");
  }

  #showMore() {
    this.#most += STEP;
    this.#show();
  }

  /** @param {Kept} one @param {boolean} busy */
  #item(one, busy) {
    const { id, pinned } = one;
    const title = inLine(one.title || one.first || t("Untitled"), LONGEST);
    if (id === this.#renaming) return element("li", {}, this.#titleField(one));
    const current = id === this.#session.tree.id;
    const open = element(
      "button",
      {
        type: "button",
        class: "quiet chat-open",
        id: `chat-${id}`,
        "aria-current": current ? "true" : null,
        disabled: busy && !current,
        onclick: () => this.#choose(id),
      },
      pinned ? `${t("Pinned:")} ${title}` : title,
    );
    const tools = element(
      "div",
      { class: "row chat-tools" },
      this.#tool(`rename-${id}`, t("Rename"), title, () => this.#rename(id)),
      this.#tool(`pin-${id}`, pinned ? t("Unpin") : t("Pin"), title, () =>
        this.#session.change(id, { pinned: !pinned }),
      ),
      this.#tool(`delete-${id}`, t("Delete"), title, () => this.#remove(id, title), busy && current),
    );
    return element("li", { "data-testid": "chat-item", class: current ? "current" : "" }, open, tools);
  }

  /**
   * @param {string} id
   * @param {string} words
   * @param {string} title of the conversation
   * @param {() => void} onclick
   * @param {boolean} [disabled]
   */
  #tool(id, words, title, onclick, disabled = false) {
    const label = `${words}: ${title}`;
    return element(
      "button",
      { type: "button", class: "quiet", id, "aria-label": label, onclick, disabled },
      words,
    );
  }

  /** @param {string} id */
  async #choose(id) {
    this.#fold();
    this.#chosen();
    if (id !== this.#session.tree.id) await this.#session.open(id);
  }

  /** @param {string} id */
  #rename(id) {
    this.#renaming = id;
    this.#show();
    const field = this.#list.querySelector("input");
    field?.focus();
    field?.select();
  }

  /** @param {Kept} one */
  #titleField({ id, title, first }) {
    const field = element("input", {
      type: "text",
      value: (title || first).slice(0, LONGEST),
      maxlength: LONGEST,
      "aria-label": t("Title"),
      "data-testid": "chat-title",
    });
    const end = async (/** @type {boolean} */ keep) => {
      if (this.#renaming !== id) return;
      this.#renaming = "";
      const hadFocus = document.activeElement === field;
      if (keep) await this.#session.change(id, { title: field.value.trim() });
      else this.#show();
      if (hadFocus) document.getElementById(`rename-${id}`)?.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") {
        event.stopPropagation();
        end(false);
      }
    });
    field.addEventListener("blur", () => end(true));
    return field;
  }

  /** @param {string} id @param {string} title */
  async #remove(id, title) {
    try {
      await this.#session.remove([id]);
    } catch (error) {
      return this.#complain(error);
    }
    this.#undo.hidden = false;
    this.#undo.focus();
    this.#say(t("“{title}” is deleted. Undo restores it.", { title }));
  }
}
