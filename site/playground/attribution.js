/**
 * The panel "Attribution": how much each earlier word contributed to the selected token, or to the last one.
 * The model reads the text again without each word, which takes time; what is known so far is shown
 * meanwhile, and stays when it is stopped.
 */

import { percent, visible } from "../decoder/tokens.js";
import { chart, loadPlot } from "../ui/chart.js";
import { csvHead } from "../ui/chart-tools.js";
import { download, element } from "../ui/dom.js";
import { loadStyles } from "../ui/load-style.js";
import { phrase, t, tn } from "../ui/words.js";
import { byStrength, chartOf, shadedText, shadeLegend, wordsAsCsv, wordTable } from "./attribution-view.js";
import { TaskLine } from "./task-line.js";

/** @import { Attribution, Word } from "./attribution-view.js" */

/** Milliseconds between two drawings of what is known so far. */
const INTERVAL = 300;

/** @type {import("./rail-panels.js").Mount} */
export function mount({ session, element: box }) {
  const panel = new AttributionPanel(session, box);
  return { shown: (visible) => panel.show(visible) };
}

class AttributionPanel {
  #session;
  #button = element("button", { type: "button", class: "primary", "data-testid": "attribute" });
  #task;
  #outcome = element("div", { class: "insight", "data-testid": "attribution" });
  #drawn = -Infinity;

  /** @param {import("./session.js").PlaygroundSession} session @param {HTMLElement} box */
  constructor(session, box) {
    this.#session = session;
    this.#task = new TaskLine(() => session.stop());
    this.#button.addEventListener("click", () => this.#measure());
    const sentence = element(
      "p",
      { class: "note" },
      t(
        "Each word before the token is left out in turn, and the model reads the rest again. The change is " +
          "what the word contributed: +1 bit means that it made the token twice as likely, −1 " +
          "bit half as likely.",
      ),
    );
    const limits = element(
      "p",
      { class: "note" },
      t(
        "The bits do not add up to the total: two words that say the same thing each " +
          "contribute little. Other browsers and processors round differently, which can " +
          "change the bits by up to 0.2.",
      ),
    );
    const heading = element("h2", {}, t("What led to a token"));
    box.append(heading, sentence, limits, this.#button, this.#task.element, this.#outcome);
    session.addEventListener("text", () => this.#outcome.replaceChildren());
    for (const event of ["text", "token", "end", "selection", "model"])
      session.addEventListener(event, () => this.#offer());
    this.#offer();
  }

  /** @param {boolean} visible */
  show(visible) {
    if (visible) this.#offer();
  }

  /** Names the token that the button is for. */
  #offer() {
    const { text, busy } = this.#session;
    const index = this.#target();
    const token = index === null ? undefined : text?.tokens[index];
    const offer = token
      ? t("Find what led to “{token}”", { token: visible(token.text) })
      : t("Find what led to the selected token");
    this.#button.textContent = index === null ? t("Generate a text first") : offer;
    this.#button.disabled = index === null || busy; // while a text is written its last token changes
  }

  /** The index of the token in question: the selected one, or the last. @returns {number | null} */
  #target() {
    const { text, selected } = this.#session;
    if (!text) return null;
    return selected ?? (text.tokens.length ? text.tokens.length - 1 : null);
  }

  async #measure() {
    const { text } = this.#session;
    const index = this.#target();
    if (!text || index === null) return;
    await Promise.all([loadPlot(), loadStyles("ui/chart.css", "playground/insight.css")]);
    /** @type {Word[]} */
    const words = [];
    const token = text.tokens[index]?.text ?? "";
    const found = await this.#run(text, index, (word) => {
      words.unshift(word);
      this.#draw(words, token);
    });
    if (found) this.#finish(found);
    else this.#interrupted(words, token);
    this.#offer();
  }

  /**
   * @param {import("./texts.js").Text} text
   * @param {number} index
   * @param {(word: Word) => void} onPart
   * @returns {Promise<Attribution | null>}
   */
  async #run(text, index, onPart) {
    this.#outcome.replaceChildren();
    this.#drawn = -Infinity;
    try {
      const model = await this.#session.ensureModel();
      return await this.#session.work(t("Leaving out one word at a time…"), ({ signal, onProgress }) => {
        this.#offer();
        const show = (/** @type {any} */ progress) => {
          onProgress(progress);
          this.#task.show(progress);
        };
        const written = text.tokens.map(({ token }) => token);
        const args = { prompt: text.prompt, written, index };
        return model.call("attribute", args, { signal, onProgress: show, onPart });
      });
    } catch (error) {
      this.#session.complain(error); // the model could not be loaded
      return null;
    } finally {
      this.#task.hide();
    }
  }

  /** Shows what is known so far. @param {Word[]} words @param {string} token */
  #draw(words, token) {
    const now = performance.now();
    if (now - this.#drawn < INTERVAL) return;
    this.#drawn = now;
    this.#outcome.replaceChildren(shadedText(words, token), shadeLegend());
  }

  /** @param {Attribution} found */
  #finish(found) {
    const { text, logprob, words, before, likeliest } = found;
    const [first] = byStrength(words);
    const parts = [
      element(
        "p",
        {},
        ...phrase("The model gave {token} {share}.", {
          token: element("code", {}, visible(text)),
          share: percent(Math.exp(logprob)),
        }),
      ),
    ];
    if (likeliest.token !== found.token)
      parts[0].append(
        " ",
        ...phrase("Its first choice was {token}.", { token: element("code", {}, visible(likeliest.text)) }),
      );
    if (first) parts[0].append(" ", ...strongest(first));
    if (before)
      parts.push(
        element(
          "p",
          { class: "note" },
          tn(
            before,
            "The first token was read, but not left out.",
            "The first {n} tokens were read, but not left out.",
          ),
        ),
      );
    this.#outcome.replaceChildren(
      ...parts,
      shadedText(words, text),
      shadeLegend(),
      chart(chartOf(found)),
      ...allWords(words),
    );
    this.#session.say(tn(words.length, "Tested {n} word.", "Tested {n} words."));
  }

  /** Keeps what is known. @param {Word[]} words @param {string} token */
  #interrupted(words, token) {
    if (!words.length) return;
    const note = tn(
      words.length,
      "Stopped: only the last word before the token was left out.",
      "Stopped: only the last {n} words before the token were left out.",
    );
    this.#outcome.replaceChildren(
      element("p", { class: "note", "data-testid": "attribution-part" }, note),
      shadedText(words, token),
      shadeLegend(),
      ...allWords(words),
    );
  }
}

/** The table of all words, with its file. @param {Word[]} words */
function allWords(words) {
  const save = () => download("attribution.csv", csvHead(t("All words")) + wordsAsCsv(words), "text/csv");
  const name = t("Save all words as CSV");
  const button = element("button", { type: "button", class: "quiet", onclick: save }, name);
  return [element("h3", {}, t("All words")), wordTable(words), button];
}

/** The strongest word in a sentence. @param {Word} word @returns {(string | Node)[]} */
function strongest({ text, logprob, instead }) {
  return phrase("Without {word} it would have been {share}, and the first choice {other}.", {
    word: element("code", {}, visible(text)),
    share: percent(Math.exp(logprob)),
    other: element("code", {}, visible(instead.text)),
  });
}
