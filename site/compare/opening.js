/**
 * Opens and closes reports: from addresses, picked, dropped or kept files, and the built-in examples.
 * Fetching and reading a file is in sources.js.
 */

import { checkLimit } from "../reports/limits.js";
import { isPasted, notUrl, splitFiles } from "../reports/view.js";
import { isComposing } from "../ui/composing.js";
import { byId, element } from "../ui/dom.js";
import { recall, remember } from "../ui/memory.js";
import { errorWords } from "../ui/status.js";
import { inLine } from "../ui/unseen.js";
import { listed, megabytes, t, tn } from "../ui/words.js";
import { givenReports } from "./given.js";
import { dropFile, dropFiles, keepFile, keptFiles } from "./kept-files.js";
import { hostsOf, portionOf } from "./link.js";
import {
  announce,
  ask,
  dismiss,
  dismissAll,
  dismissErrors,
  report as showProblems,
  waiting,
} from "./messages.js";
import { fetchReport, openBlob } from "./sources.js";

/** @import { Loaded, ReportSession } from "./session.js" */
/**
 * @typedef {Object} Source
 * @property {string} source its name or address, as shown
 * @property {string} [address]
 * @property {string} [file]
 * @property {(options: {signal: AbortSignal, onProgress: (progress: import("./sources.js").Progress) =>
 *   void}) => Promise<Blob> | Blob} get
 */

const EXAMPLES = ["greedy", "repetition-penalty", "sampling"];
const LINES = 6; // of the field for addresses, at most
const AT_ONCE = 6; // files that are opened at the same time
const LISTED = 100; // addresses of a link that the visitor is asked about
const MOST_NAMED = 5; // hosts
const LINK = t("Link");
const TYPED = t("Report URLs");
const MORE = t("More files");
const PASTED = "pasted.json";

export class Opening {
  #session;
  #urls = byId("urls", "textarea");
  #keep = byId("keep", "input");
  /** Whether the visitor has opened anything; examples that arrive later are dropped. */
  #used = false;

  /** @param {ReportSession} session */
  constructor(session) {
    this.#session = session;
    this.#keep.checked = recall("compare.keep") === true;
    this.#showAddresses();
    this.#listen();
  }

  /**
   * Opens the reports of the view and the kept files, or else the examples.
   * @param {Promise<void>} renderer
   */
  async start(renderer) {
    const kept = this.#keep.checked ? await keptFiles().catch(() => []) : [];
    const files = kept.map(({ id, name, blob }) => ({ source: name, file: id, get: () => blob }));
    const { now, later } = this.#fromLink(this.#session.view.files);
    const given = (await givenReports()).map(({ name, blob }) => ({ source: name, get: () => blob }));
    const sources = [...now.map(sourceOf), ...files, ...given];
    if (sources.length === 0 && this.#session.view.page === "write") return this.#session.announce("reports");
    if (sources.length === 0) return this.#openExamples(renderer);
    await renderer;
    this.#askFor(later);
    await this.#openAll(sources);
  }

  /**
   * Which addresses of a link to open at once. The page says where they are.
   * @param {readonly string[]} files
   */
  #fromLink(files) {
    const portion = portionOf(files, document.baseURI);
    const hosts = inWords(hostsOf(portion.now, document.baseURI));
    if (hosts)
      showProblems(LINK, [t("It opens files from other sites: {hosts}.", { hosts })], { kind: "note" });
    return portion;
  }

  /** Asks before more addresses of a link are fetched. @param {readonly string[]} files */
  #askFor(files) {
    if (files.length === 0) return;
    const words = tn(
      files.length,
      "The link has {n} more file: {hosts}. Do you want to open it too?",
      "The link has {n} more files: {hosts}. Do you want to open them too?",
      { hosts: inWords(hostsOf(files, document.baseURI)) },
    );
    const shown = files.slice(0, LISTED).map((address) => element("li", {}, address));
    const rest = files.length - shown.length;
    const body = element(
      "div",
      {},
      ` ${words}`,
      element(
        "details",
        {},
        element("summary", {}, t("URLs")),
        element("ol", {}, ...shown),
        rest > 0 ? tn(rest, "and {n} other URL", "and {n} other URLs") : null,
      ),
    );
    const leave = () =>
      this.#setAddresses(this.#session.view.files.filter((address) => !files.includes(address)));
    const open = tn(files.length, "Open {n} more file", "Open {n} more files");
    ask(MORE, body, [
      { label: open, act: () => this.#openAll(files.map(sourceOf)) },
      { label: t("Don't open them"), act: leave },
    ]);
  }

  /**
   * Opens addresses that are not open yet and closes those that are no longer listed.
   * @param {string[]} files
   * @param {{link?: boolean}} [options] link: a link chose them, not the visitor
   */
  async openAddresses(files, { link = false } = {}) {
    dismissErrors();
    const { loaded, examples } = this.#session;
    const kept = examples ? [] : loaded.filter(({ address }) => address === "" || files.includes(address));
    if (!examples) await this.#session.open(kept);
    this.#setAddresses(files);
    const fresh = files.filter((address) => !kept.some((one) => one.address === address));
    const { now, later } = link ? this.#fromLink(fresh) : { now: fresh, later: [] };
    this.#askFor(later);
    await this.#openAll(now.map(sourceOf));
  }

  /** @param {string[]} files */
  #setAddresses(files) {
    this.#session.change({ files });
    this.#showAddresses();
    this.#session.announce("files");
  }

  /** @param {Iterable<File>} files @returns {Promise<boolean>} whether any could be opened */
  async openFiles(files) {
    dismissErrors();
    const before = this.#session.loaded;
    const sources = [...files].map((blob) => ({
      source: blob.name,
      file: this.#session.nextFile(),
      get: () => blob,
    }));
    await this.#openAll(sources);
    if (this.#keep.checked) await this.#keepAll();
    return this.#session.loaded.some((one) => !before.includes(one));
  }

  /** Opens what is in the field: URLs, or a report that was pasted instead; bad input stays there. */
  async #openTyped() {
    const text = this.#urls.value;
    if (isPasted(text)) {
      if (await this.openFiles([new File([text], PASTED)])) this.#showAddresses();
      return;
    }
    const files = splitFiles(text);
    const wrong = notUrl(files);
    if (wrong === undefined) {
      dismiss(TYPED);
      return this.openAddresses(files);
    }
    const words = t(
      "“{text}” is not a URL. Enter one URL per line, paste a complete report as JSON, or drop the " +
        "file here.",
      { text: inLine(wrong, 60) },
    );
    showProblems(TYPED, [words], { kind: "error" });
  }

  /** Closes the file of a report, with all its columns. @param {string} id */
  async close(id) {
    const { loaded, view } = this.#session;
    const closed = loaded.find((one) => one.id === id);
    if (!closed) return;
    this.#session.announce("closed", closed.report);
    const opened = this.#session.open(loaded.filter(({ file }) => file !== closed.file));
    const files = view.files.filter((address) => address !== closed.address);
    this.#session.change({ files, hide: [], base: "" });
    this.#showAddresses();
    dismiss(closed.source);
    dropFile(closed.file).catch(() => {});
    if (await opened) this.#session.announce("reports");
  }

  async #closeAll() {
    await dropFiles().catch(() => {}); // first, or a reload would bring back what is still kept
    for (const { report } of this.#session.loaded) this.#session.announce("closed", report);
    const opened = this.#session.open([]);
    this.#session.change({ files: [], hide: [], base: "" });
    this.#showAddresses();
    dismissAll();
    if (await opened) this.#session.announce("reports");
  }

  /**
   * Opens several sources at once, in the order given; one that fails does not affect the others.
   * @param {Source[]} sources
   */
  async #openAll(sources) {
    if (sources.length === 0) return this.#session.announce("reports");
    this.#used = true;
    if (this.#session.examples) {
      await this.#session.open([]);
      this.#session.announce("reports");
    }
    document.body.setAttribute("aria-busy", "true");
    const { models, characters } = this.#session.taken;
    const capacity = new Capacity({ models, characters });
    let left = 0;
    const opened = await inTurns(sources, AT_ONCE, async (source) => {
      if (!capacity.full) return this.#open(source, capacity);
      left++;
      return [];
    });
    if (left > 0) {
      const words = tn(
        left,
        "{n} file was not opened because no more reports fit on the page. Close some reports first.",
        "{n} files were not opened because no more reports fit on the page. Close some reports first.",
      );
      showProblems(MORE, [words], { kind: "error" });
    }
    const shown = await this.#session.open([...this.#session.loaded, ...opened.flat()]);
    document.body.removeAttribute("aria-busy");
    if (shown) this.#session.announce("reports");
  }

  /**
   * @param {Source} source
   * @param {Capacity} capacity
   * @returns {Promise<Loaded[]>} empty if it could not be opened, which is then shown
   */
  async #open({ source, address = "", file = this.#session.nextFile(), get }, capacity) {
    dismiss(source);
    const control = new AbortController();
    const { signal } = control;
    const wait = waiting(source, () => control.abort(new Error(t("Cancelled."))));
    try {
      wait.say(t("is being fetched."));
      const blob = await get({ signal, onProgress: (progress) => wait.say(fetched(progress)) });
      wait.say(t("is being read."));
      const { reports, problems, size } = await openBlob(blob, source, signal);
      capacity.take(reports.length, size);
      wait.end();
      if (problems.length > 0) showProblems(source, problems, { kind: "warning" });
      const kept = address === "" ? blob : null;
      return reports.map((report, index) => ({
        id: `${file}.${index}`,
        source,
        file,
        address,
        blob: kept,
        report,
        size: index === 0 ? size : 0,
      }));
    } catch (error) {
      wait.end();
      showProblems(source, [errorWords(error).message], { kind: "error" });
      return [];
    }
  }

  /** Opens the examples: the default model under three decoders. @param {Promise<void>} renderer */
  async #openExamples(renderer) {
    // The page is laid out as it will be with them, so that nothing moves when they arrive.
    byId("welcome", "section").hidden = false;
    byId("examples", "span").hidden = false;
    document.body.classList.add("reading");
    const sources = EXAMPLES.map((name) => `examples/${name}.json`);
    const options = { base: document.baseURI };
    const imports = await Promise.all(
      sources.map(async (source) => ({
        source,
        ...(await openBlob(await fetchReport(source, options), source)),
      })),
    ).catch(() => []);
    await renderer;
    if (this.#used) return;
    const loaded = imports.flatMap(({ source, reports }) =>
      reports.map((report) => ({
        id: source,
        source,
        file: source,
        address: source,
        blob: null,
        report,
        size: 0,
      })),
    );
    this.#session.examples = loaded.length > 0;
    if (await this.#session.open(loaded)) this.#session.announce("reports");
  }

  /** Opens the examples in place of what is open. */
  async #reopenExamples() {
    await this.#closeAll();
    this.#used = false;
    await this.#openExamples(Promise.resolve());
  }

  async #keepAll() {
    const files = new Map(
      this.#session.loaded.flatMap(({ file, source, blob }) =>
        blob ? [[file, { id: file, name: source, blob }]] : [],
      ),
    );
    try {
      for (const file of files.values()) await keepFile(file);
      announce(t("The files are kept in this browser."));
    } catch (error) {
      this.#keep.checked = false;
      const reason = errorWords(error).message;
      announce(t("The browser could not keep the files ({reason}).", { reason }));
    }
  }

  #showAddresses() {
    this.#urls.value = this.#session.view.files.join("\n");
    this.#fitLines();
  }

  #fitLines() {
    this.#urls.rows = Math.min(LINES, this.#urls.value.split("\n").length);
  }

  #listen() {
    const openTyped = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#openTyped();
    };
    byId("open-form", "form").addEventListener("submit", openTyped);
    this.#urls.addEventListener("input", () => this.#fitLines());
    this.#urls.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) openTyped(event);
    });
    const picker = byId("files", "input");
    picker.addEventListener("change", () => {
      this.openFiles([...(picker.files ?? [])]);
      picker.value = "";
    });
    this.#keep.addEventListener("change", () => {
      remember("compare.keep", this.#keep.checked);
      if (this.#keep.checked) this.#keepAll();
      else dropFiles().catch(() => {});
    });
    byId("close-all", "button").addEventListener("click", () => this.#closeAll());
    this.#session.on("examples", () => this.#reopenExamples());
    byId("open-examples", "button").addEventListener("click", () => this.#reopenExamples());
  }
}

/** @param {string} address @returns {Source} */
function sourceOf(address) {
  const base = document.baseURI;
  return { source: address, address, get: (options) => fetchReport(address, { base, ...options }) };
}

/** What the page still holds beside the reports that are open or being opened. */
class Capacity {
  full = false;

  /** @param {{models: number, characters: number}} taken */
  constructor({ models, characters }) {
    this.models = models;
    this.characters = characters;
  }

  /**
   * @param {number} models of one file
   * @param {number} characters
   * @throws {Error} if there is no room for them
   */
  take(models, characters) {
    const options = {
      sentence: (/** @type {import("../reports/limits.js").Excess} */ excess) =>
        t("With this file the page would have {amount}, but this page shows at most {limit}.", excess),
      remedy: t("Close another file first."),
    };
    this.full = true; // unless both checks pass
    checkLimit("models", this.models + models, options);
    checkLimit("characters", this.characters + characters, options);
    this.full = false;
    this.models += models;
    this.characters += characters;
  }
}

/**
 * Calls `work` for each item, for at most `most` items at the same time.
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} most
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>} in the order of the items
 */
async function inTurns(items, most, work) {
  /** @type {R[]} */
  const results = [];
  const queue = items.entries();
  const turns = Array.from({ length: most }, async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  });
  await Promise.all(turns);
  return results;
}

/**
 * "3 from a.example and 1 from b.example"; of many hosts, the last are counted.
 * @param {ReadonlyMap<string, number>} hosts
 */
function inWords(hosts) {
  const named = [...hosts]
    .slice(0, MOST_NAMED)
    .map(([host, count]) => t("{count} from {host}", { count, host }));
  const rest = hosts.size - named.length;
  if (rest > 0) named.push(tn(rest, "others from {n} more site", "others from {n} more sites"));
  return listed(named);
}

/** @param {import("./sources.js").Progress} progress */
function fetched({ loaded, total }) {
  const values = { loaded: megabytes(loaded), total: megabytes(total) };
  if (total < loaded) return t("is being fetched: {loaded}.", values);
  return t("is being fetched: {loaded} of {total}.", values);
}
