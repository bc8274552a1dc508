/**
 * The self-test: runs the groups of checks one after the other in this browser, shows what they find, and
 * writes a report. Nothing is downloaded before the visitor starts it, and nothing is kept.
 */

import { MODELS } from "../collections/session.js";
import { Engine, loadModel } from "../engine/client.js";
import { FILES, ROOT } from "../engine/root.js";
import { copyButton } from "../ui/clipboard.js";
import { byId, download } from "../ui/dom.js";
import { english } from "../ui/english.js";
import { fetchDescription } from "../ui/fetch.js";
import { askWorker } from "../ui/offline-state.js";
import { ProgressView } from "../ui/progress.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { errorWords, isAbort, StatusLine } from "../ui/status.js";
import { megabytes, t, translated } from "../ui/words.js";
import { MODEL } from "./engine-checks.js";
import { check } from "./finding.js";
import { GROUPS } from "./groups.js";
import { reportOf } from "./report.js";
import { GroupView, summary } from "./view.js";

/** @import { Context } from "./finding.js" */

const page = {
  size: byId("size", "p"),
  start: byId("start", "button"),
  cancel: byId("cancel", "button"),
  results: byId("results", "section"),
  table: byId("table", "table"),
  reportBox: byId("report-box", "section"),
  report: byId("report", "pre"),
  save: byId("save", "button"),
};
const { say } = new StatusLine(byId("status", "p"));
const progress = new ProgressView(
  { box: byId("progress-box", "div"), bar: byId("progress", "progress"), label: byId("progress-label", "p") },
  () => {}, // the group is announced instead
);
/** Ends the run that is going on. @type {AbortController | null} */
let running = null;

async function showSize() {
  const folders = [new URL(MODELS.static, ROOT).href, MODEL].map((folder) => `${folder}config.json`);
  const found = await Promise.all([new URL("engine/parts.json", FILES), ...folders].map(fetchDescription));
  const bytes = found.flatMap(({ files = [], parts = [] }) => [...files, ...parts]);
  const sum = bytes.reduce((total, { bytes: size = 0 }) => total + size, 0);
  page.size.textContent = sum
    ? t(
        "The test takes a minute or less. It downloads up to {size}: the engine, the default model " +
          "and a table for search, or whichever of these you lack. Nothing is downloaded before you " +
          "start.",
        { size: megabytes(sum) },
      )
    : t("The sizes of the downloads could not be read: the network may be down. You can start anyway.");
  page.start.disabled = false;
}

/** @param {AbortSignal} signal @returns {Omit<Context, "report"> & {end: () => void}} */
function makeContext(signal) {
  /** @type {Engine | null} */
  let started = null;
  /** @type {ReturnType<Context["model"]> | undefined} */
  let loading;
  const engine = () => {
    if (!started || started.ended) {
      started = new Engine();
      loading = undefined;
    }
    return started;
  };
  const model = () => {
    const options = { engine: engine(), signal, onProgress: progress.show };
    loading ??= loadModel({ model: MODEL, ...options });
    return loading;
  };
  const end = () => started?.dispose();
  signal.addEventListener("abort", end);
  return { signal, onProgress: progress.show, engine, model, end };
}

/**
 * Runs a group; what stops it as a whole is a finding too.
 * @param {GroupView} view
 * @param {Omit<Context, "report">} context
 */
async function runGroup(view, context) {
  const own = { ...context, report: (/** @type {any} */ finding) => view.add(finding) };
  try {
    await view.group.run(own);
  } catch (error) {
    context.signal.throwIfAborted();
    await check(own, english("to the end"), () => Promise.reject(error));
  } finally {
    view.finish();
    progress.hide();
  }
}

/** @param {AbortSignal} signal @param {GroupView[]} views filled as groups run */
async function runAll(signal, views) {
  const context = makeContext(signal);
  try {
    for (const [number, group] of GROUPS.entries()) {
      const title = translated(group.title);
      say(t("Part {number} of {count}: {title}…", { number: number + 1, count: GROUPS.length, title }));
      const view = new GroupView(page.table, group);
      views.push(view);
      await runGroup(view, context);
    }
  } finally {
    context.end();
  }
}

/** @param {boolean} isRunning */
function setRunning(isRunning) {
  showStartOrStop({ start: page.start, stop: page.cancel }, { busy: isRunning });
  page.reportBox.hidden = isRunning;
}

async function start() {
  running = new AbortController();
  const views = /** @type {GroupView[]} */ ([]);
  setRunning(true);
  page.results.hidden = false;
  for (const body of [...page.table.tBodies]) body.remove();
  /** What ended the run before its end. @type {unknown} */
  let failure = null;
  try {
    await runAll(running.signal, views);
  } catch (error) {
    failure = error;
  }
  await finish(views, failure);
}

/** How a run ended, for the report. @param {unknown} failure */
function endOf(failure) {
  if (failure === null) return "all checks have run";
  return isAbort(failure) ? "cancelled" : `stopped: ${failure instanceof Error ? failure.message : failure}`;
}

/**
 * How a run ended, for the visitor.
 * @param {unknown} failure
 * @param {import("./finding.js").Finding[]} found
 */
function verdict(failure, found) {
  const values = { summary: summary(found) };
  const hasFailed = found.some(({ outcome }) => outcome === "failed");
  const advice = hasFailed ? [t("The table says what to do.")] : [];
  if (failure !== null) {
    const why = isAbort(failure) ? [] : [errorWords(failure).message];
    return [
      isAbort(failure) ? t("Test cancelled: {summary}.", values) : t("Test stopped: {summary}.", values),
      ...why,
      ...advice,
    ].join(" ");
  }
  const words = hasFailed
    ? t("Something failed: {summary}.", values)
    : t("Everything works: {summary}.", values);
  return [words, ...advice].join(" ");
}

/** @param {GroupView[]} views @param {unknown} failure */
async function finish(views, failure) {
  const found = views.flatMap(({ findings }) => findings);
  const version = (await askWorker({ type: "status" }))?.version ?? "";
  const results = views.map(({ group: { title }, findings }) => ({ title, findings }));
  page.report.textContent = reportOf(results, version, endOf(failure));
  setRunning(false);
  say(verdict(failure, found));
  running = null;
}

page.start.textContent = t("Start the test");
page.start.addEventListener("click", start);
page.cancel.addEventListener("click", () => running?.abort(new DOMException("cancelled", "AbortError")));
page.save.addEventListener("click", () =>
  download("goosequill-selftest.txt", page.report.textContent ?? "", "text/plain"),
);
byId("copy-place", "span").append(
  copyButton(() => page.report.textContent ?? "", {
    name: t("Copy the report"),
    fallbackElement: page.report,
  }),
);
await showSize();
