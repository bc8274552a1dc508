/**
 * What learning came to: its figures, the same prompt written without and with it, the words of a text that
 * became likelier, and a blind round in the comparer.
 */

import { byId, element, fill } from "../ui/dom.js";
import { shownText } from "../ui/unseen.js";
import { decimal, percent, phrase, t, tn } from "../ui/words.js";

/** @import { AdapterFacts } from "../engine/protocol.js" */
/** @import { TeachSession } from "./session.js" */
/** @typedef {{text: string, logprob: number | null}} Scored a token */

/** Bits by which a token became likelier or less likely, to be marked. */
const MARKED = 0.5;
/** How a comparison is written. */
export const SETTINGS = { max_new_tokens: 60, temperature: 0.7, top_p: 0.9 };

export class ResultView {
  #session;
  #box = byId("result", "section");
  #before = byId("before", "p");
  #after = byId("after", "p");
  #wordsBox = byId("words-box", "details");

  /** @param {TeachSession} session */
  constructor(session) {
    this.#session = session;
    session.on("taught", () => this.#show());
    session.on("busy", () => {
      for (const id of ["write", "judge"]) byId(id, "button").disabled = session.busy;
    });
  }

  #show() {
    const { taught } = this.#session;
    this.#box.hidden = !taught;
    if (!taught) return;
    for (const box of [this.#before, this.#after]) box.replaceChildren();
    const hasTexts = taught.heldBack.length > 0;
    this.#wordsBox.hidden = !hasTexts;
    this.#wordsBox.open = false;
    byId("judge-row", "div").hidden = !hasTexts;
    byId("verdict", "p").replaceChildren(...verdict(taught.kept.facts));
    byId("harm", "p").textContent = [measured(taught.kept.facts), harm(taught.harm)].join(" ").trim();
  }

  /**
   * Shows what is written without and with what was learned, as it comes.
   * @param {"before" | "after"} side
   * @param {string} prompt
   * @param {AsyncIterable<{text: string}>} pieces
   */
  async write(side, prompt, pieces) {
    const box = side === "before" ? this.#before : this.#after;
    box.replaceChildren(element("span", { class: "note" }, ...shownText(prompt, "")));
    let text = "";
    for await (const piece of pieces) {
      box.append(...shownText(piece.text, text));
      text += piece.text;
    }
  }

  /** @param {Scored[][]} before tokens of each text @param {Scored[][]} after the same with the adapter */
  showWords(before, after) {
    const parts = after.map((tokens, at) =>
      element("p", { class: "compared" }, ...compared(before[at], tokens)),
    );
    const legend = element(
      "p",
      { class: "note" },
      element("span", { class: "likelier" }, t("likelier")),
      " · ",
      element("span", { class: "unlikelier" }, t("less likely")),
      ` ${t("by at least half a bit, in texts that were held back")}`,
    );
    fill(byId("words", "div"), [legend, ...parts]);
  }
}

/** @param {AdapterFacts} about */
function verdict({ before, after, recipe }) {
  const right = recipe.held_back_right;
  if (typeof right === "number") {
    return phrase("It agrees with {share} of the preferences that were held back; chance would be half.", {
      share: element("strong", {}, percent(right)),
    });
  }
  if (before == null || after == null) return [t("Its effect on texts that were held back is not known.")];
  if (after >= before)
    return [t("What it learned does not help with the texts that were held back. More examples may help.")];
  return phrase("{change} bits for texts that it had not seen: {before} → {after} bits per byte.", {
    change: element("strong", {}, signed((after - before) / before)),
    before: decimal(before, 2),
    after: decimal(after, 2),
  });
}

/** @param {AdapterFacts} about */
function measured({ counts }) {
  if (!counts.held_back) return "";
  return tn(
    counts.held_back,
    "Measured on {n} example that was held back.",
    "Measured on {n} examples that were held back.",
  );
}

/** @param {number | null} share */
function harm(share) {
  return share === null
    ? ""
    : t("While it is on, other English text costs {change} bits.", { change: signed(share) });
}

/** A relative change: "−24%", "+3%". @param {number} share */
function signed(share) {
  return `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
}

/** @param {Scored[]} before @param {Scored[]} after the same tokens */
function compared(before, after) {
  return after.map(({ text, logprob }, at) => {
    const bits = ((logprob ?? 0) - (before[at]?.logprob ?? 0)) / Math.LN2;
    const kind = bits > MARKED ? "likelier" : bits < -MARKED ? "unlikelier" : null;
    const words = `${bits > 0 ? "+" : "−"}${decimal(Math.abs(bits), 1)}`;
    return element(
      "span",
      { class: kind, title: kind && t("{bits} bits", { bits: words }) },
      ...shownText(text, ""),
    );
  });
}
