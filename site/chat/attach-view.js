/**
 * What is attached to the open conversation: the button and what it opens, the list, and how many passages go
 * into a prompt. What searches is documents.js, which is fetched when something is attached.
 */

import { byId, element, fill } from "../ui/dom.js";
import { focusIfLost } from "../ui/keep-focus.js";
import { problem } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { attachedTo } from "./passages.js";

/** @import { ChatSession } from "./session.js" */
/** @import { Attached, Passage } from "./passages.js" */
/** @typedef {import("./documents.js").Documents} Documents */

/** Documents of one conversation. */
const MOST = 20;

export class AttachView {
  #session;
  #say;
  #complain;
  #list = byId("attached", "ul");
  #input = byId("attach-files", "input");
  #collections = byId("attach-collection", "select");
  #count = byId("passage-count", "input");
  #budget = byId("passage-tokens", "input");
  /** @type {Promise<Documents> | undefined} */
  #documents;
  #open;
  #turn = 0;

  /**
   * @param {ChatSession} session
   * @param {{holder: import("../ui/engine.js").EngineHolder, say: (words: string) => void,
   *   complain: (error: unknown) => void, changed: () => void, open?: () => Promise<Documents>}} host
   *   `open` makes what searches
   */
  constructor(session, { holder, say, complain, changed, open }) {
    this.#session = session;
    this.#open = open ?? (async () => new (await import("./documents.js")).Documents(holder));
    this.#say = say;
    this.#complain = complain;
    const box = byId("attach-box", "details");
    box.addEventListener("toggle", () => box.open && this.#offerCollections().catch(complain));
    this.#input.addEventListener("change", () => {
      const files = [...(this.#input.files ?? [])].map((file) => ({ name: file.name, blob: file }));
      this.#input.value = "";
      this.take(files);
    });
    this.#collections.addEventListener("change", () => {
      const { value: hash, selectedOptions } = this.#collections;
      const name = selectedOptions[0]?.text ?? "";
      this.#collections.value = ""; // which chooses another one
      if (hash) this.#attach([{ kind: "collection", name, hash }]);
    });
    for (const field of [this.#count, this.#budget]) {
      field.addEventListener("change", () => {
        field.value = String(within(field));
        changed();
      });
    }
    session.on(["open", "settings", "busy"], () => this.#show().catch(complain));
  }

  /** For the memory. @returns {[string, string][]} */
  values() {
    return [
      ["passages", this.#count.value],
      ["passage_tokens", this.#budget.value],
    ];
  }

  /** @param {Map<string, string>} values */
  restore(values) {
    this.#count.value = values.get("passages") ?? "";
    this.#budget.value = values.get("passage_tokens") ?? "";
    for (const field of [this.#count, this.#budget]) field.value = String(within(field));
  }

  /** Attaches files. @param {{name: string, blob: Blob}[]} files */
  async take(files) {
    try {
      this.#attach(await (await this.#ready()).add(files));
    } catch (error) {
      this.#complain(error);
    }
  }

  /**
   * The passages of what is attached that fit a message; null if nothing is attached.
   * @param {string} text
   * @param {import("../engine/client.js").RequestOptions} options
   * @returns {Promise<{passages: Passage[], passage_tokens: number} | null>}
   */
  async find(text, options) {
    const attached = attachedTo(this.#session.tree);
    if (!attached.length) return null;
    const budget = within(this.#budget);
    const documents = await this.#ready();
    const found = await documents.find(text, attached, { ...options, count: within(this.#count), budget });
    if (found.skipped.length) this.#complain(problem(found.skipped.slice(0, 3).join(" "), ""));
    return { passages: found.passages, passage_tokens: budget };
  }

  #ready() {
    this.#documents ??= this.#open();
    return this.#documents;
  }

  /** @param {Attached[]} more */
  #attach(more) {
    const known = attachedTo(this.#session.tree);
    const all = [...new Map([...known, ...more].map((one) => [one.hash, one])).values()];
    if (all.length > MOST)
      return this.#complain(
        problem(
          t("{most} documents can be attached.", { most: MOST }),
          t("Add them to a collection in Search."),
        ),
      );
    this.#session.attach(all);
    this.#say(tn(more.length, "{n} document is attached.", "{n} documents are attached."));
  }

  async #offerCollections() {
    const found = await (await this.#ready()).collections();
    const first = element("option", { value: "" }, found.length ? t("Choose…") : t("There are none yet."));
    this.#collections.replaceChildren(
      first,
      ...found.map(({ name, hash }) => element("option", { value: hash }, name)),
    );
  }

  async #show() {
    const attached = attachedTo(this.#session.tree);
    const turn = ++this.#turn;
    this.#list.hidden = !attached.length;
    if (!attached.length) return this.#list.replaceChildren();
    const missing = await (await this.#ready()).missing(attached);
    if (turn !== this.#turn) return;
    const hadFocus = this.#list.contains(document.activeElement);
    fill(
      this.#list,
      attached.map((one) => this.#item(one, missing.includes(one))),
    );
    if (hadFocus) focusIfLost(byId("message", "textarea"));
  }

  /** @param {Attached} one @param {boolean} isMissing */
  #item(one, isMissing) {
    const { kind, name } = one;
    const remove = element(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": t("Remove {name}", { name }),
        disabled: this.#session.busy,
        onclick: () =>
          this.#session.attach(attachedTo(this.#session.tree).filter((each) => each.hash !== one.hash)),
      },
      "×",
    );
    const words = kind === "collection" ? t("Collection {name}", { name }) : name;
    const gone =
      kind === "file"
        ? t("no longer here: attach it again")
        : t("no longer in this browser: remove it, or import it in Search");
    return element(
      "li",
      { class: isMissing ? "missing" : "" },
      element("span", {}, words),
      isMissing ? element("span", { class: "note" }, ` ${gone}`) : "",
      remove,
    );
  }
}

/** A number field's value within its bounds. @param {HTMLInputElement} field */
function within({ valueAsNumber, min, max, defaultValue }) {
  const value = Math.round(Number.isFinite(valueAsNumber) ? valueAsNumber : Number(defaultValue));
  return Math.min(Number(max), Math.max(Number(min), value));
}
