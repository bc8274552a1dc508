/**
 * The page for blind votes. Before the names are revealed, nothing in it (text, colour, order, attributes) tells which side is whose, and
 * no other view is open.
 * @module
 */

import { download } from "../ui/dom.js";
import { renderText } from "../ui/render/index.js";
import { byId, counted, h } from "./dom.js";
import { compute } from "./engine.js";
import { announce } from "./messages.js";
import { recall, remember } from "./storage.js";
import {
  ballot,
  fromFile,
  nextPair,
  roundKey,
  scopeOf,
  toFile,
  unblinded,
  withoutLast,
  withVote,
} from "./votes.js";

/** @typedef {import("./votes.js").Round} Round */
/** @typedef {import("./votes.js").Pair} Pair */
/** @typedef {import("./votes.js").Choice} Choice */
/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */

/** @type {readonly [Choice, string, string][]} */
const BUTTONS = [
  ["left", "Left is better", "1"],
  ["tie", "Tie", "="],
  ["both_bad", "Both are bad", "0"],
  ["right", "Right is better", "2"],
];

export class VotePage {
  /** @type {Round | null} */
  #round = null;
  /** @type {Pair[]} */
  #pairs = [];
  /** @type {Set<string>} */
  #skipped = new Set();
  /** Rounds of other raters. @type {Round[]} */
  #others = [];
  #key = "";
  #root = byId("vote-page");

  /** @param {{onTurn: () => void}} options called when a round begins or ends */
  constructor({ onTurn }) {
    this.onTurn = onTurn;
  }

  /** Whether names must be hidden: a round has begun and is not revealed. */
  get blind() {
    return this.#round !== null && !this.#round.revealed;
  }

  /** What the round is about; it goes on there. @returns {import("./votes.js").Scope | undefined} */
  get scope() {
    return this.#round?.scope;
  }

  /** Finds the round that belongs to the open reports. @param {readonly Column[]} columns all, hidden ones too */
  open(columns) {
    this.#key = roundKey(columns);
    this.#round = columns.length > 0 ? readRound(this.#key) : null;
    this.#others = [];
  }

  /** @param {readonly Row[]} rows @param {readonly Column[]} columns @param {import("./votes.js").Scope} view */
  setUp(rows, columns, view) {
    this.rows = rows;
    this.columns = columns;
    this.view = view;
    this.#skipped = new Set();
    this.#deal();
  }

  #deal() {
    if (this.#round && this.rows && this.columns)
      this.#pairs = ballot(this.rows, this.columns, {
        seed: this.#round.seed,
        config: this.view?.config ?? "",
      });
  }

  show() {
    if (!this.#round) this.#root.replaceChildren(this.#beginning());
    else if (this.#round.revealed) this.#results();
    else this.#showPair();
  }

  /** @param {Choice} choice */
  vote(choice) {
    const pair = this.#current();
    if (!this.#round || !pair || !this.blind) return;
    const note = /** @type {HTMLInputElement | null} */ (this.#root.querySelector("#note"))?.value ?? "";
    this.#keep(withVote(this.#round, pair, { choice, note, at: new Date().toISOString() }));
    this.#skipped.delete(pair.key);
    this.show();
    announce("Noted.");
  }

  undo() {
    if (!this.#round || !this.blind || this.#round.votes.length === 0) return;
    this.#keep(withoutLast(this.#round));
    this.#skipped.clear();
    this.show();
    announce("The last vote is taken back.");
  }

  skip() {
    const pair = this.#current();
    if (!pair || !this.blind) return;
    if (this.#skipped.has(pair.key)) this.#skipped.clear();
    this.#skipped.add(pair.key);
    this.show();
  }

  #current() {
    return this.#round ? nextPair(this.#round, this.#pairs, this.#skipped) : undefined;
  }

  /** @param {Round | null} round */
  #keep(round) {
    this.#round = round;
    if (!remember(this.#key, round ? toFile(round) : undefined))
      announce("The browser does not keep the votes; save them to a file.");
  }

  #beginning() {
    const rater = h("input", {
      id: "rater",
      type: "text",
      autocomplete: "nickname",
      value: String(recall("rater") ?? ""),
    });
    const rubric = h("textarea", {
      id: "rubric",
      rows: 3,
      placeholder: "What makes an answer better? It is shown above every pair and kept with the votes.",
    });
    const start = h("button", { type: "submit", class: "primary" }, "Begin");
    const form = h(
      "form",
      { class: "vote-begin" },
      h("h2", {}, "Judge blind"),
      h("p", {}, this.#explanation()),
      h("div", { class: "field" }, h("label", { for: "rater" }, "Your name or a nickname"), rater),
      h("div", { class: "field" }, h("label", { for: "rubric" }, "Rubric"), rubric),
      h("div", { class: "bar-buttons" }, start, this.#importButton()),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      remember("rater", rater.value);
      const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
      this.#keep({
        rater: rater.value.trim() || "unnamed",
        seed,
        rubric: rubric.value.trim(),
        scope: scopeOf(/** @type {import("./votes.js").Scope} */ (this.view)),
        revealed: false,
        pairs: 0,
        votes: [],
      });
      this.onTurn();
    });
    return form;
  }

  #explanation() {
    const single = this.columns?.length === 1;
    return `Two outputs for one prompt are shown without names; you say which is better. ${single ? "The configurations of this report" : "The open reports"} are the contenders. Identical outputs are left out. Names stay hidden, and the other views closed, until you reveal them; after that, the votes are locked.`;
  }

  #showPair() {
    const round = /** @type {Round} */ (this.#round);
    const pair = this.#current();
    const count = `${counted(round.votes.length, "vote")} of ${counted(this.#pairs.length, "pair")}`;
    const tools = h(
      "div",
      { class: "bar" },
      h("p", { id: "vote-count" }, count),
      h(
        "span",
        { class: "bar-buttons" },
        h(
          "button",
          { type: "button", class: "quiet", onclick: () => this.undo(), disabled: round.votes.length === 0 },
          "Undo ",
          h("kbd", {}, "u"),
        ),
        h("button", { type: "button", class: "quiet", onclick: () => this.#save() }, "Save votes"),
        round.votes.length === 0
          ? h("button", { type: "button", onclick: () => this.#restart() }, "Leave the round")
          : h("button", { type: "button", onclick: () => this.#askToReveal() }, "Reveal names"),
      ),
    );
    const rubric = round.rubric ? h("p", { class: "rubric" }, round.rubric) : null;
    if (!pair) {
      const words =
        this.#pairs.length === 0
          ? "There is no pair to judge: at least two reports (or configurations) must differ on a prompt."
          : "Every pair has been judged.";
      this.#root.replaceChildren(tools, h("p", { class: "absent" }, words));
      return;
    }
    const sides = h(
      "div",
      { class: "duel" },
      duelSide("Left", pair.left.text),
      duelSide("Right", pair.right.text),
    );
    const buttons = BUTTONS.map(([choice, words, key]) =>
      h(
        "button",
        { type: "button", "data-choice": choice, onclick: () => this.vote(choice) },
        `${words} `,
        h("kbd", {}, key),
      ),
    );
    const skip = h(
      "button",
      { type: "button", class: "quiet", onclick: () => this.skip() },
      "Skip ",
      h("kbd", {}, "x"),
    );
    const note = h(
      "div",
      { class: "field" },
      h("label", { for: "note" }, "Note (kept with the vote)"),
      h("input", { id: "note", type: "text", autocomplete: "off" }),
    );
    this.#root.replaceChildren(
      tools,
      ...(rubric ? [rubric] : []),
      h("p", { class: "duel-prompt", dir: "auto" }, pair.prompt),
      sides,
      h("div", { class: "choices", role: "group", "aria-label": "Your vote" }, ...buttons, skip),
      note,
    );
  }

  /** Reveals at once when every pair is judged; else asks, since the round ends with it. */
  #askToReveal() {
    const { votes } = /** @type {Round} */ (this.#round);
    if (!nextPair(/** @type {Round} */ (this.#round), this.#pairs, new Set())) return this.#reveal();
    const dialog = h(
      "dialog",
      { "aria-labelledby": "reveal-title" },
      h("h2", { id: "reveal-title" }, "End the round now?"),
      h(
        "p",
        {},
        `${votes.length} of ${counted(this.#pairs.length, "pair")} are judged. Once you have seen the names, these votes are locked, and they are marked as unblinded before the round was over.`,
      ),
      h(
        "form",
        { method: "dialog", class: "bar-buttons" },
        h("button", { class: "primary", value: "go on" }, "Go on judging"),
        h("button", { value: "reveal" }, "Show the names"),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "reveal") this.#reveal();
    });
    this.#root.append(dialog);
    dialog.showModal();
  }

  #reveal() {
    if (!this.#round) return;
    this.#keep({ ...this.#round, revealed: true, pairs: this.#pairs.length });
    this.onTurn();
  }

  #restart() {
    this.#keep(null);
    this.#others = [];
    this.onTurn();
  }

  #save() {
    if (this.#round)
      download(
        `votes-${this.#round.rater.replace(/[^\p{L}\p{N}-]+/gu, "-")}.json`,
        `${JSON.stringify(toFile(this.#round), null, 2)}\n`,
        "application/json",
      );
  }

  #importButton() {
    const input = h("input", {
      id: "votes-file",
      type: "file",
      accept: ".json,application/json",
      multiple: true,
      class: "visually-hidden",
    });
    input.addEventListener("change", () => this.#import([...(input.files ?? [])]));
    return h(
      "span",
      { class: "field" },
      h("label", { for: "votes-file", class: "button" }, "Open votes…"),
      input,
    );
  }

  /** @param {File[]} files */
  async #import(files) {
    for (const file of files) {
      try {
        const round = fromFile(JSON.parse(await file.text()));
        if (this.#round) this.#others.push(round);
        else this.#keep(round);
      } catch (error) {
        announce(`${file.name}: ${error instanceof Error ? error.message : error}.`);
      }
    }
    this.onTurn();
  }

  async #results() {
    const status = h("p", { role: "status" }, "Computing …");
    const body = h("div", {}, status);
    const tools = h(
      "div",
      { class: "bar" },
      h("p", { id: "unblinded" }, unblinded(/** @type {Round} */ (this.#round))),
      h(
        "span",
        { class: "bar-buttons" },
        this.#importButton(),
        h("button", { type: "button", class: "quiet", onclick: () => this.#save() }, "Save votes"),
        h(
          "button",
          { type: "button", class: "quiet", onclick: () => this.#restart() },
          "New round (these votes are dropped)",
        ),
      ),
    );
    const rounds = [/** @type {Round} */ (this.#round), ...this.#others];
    this.#root.replaceChildren(tools, body);
    try {
      const { resultsOf, votesTable } = await import("./vote-results.js");
      body.after(votesTable(rounds));
      const files = rounds.map((round, index) => ({
        ...toFile(round),
        file: `votes of ${round.rater}`,
        rater: raterName(rounds, index),
      }));
      const result = await compute("judge", { files }, (words) => {
        status.textContent = words;
      });
      body.replaceChildren(...resultsOf(result));
    } catch (error) {
      body.replaceChildren(
        h(
          "p",
          { class: "message error" },
          `The votes could not be judged: ${error instanceof Error ? error.message : error}`,
        ),
      );
    }
  }
}

/** @param {Round[]} rounds @param {number} index */
function raterName(rounds, index) {
  const { rater } = /** @type {Round} */ (rounds[index]);
  const earlier = rounds.slice(0, index).filter((round) => round.rater === rater).length;
  return earlier === 0 ? rater : `${rater} (${earlier + 1})`;
}

/** @param {string} key @returns {Round | null} */
function readRound(key) {
  try {
    const kept = /** @type {object | undefined} */ (recall(key));
    return kept ? fromFile(kept) : null;
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} text */
function duelSide(name, text) {
  const bubble = h("div", { class: "bubble neutral model-text", dir: "auto" });
  bubble.append(renderText(text).fragment);
  if (text.trim() === "") bubble.classList.add("empty");
  return h("section", { "aria-label": name }, h("h2", {}, name), bubble);
}
