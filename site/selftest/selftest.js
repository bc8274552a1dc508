/**
 * The self-test: runs the groups of checks one after the other in this browser, shows what they find, and
 * writes a report. Nothing is downloaded before the visitor starts it, and nothing is kept.
 */

import { Engine, loadModel } from "../engine/client.js";
import { ROOT } from "../engine/root.js";
import { MODELS } from "../search/session.js";
import { copyButton } from "../ui/clipboard.js";
import { byId, download, megabytes } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { askWorker } from "../ui/offline-state.js";
import { ProgressView } from "../ui/progress.js";
import { isAbort, StatusLine } from "../ui/status.js";
import { MODEL } from "./engine-checks.js";
import { check } from "./finding.js";
import { GROUPS } from "./groups.js";
import { reportOf } from "./report.js";
import { GroupView, summary } from "./view.js";

/** @typedef {import("./finding.js").Context} Context */

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
  const found = await Promise.all([new URL("engine/parts.json", ROOT), ...folders].map(fetchDescription));
  const bytes = found.flatMap(({ files = [], parts = [] }) => [...files, ...parts]);
  const sum = bytes.reduce((total, { bytes: size = 0 }) => total + size, 0);
  page.size.textContent = sum
    ? `The test takes a minute or less. It downloads up to ${megabytes(sum)}: the engine, the default model and ` +
      "a table for search, or what this browser does not have of them. Nothing is downloaded before you start."
    : "The sizes of the downloads could not be read: the network may be down. You can start all the same.";
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
    await check(own, "to the end", () => Promise.reject(error));
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
      say(`Part ${number + 1} of ${GROUPS.length}: ${group.title}…`);
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
  page.start.disabled = isRunning;
  page.cancel.disabled = !isRunning;
  page.reportBox.hidden = isRunning;
}

async function start() {
  running = new AbortController();
  const views = /** @type {GroupView[]} */ ([]);
  setRunning(true);
  page.cancel.focus(); // the button that was pressed is disabled
  page.results.hidden = false;
  for (const body of [...page.table.tBodies]) body.remove();
  let ended = "all checks have run";
  try {
    await runAll(running.signal, views);
  } catch (error) {
    ended = isAbort(error) ? "cancelled" : `stopped: ${error instanceof Error ? error.message : error}`;
  }
  await finish(views, ended);
}

/** @param {GroupView[]} views @param {string} ended */
async function finish(views, ended) {
  const found = views.flatMap(({ findings }) => findings);
  const failed = found.some(({ outcome }) => outcome === "failed");
  const version = (await askWorker({ type: "status" }))?.version ?? "";
  const results = views.map(({ group: { title }, state, findings }) => ({ title, state, findings }));
  page.report.textContent = reportOf(results, version, ended);
  const advice = failed ? " The table says what to do." : "";
  const head =
    ended === "all checks have run" ? (failed ? "Something failed" : "Everything works") : `Test ${ended}`;
  const hadFocus = document.activeElement === page.cancel;
  setRunning(false);
  if (hadFocus) page.start.focus();
  say(`${head}: ${summary(found)}.${advice}`);
  running = null;
}

page.start.textContent = "Start the test";
page.start.addEventListener("click", start);
page.cancel.addEventListener("click", () => running?.abort(new DOMException("cancelled", "AbortError")));
page.save.addEventListener("click", () =>
  download("goosequill-selftest.txt", page.report.textContent ?? "", "text/plain"),
);
byId("copy-place", "span").append(
  copyButton(() => page.report.textContent ?? "", { name: "Copy the report", fallbackElement: page.report }),
);
await showSize();
