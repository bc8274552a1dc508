/**
 * The dialog that saves what is shown as one web page: asks what goes into it, has the engine compute the
 * numbers, and shows how far that has come. What the file looks like is in web-page.js.
 */

import { FILES } from "../engine/root.js";
import { unblinded } from "../reports/votes.js";
import { download, element } from "../ui/dom.js";
import { Estimate, timeLeft } from "../ui/progress.js";
import { LONGEST, stripSpecialTokens } from "../ui/render/index.js";
import { errorWords } from "../ui/status.js";
import { inEnglish, t, tn } from "../ui/words.js";
import { Asker } from "../ui/workers.js";
import { nameOf } from "./metrics.js";
import { evaluate } from "./vote-results.js";
import { webPage } from "./web-page.js";

/** @import { ReportSession } from "./session.js" */
/** @import { Round } from "../reports/votes.js" */
/**
 * @typedef {Object} Sources
 * @property {ReportSession} session
 * @property {import("./lazy-engine.js").LazyEngine} engine
 * @property {() => Promise<import("./metrics.js").Metrics>} metrics
 * @property {readonly Round[]} votes the rounds whose names are known, the visitor's first
 */
/**
 * @typedef {Object} Output
 * @property {(words: string) => void} say
 * @property {(phase: string, done: number, total: number) => void} onProgress
 */

const STYLE = new URL("compare/web-page.css", FILES);

/** Opens the dialog. @param {Sources} sources */
export function askAndSave(sources) {
  new PageDialog(sources);
}

class PageDialog {
  #control = new AbortController();
  #status = element("p", { role: "status" });
  #bar = element("progress", { max: 1, value: 0, hidden: true, "aria-label": t("Progress") });
  #save = element("button", { type: "submit", class: "primary" }, t("Save"));
  #metrics = checkbox(t("Metrics with intervals (starts Python)"));
  #votes = checkbox(t("Votes and what they add up to"));

  /** @param {Sources} sources */
  constructor(sources) {
    this.sources = sources;
    const title = element("h2", { id: "page-title" }, t("Save as a web page"));
    this.dialog = element("dialog", { "aria-labelledby": "page-title" }, title, this.#form());
    this.dialog.addEventListener("close", () => {
      this.#control.abort();
      this.dialog.remove();
    });
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  #form() {
    const { session, votes } = this.sources;
    const { baseline } = session;
    const differences = baseline
      ? t("Differences are marked against the baseline, {baseline}.", { baseline: nameOf(baseline) })
      : t("Differences are not marked, because no baseline is chosen.");
    const cancel = element("button", { type: "button", onclick: () => this.dialog.close() }, t("Cancel"));
    const form = element(
      "form",
      { class: "page-form" },
      element("p", {}, t("One file that opens in any browser, without this site or a network.")),
      this.#metrics.label,
      votes.length ? this.#votes.label : null,
      element("p", { class: "about" }, differences),
      this.#bar,
      this.#status,
      element("div", { class: "action-bar" }, this.#save, cancel),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    return form;
  }

  async #run() {
    const { signal } = this.#control;
    this.#enable(false);
    this.#status.classList.remove("problem");
    try {
      const chosen = { metrics: this.#metrics.box.checked, votes: this.#votes.box.checked };
      const text = await make(this.sources, chosen, { ...outputs(this.#status, this.#bar), signal });
      download("comparison.html", text, "text/html");
      this.dialog.close();
    } catch (error) {
      if (signal.aborted) return;
      this.#status.classList.add("problem");
      this.#status.textContent = errorWords(error).message;
      this.#bar.hidden = true;
      this.#enable(true);
    }
  }

  /** @param {boolean} enabled */
  #enable(enabled) {
    for (const part of [this.#save, this.#metrics.box, this.#votes.box]) part.disabled = !enabled;
  }
}

/** @param {string} words */
function checkbox(words) {
  const box = element("input", { type: "checkbox", checked: true });
  return { box, label: element("label", { class: "check" }, box, words) };
}

/** @param {HTMLElement} status @param {HTMLProgressElement} bar @returns {Output} */
function outputs(status, bar) {
  const estimate = new Estimate();
  const say = (/** @type {string} */ words) => (status.textContent = words);
  return {
    say,
    onProgress: (phase, done, total) => {
      bar.hidden = false;
      bar.value = total > 0 ? done / total : 1;
      const seconds = estimate.left(phase, done, total);
      const left = seconds === null ? "" : `, ${timeLeft(seconds)}`;
      say(t("{phase}: {done} of {total}", { phase, done, total }) + left);
    },
  };
}

/**
 * @param {Sources} sources
 * @param {{metrics: boolean, votes: boolean}} chosen
 * @param {Output & {signal: AbortSignal}} output
 */
async function make({ session, engine, metrics, votes }, chosen, { say, onProgress, signal }) {
  const { shown: rows, columns, view, baseline: base, table } = session;
  const shown = { rows, columns, view };
  let summary = null;
  if (chosen.metrics) {
    say(t("Starting Python …"));
    const measuring = await metrics();
    summary = await measuring.summarize(shown, base, {
      say,
      onProgress: (done, total) => onProgress(t("Measuring outputs"), done, total),
      onMeasured: () =>
        say(tn(rows.length, "Testing differences on {n} prompt …", "Testing differences on {n} prompts …")),
      signal,
    });
  }
  signal.throwIfAborted();
  const [own] = chosen.votes ? votes : [];
  const judged = own && {
    rounds: votes,
    locked: inEnglish(() => unblinded(own)),
    result: await evaluate(votes, engine, say),
  };
  const response = await fetch(STYLE, { signal });
  if (!response.ok) {
    const status = String(response.status);
    throw new Error(t("The page's style could not be fetched ({status}). Try again.", { status }));
  }
  const differ = new Asker("compare/diff-worker.js");
  const content = { rows, total: table.rows.length, columns, base, view, saved: new Date(), summary };
  return webPage(
    { ...content, votes: judged ?? null },
    {
      style: await response.text(),
      clean: (text) => (view.tokens === "strip" ? stripSpecialTokens(text).text.trim() : text),
      difference: async (before, after) =>
        before.length > LONGEST || after.length > LONGEST
          ? null
          : differ.ask({ before, after }).catch(() => null),
      onProgress: (done, total) => onProgress(t("Writing prompts"), done, total),
      signal,
    },
  );
}
