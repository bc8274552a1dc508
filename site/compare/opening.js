/**
 * Opens and closes reports: from addresses, picked, dropped or kept files, and the built-in examples.
 * Fetching and reading a file is in sources.js.
 */

import { byId } from "../ui/dom.js";
import { recall, remember } from "../ui/memory.js";
import { dropFile, dropFiles, keepFile, keptFiles } from "./kept-files.js";
import { dismiss, dismissAll, report as showProblems } from "./messages.js";
import { fetchReport, openBlob } from "./sources.js";
import { splitFiles } from "./state.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").Loaded} Loaded */
/** @typedef {{source: string, address?: string, file?: string, get: () => Promise<Blob> | Blob}} Source */

const EXAMPLES = ["greedy", "repetition-penalty", "sampling"];
const LINES = 6; // of the field for addresses, at most

export class Opening {
  #session;
  #options;
  #urls = byId("urls", "textarea");
  #keep = byId("keep", "input");
  /** Whether the visitor has opened anything; examples that arrive later are dropped. */
  #used = false;

  /**
   * @param {Session} session
   * @param {{
   *   onReports: () => void,
   *   onView: () => void,
   *   onClose: (report: import("./reports/report.js").Report) => void,
   *   announce: (message: string) => void
   * }} options onReports: the set of reports changed; onView: the addresses in the view changed
   */
  constructor(session, options) {
    this.#session = session;
    this.#options = options;
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
    const sources = [...this.#session.view.files.map(sourceOf), ...files];
    if (sources.length === 0) return this.#openExamples(renderer);
    await renderer;
    await this.#openAll(sources);
  }

  /**
   * Opens addresses that are not open yet and closes those that are no longer listed.
   * @param {string[]} files
   */
  async openAddresses(files) {
    const { loaded, examples } = this.#session;
    const kept = examples ? [] : loaded.filter(({ address }) => address === "" || files.includes(address));
    if (!examples) this.#session.open(kept);
    this.#session.change({ files });
    this.#showAddresses();
    this.#options.onView();
    const fresh = files.filter((address) => !kept.some((one) => one.address === address));
    await this.#openAll(fresh.map(sourceOf));
  }

  /** @param {Iterable<File>} files */
  async openFiles(files) {
    const sources = [...files].map((blob) => ({
      source: blob.name,
      file: this.#session.nextFile(),
      get: () => blob,
    }));
    await this.#openAll(sources);
    if (this.#keep.checked) await this.#keepAll();
  }

  /** Closes the file of a report, with all its columns. @param {string} id */
  close(id) {
    const { loaded, view } = this.#session;
    const closed = loaded.find((one) => one.id === id);
    if (!closed) return;
    this.#options.onClose(closed.report);
    this.#session.open(loaded.filter(({ file }) => file !== closed.file));
    const files = view.files.filter((address) => address !== closed.address);
    this.#session.change({ files, hide: [], base: "" });
    this.#showAddresses();
    dismiss(closed.source);
    dropFile(closed.file).catch(() => {});
    this.#options.onReports();
  }

  async #closeAll() {
    await dropFiles().catch(() => {}); // first, or a reload would bring back what is still kept
    for (const { report } of this.#session.loaded) this.#options.onClose(report);
    this.#session.open([]);
    this.#session.change({ files: [], hide: [], base: "" });
    this.#showAddresses();
    dismissAll();
    this.#options.onReports();
  }

  /**
   * Opens several sources at once, in the order given; one that fails does not affect the others.
   * @param {Source[]} sources
   */
  async #openAll(sources) {
    if (sources.length === 0) return this.#options.onReports();
    this.#used = true;
    if (this.#session.examples) {
      this.#session.open([]);
      this.#options.onReports();
    }
    document.body.setAttribute("aria-busy", "true");
    const opened = await Promise.all(sources.map((source) => this.#open(source)));
    document.body.removeAttribute("aria-busy");
    this.#session.open([...this.#session.loaded, ...opened.flat()]);
    this.#options.onReports();
  }

  /**
   * @param {Source} source
   * @returns {Promise<Loaded[]>} empty if it could not be opened, which is then shown
   */
  async #open({ source, address = "", file = this.#session.nextFile(), get }) {
    try {
      const blob = await get();
      dismiss(source);
      const { reports, problems } = await openBlob(blob, source);
      if (problems.length > 0) showProblems(source, problems, { kind: "warning" });
      const kept = address === "" ? blob : null;
      return reports.map((report, index) => ({
        id: `${file}.${index}`,
        source,
        file,
        address,
        blob: kept,
        report,
      }));
    } catch (error) {
      showProblems(source, [error instanceof Error ? error.message : String(error)], { kind: "error" });
      return [];
    }
  }

  /** Opens the examples: the default model under three decoders. @param {Promise<void>} renderer */
  async #openExamples(renderer) {
    // The page is laid out as it will be with them, so that nothing moves when they arrive.
    byId("welcome", "section").hidden = false;
    byId("examples", "span").hidden = false;
    document.body.classList.add("reading");
    const sources = EXAMPLES.map((name) => sourceOf(`examples/${name}.json`));
    const imports = await Promise.all(
      sources.map(async ({ source, get }) => ({ source, ...(await openBlob(await get(), source)) })),
    ).catch(() => []);
    await renderer;
    if (this.#used) return;
    const loaded = imports.flatMap(({ source, reports }) =>
      reports.map((report) => ({ id: source, source, file: source, address: source, blob: null, report })),
    );
    this.#session.examples = loaded.length > 0;
    this.#session.open(loaded);
    this.#options.onReports();
  }

  async #keepAll() {
    const files = new Map(
      this.#session.loaded.flatMap(({ file, source, blob }) =>
        blob ? [[file, { id: file, name: source, blob }]] : [],
      ),
    );
    try {
      for (const file of files.values()) await keepFile(file);
      this.#options.announce("The files are kept in this browser.");
    } catch (error) {
      this.#keep.checked = false;
      const reason = error instanceof Error ? error.message : error;
      this.#options.announce(`The browser could not keep the files (${reason}).`);
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
      this.openAddresses(splitFiles(this.#urls.value));
    };
    byId("open-form", "form").addEventListener("submit", openTyped);
    this.#urls.addEventListener("input", () => this.#fitLines());
    this.#urls.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) openTyped(event);
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
  }
}

/** @param {string} address @returns {Source} */
function sourceOf(address) {
  return { source: address, address, get: () => fetchReport(address, { base: document.baseURI }) };
}
