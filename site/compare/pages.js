/**
 * Draws the page that the view names (read, write, metrics, coverage or judge) and everything that shows the
 * names of reports. During a blind round no name may be anywhere in the document.
 */

import { collate } from "../reports/collate.js";
import { byId } from "../ui/dom.js";
import { errorWords } from "../ui/status.js";
import { t } from "../ui/words.js";
import { showReports } from "./columns.js";
import { announce } from "./messages.js";
import { showTools } from "./tools.js";

/** @import { ReportSession } from "./session.js" */
/** @import { View } from "../reports/view.js" */
/** @import { Column, Row } from "../reports/collate.js" */

const NAMED = /** @type {const} */ ([
  ["sources", "section"],
  ["tools", "form"],
  ["reading-bar", "div"],
]);
const SITE = "Goosequill";
/** Pages beside Read, each in its own element. */
const OTHERS = ["metrics", "coverage", "vote", "write"];

/** Where the summary is unfolded at first. */
export const WIDE = "(min-width: 40.01rem)";
const UNFILTERED = { q: "", differ: false, coverage: "any", hide: [] };

export class Pages {
  #session;
  #options;
  #work = byId("work", "section");
  /** Set once metrics have been asked for. @type {import("./metrics.js").Metrics | undefined} */
  #metrics;
  /** @type {import("./metrics-page.js").MetricsPage | undefined} */
  #metricsPage;
  /** Whether the metrics page was opened. */
  #measured = false;
  #drawing = 0;
  #columnActions;

  /**
   * @param {ReportSession} session
   * @param {{
   *   engine: import("./lazy-engine.js").LazyEngine,
   *   reading: import("./reading.js").Reading,
   *   votes: import("./votes.js").Votes,
   *   close: (column: Column) => void
   * }} options
   */
  constructor(session, options) {
    this.#session = session;
    this.#options = options;
    this.#columnActions = {
      baseline: (/** @type {Column} */ { letter }) =>
        session.update({ base: session.view.base === letter ? "" : letter }),
      hide: (/** @type {Column} */ { letter }) =>
        session.update({ hide: toggled(session.view.hide, letter) }),
      close: options.close,
    };
    for (const button of this.#buttons())
      button.addEventListener("click", () =>
        session.update({ page: /** @type {View["page"]} */ (button.dataset.page) }),
      );
    session.on("reports", () => this.#showFrame());
    session.on("rows", () => this.#show());
    session.on("view", ({ page }) => {
      if (page && page !== this.#work.dataset.page) scrollTo({ top: 0 });
    });
  }

  /** Shows or hides what depends on whether reports are open, and on whether they are the examples. */
  #showFrame() {
    const { loaded, examples } = this.#session;
    const some = loaded.length > 0;
    document.body.classList.toggle("reading", some);
    byId("files-row", "div").hidden = !some || examples;
    byId("examples", "span").hidden = !examples;
    byId("open-examples", "button").hidden = some;
    // Unfolded it is measured, for which Python starts unless the build has measured the examples.
    byId("summary", "details").open = loaded.length > 1 && matchMedia(WIDE).matches;
    byId("welcome-more", "details").open = !some;
  }

  /** Shows the page of the view, and announces that its prompts are laid out. */
  #show() {
    const { reading } = this.#options;
    const { view, blind, loaded, columns } = this.#session;
    this.#work.hidden = loaded.length === 0 && view.page !== "write";
    this.#work.dataset.page = view.page;
    for (const button of this.#buttons()) {
      const current = button.dataset.page === view.page;
      if (current) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
      button.disabled = blind && !current;
    }
    reading.show({ visible: ["read", "write"].includes(view.page) });
    for (const name of OTHERS) {
      const page = byId(`${name}-page`, "div");
      page.hidden = view.page !== name;
      if (page.hidden && name !== "write") page.replaceChildren();
    }
    byId("summary", "details").hidden = columns.length < 2 || view.page !== "read" || blind;
    this.#drawOnDemand();
    this.#showNames();
    this.#session.announce("drawn");
  }

  /**
   * The measures of an output in a few words, or "" if it was not measured, or only for the summary.
   * @param {Row} row
   * @param {string} text
   */
  measuresOf(row, text) {
    const asked = this.#measured || this.#session.view.sort !== "";
    return (asked && this.#metrics?.inWords(row.prompt, text)) || "";
  }

  /** What measures outputs, and remembers their measures. */
  async metrics() {
    const { Metrics } = await import("./metrics.js");
    this.#metrics ??= new Metrics(this.#options.engine);
    return this.#metrics;
  }

  /**
   * Shows a prompt in the Read view, if need be without what hides it.
   * @param {Row} row
   * @param {Partial<View>} [change]
   */
  goTo(row, change) {
    const { reading } = this.#options;
    const found = () =>
      this.#session.shown.includes(row) || change ? reading.focus(row) : this.goTo(row, UNFILTERED);
    this.#session.addEventListener("drawn", found, { once: true });
    this.#session.update({ page: "read", at: row.number, ...change });
  }

  /** Draws the pages whose modules are fetched when first opened. */
  async #drawOnDemand() {
    const own = ++this.#drawing;
    const { page } = this.#session.view;
    try {
      if (page === "metrics") {
        const { MetricsPage } = await import("./metrics-page.js");
        this.#metricsPage ??= new MetricsPage(await this.metrics(), { onGo: (row) => this.goTo(row) });
        this.#measured = true;
        if (own === this.#drawing) this.#metricsPage.show(this.#session);
      } else if (page === "coverage") {
        const { showCoverage } = await import("./coverage.js");
        const onMissing = (/** @type {string} */ letter) =>
          this.#session.update({ page: "read", coverage: letter });
        if (own === this.#drawing) showCoverage(this.#session.table, onMissing);
      } else if (page === "vote") await this.#options.votes.show();
    } catch (error) {
      const reason = errorWords(error).message;
      announce(t("The view could not be fetched ({reason}). Try again.", { reason }));
    }
  }

  #showNames() {
    const { view, table, loaded, examples, blind } = this.#session;
    for (const [id, tag] of NAMED) byId(id, tag).hidden = blind;
    byId("welcome", "section").hidden = blind || (loaded.length > 0 && !examples);
    document.title = blind ? `${t("Judge blind")} · ${SITE}` : titleOf(table);
    const named = blind ? collate([]) : table;
    showReports(named, view, this.#columnActions);
    showTools(byId("tools", "form"), view, named);
  }

  #buttons() {
    return /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-page]"));
  }
}

/** A list without the item if it has it, with it if not. @param {string[]} list @param {string} item */
function toggled(list, item) {
  return list.includes(item) ? list.filter((one) => one !== item) : [...list, item];
}

/** @param {import("../reports/collate.js").Table} table */
function titleOf({ columns }) {
  const names = columns.map(({ label }) => label).join(", ");
  const title = `${t("Compare outputs")} · ${SITE}`;
  return names ? `${names.slice(0, 80)} · ${title}` : title;
}
