/**
 * The comparer: owns the session and the parts of the page, and has the parts redraw when the session
 * changes. Each part knows the session and what it was given here, not the other parts.
 */

import { fromAddress, memory, toAddress } from "../reports/state.js";
import { here, writeAddress } from "../ui/address.js";
import { copyLink } from "../ui/clipboard.js";
import { byId } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { recall, remember } from "../ui/memory.js";
import { prepare } from "../ui/render/index.js";
import { errorWords } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { commandsOf } from "./commands.js";
import { Filtering } from "./filtering.js";
import { setUpFolds } from "./folds.js";
import { setUpKeys } from "./keys.js";
import { LazyEngine } from "./lazy-engine.js";
import { clearMarks } from "./marks.js";
import { announce } from "./messages.js";
import { Opening } from "./opening.js";
import { Pages } from "./pages.js";
import { Reading } from "./reading.js";
import { Session } from "./session.js";
import { prepareReader } from "./sources.js";
import { setUpTools } from "./tools.js";
import { VotePage } from "./vote-page.js";

/** @import { View } from "../reports/state.js" */
/** @import { Row } from "../reports/collate.js" */

const TYPING = 150; // milliseconds of rest before a search starts
const ADDRESS_DELAY = 200;

export class App {
  session = new Session(fromAddress(here(), recall("compare.settings")));
  #engine = new LazyEngine();
  votes = new VotePage(this.#engine, { onTurn: () => this.resume() });
  reading = new Reading(this.session, {
    measures: (row, text) => this.#pages.measuresOf(row, text),
    announce,
    onMove: (row) => this.update({ at: row.number }),
  });
  #opening = new Opening(this.session, {
    onReports: () => this.#reportsChanged(),
    onView: () => this.#writeAddress(),
    onClose: (report) => this.#live?.forget(report),
    announce,
  });
  #pages = new Pages(this.session, {
    engine: this.#engine,
    reading: this.reading,
    votes: this.votes,
    columnActions: {
      pin: ({ letter }) => this.update({ base: this.session.view.base === letter ? "" : letter }),
      hide: ({ letter }) => this.update({ hide: toggled(this.session.view.hide, letter) }),
      close: ({ id }) => this.#opening.close(id),
    },
    onView: (change) => this.update(change),
    onGo: (row) => this.#goTo(row),
    announce,
  });
  /** Set once its panel has been opened. @type {import("./live.js").Live | undefined} */
  #live;
  #filtering = new Filtering();
  #writing = 0;

  async start() {
    prepareReader();
    setUpFolds();
    byId("live", "details").addEventListener("toggle", () => this.#startLive());
    setUpTools(byId("tools", "form"), (change) => this.update(change));
    byId("expand-all", "button").addEventListener("click", () => this.update({ fold: false }));
    byId("collapse-all", "button").addEventListener("click", () => this.update({ fold: true }));
    byId("copy-link", "button").addEventListener("click", () => this.#copyLink());
    const saver = byId("export", "select");
    saver.addEventListener("change", () => this.#save(saver));
    saver.addEventListener("keydown", (event) => openAtArrows(saver, event));
    acceptDrops({
      onFiles: (files) => this.#dropped(files),
      onDrag: (dragging) => (byId("drop", "div").hidden = !dragging),
    });
    setUpKeys(commandsOf(this), {
      page: () => this.session.view.page,
      enabled: recall("compare.keys") !== false,
      onEnabled: (enabled) => remember("compare.keys", enabled),
    });
    addEventListener("hashchange", () => this.#followAddress());
    document.querySelector(".skip-link")?.addEventListener("click", (event) => {
      event.preventDefault(); // its target would replace the view in the address
      byId("prompts", "div").focus();
    });
    await this.#opening.start(prepare());
    this.reading.restorePosition();
  }

  /** Changes the view, unless a blind round is open. @param {Partial<View>} change */
  update(change) {
    if (this.votes.blind) return;
    const before = this.session.view.page;
    this.session.change(change);
    remember("compare.settings", memory(this.session.view));
    this.#writeAddress();
    if (this.session.view.page !== before) scrollTo({ top: 0 });
    if (Object.keys(change).some((name) => name !== "at")) this.#refresh("q" in change ? TYPING : 0);
  }

  /** After a round has begun or ended. A blind round is continued on its page; the others show names. */
  resume() {
    if (this.votes.blind) {
      if (this.#live?.running) {
        this.#live.stop(); // what is judged must neither change nor gain a column
        announce(
          t("The live column was stopped. After the round, Generate continues with the remaining prompts."),
        );
      }
      this.session.change({ ...this.votes.scope, page: "vote" });
    }
    this.#writeAddress();
    this.#refresh(0);
  }

  #reportsChanged() {
    this.#pages.showFrame();
    this.votes.open(this.session.table.columns);
    this.resume();
  }

  /** Filters and redraws. @param {number} delay in milliseconds */
  async #refresh(delay) {
    const found = await this.#filtering.find(this.session, { delay });
    if (!found) return;
    clearMarks();
    this.session.shown = found.rows;
    await this.#pages.show();
    const all = this.session.table.rows.length;
    const selected = found.rows.length;
    const count = byId("count", "p");
    count.classList.toggle("problem", found.problem !== "");
    count.textContent =
      found.problem ||
      (selected === all
        ? tn(all, "{n} prompt", "{n} prompts")
        : tn(all, "{selected} of {n} prompt", "{selected} of {n} prompts", { selected }));
  }

  /** Rewrites the page's address in place, a moment later: typing must not fill the history. */
  #writeAddress() {
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => writeAddress(toAddress(this.session.view)), ADDRESS_DELAY);
  }

  /** The visitor has changed the address of the open page, for example with a link to another view. */
  #followAddress() {
    if (this.votes.blind) return this.#writeAddress();
    const view = fromAddress(here(), recall("compare.settings"));
    this.session.change(view);
    this.#opening.openAddresses(view.files, { link: true });
  }

  /** @param {HTMLSelectElement} saver */
  async #save(saver) {
    const format = saver.value;
    saver.value = "";
    if (format === "html") {
      const { askAndSave } = await import("./page-saving.js");
      return askAndSave({
        session: this.session,
        engine: this.#engine,
        metrics: () => this.#pages.metrics(),
        votes: this.votes.finished,
      });
    }
    const { shown: rows, columns, view } = this.session;
    const { save } = await import("../reports/saving.js"); // few visitors need it
    save(format, { rows, columns, view });
  }

  #copyLink() {
    clearTimeout(this.#writing); // it would take the words out of the address again
    const local = this.session.loaded.some(({ address }) => address === "");
    const copied = t(local ? "Link copied. It does not include the files on this machine." : "Link copied.");
    return copyLink(toAddress(this.session.view), { say: announce, copied });
  }

  /** Shows a prompt in the Read view. @param {Row} row */
  async #goTo(row) {
    this.session.change({ page: "read", at: row.number });
    this.#writeAddress();
    await this.#refresh(0);
    this.reading.focus(row);
  }

  /** @param {File[]} files */
  #dropped(files) {
    if (this.votes.blind) announce(t("A blind round is open. End it before you open other files."));
    else this.#opening.openFiles(files);
  }

  /** Fetches the live column when its panel is first opened. */
  async #startLive() {
    if (this.#live) return;
    try {
      const { Live } = await import("./live.js");
      this.#live ??= new Live(this.#engine, {
        prompts: () => this.session.shown.map(({ prompt }) => prompt),
        open: (report) => this.#addLive(report),
        changed: (report, prompt) => this.#grow(report, prompt),
      });
    } catch (error) {
      const reason = errorWords(error).message;
      announce(
        t("The live column could not be fetched ({reason}). Close its panel and open it again.", { reason }),
      );
    }
  }

  /** @param {import("../reports/report.js").Report} report */
  async #addLive(report) {
    const file = this.session.nextFile();
    const added = { id: `${file}.0`, source: "live", file, address: "", blob: null, report, size: 0 };
    if (await this.session.open([...this.session.loaded, added])) this.#reportsChanged();
  }

  /**
   * An output of the live column has changed.
   * @param {import("../reports/report.js").Report} report
   * @param {string} prompt
   */
  #grow(report, prompt) {
    const row = this.session.grow(report, prompt);
    if (!row) return;
    if (this.votes.blind) this.#refresh(0);
    else this.reading.redraw(row);
  }
}

/** A list without the item if it has it, with it if not. @param {string[]} list @param {string} item */
function toggled(list, item) {
  return list.includes(item) ? list.filter((one) => one !== item) : [...list, item];
}

/**
 * Arrow keys open a list whose entries act at once, instead of choosing the next entry of a closed one.
 * @param {HTMLSelectElement} list
 * @param {KeyboardEvent} event
 */
function openAtArrows(list, event) {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !("showPicker" in list)) return;
  event.preventDefault();
  list.showPicker();
}
