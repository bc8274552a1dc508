/**
 * The comparer's page: creates the store (session.js) and the views that listen to it, and does what the
 * page's own controls ask for. Views change the store; none of them calls another one back.
 */

import { fromAddress, memory, toAddress } from "../reports/view.js";
import { here, writeAddress } from "../ui/address.js";
import { copyLink, copyText } from "../ui/clipboard.js";
import { byId } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { recall, remember } from "../ui/memory.js";
import { prepare } from "../ui/render/index.js";
import { errorWords } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { commandsOf } from "./commands.js";
import { listenForRows } from "./filtering.js";
import { setUpFolds } from "./folds.js";
import { setUpKeys } from "./keys.js";
import { LazyEngine } from "./lazy-engine.js";
import { announce } from "./messages.js";
import { Opening } from "./opening.js";
import { Pages, WIDE } from "./pages.js";
import { Reading } from "./reading.js";
import { ReportSession } from "./session.js";
import { prepareReader } from "./sources.js";
import { setUpTools } from "./tools.js";
import { Votes } from "./votes.js";

const ADDRESS_DELAY = 200;

const session = new ReportSession(fromAddress(here(), recall("compare.settings")));
const engine = new LazyEngine(() => (session.examples ? "examples/measured.json" : ""));
const votes = new Votes(session, engine);
const opening = new Opening(session);
const reading = new Reading(session, {
  measures: (row, text) => pages.measuresOf(row, text),
  showFacts: (bubble, { prompt }, text) => live?.showFacts(bubble, prompt, text) ?? false,
});
const pages = new Pages(session, { engine, reading, votes, close: ({ id }) => opening.close(id) });
const known = { metrics: () => pages.metrics(), votes: () => votes.finished };
listenForRows(session, known);

// ---- The address -------------------------------------------------------------------------------

let writing = 0;

/** The values of the address: the view's, and on their page those of the live columns. */
function addressOf() {
  const own = session.view.page === "write" ? (live?.values ?? []) : [];
  return new Map([...own, ...toAddress(session.view)]);
}

/** Rewrites the page's address in place, a moment later: typing must not fill the history. */
function writeAddressSoon() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    // Live columns are fetched when their page is opened: all that the address says of them is known then.
    if (session.view.page !== "write" || live) writeAddress(addressOf());
  }, ADDRESS_DELAY);
}

/**
 * The visitor has changed the address of the open page, for example with a link to another view.
 * @param {HashChangeEvent} event its address counts: the page's may have been rewritten meanwhile
 */
function followAddress({ newURL }) {
  if (session.blind) return writeAddressSoon();
  const view = fromAddress({ ...here(), hash: new URL(newURL).hash }, recall("compare.settings"));
  session.change(view);
  opening.openAddresses(view.files, { link: true });
  if (view.page === "write") live ? live.follow() : openLive();
}

function copyAddress() {
  clearTimeout(writing); // it would take the words out of the address again
  const values = addressOf();
  const local = session.loaded.some(({ address }) => address === "");
  let copied = t(local ? "Link copied. It does not include the files on this machine." : "Link copied.");
  if (values.has("prompt")) copied = live?.fit(values) ?? copied;
  return copyLink(values, { say: announce, copied });
}

session.on(["view", "files", "round", "live"], writeAddressSoon);
session.on("view", () => remember("compare.settings", memory(session.view)));
addEventListener("hashchange", followAddress);
byId("copy-link", "button").addEventListener("click", copyAddress);

// ---- The summary -------------------------------------------------------------------------------

const summary = byId("summary", "details");
let hasSummary = false;

/** Fetches the summary when it is first unfolded. */
async function startSummary() {
  if (hasSummary || !summary.open) return;
  hasSummary = true;
  try {
    const { Summary } = await import("./summary.js");
    new Summary(session, { ...known, engine, onGo: (row) => pages.goTo(row) });
  } catch (error) {
    hasSummary = false;
    const reason = errorWords(error).message;
    announce(t("The view could not be fetched ({reason}). Try again.", { reason }));
  }
}

summary.open &&= matchMedia(WIDE).matches; // it is unfolded in the page, so that nothing moves later
summary.addEventListener("toggle", startSummary);
startSummary();

// ---- Live columns ------------------------------------------------------------------------------

/** Set once their page has been opened. @type {import("./live.js").Live | undefined} */
let live;

/** Whether they are being fetched: the page can be opened again meanwhile. */
let fetching = false;

/** Fetches the live columns when their page is first opened. */
async function openLive() {
  if (live || fetching) return;
  fetching = true;
  try {
    const { startLive } = await import("./live.js");
    live = await startLive(engine, session, {
      opened,
      changed: ({ report }, prompt) => session.grow(report, prompt),
      stored: () => session.announce("live"),
    });
    if (session.loaded.length === 0 && live.isFresh) await live.openExample();
    session.announce("live");
  } catch (error) {
    const reason = errorWords(error).message;
    announce(t("The live columns could not be loaded ({reason}). Open the view again.", { reason }));
  }
  fetching = false;
}

/** Gives the focus to what is about to be drawn. @param {HTMLElement} next */
function focusOnceDrawn(next) {
  session.addEventListener("drawn", () => next.focus(), { once: true });
}

/** Live columns are open. @param {{blind: boolean}} how blind: they are judged before names are shown */
function opened({ blind }) {
  session.announce("reports");
  if (!blind) return;
  votes.judge(); // at once, before anything is drawn
  focusOnceDrawn(byId("vote-page", "div"));
}

session.on("view", ({ page }) => page === "write" && openLive());
session.on("judged", (words) => {
  live?.say(words);
  focusOnceDrawn(byId("live-run", "button"));
});
session.on("closed", (report) => live?.forget(report));
session.on("round", () => {
  if (session.blind) live?.pause();
});

// ---- The page's own controls -------------------------------------------------------------------

/** @param {HTMLSelectElement} saver */
async function save(saver) {
  const format = saver.value;
  saver.value = "";
  if (format === "html") {
    const { askAndSave } = await import("./page-saving.js");
    return askAndSave({ session, engine, metrics: () => pages.metrics(), votes: votes.finished });
  }
  const { shown: rows, columns, view } = session;
  const { save: saveAs } = await import("../reports/saving.js"); // few visitors need it
  saveAs(format, { rows, columns, view }, (text) => copyText(text, { say: announce }));
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

function showCount() {
  const { shown, table, problem } = session;
  const [all, selected] = [table.rows.length, shown.length];
  const count = byId("count", "p");
  count.classList.toggle("problem", problem !== "");
  count.textContent =
    problem ||
    (selected === all
      ? tn(all, "{n} prompt", "{n} prompts")
      : tn(all, "{selected} of {n} prompt", "{selected} of {n} prompts", { selected }));
}

session.on("drawn", showCount);
setUpFolds();
setUpTools(byId("tools", "form"), (change) => session.update(change));
byId("expand-all", "button").addEventListener("click", () => session.update({ fold: false }));
byId("collapse-all", "button").addEventListener("click", () => session.update({ fold: true }));
const saver = byId("export", "select");
saver.addEventListener("change", () => save(saver));
saver.addEventListener("keydown", (event) => openAtArrows(saver, event));
acceptDrops({
  onFiles: (files) => {
    if (session.blind) announce(t("A blind round is open. End it before you open other files."));
    else if (session.view.page === "write" && live?.takesModel(files)) return;
    else opening.openFiles(files);
  },
  onDrag: (dragging) => (byId("drop", "div").hidden = !dragging),
});
setUpKeys(commandsOf({ session, reading, votes }), {
  page: () => session.view.page,
  enabled: recall("compare.keys") !== false,
  onEnabled: (enabled) => remember("compare.keys", enabled),
});
document.querySelector(".skip-link")?.addEventListener("click", (event) => {
  event.preventDefault(); // its target would replace the view in the address
  byId("prompts", "div").focus();
});

prepareReader();
session.addEventListener("drawn", () => reading.restorePosition(), { once: true });
await opening.start(prepare());
if (session.view.page === "write") openLive();
