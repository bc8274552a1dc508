/**
 * One of the decoders side by side: its choice of settings, and for each prompt the text that it wrote, with
 * measures. Which text is shown, and whether names are hidden, is up to the page.
 */

import { DecoderChoice } from "../decoder/choice.js";
import { measureList } from "../reports/measures.js";
import { element } from "../ui/dom.js";
import { shownText } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";

/**
 * @typedef {Object} Result
 * @property {string} text
 * @property {number[]} logprobs of each token, natural
 * @property {number} seconds from the first token to the last
 * @property {number} seed
 * @property {string} finish why the text ended, "" while it is being written
 * @property {Record<string, any>} settings
 * @property {import("../reports/measures.js").Measures | null} measures
 * @property {Loop | null} loop where the text repeats itself
 */
/**
 * @typedef {{before: string, repeated: string, after: string, words: number, times: number}} Loop a text with
 *   a passage of so many words that occurs so often in a row (goosequill.evaluation.text_metrics.loops)
 */

/** The letter of a column, from its position. @param {number} at */
export const letterOf = (at) => String.fromCharCode(65 + at);

export class DecoderColumn {
  #title = element("h2");
  #output = element("div", {
    class: "output",
    "data-empty": t("The generated text appears here."),
    "data-testid": "output",
    role: "region",
    tabindex: 0,
  });
  #loop = element("p", { class: "note loop-note", hidden: true });
  #measured = element("dl", { class: "measured" });
  #remove = element("button", { type: "button", class: "quiet" }, t("Remove"));
  /** By the index of the prompt. @type {Map<number, Result>} */
  results = new Map();

  /**
   * @param {{
   *   id: number, decoding: import("../decoder/choice.js").Decoding,
   *   onChange: (column: DecoderColumn) => void, onRemove: (column: DecoderColumn) => void
   * }} options `id` is unique on the page
   */
  constructor({ id, decoding, onChange, onRemove }) {
    this.id = id;
    this.choice = new DecoderChoice(decoding, {
      id: `decoder-${id}`,
      label: t("Preset"),
      onChange: () => onChange(this),
    });
    this.#remove.addEventListener("click", () => onRemove(this));
    const { select, summary, settingsBox } = this.choice;
    const space = element("span", { class: "grow" });
    const head = element("div", { class: "row" }, this.#title, space, this.#remove);
    this.box = element(
      "section",
      { class: "panel column" },
      head,
      select,
      summary,
      settingsBox,
      this.#output,
      this.#loop,
      this.#measured,
    );
  }

  /**
   * @param {{at: number, prompt: number, blind: boolean, busy: boolean, fewest: boolean}} view at: the index
   *   of the column
   */
  show({ at, prompt, blind, busy, fewest }) {
    const result = this.results.get(prompt);
    const letter = letterOf(at);
    this.#title.textContent = blind ? t("Text {letter}", { letter }) : t("Decoder {letter}", { letter });
    this.#output.setAttribute("aria-label", t("Text {letter}", { letter }));
    const text = result?.text ?? "";
    if (this.#output.textContent !== text) this.#output.replaceChildren(...shownText(text));
    this.#showLoop(result?.loop ?? null);
    this.#measured.replaceChildren(...(result ? measuresOf(result) : []));
    this.#measured.hidden = blind; // measures would give the decoder away
    const { select, summary, settingsBox } = this.choice;
    for (const part of [select, summary, settingsBox]) part.hidden = blind;
    select.setAttribute("aria-label", t("Preset of decoder {letter}", { letter }));
    this.choice.disabled = busy;
    this.#remove.hidden = blind || fewest;
    this.#remove.disabled = busy;
  }

  /** Underlines what repeats. @param {Loop | null} loop */
  #showLoop(loop) {
    this.#loop.hidden = loop === null;
    if (!loop) return;
    const { before, repeated, after, words, times } = loop;
    const marked = element("span", { class: "loop" }, ...shownText(repeated, before));
    this.#output.replaceChildren(...shownText(before), marked, ...shownText(after, repeated));
    this.#loop.textContent = tn(
      words,
      "Repeats itself from the underlined part on: the same word, {times} times in a row.",
      "Repeats itself from the underlined part on: the same {n} words, {times} times in a row.",
      { times },
    );
  }

  /** Adds to the text that is being written. @param {string} text */
  append(text) {
    this.#output.append(...shownText(text, this.#output.lastChild?.textContent ?? ""));
  }
}

/** @param {Result} result */
function measuresOf({ logprobs, seconds, measures }) {
  const length = [
    element("dt", {}, t("Length")),
    element("dd", {}, tn(logprobs.length, "{n} token", "{n} tokens")),
  ];
  const rate = seconds > 0 ? t("{rate} tokens/s", { rate: Math.round(logprobs.length / seconds) }) : "";
  const speed = rate ? [element("dt", {}, t("Speed")), element("dd", {}, rate)] : [];
  return [...length, ...measureList(measures ?? {}), ...speed];
}
