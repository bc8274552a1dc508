/**
 * The page for blind votes: begins a round, shows pairs (of one model's live columns, all texts at once), and
 * ends the round with its results. Until names are revealed, nothing on it (text, colour, order, attributes)
 * shows which side is whose, and no other page is open.
 */

import { toFile, unblinded } from "../reports/votes.js";
import { fileText } from "../ui/bounded-file.js";
import { ask } from "../ui/dialog.js";
import { byId, download, element } from "../ui/dom.js";
import { keepFocus } from "../ui/keep-focus.js";
import { errorWords } from "../ui/status.js";
import { inLine } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";
import { emptyElement } from "./empty.js";
import { announce, ask as askAbout } from "./messages.js";
import { beginForm, groupView } from "./vote-forms.js";

/** @import { Round } from "../reports/votes.js" */
/** @import { Best } from "./judging.js" */

/** Bytes of a file of votes. */
const LARGEST = 64_000_000;

export class VotePage {
  #root = byId("vote-page", "div");
  #judging;
  /** What was wrong with the files that were opened last, until the next try. @type {string[]} */
  #problems = [];
  #session;
  #engine;
  #turn;
  /** What a new round is about. @type {import("../reports/votes.js").Scope | undefined} */
  #scope;
  #single = false;

  /**
   * @param {import("./session.js").ReportSession} session
   * @param {{
   *   judging: import("./judging.js").Judging, engine: import("./lazy-engine.js").LazyEngine,
   *   turn: () => void
   * }} options turn: a round has begun or ended
   */
  constructor(session, { judging, engine, turn }) {
    this.#session = session;
    this.#judging = judging;
    this.#engine = engine;
    this.#turn = turn;
  }

  /** @param {import("./session.js").ReportSession} session */
  setUp({ shown, columns, view }) {
    this.#scope = view;
    this.#single = columns.length === 1;
    this.#judging.deal(shown, columns, view.config);
  }

  show() {
    const draw = () => {
      if (!this.#judging.round) this.#root.replaceChildren(this.#begin());
      else if (this.#judging.blind) this.#showPair();
      else this.#showResults();
    };
    keepFocus(this.#root, draw, this.#root);
  }

  /** @param {Best} best */
  vote(best) {
    const note = /** @type {HTMLInputElement | null} */ (this.#root.querySelector("#note"))?.value ?? "";
    const { current, live } = this.#judging;
    if (!this.#judging.vote(best, note)) return;
    if (!live || !this.#judging.complete) return this.#changed(t("Vote saved."));
    const words =
      typeof best === "number"
        ? (current?.texts[best]?.name ?? "")
        : { tie: t("tie"), both_bad: t("all are bad") }[best];
    this.#judging.reveal();
    const wins = [...this.#judging.wins].map(([name, { wins, votes }]) =>
      t("{name}: {wins} of {votes}", { name, wins, votes }),
    );
    const tally = `${t("Comparisons won, votes in this browser.")} ${wins.join(" · ")}`;
    this.#session.change({ page: "write" }); // where their names are shown beside them
    this.#turn();
    this.#session.announce("judged", `${t("Your vote: {words}.", { words })} ${tally}`);
  }

  undo() {
    try {
      if (this.#judging.undo()) this.#changed(t("Last vote undone."));
    } catch (error) {
      announceError(error);
    }
  }

  skip() {
    if (this.#judging.skip()) this.show();
  }

  /** @param {string} words */
  #changed(words) {
    this.show();
    announce(words);
  }

  #begin() {
    const empty = emptyElement(this.#session, this.#root);
    if (empty) return element("div", {}, empty, this.#importButton());
    return beginForm({
      rater: this.#judging.lastRater,
      single: this.#single,
      live: this.#judging.live,
      importButton: this.#importButton(),
      onBegin: ({ rater, rubric }) => {
        this.#judging.begin({
          rater,
          rubric,
          scope: /** @type {import("../reports/votes.js").Scope} */ (this.#scope),
        });
        this.#turn();
      },
    });
  }

  #showPair() {
    const { current, pairs, votes, live, judged } = this.#judging;
    const { rubric } = /** @type {Round} */ (this.#judging.round);
    const undo = element(
      "button",
      { type: "button", class: "quiet", onclick: () => this.undo(), disabled: votes.length === 0 },
      `${t("Undo")} `,
      element("kbd", {}, "u"),
    );
    const end =
      votes.length === 0
        ? button(t("End this round"), () => this.#discard(), {})
        : button(t("Reveal names"), () => this.#askToReveal(), {});
    const count = live
      ? tn(pairs.length, "{judged} of {n} prompt judged", "{judged} of {n} prompts judged", { judged })
      : tn(pairs.length, "{votes} of {n} pair", "{votes} of {n} pairs", {
          votes: tn(judged, "{n} vote", "{n} votes"),
        });
    const tools = element(
      "div",
      { class: "action-bar spread" },
      element("p", { id: "vote-count" }, count),
      element("span", { class: "action-bar" }, undo, this.#saveButton(), end),
    );
    if (current) {
      const view = groupView(current, { onVote: (best) => this.vote(best), onSkip: () => this.skip() });
      const shownRubric = rubric ? [element("p", { class: "rubric" }, rubric)] : [];
      this.#root.replaceChildren(tools, ...shownRubric, ...view);
      return;
    }
    const words =
      pairs.length === 0
        ? t(
            "There is no pair to judge: at least two reports (or configurations) must differ on a prompt that is shown. End this round to show more prompts or to add a report.",
          )
        : t("Every pair has been judged.");
    this.#root.replaceChildren(tools, element("p", { class: "absent" }, words));
  }

  /** Reveals at once when every pair is judged; else asks first, because the round ends with it. */
  async #askToReveal() {
    const { judged } = this.#judging;
    const confirmed =
      this.#judging.complete ||
      (await ask({
        title: t("End the round now?"),
        text: tn(
          this.#judging.pairs.length,
          "You have judged {judged} of {n} pair. Once you have seen the names, these votes are locked and marked as unblinded before the round was over.",
          "You have judged {judged} of {n} pairs. Once you have seen the names, these votes are locked and marked as unblinded before the round was over.",
          { judged },
        ),
        confirm: t("Show the names"),
        cancel: t("Continue judging"),
        parent: this.#root,
      }));
    if (confirmed) this.#reveal();
  }

  #reveal() {
    this.#judging.reveal();
    this.#turn();
  }

  #discard() {
    try {
      this.#judging.discard();
      this.#turn();
    } catch (error) {
      announceError(error);
    }
  }

  #saveButton() {
    return button(t("Save votes"), () => {
      const { round } = this.#judging;
      if (!round) return;
      const name = round.rater.replace(/[^\p{L}\p{N}-]+/gu, "-");
      download(`votes-${name}.json`, `${JSON.stringify(toFile(round), null, 2)}\n`, "application/json");
    });
  }

  #importButton() {
    const input = element("input", {
      id: "votes-file",
      type: "file",
      accept: ".json,application/json",
      multiple: true,
      class: "visually-hidden",
    });
    input.addEventListener("change", () => this.#import([...(input.files ?? [])]));
    const label = element("label", { for: "votes-file", class: "button" }, t("Open votes…"));
    const field = element("span", { class: "field" }, label, input);
    if (!this.#problems.length) return field;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", "votes-problem");
    const lines = this.#problems.map((words) => element("span", {}, words));
    field.append(element("span", { id: "votes-problem", class: "field-problem" }, ...lines));
    return field;
  }

  /** @param {File[]} files */
  async #import(files) {
    this.#problems = [];
    for (const file of files) {
      try {
        this.#judging.add(JSON.parse(await fileText(file, LARGEST, "")));
      } catch (error) {
        this.#problems.push(inLine(`${file.name}: ${errorWords(error).message.replace(/\.$/, "")}.`));
      }
    }
    this.#turn();
    if (this.#problems.length) announce(this.#problems.join(" "));
  }

  async #showResults() {
    const { rounds } = this.#judging;
    const body = element("div", {}, element("p", { role: "status" }, t("Computing …")));
    const restart = this.#judging.live
      ? button(t("New round"), () => this.#root.replaceChildren(this.#begin()))
      : button(t("New round (deletes these votes)"), () => this.#discard());
    const buttons = element(
      "span",
      { class: "action-bar" },
      this.#importButton(),
      this.#saveButton(),
      restart,
    );
    const locked = element("p", { id: "unblinded" }, unblinded(/** @type {Round} */ (rounds[0])));
    this.#root.replaceChildren(element("div", { class: "action-bar spread" }, locked, buttons), body);
    const { showResults } = await import("./vote-results.js");
    await showResults(body, rounds, this.#engine);
  }
}

/** Offers stored votes that cannot be read and were set aside. @param {string} name @param {string} text */
export function offerDamaged(name, text) {
  const words = t(
    "The votes that this browser kept for these reports cannot be read. They have been set aside.",
  );
  const save = () => download(`${name.replaceAll(":", "-")}.json`, text, "application/json");
  askAbout(name, element("span", {}, ` ${words}`), [{ label: t("Download them"), act: save }]);
}

/** @param {unknown} error */
function announceError(error) {
  const { message, remedy } = errorWords(error);
  announce(`${message} ${remedy}`);
}

/** @param {string} label @param {() => void} onclick @param {{class?: string}} [properties] */
function button(label, onclick, properties = { class: "quiet" }) {
  return element("button", { type: "button", ...properties, onclick }, label);
}
