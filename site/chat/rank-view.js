/**
 * Ranking replies to one message: side by side, by keys 1 to 9, by dragging, or by lists; ties are allowed.
 * The dialog has the whole thread above them, and "none is good". Where several models or decoders wrote
 * them, the order is drawn, and the names appear only after the ranking, which is final then.
 */

import { element } from "../ui/dom.js";
import { renderInto } from "../ui/render/index.js";
import { shownText } from "../ui/unseen.js";
import { t } from "../ui/words.js";
import { LONG, whoIs } from "./message-view.js";
import { lastOf } from "./thread-view.js";

/** @import { Message, Tree } from "../collections/conversation-tree.js" */

/** Replies that are ranked at once, those around the one that is shown. */
const MOST = 20;
/** Messages before them that are shown. */
const MOST_BEFORE = 100;

/**
 * Those of the replies to one message that are ranked with the one that is shown.
 * @param {Message[]} replies
 * @param {Message} shown
 */
export function rankedWith(replies, shown) {
  const first = Math.max(0, Math.min(replies.indexOf(shown) - MOST / 2, replies.length - MOST));
  return replies.slice(first, first + MOST);
}

/**
 * Asks for a ranking.
 * @param {Tree} tree
 * @param {Message[]} replies to one message
 * @param {{names?: string[], decided?: (places: string[][], shown: Message[]) => (string | Node)[],
 *   draw?: () => number}} [options] `names` of those who wrote them, in the same order, make the ranking
 *   blind; `decided` is called before they appear, with the replies as shown, and returns what to say then;
 *   `draw` gives random numbers below 1
 * @returns {Promise<string[][] | null>} ids by place, the best first; [] if none is good; null if it was
 *   cancelled
 */
export function askForRanking(tree, replies, { names, decided = () => [], draw = Math.random } = {}) {
  const blind = names && { names: new Map(replies.map(({ id }, at) => [id, names[at]])), decided };
  return new RankDialog(tree, blind ? shuffled(replies, draw) : replies, blind).result;
}

/** What a person does to rank replies, in words. */
export function rankingHint() {
  return t(
    "Rank the replies, 1 for the best: focus a reply and press a number key, drag a reply onto " +
      "another, or choose a rank below it. Two replies may share a rank.",
  );
}

class RankDialog {
  #cards;
  #dialog;
  #save = element("button", { class: "primary", value: "save", "data-testid": "rank-save" }, t("Save"));
  /** What was decided before names appeared. @type {string[][] | null} */
  #decided = null;

  /**
   * @param {Tree} tree
   * @param {Message[]} replies
   * @param {{
   *   names: Map<string, string>, decided: (places: string[][], shown: Message[]) => (string | Node)[]
   * }} [blind]
   */
  constructor(tree, replies, blind) {
    this.#cards = new RankCards(replies, () => this.#show());
    const thread = element("div", {
      class: "rank-thread",
      tabindex: 0,
      role: "region",
      "aria-label": t("What was said before"),
    });
    for (const { role, text, fields } of lastOf(tree.path(replies[0].parent), MOST_BEFORE)) {
      const known = blind && role === "assistant" ? {} : fields; // a name would give another away
      const who = whoIs({ id: "", parent: null, rank: null, role, text, fields: known });
      thread.append(element("p", {}, element("strong", {}, `${who}: `), ...shownText(text.slice(0, LONG))));
    }
    const form = element(
      "form",
      { method: "dialog", class: "action-bar" },
      this.#save,
      element("button", { value: "none", "data-testid": "rank-none" }, t("None is good")),
      element("button", { class: "quiet", value: "cancel" }, t("Cancel")),
    );
    form.addEventListener("submit", (event) => {
      const pressed = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value ?? "";
      const places = this.#answer(pressed);
      if (!blind || !places || this.#decided) return;
      event.preventDefault();
      this.#decided = places;
      this.#cards.reveal(blind.names);
      const close = element("button", { class: "primary", "data-testid": "rank-close" }, t("Close"));
      form.replaceChildren(
        close,
        element("p", { class: "note", role: "status" }, ...blind.decided(places, replies)),
      );
      close.focus();
    });
    const hint = [rankingHint(), ...(blind ? [` ${t("The names appear after you have decided.")}`] : [])];
    this.#dialog = element(
      "dialog",
      { class: "rank", "aria-labelledby": "rank-title", "data-testid": "rank-dialog" },
      element("h2", { id: "rank-title" }, t("Which reply is best?")),
      thread,
      element("p", { class: "note" }, ...hint),
      this.#cards.box,
      form,
    );
    this.#cards.set(replies.map(({ id, rank }) => [id, rank === null ? 0 : rank + 1]));
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    thread.scrollTop = thread.scrollHeight;
    this.#cards.focus();
    /** @type {Promise<string[][] | null>} */
    this.result = new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => {
        this.#dialog.remove();
        resolve(this.#decided ?? this.#answer(this.#dialog.returnValue));
      });
    });
  }

  /** @param {string} pressed */
  #answer(pressed) {
    if (pressed === "none") return [];
    return pressed === "save" ? this.#cards.places : null;
  }

  #show() {
    this.#save.disabled = this.#cards.placed < 2;
  }
}

/** Replies side by side, each of which is given a place. */
export class RankCards {
  /** The place of each reply, 1 for the best. @type {Map<string, number>} */
  #places = new Map();
  #replies;
  #onChange;
  /** @type {HTMLElement[]} */
  #cards;
  #dragged = -1;
  /** Whether nothing can be changed any more. */
  #fixed = false;

  /** @param {Message[]} replies in the order in which they are shown @param {() => void} onChange */
  constructor(replies, onChange) {
    this.#replies = replies;
    this.#onChange = onChange;
    this.#cards = replies.map((reply, at) => this.#card(reply, at));
    this.box = element("div", { class: "rank-cards" }, ...this.#cards);
  }

  /** The ids by place, the best first. */
  get places() {
    const places = [...new Set(this.#places.values())].sort((a, b) => a - b);
    return places.map((place) => [...this.#places].filter(([, at]) => at === place).map(([id]) => id));
  }

  /** How many have a place. */
  get placed() {
    return this.#places.size;
  }

  /** The place of each that has one, as `set` takes them. @returns {[id: string, place: number][]} */
  get all() {
    return [...this.#places];
  }

  /** @param {[id: string, place: number][]} places 1 for the best, 0 for none */
  set(places) {
    this.#places = new Map(places.filter(([, place]) => place));
    this.#show();
  }

  focus() {
    this.#cards[0].focus();
  }

  /** Shows who wrote what; nothing can be changed any more. @param {Map<string, string>} names by id */
  reveal(names) {
    this.#fixed = true;
    this.#cards.forEach((card, at) => {
      const name = names.get(this.#replies[at].id) ?? "";
      card.querySelector("h3")?.append(element("span", { "data-testid": "rank-name" }, ` · ${name}`));
      card.draggable = false;
      /** @type {HTMLSelectElement} */ (card.querySelector("select")).disabled = true;
    });
  }

  /** @param {Message} reply @param {number} at */
  #card(reply, at) {
    const said = element("div", { class: "said model-text", dir: "auto" });
    renderInto(said, reply.text.slice(0, LONG), { special: "show" });
    const name = t("Reply {letter}", { letter: String.fromCharCode(65 + at) });
    const select = element(
      "select",
      { "aria-label": t("Rank of {name}", { name }), "data-testid": "rank-place" },
      element("option", { value: "" }, t("Not ranked")),
      ...this.#replies.map((_, place) => element("option", { value: place + 1 }, String(place + 1))),
    );
    select.addEventListener("change", () => this.#put(reply, Number(select.value)));
    const card = element(
      "section",
      { class: "rank-card", tabindex: 0, draggable: "true", "aria-label": name, "data-testid": "rank-card" },
      element("h3", {}, name),
      said,
      select,
    );
    card.addEventListener("keydown", (event) => {
      if (event.target !== card) return;
      if (/^[1-9]$/.test(event.key) && Number(event.key) <= this.#replies.length) {
        this.#put(reply, Number(event.key));
      }
      if (event.key === "0" || event.key === "Delete") this.#put(reply, 0);
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0;
      this.#cards[at + step]?.focus();
    });
    card.addEventListener("dragstart", () => {
      this.#dragged = at;
    });
    card.addEventListener("dragover", (event) => event.preventDefault());
    card.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#drop(this.#dragged, at);
    });
    return card;
  }

  /** @param {Message} reply @param {number} place 0 for none */
  #put({ id }, place) {
    if (this.#fixed) return;
    if (place) this.#places.set(id, place);
    else this.#places.delete(id);
    this.#show();
  }

  /**
   * A reply that is dropped onto another takes its place, and all from there on come after it.
   * @param {number} from
   * @param {number} to
   */
  #drop(from, to) {
    if (from < 0 || from === to || this.#fixed) return;
    const order = this.#replies.toSorted((a, b) => this.#placeOf(a) - this.#placeOf(b));
    const [moved] = order.splice(order.indexOf(this.#replies[from]), 1);
    order.splice(order.indexOf(this.#replies[to]), 0, moved);
    order.forEach(({ id }, at) => {
      this.#places.set(id, at + 1);
    });
    this.#show();
  }

  /** @param {Message} reply */
  #placeOf(reply) {
    return this.#places.get(reply.id) ?? this.#replies.length + this.#replies.indexOf(reply);
  }

  #show() {
    this.#cards.forEach((card, at) => {
      const place = this.#places.get(this.#replies[at].id);
      /** @type {HTMLSelectElement} */ (card.querySelector("select")).value = String(place ?? "");
      card.toggleAttribute("data-placed", place !== undefined);
    });
    this.#onChange();
  }
}

/**
 * @template T
 * @param {T[]} list
 * @param {() => number} draw
 */
function shuffled(list, draw) {
  const found = [...list];
  for (let at = found.length - 1; at > 0; at--) {
    const other = Math.floor(draw() * (at + 1));
    [found[at], found[other]] = [found[other], found[at]];
  }
  return found;
}
