/**
 * Blind votes: whether a round is open, and which. The page on which they are cast is fetched when it is
 * first shown.
 */

import { unblinded } from "../reports/votes.js";
import { download, element } from "../ui/dom.js";
import { inEnglish, t } from "../ui/words.js";
import { Judging } from "./judging.js";
import { announce, ask } from "./messages.js";

/** @import { Best } from "./judging.js" */
/** @import { ReportSession } from "./session.js" */

export class Votes {
  #judging = new Judging({
    onStorageFailure: () => announce(t("The browser does not store the votes; save them to a file.")),
    onDamaged: offerDamaged,
  });
  /** Set once it has been shown. @type {import("./vote-page.js").VotePage | undefined} */
  #page;
  #session;
  #engine;

  /** @param {ReportSession} session @param {import("./lazy-engine.js").LazyEngine} engine */
  constructor(session, engine) {
    this.#session = session;
    this.#engine = engine;
    session.on("reports", () => {
      this.#judging.open(session.table.columns, { live: session.isLive }); // all, hidden ones too
      this.#turn();
    });
  }

  /** A round has begun or ended, or others are known. A blind one is continued on its page. */
  #turn() {
    const { blind, round } = this.#judging;
    this.#session.judge(blind ? (round?.scope ?? {}) : null);
  }

  /** The votes of a round whose names are known, and a sentence about it, for a saved page. */
  get finished() {
    const { round, rounds } = this.#judging;
    return round?.revealed ? { rounds, locked: inEnglish(() => unblinded(round)) } : null;
  }

  /** Begins a round on live columns whose texts were never shown. */
  judge() {
    const scope = this.#session.view;
    this.#judging.begin({ rater: this.#judging.lastRater, rubric: "", scope, unseen: true });
    this.#turn();
  }

  async show() {
    const { VotePage } = await import("./vote-page.js");
    this.#page ??= new VotePage(this.#session, {
      judging: this.#judging,
      engine: this.#engine,
      turn: () => this.#turn(),
    });
    if (this.#session.view.page !== "vote") return;
    this.#page.setUp(this.#session);
    this.#page.show();
  }

  /** @param {Best} best */
  vote(best) {
    this.#page?.vote(best);
  }

  undo() {
    this.#page?.undo();
  }

  skip() {
    this.#page?.skip();
  }
}

/** Offers stored votes that cannot be read and were set aside. @param {string} name @param {string} text */
function offerDamaged(name, text) {
  const words = t("The votes that this browser kept for these reports cannot be read. They are set aside.");
  const save = () => download(`${name.replaceAll(":", "-")}.json`, text, "application/json");
  ask(name, element("span", {}, ` ${words}`), [{ label: t("Download them"), act: save }]);
}
