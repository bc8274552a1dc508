/**
 * The comparer's page: holds the open reports and the view, and has the parts drawn when either changes.
 * @module
 */

import { download } from "../ui/dom.js";
import { prepare } from "../ui/render/index.js";
import { collate } from "./collate.js";
import { showReports } from "./columns.js";
import { byId, counted, number } from "./dom.js";
import { passes } from "./filter.js";
import { setUpKeys } from "./keys.js";
import { Live } from "./live.js";
import { clearMarks, markFound } from "./marks.js";
import { announce, dismiss, report as say } from "./messages.js";
import { Search } from "./search.js";
import { inSlices } from "./slices.js";
import { fetchReport, openBlob, prepareReader } from "./sources.js";
import { fromUrl, memory, splitFiles, toUrl } from "./state.js";
import { dropFile, dropFiles, keepFile, keptFiles, recall, remember } from "./storage.js";
import { Table } from "./table.js";
import { setUpTools, showTools } from "./tools.js";
import { VotePage } from "./vote-page.js";
import { Asker } from "./workers.js";

/** @typedef {import("./state.js").View} View */
/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */
/** @typedef {import("./reports/report.js").Report} Report */
/** @typedef {{id: string, source: string, file: string, address: string, blob: Blob | null, report: Report}} Loaded file: what its columns share */

const EXAMPLES = ["greedy", "repetition-penalty", "sampling"];
const form = /** @type {HTMLFormElement} */ (byId("tools"));
const urls = /** @type {HTMLTextAreaElement} */ (byId("urls"));
const keep = /** @type {HTMLInputElement} */ (byId("keep"));
const rows = new Table(byId("prompts"));
const search = new Search();
/** @type {Asker<{before: string, after: string}, {pieces: import("./diff.js").Piece[], complete: boolean}>} */
const differ = new Asker("diff-worker.js");

/** @type {View} */
let view = fromUrl(location.search, recall("settings"));
/** @type {Loaded[]} */
let loaded = [];
let table = collate([]);
/** Rows folded otherwise than the view says. @type {Set<number>} */
let turned = new Set();
let filtering = new AbortController();
let lastFile = 0;
/** Whether the examples stand in the page; the visitor's own reports take their place. */
let examples = false;
/** Whether the visitor has opened anything. */
let opened = false;
let writing = 0;
/** The prompts that pass the filters. @type {Row[]} */
let shown = [];
/** Once metrics have been shown. @type {typeof import("./metrics-page.js") | undefined} */
let metrics;
let drawing = 0;
const live = new Live({
  prompts: () => shown.map(({ prompt }) => prompt),
  open: (report) => {
    const file = nextFile();
    loaded = [...loaded, { id: `${file}.0`, source: "live", file, address: "", blob: null, report }];
    recollate();
  },
  changed: (report, prompt) => grow(report, prompt),
});
const votes = new VotePage({ onTurn: resume });

/** While a blind round is open, the page is where it goes on, and nowhere else: other views show names. */
function resume() {
  if (votes.blind && live.running) {
    live.stop(); // what is judged must neither grow nor be joined by a column
    announce("The live column is stopped. After the round, Run goes on with the prompts that are left.");
  }
  if (votes.blind) view = { ...view, ...votes.scope, page: "vote" };
  writeUrl();
  refresh(0);
}

/** @param {Partial<View>} change */
function update(change) {
  if (votes.blind) return;
  const before = view;
  view = { ...view, ...change };
  if ("fold" in change) turned = new Set();
  remember("settings", memory(view));
  writeUrl();
  if (view.page !== before.page) scrollTo({ top: 0 });
  if (Object.keys(change).some((name) => name !== "at")) refresh("q" in change ? 150 : 0);
}

/** Addresses change in place: one visit, one entry of the history, however much is typed. */
function writeUrl() {
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", address()), 200);
}

function address() {
  return `${location.pathname}${toUrl(view)}${location.hash}`;
}

/** Draws the current page. While votes are blind, no name stands anywhere. @param {Column[]} columns */
function showPage(columns) {
  for (const name of ["metrics", "coverage", "vote"]) byId(`${name}-page`).hidden = view.page !== name;
  byId("prompts").hidden = view.page !== "read";
  byId("work").dataset.page = view.page;
  for (const button of document.querySelectorAll("[data-page]")) {
    const here = button.getAttribute("data-page") === view.page;
    if (here) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
    /** @type {HTMLButtonElement} */ (button).disabled = votes.blind && !here;
  }
  byId("prompts").classList.toggle("stack", view.layout === "stack");
  rows.show(view.page === "read" ? shown : [], context(columns));
  for (const name of ["metrics", "coverage", "vote"])
    if (view.page !== name) byId(`${name}-page`).replaceChildren();
  drawWith(columns);
  if (view.page === "vote") votes.setUp(shown, columns, view);
  nameReports(votes.blind);
  if (view.page === "vote") votes.show();
}

/** Draws the pages whose modules come when they are first opened. @param {Column[]} columns */
async function drawWith(columns) {
  const own = ++drawing;
  const { page } = view;
  try {
    if (page === "metrics") {
      metrics = await import("./metrics-page.js");
      if (own === drawing) metrics.showMetrics(shown, columns, view, goTo);
    } else if (page === "coverage") {
      const { showCoverage } = await import("./coverage.js");
      if (own === drawing) showCoverage(table, (letter) => update({ page: "read", coverage: letter }));
    }
  } catch (error) {
    announce(`The view could not be fetched (${error instanceof Error ? error.message : error}). Try again.`);
  }
}

/** @param {boolean} blind */
function nameReports(blind) {
  for (const id of ["sources", "tools", "live", "reading-bar"]) byId(id).hidden = blind;
  byId("welcome").hidden = blind || (loaded.length > 0 && !examples);
  const names = table.columns.map(({ label }) => label);
  const title =
    names.length > 0 ? `${names.join(", ").slice(0, 80)} · Compare outputs` : "Compare outputs · Goosequill";
  document.title = blind ? "Judge blind · Goosequill" : title;
  showReports(blind ? collate([]) : table, view, actions);
  showTools(form, view, blind ? collate([]) : table);
}

/** After the set of reports has changed. */
function recollate() {
  table = collate(loaded);
  turned = new Set();
  const some = loaded.length > 0;
  examples &&= some;
  byId("work").hidden = !some;
  document.body.classList.toggle("reading", some);
  byId("files-row").hidden = !some || examples;
  byId("examples").hidden = !examples;
  const more = /** @type {HTMLDetailsElement} */ (byId("welcome-more"));
  more.open = !some;
  votes.open(table.columns);
  resume();
}

function visibleColumns() {
  const shown = table.columns.filter(({ letter }) => !view.hide.includes(letter));
  const base = table.columns.find(({ letter }) => letter === view.base);
  return base ? [base, ...shown.filter(({ id }) => id !== base.id)] : shown;
}

/** Filters and draws. @param {number} delay in milliseconds, while somebody types */
async function refresh(delay) {
  filtering.abort();
  filtering = new AbortController();
  const { signal } = filtering;
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  if (signal.aborted) return;
  const columns = visibleColumns();
  const { numbers, problem } = await searched();
  if (signal.aborted) return;
  /** @type {Row[]} */
  const found = [];
  const select = (/** @type {Row} */ row) => {
    if ((!numbers || numbers.has(row.number)) && passes(row, { ...view, columns })) found.push(row);
  };
  if (!(await inSlices(table.rows, select, signal))) return;
  clearMarks();
  shown = found;
  showPage(columns);
  byId("count").textContent =
    problem ||
    (found.length === table.rows.length
      ? counted(found.length, "prompt")
      : `${number(found.length)} of ${counted(table.rows.length, "prompt")}`);
  byId("count").classList.toggle("problem", problem !== "");
}

/** @returns {Promise<{numbers: Set<number> | null, problem: string}>} numbers null: no search, or one that failed */
async function searched() {
  if (view.q.trim() === "") return { numbers: null, problem: "" };
  const found = await search.find(table.rows, view.q, { expression: view.re });
  if (found && "problem" in found) return { numbers: new Set(), problem: found.problem };
  return { numbers: found?.numbers ?? null, problem: "" };
}

/** @param {Column[]} columns @returns {import("./row.js").RowContext} */
function context(columns) {
  const width = byId("prompts").clientWidth || 1000;
  const across = view.layout === "stack" ? 1 : Math.max(1, Math.min(columns.length, Math.floor(width / 320)));
  return {
    columns,
    base: columns.find(({ letter }) => letter === view.base) ?? null,
    view,
    isFolded: (row) => view.fold !== turned.has(row.number),
    estimate: (row) => estimate(row, { columns, across, width: width / across }),
    difference: (before, after) => differ.ask({ before, after }),
    mark: (bubble) => markFound(bubble, view),
    onToggle: (row) => toggle(row),
    measures: (row, text) => metrics?.measuresInWords(row.prompt, text) ?? "",
    announce,
  };
}

/** A row's height, roughly: it only has to keep the scroll bar calm. @param {Row} row @param {{columns: Column[], across: number, width: number}} layout */
function estimate(row, { columns, across, width }) {
  if (view.fold !== turned.has(row.number)) return 60;
  const perLine = Math.max(20, width / 8);
  const heights = columns.map(({ id }) => {
    const results = (row.cells.get(id) ?? []).filter(
      ({ config }) => view.config === "" || config === view.config,
    );
    const texts = results.flatMap(({ outputs }) =>
      view.sample ? outputs.slice(view.sample - 1, view.sample) : outputs,
    );
    return (
      60 +
      texts.reduce(
        (sum, text) =>
          sum + 60 + 25 * Math.min(view.clip ? 16 : 400, Math.ceil((text?.length ?? 0) / perLine)),
        0,
      )
    );
  });
  let height = 80;
  for (let at = 0; at < heights.length; at += across) height += Math.max(...heights.slice(at, at + across));
  return height;
}

/** @param {Row} row */
function toggle(row) {
  if (!turned.delete(row.number)) turned.add(row.number);
  rows.redraw(row);
}

/** An output of a live column has changed: its row is drawn anew, and pairs are dealt anew. @param {Report} report @param {string} prompt */
function grow(report, prompt) {
  const id = loaded.find((one) => one.report === report)?.id;
  const row = table.rows.find((one) => one.prompt === prompt);
  const entry = report.entries.find((one) => one.prompt === prompt);
  if (!id || !row || !entry) return;
  row.cells.set(id, entry.results);
  if (votes.blind) refresh(0);
  else rows.redraw(row);
}

/** @type {import("./columns.js").ColumnActions} */
const actions = {
  pin: ({ letter }) => update({ base: view.base === letter ? "" : letter }),
  hide: ({ letter }) =>
    update({
      hide: view.hide.includes(letter) ? view.hide.filter((one) => one !== letter) : [...view.hide, letter],
    }),
  close: ({ id }) => close(loaded.find((one) => one.id === id)),
};

/** Closes a file with all its columns. @param {Loaded | undefined} one */
function close(one) {
  if (!one) return;
  live.forget(one.report);
  loaded = loaded.filter(({ file }) => file !== one.file);
  view = { ...view, files: view.files.filter((address) => address !== one.address), hide: [], base: "" };
  urls.value = view.files.join("\n");
  dismiss(one.source);
  dropFile(one.file).catch(() => {});
  writeUrl();
  recollate();
}

/**
 * @param {Blob} blob
 * @param {{source: string, address?: string, file?: string}} from
 */
async function open(blob, { source, address = "", file = nextFile() }) {
  dismiss(source);
  const { reports, problems } = await openBlob(blob, source);
  if (problems.length > 0) say(source, problems, { kind: "warning" });
  const kept = address === "" ? blob : null;
  loaded = [
    ...loaded,
    ...reports.map((report, index) => ({
      id: `${file}.${index}`,
      source,
      file,
      address,
      blob: kept,
      report,
    })),
  ];
  return file;
}

function nextFile() {
  return `${Date.now().toString().padStart(15, "0")}-${String(++lastFile).padStart(5, "0")}`;
}

/**
 * Opens several at once; they stand in the order given, however long each takes. One that fails does not keep the others.
 * @param {{source: string, address?: string, file?: string, get: () => Promise<Blob> | Blob}[]} list
 */
async function openAll(list) {
  if (list.length === 0) return recollate();
  opened = true;
  if (examples) {
    examples = false;
    loaded = [];
    recollate();
  }
  document.body.setAttribute("aria-busy", "true");
  const before = loaded.length;
  await Promise.all(
    list.map(async ({ get, ...from }) => {
      try {
        await open(await get(), from);
      } catch (error) {
        say(from.source, [error instanceof Error ? error.message : String(error)], { kind: "error" });
      }
    }),
  );
  const order = new Map(list.map(({ source }, index) => [source, index]));
  const fresh = loaded.slice(before).sort((a, b) => (order.get(a.source) ?? 0) - (order.get(b.source) ?? 0));
  loaded = [...loaded.slice(0, before), ...fresh];
  document.body.removeAttribute("aria-busy");
  recollate();
}

/** The default model under three decoders, so that there is something to see. @param {Promise<void>} parser */
async function openExamples(parser) {
  // The page stands as it will with them, so that nothing moves when they come.
  for (const id of ["welcome", "examples"]) byId(id).hidden = false;
  document.body.classList.add("reading");
  const imports = await Promise.all(
    EXAMPLES.map(async (name) => {
      const address = `examples/${name}.json`;
      const blob = await fetchReport(address, { base: document.baseURI });
      return { address, ...(await openBlob(blob, address)) };
    }),
  ).catch(() => []);
  await parser;
  if (opened) return;
  loaded = imports.flatMap(({ address, reports }) =>
    reports.map((report) => ({ id: address, source: address, file: address, address, blob: null, report })),
  );
  examples = loaded.length > 0;
  recollate();
}

/** Opens the addresses of the view that are not open, and closes those no longer in it. @param {string[]} files */
async function openAddresses(files) {
  loaded = loaded.filter(({ address }) => !examples && (address === "" || files.includes(address)));
  view = { ...view, files };
  writeUrl();
  const fresh = files.filter((address) => !loaded.some((one) => one.address === address));
  await openAll(
    fresh.map((address) => ({
      source: address,
      address,
      get: () => fetchReport(address, { base: document.baseURI }),
    })),
  );
}

/** @param {Iterable<File>} files */
async function openFiles(files) {
  const list = [...files].map((blob) => ({ source: blob.name, file: nextFile(), get: () => blob }));
  await openAll(list);
  if (keep.checked) await keepAll();
}

async function keepAll() {
  const files = new Map(
    loaded.flatMap(({ file, source, blob }) => (blob ? [[file, { id: file, name: source, blob }]] : [])),
  );
  try {
    for (const file of files.values()) await keepFile(file);
    announce("The files are kept in this browser.");
  } catch (error) {
    keep.checked = false;
    announce(`The browser would not keep the files (${error instanceof Error ? error.message : error}).`);
  }
}

/** Shows a prompt in the Read view. @param {Row} row */
async function goTo(row) {
  view = { ...view, page: "read", at: row.number };
  writeUrl();
  await refresh(0);
  stand(row);
}

/** Brings a row that is shown into view, with the focus on it. @param {Row} row */
function stand(row) {
  const element = rows.reveal(row);
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "start" });
}

/** @param {number} step */
function walk(step) {
  const all = [...document.querySelectorAll("#prompts article")];
  const here = document.activeElement?.closest("article") ?? null;
  const current = here
    ? rows.rows.findIndex(({ number }) => `prompt-${number}` === here.id)
    : firstInView(all) - (step > 0 ? 1 : 0);
  const row = rows.rows[Math.min(Math.max(current + step, 0), rows.rows.length - 1)];
  if (!row) return;
  stand(row);
  view = { ...view, at: row.number };
  writeUrl();
}

/** @param {Element[]} articles */
function firstInView(articles) {
  const found = articles.find((article) => article.getBoundingClientRect().bottom > 80);
  return found ? rows.rows.findIndex(({ number }) => `prompt-${number}` === found.id) : 0;
}

function currentRow() {
  const article = document.activeElement?.closest("article");
  return rows.rows.find(({ number }) => `prompt-${number}` === article?.id);
}

/** @param {string} value @param {string[]} list */
function following(value, list) {
  return list[(list.indexOf(value) + 1) % list.length] ?? "";
}

async function copyLink() {
  const local = loaded.filter(({ address }) => address === "").length;
  try {
    await navigator.clipboard.writeText(new URL(address(), location.href).href);
    announce(local > 0 ? "Link copied. It does not carry the files of this machine." : "Link copied.");
  } catch {
    announce("The browser did not allow copying; the page's address is the link.");
  }
}

/** @param {string} kind */
async function save(kind) {
  const what = { rows: shown, columns: visibleColumns(), view };
  const { toCsv, toJson, toMarkdown, toReports } = await import("./export.js");
  if (kind === "csv") download("comparison.csv", toCsv(what), "text/csv");
  if (kind === "json") download("comparison.json", toJson(what), "application/json");
  if (kind === "md") download("comparison.md", toMarkdown(what), "text/markdown");
  if (kind === "report") download("reports.json", toReports(what), "application/json");
}

function setUpDrop() {
  const overlay = byId("drop");
  const carriesFiles = (/** @type {DragEvent} */ event) =>
    event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    overlay.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) overlay.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    overlay.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (votes.blind) announce("A blind round is open. End it before you open other files.");
    else openFiles(event.dataTransfer?.files ?? []);
  });
}

function setUpSources() {
  urls.value = view.files.join("\n");
  urls.rows = Math.min(6, Math.max(1, view.files.length));
  byId("open-form").addEventListener("submit", (event) => {
    event.preventDefault();
    openAddresses(splitFiles(urls.value));
  });
  urls.addEventListener("input", () => {
    urls.rows = Math.min(6, Math.max(1, urls.value.split("\n").length));
  });
  urls.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    openAddresses(splitFiles(urls.value));
  });
  const picker = /** @type {HTMLInputElement} */ (byId("files"));
  picker.addEventListener("change", () => {
    openFiles([...(picker.files ?? [])]);
    picker.value = "";
  });
  keep.addEventListener("change", () => {
    remember("keep", keep.checked);
    if (keep.checked) keepAll();
    else dropFiles().catch(() => {});
  });
  byId("close-all").addEventListener("click", async () => {
    await dropFiles().catch(() => {}); // first, since a reload would bring back what is still kept
    loaded = [];
    view = { ...view, files: [], hide: [], base: "" };
    urls.value = "";
    byId("message").replaceChildren();
    writeUrl();
    recollate();
  });
}

function setUpView() {
  setUpTools(form, update);
  for (const button of document.querySelectorAll("[data-page]")) {
    button.addEventListener("click", () =>
      update({ page: /** @type {View["page"]} */ (button.getAttribute("data-page")) }),
    );
  }
  byId("expand-all").addEventListener("click", () => update({ fold: false }));
  byId("collapse-all").addEventListener("click", () => update({ fold: true }));
  byId("copy-link").addEventListener("click", copyLink);
  const saver = /** @type {HTMLSelectElement} */ (byId("export"));
  saver.addEventListener("change", () => {
    save(saver.value);
    saver.value = "";
  });
}

/** @type {import("./keys.js").Command[]} */
const commands = [
  { keys: ["j"], does: "Next prompt", run: () => walk(1) },
  { keys: ["k"], does: "Previous prompt", run: () => walk(-1) },
  {
    keys: ["o"],
    does: "Open or close the prompt",
    run: () => {
      const row = currentRow();
      if (row) toggle(row);
    },
  },
  { keys: ["e"], does: "Expand all prompts", run: () => update({ fold: false }) },
  { keys: ["c"], does: "Collapse all prompts", run: () => update({ fold: true }) },
  { keys: ["/"], does: "Search", run: () => byId("query").focus() },
  {
    keys: ["f"],
    does: "Next configuration",
    run: () => update({ config: following(view.config, ["", ...table.configs]) }),
  },
  {
    keys: ["i"],
    does: "Next sample",
    run: () => update({ sample: (view.sample + 1) % (table.mostOutputs + 1) }),
  },
  {
    keys: ["b"],
    does: "Next baseline",
    run: () => update({ base: following(view.base, ["", ...table.columns.map(({ letter }) => letter)]) }),
  },
  { keys: ["d"], does: "Only where they differ", run: () => update({ differ: !view.differ }) },
  { keys: ["m"], does: "Markdown or the raw text", run: () => update({ markdown: !view.markdown }) },
  { keys: ["p"], does: "Parameters", run: () => update({ params: !view.params }) },
  { keys: ["g"], does: "Group identical samples", run: () => update({ group: !view.group }) },
  { keys: ["l"], does: "Cut long outputs", run: () => update({ clip: !view.clip }) },
  {
    keys: ["t"],
    does: "Take out special tokens",
    run: () => update({ tokens: view.tokens === "strip" ? "show" : "strip" }),
  },
  {
    keys: ["s"],
    does: "Side by side or one below the other",
    run: () => update({ layout: view.layout === "side" ? "stack" : "side" }),
  },
];

/** @type {import("./keys.js").Command[]} */
const voteCommands = [
  { keys: ["1", "ArrowLeft"], does: "Left is better", page: "vote", run: () => votes.vote("left") },
  { keys: ["2", "ArrowRight"], does: "Right is better", page: "vote", run: () => votes.vote("right") },
  { keys: ["="], does: "Tie", page: "vote", run: () => votes.vote("tie") },
  { keys: ["0"], does: "Both are bad", page: "vote", run: () => votes.vote("both_bad") },
  { keys: ["x"], does: "Skip the pair", page: "vote", run: () => votes.skip() },
  { keys: ["u"], does: "Take the last vote back", page: "vote", run: () => votes.undo() },
];

async function start() {
  prepareReader();
  setUpSources();
  setUpView();
  setUpDrop();
  setUpKeys([...commands, ...voteCommands], {
    page: () => view.page,
    enabled: recall("keys") !== false,
    onEnabled: (enabled) => remember("keys", enabled),
  });
  keep.checked = recall("keep") === true;
  const parser = prepare();
  const kept = keep.checked ? await keptFiles().catch(() => []) : [];
  const addresses = view.files.map((address) => ({
    source: address,
    address,
    get: () => fetchReport(address, { base: document.baseURI }),
  }));
  const files = kept.map(({ id, name, blob }) => ({ source: name, file: id, get: () => blob }));
  if (addresses.length + files.length > 0) {
    await parser;
    await openAll([...addresses, ...files]);
  } else await openExamples(parser);
  const row = table.rows.find(({ number }) => number === view.at);
  if (row) rows.reveal(row)?.scrollIntoView({ block: "start" });
}

start();
