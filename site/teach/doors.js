/**
 * What the model learns from: a text or a file, a table of prompts and answers, or the ratings of Chat. Each
 * door makes one file of examples of what it has, which Python reads (goosequill.tuning.examples).
 */

import { Shelf } from "../collections/conversation-shelf.js";
import { writeConversations } from "../engine/conversation-files.js";
import { fileBytes } from "../ui/bounded-file.js";
import { byId, element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { megabytes, t, tn, translated } from "../ui/words.js";
import { PairTable } from "./pair-table.js";
import { readSets } from "./sets.js";

/** @import { Engine } from "../engine/engine.js" */
/** @import { Door, Pair, TeachSession } from "./session.js" */
/** @import { Sets } from "./sets.js" */
/** @typedef {{name: string, data: Uint8Array}} Examples what a result is called at first, and a file */

/** Bytes of a file of examples (goosequill.tuning.examples). */
const LONGEST = 32_000_000;
/** Characters from which paragraphs of a text are an example. */
const PIECE = 300;
/** Examples that learning takes at least (goosequill.tuning.training). */
const LEAST = 5;
/** Characters of a text that name what is learned from it. */
const NAME = 30;

export class Doors {
  #session;
  #complain;
  #text = byId("teach-text", "textarea");
  #sets = byId("set", "select");
  #table;
  /** @type {Pick<Sets, "prompts" | "sets">} */
  #ready = { prompts: [], sets: [] };
  #offering = false;
  #shelf = new Shelf(() => this.#countRatings());

  /** @param {TeachSession} session @param {{complain: (error: unknown) => void}} options */
  constructor(session, { complain }) {
    this.#session = session;
    this.#complain = complain;
    this.#table = new PairTable(byId("pairs", "tbody"), () => session.change({ pairs: this.#table.pairs }));
    for (const radio of this.#radios) {
      radio.addEventListener("change", () => session.change({ door: /** @type {Door} */ (radio.value) }));
    }
    this.#text.addEventListener("input", () => session.change({ text: this.#text.value, file: null }));
    const file = byId("text-file", "input");
    file.addEventListener("change", () => {
      if (file.files?.[0]) this.take(file.files[0]);
      file.value = "";
    });
    acceptDrops({
      onFiles: ([first]) => this.take(first),
      onDrag: (dragging) => document.body.toggleAttribute("data-dragging", dragging),
    });
    byId("add-pair", "button").addEventListener("click", () => this.#table.add());
    this.#sets.addEventListener("change", () => this.#fill());
    session.on("source", () => this.#show());
    session.on("busy", () => {
      const fields = [...this.#radios, this.#text, this.#sets, file, byId("add-pair", "button")];
      for (const field of fields) field.disabled = session.busy;
      this.#table.disabled = session.busy;
    });
    this.#countRatings();
  }

  get #radios() {
    return /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("input[name=door]")]);
  }

  /** Shows what the session has, such as after a reload. */
  restore() {
    const { door, text, pairs } = this.#session;
    for (const radio of this.#radios) radio.checked = radio.value === door;
    this.#text.value = text;
    this.#table.pairs = pairs;
    this.#show();
  }

  /** Learns from a file. @param {File} file */
  take(file) {
    if (this.#session.busy) return;
    this.#session.change({ door: "text", file });
    this.restore();
  }

  #show() {
    const { door, file, text, pairs } = this.#session;
    for (const name of ["text", "pairs", "ratings"]) byId(`door-${name}`, "div").hidden = name !== door;
    if (door === "pairs") this.#offer();
    const pieces = piecesIn(text);
    byId("text-facts", "p").textContent = file
      ? t("Learning from {name} ({size}) instead of the text.", {
          name: file.name,
          size: megabytes(file.size),
        })
      : text.trim()
        ? tn(pieces, "{n} piece", "{n} pieces")
        : "";
    const complete = pairs.filter(isComplete).length;
    byId("pair-facts", "p").textContent = tn(complete, "{n} complete row", "{n} complete rows");
  }

  async #countRatings() {
    const kept = await this.#shelf.list();
    byId("rating-facts", "p").textContent = kept.length
      ? tn(
          kept.length,
          "{n} conversation is kept in this browser. What you rated or ranked in it is learned.",
          "{n} conversations are kept in this browser. What you rated or ranked in them is learned.",
        )
      : t("No conversations are kept in this browser yet.");
  }

  /** Lists the ready sets, which are fetched when their door is opened. */
  async #offer() {
    if (this.#offering || this.#ready.sets.length) return;
    this.#offering = true;
    try {
      this.#ready = await readSets();
      this.#sets.append(
        ...this.#ready.sets.map(({ name, title }) => element("option", { value: name }, translated(title))),
      );
    } catch (error) {
      this.#complain(error);
    }
    this.#offering = false;
  }

  #fill() {
    const { prompts, sets } = this.#ready;
    const set = sets.find(({ name }) => name === this.#sets.value);
    byId("set-note", "p").textContent = set ? translated(set.note) : "";
    this.#table.pairs = (set?.answers ?? []).map((answer, at) => ({ prompt: prompts[at], answer }));
    this.#session.change({ pairs: this.#table.pairs });
  }

  /** How much there is to learn from, or null where only the engine knows. */
  get extent() {
    const { door, file, text, pairs } = this.#session;
    if (door === "ratings" || file) return null;
    const complete = pairs.filter(isComplete);
    return door === "pairs"
      ? { examples: complete.length, bytes: linesOf(complete).length }
      : { examples: piecesIn(text), bytes: new TextEncoder().encode(text).length };
  }

  /** Whether there is something to learn from; if not, it says so at its field, which gets the focus. */
  check() {
    const { door, file, text } = this.#session;
    const { examples = LEAST } = this.extent ?? {}; // if it is unknown, the engine says what is missing
    if (door === "ratings") return true;
    if (door === "pairs") {
      if (examples >= LEAST) return true;
      this.#table.complain(t("Fill in at least {least} rows, or choose a ready set.", { least: LEAST }));
      return false;
    }
    if (file ? file.size <= LONGEST : examples >= LEAST) return true;
    const words = file
      ? t("The file is too large: at most {most} can be learned from.", { most: megabytes(LONGEST) })
      : text.trim()
        ? tn(
            examples,
            "The text has only {n} piece, and at least {least} are needed: paste more of it, or put empty lines between its pieces.",
            "The text has only {n} pieces, and at least {least} are needed: paste more of it, or put empty lines between its pieces.",
            { least: LEAST },
          )
        : t("Paste a text, or open a file.");
    showFieldProblem(this.#text, words);
    this.#text.focus();
    return false;
  }

  /**
   * What is to be learned from, as a file.
   * @param {(work: (engine: Engine) => Promise<Uint8Array>) => Promise<Uint8Array>} use the engine, without a
   *   model
   * @returns {Promise<Examples>}
   */
  async examples(use) {
    const { door, file, text, pairs } = this.#session;
    if (door === "ratings") return { name: t("Ratings"), data: await use((engine) => this.#rated(engine)) };
    if (door === "pairs") {
      const complete = pairs.filter(isComplete);
      const set = this.#sets.value && this.#sets.selectedOptions[0].text;
      return { name: set || beginning(complete[0].answer), data: linesOf(complete) };
    }
    if (file) return { name: file.name, data: await fileBytes(file, LONGEST, "") };
    return { name: beginning(text), data: new TextEncoder().encode(text) };
  }

  /** The preferences in all conversations that are kept. @param {Engine} engine */
  async #rated(engine) {
    const ids = (await this.#shelf.list()).map(({ id }) => id);
    const trees = (await this.#shelf.readAll(ids)).map(({ tree }) => tree.toValue());
    return writeConversations({ engine }, trees, "preferences");
  }
}

/** How many examples Python makes of a text (goosequill.tuning.examples.pieces). @param {string} text */
function piecesIn(text) {
  const lines = text.replace(/\r\n?/g, "\n");
  const entries = lines.split(/^%\n/m);
  if (entries.length > 1) return entries.filter((entry) => entry.trim()).length;
  const paragraphs = lines.split(/\n\s*\n/);
  let count = 0;
  let piece = "";
  for (const part of paragraphs.length > 1 ? paragraphs : lines.split("\n")) {
    piece += (piece && (paragraphs.length > 1 ? "\n\n" : "\n")) + part.replace(/^\n+|\n+$/g, "");
    if (piece.length < PIECE) continue;
    count++;
    piece = "";
  }
  return count + (piece.trim() ? 1 : 0);
}

/** @param {string} text */
function beginning(text) {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > NAME ? `${line.slice(0, NAME - 1)}…` : line;
}

/** @param {Pair} pair */
function isComplete({ prompt, answer }) {
  return prompt.trim() !== "" && answer.trim() !== "";
}

/** @param {Pair[]} pairs */
function linesOf(pairs) {
  const lines = pairs.map(({ prompt, answer }) =>
    JSON.stringify({
      messages: [
        { role: "user", content: prompt },
        { role: "assistant", content: answer },
      ],
    }),
  );
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
