/**
 * Blind votes: whether a round is open, and which. The page on which they are cast is fetched when it is
 * first shown.
 */

import { t } from "../ui/words.js";
import { Judging } from "./judging.js";
import { announce } from "./messages.js";

/** @import { Best } from "./judging.js" */
/** @import { ReportSession } from "./session.js" */

export class Votes {
  #judging = new Judging({
    onStorageFailure: () => announce(t("The browser does not store the votes; save them to a file.")),
    onDamaged: async (name, text) => (await import("./vote-page.js")).offerDamaged(name, text),
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

  /** The round whose names are known, and those of other raters; none before that. */
  get finished() {
    const { round, rounds } = this.#judging;
    return round?.revealed ? rounds : [];
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
