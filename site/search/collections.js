/**
 * The left side of the search page: the collections, what the open one has in it, and how files get there. It
 * decides nothing: library.js and indexing.js do.
 */

import { MINILM, titleOf } from "../collections/embedders.js";
import { droppedFiles, filesOf, LARGEST, tableColumns } from "../collections/files.js";
import { byId, download, element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { refuseInFrame } from "../ui/framed.js";
import { keepFocus, redraw } from "../ui/keep-focus.js";
import { megabytes, phrase, t, tn, translated } from "../ui/words.js";
import { betterWords } from "./asking.js";
import { consent } from "./consent.js";
import { askColumn, askName, askText } from "./dialogs.js";
import { askEmbedder } from "./embedder-dialog.js";
import { fetchSample, SAMPLES } from "./samples.js";

/** @import { Library } from "./library.js" */
/** @import { Picked } from "./indexing.js" */

/** What a visitor should know of where collections are kept. */
const KEPT = {
  opfs: "",
  cache: t("This browser has no private file system to write to, so collections are kept in its cache."),
  memory: t(
    "This browser keeps nothing here (a private window, perhaps): collections are gone when you close the page.",
  ),
};
const MOST_DOCUMENTS = 300;
/** Tables of which the column is named. */
const MOST_TABLES = 20;
/** Documents that are named as gone or replaced. */
const MOST_NAMED = 20;
/** Names of waiting files that are shown. */
const MOST_WAITING = 5;

export class Collections {
  #library;
  #root;
  #list = element("ul", { class: "collection-list" });
  #body = element("div", { class: "collection-body" });
  #notices = element("div", { class: "collection-notices" });
  /**
   * Undoes the last deletion; that of documents only until others are read.
   * @type {{text: string, undo: () => Promise<unknown>, ofDocuments: boolean} | null}
   */
  #undo = null;

  /** @param {HTMLElement} root @param {Library} library */
  constructor(root, library) {
    this.#root = root;
    this.#library = library;
  }

  start() {
    this.#root.append(this.#list, this.#notices, this.#body);
    this.#library.addEventListener("change", () => this.#show());
    const { indexer } = this.#library;
    indexer.addEventListener("change", () => {
      if (indexer.isRunning && this.#undo?.ofDocuments) this.#undo = null;
      this.#show();
    });
    indexer.chooseColumn = (file) => this.#column(file);
    acceptDrops({
      onFiles: (_files, transfer) => this.#dropped(droppedFiles(transfer)),
      onDrag: (dragging) => this.#root.classList.toggle("dragging", dragging),
    });
    this.#show();
  }

  async #show() {
    const entries = await this.#library.store.list();
    const open = this.#library.collection();
    const shown = open && !entries.some(({ id }) => id === open.id) ? [...entries, open] : entries;
    const draw = () => {
      redraw(
        this.#list,
        shown.map((entry) => this.#item(entry, entry.id === open?.id)),
      );
      this.#list.hidden = shown.length === 0;
      redraw(this.#notices, this.#noticesNow());
      const wasOpen = this.#body.querySelector("details")?.open ?? false;
      redraw(this.#body, open ? this.#openBody(wasOpen) : this.#emptyBody());
    };
    keepFocus(this.#root, draw, byId("status", "p"));
  }

  /** @param {import("../collections/collection-store.js").Entry} entry @param {boolean} isOpen */
  #item({ id, name, documents, passages, bytes }, isOpen) {
    const figures = [
      tn(documents, "{n} document", "{n} documents"),
      tn(passages, "{n} passage", "{n} passages"),
    ];
    if (bytes >= 5e4) figures.push(megabytes(bytes));
    const choose = element(
      "button",
      {
        type: "button",
        class: "collection",
        "data-testid": "collection",
        "data-name": name,
        "data-id": id,
        "aria-current": isOpen ? "true" : null,
        onclick: () => isOpen || this.#try(() => this.#library.choose(id)),
      },
      element("strong", {}, name),
      element("span", { class: "note" }, figures.join(" · ")),
    );
    return element("li", {}, choose);
  }

  /** @returns {Node[]} */
  #emptyBody() {
    return [
      element(
        "p",
        {},
        t("Drop documents here to search them: text, Markdown, HTML, PDF, Word, CSV, or a zip of these."),
      ),
      ...this.#inputs(),
      element("h3", {}, t("Or try it with these examples")),
      ...SAMPLES.map((sample) =>
        element(
          "div",
          { class: "collection-sample" },
          button(translated(sample.title), () => this.#sample(sample), {
            "data-testid": "sample",
            "data-name": sample.name,
          }),
          element("p", { class: "note" }, translated(sample.note)),
        ),
      ),
      element(
        "div",
        { class: "row collection-tools" },
        button(t("New collection…"), () => this.#create(), { "data-testid": "new-collection" }),
        this.#importButton(),
      ),
    ];
  }

  /** @param {boolean} isUnfolded @returns {Node[]} */
  #openBody(isUnfolded) {
    const { isWritable, indexer } = this.#library;
    const tools = element(
      "div",
      { class: "row collection-tools", role: "group", "aria-label": t("Collection") },
      button(t("New…"), () => this.#create(), { "data-testid": "new-collection" }),
      isWritable ? button(t("Rename"), () => this.#rename(), { "data-testid": "rename-collection" }) : null,
      button(t("Export"), () => this.#export(), { "data-testid": "export-collection" }),
      button(t("Export vectors"), () => this.#exportVectors(), { "data-testid": "export-vectors" }),
      this.#importButton(),
      isWritable ? button(t("Delete"), () => this.#delete(), { "data-testid": "delete-collection" }) : null,
    );
    return [
      ...(isWritable ? this.#inputs() : []),
      this.#waiting(),
      this.#problems(),
      this.#columns(),
      ...indexer.gone.map((gone) => this.#gone(gone)),
      this.#replaced(),
      this.#documents(isUnfolded),
      this.#better(),
      tools,
    ].filter((node) => node !== null);
  }

  /** The ways to add documents. @returns {Node[]} */
  #inputs() {
    const files = element("input", {
      type: "file",
      id: "collection-files",
      multiple: true,
      class: "visually-hidden",
      "data-testid": "add-files",
    });
    files.addEventListener("change", () => this.#picked(files));
    const folder = element("input", {
      type: "file",
      id: "collection-folder",
      webkitdirectory: true,
      class: "visually-hidden",
      "data-testid": "add-folder",
    });
    folder.addEventListener("change", () => this.#picked(folder));
    return [
      element(
        "div",
        { class: "row collection-add" },
        element(
          "span",
          { class: "picker" },
          files,
          element("label", { for: files.id, class: "button" }, t("Add files…")),
        ),
        element(
          "span",
          { class: "picker" },
          folder,
          element("label", { for: folder.id, class: "button" }, t("Add a folder…")),
        ),
        button(t("Paste text…"), () => this.#paste(), { "data-testid": "paste", class: "" }),
      ),
      element("p", { class: "note" }, t("Or drop files anywhere on this page.")),
    ];
  }

  #importButton() {
    const input = element("input", {
      type: "file",
      id: "collection-import",
      accept: ".zip,application/zip,.json,application/json",
      class: "visually-hidden",
      "data-testid": "import-collection",
    });
    input.addEventListener("change", async () => {
      const [file] = input.files ?? [];
      input.value = "";
      if (!file) return;
      if (/\.json$/i.test(file.name)) await this.#importVectors(file);
      else await this.#try(() => this.#library.import(file), t("Imported {file}.", { file: file.name }));
    });
    return element(
      "span",
      { class: "picker" },
      input,
      element("label", { for: input.id, class: "button quiet" }, t("Import…")),
    );
  }

  /** @returns {Node[]} */
  #noticesNow() {
    const notices = [];
    const place = KEPT[this.#library.store.place];
    if (place) notices.push(place);
    if (this.#library.collection() && !this.#library.isWritable) {
      notices.push(t("Another tab has this collection open, so it can only be searched here."));
    }
    const nodes = notices.map((text) => element("p", { class: "notice", "data-testid": "notice" }, text));
    const undo = this.#undo;
    if (undo) {
      const act = async () => {
        const last = this.#undo;
        this.#undo = null;
        if (last) await this.#try(last.undo, t("Restored."));
      };
      nodes.push(
        element(
          "p",
          { class: "notice" },
          `${undo.text} `,
          button(t("Undo"), act, { "data-testid": "undo-delete" }),
        ),
      );
    }
    return nodes;
  }

  /** The files that are not read yet, while the engine is fetched or after a stop. */
  #waiting() {
    const { indexer } = this.#library;
    if (!indexer.isPaused && (this.#library.ready() || !indexer.waiting.length)) return null;
    const words = indexer.waiting.length
      ? tn(indexer.waiting.length, "{n} file waiting:", "{n} files waiting:")
      : t("Some of it has not been read yet.");
    return element(
      "section",
      { class: "notice", "data-testid": "waiting", "aria-label": t("Waiting files") },
      element("p", {}, words),
      indexer.waiting.length ? listOf(indexer.waiting, MOST_WAITING) : null,
      indexer.isPaused
        ? button(t("Continue"), () => this.#try(() => indexer.run()), { "data-testid": "continue" })
        : null,
      indexer.isPaused
        ? button(t("Discard"), () => this.#try(() => indexer.discard(), t("Waiting files discarded.")))
        : null,
    );
  }

  #problems() {
    const { problems } = this.#library.indexer;
    if (!problems.length) return null;
    const items = problems.map(({ name, message, remedy }) =>
      element(
        "li",
        {},
        message.startsWith(name) ? null : element("strong", {}, `${name} `),
        `${translated(message)} ${translated(remedy)}`,
      ),
    );
    return element(
      "section",
      {
        class: "error-box collection-problems",
        "data-testid": "problems",
        "aria-label": t("Files that could not be read"),
      },
      element(
        "p",
        {},
        element("strong", {}, tn(problems.length, "{n} file was not read.", "{n} files were not read.")),
      ),
      element("ul", {}, ...items),
      button(t("Close"), () => this.#library.indexer.dismiss()),
    );
  }

  /** Which columns were taken of tables in folders and zips. */
  #columns() {
    const { columns } = this.#library.indexer;
    if (!columns.size || this.#library.indexer.isRunning) return null;
    const items = [...columns].slice(0, MOST_TABLES).map(([name, column]) => {
      return element(
        "li",
        {},
        ...phrase("{table} column “{column}”", { table: element("strong", {}, name), column }),
      );
    });
    const more = columns.size - items.length;
    return element(
      "section",
      { class: "notice", "data-testid": "columns", "aria-label": t("Columns of tables") },
      element("p", {}, t("In each table, the column with the most text is searched:")),
      element(
        "ul",
        {},
        ...items,
        more > 0 ? element("li", {}, t("and {count} more", { count: more })) : null,
      ),
      element("p", {}, t("To search another column, add the table on its own.")),
      button(t("Close"), () => this.#library.indexer.dismiss()),
    );
  }

  /** @param {import("./indexing.js").Gone} gone */
  #gone({ folder, names }) {
    const { indexer } = this.#library;
    const remove = async () => {
      const all = indexer.gone.find((one) => one.folder === folder)?.names ?? [];
      await this.#remove(all, tn(all.length, "{n} document is removed.", "{n} documents are removed."));
      indexer.dismiss();
    };
    return element(
      "section",
      { class: "notice", "data-testid": "gone", "aria-label": t("Files that no longer exist") },
      element(
        "p",
        {},
        tn(
          names.length,
          "{n} document is no longer in the folder “{folder}”:",
          "{n} documents are no longer in the folder “{folder}”:",
          { folder },
        ),
      ),
      listOf(names, MOST_NAMED),
      button(t("Remove"), () => this.#try(remove), { "data-testid": "remove-gone" }),
      button(t("Keep"), () => indexer.dismiss()),
    );
  }

  /** Which documents took the place of others. */
  #replaced() {
    const { indexer } = this.#library;
    const { replaced } = indexer.replaced;
    if (!replaced.length || indexer.isRunning || !this.#library.isWritable) return null;
    const undo = async () => {
      await this.#library.undoReplacement(indexer.replaced);
      indexer.dismiss();
    };
    return element(
      "section",
      { class: "notice", "data-testid": "replaced", "aria-label": t("Replaced documents") },
      element(
        "p",
        {},
        tn(
          replaced.length,
          "{n} document replaced another with the same name:",
          "{n} documents replaced others with the same names:",
        ),
      ),
      listOf(replaced, MOST_NAMED),
      element("p", {}, t("To keep both, undo this and add the new file under another name.")),
      button(t("Undo"), () => this.#try(undo, t("Restored.")), { "data-testid": "undo-replaced" }),
      button(t("Close"), () => indexer.dismiss()),
    );
  }

  /** The documents, listed when the visitor unfolds them. @param {boolean} isUnfolded */
  #documents(isUnfolded) {
    const list = element("ul", { class: "collection-documents" });
    const count = this.#library.collection()?.documents ?? 0;
    const details = element(
      "details",
      { "data-testid": "documents" },
      element("summary", {}, tn(count, "{n} document", "{n} documents")),
      list,
    );
    details.addEventListener("toggle", () => details.open && this.#try(() => this.#fill(list)));
    if (isUnfolded) details.open = true;
    details.hidden = count === 0;
    return details;
  }

  /** @param {HTMLElement} list */
  async #fill(list) {
    await this.#library.prepare();
    const documents = await this.#library.documents();
    const items = documents.slice(0, MOST_DOCUMENTS).map(({ name, title, passages }) => {
      const remove = button(
        t("Remove"),
        () => this.#try(() => this.#remove([name], t("“{title}” is removed.", { title }))),
        {
          "aria-label": t("Remove {title}", { title }),
        },
      );
      const about = element(
        "span",
        { class: "note" },
        ` ${title === name ? "" : `${name} · `}${tn(passages, "{n} passage", "{n} passages")}`,
      );
      return element(
        "li",
        { "data-name": name },
        element("span", {}, element("strong", {}, title), about),
        this.#library.isWritable ? remove : null,
      );
    });
    const more = documents.length - items.length;
    list.replaceChildren(
      ...items,
      ...(more > 0 ? [element("li", { class: "note" }, t("and {count} more", { count: more }))] : []),
    );
  }

  /** @param {string[]} names of documents @param {string} text what to say then */
  async #remove(names, text) {
    refuseInFrame();
    const undo = await this.#library.remove(names);
    this.#undo = { text, undo, ofDocuments: true };
    await this.#show();
    this.#library.status.say(text);
    this.#notices.querySelector("button")?.focus();
  }

  /** What reads the passages: for MiniLM a choice, for all others what it is and what it lacks. */
  #better() {
    const { choice, host } = this.#library.embedder();
    const state = this.#library.full();
    if (choice.kind !== "minilm") return this.#otherEmbedder(choice, host);
    const words = {
      ready: t("MiniLM is ready: it understands whole sentences."),
      loading: t("MiniLM is loading…"),
      off: t("Downloads the model MiniLM (about 22 MB), which understands whole sentences."),
    };
    const box = element("input", {
      type: "checkbox",
      id: "collection-better",
      "data-testid": "better-answers",
      checked: state !== "off" || consent()?.full,
      "aria-describedby": "collection-better-note",
    });
    box.addEventListener("change", () =>
      this.#try(async () => {
        if (!box.checked) return await this.#library.refuseFull();
        await this.#library.offerFull();
        if (this.#library.isWritable) await this.#library.indexer.run();
      }),
    );
    return element(
      "div",
      {},
      element("label", { class: "search-check", for: box.id }, box, element("span", {}, t("Better answers"))),
      element("p", { class: "note", id: "collection-better-note" }, words[state]),
    );
  }

  /** @param {import("../collections/embedders.js").Choice} choice @param {string} host */
  #otherEmbedder(choice, host) {
    const state = this.#library.full();
    const facts = host
      ? t(
          "Passages are embedded by the model {model} on {host}, which receives their texts and the " +
            "questions for which you press Search.",
          { model: titleOf(choice), host },
        )
      : t("Passages are embedded by {model}, an experiment. Nothing leaves this page.", {
          model: titleOf(choice),
        });
    const action =
      state === "off"
        ? button(betterWords(this.#library.embedder()), () => this.#library.wantFull(), {
            "data-testid": "supply-embedder",
            class: "",
          })
        : null;
    const loading = state === "loading" ? ` ${t("It is loading…")}` : "";
    return element(
      "div",
      { "data-testid": "embedder" },
      element("p", { class: "note" }, facts + loading),
      action,
    );
  }

  /** @param {HTMLInputElement} input */
  async #picked(input) {
    const files = filesOf(input.files ?? []);
    const folder = input.webkitdirectory ? (files[0]?.name.split("/")[0] ?? "") : "";
    input.value = "";
    await this.#add(files, folder);
  }

  /** A single folder that was dropped counts as added again. @param {Promise<Picked[]>} dropped */
  async #dropped(dropped) {
    const files = await dropped;
    const folders = new Set(files.map(({ name }) => (name.includes("/") ? name.split("/")[0] : "")));
    await this.#add(files, folders.size === 1 ? [...folders][0] : "");
  }

  /** @param {Picked[]} files @param {string} [folder] */
  async #add(files, folder = "") {
    const [small, large] = [
      files.filter(({ blob }) => blob.size <= LARGEST),
      files.filter(({ blob }) => blob.size > LARGEST),
    ];
    await this.#try(async () => {
      await this.#library.ensure(t("My documents"));
      await this.#library.indexer.add(small, { folder });
    });
    for (const { name, blob } of large) {
      this.#library.indexer.note({
        name,
        message: t("It has {size}, and at most {most} are read.", {
          size: megabytes(blob.size),
          most: megabytes(LARGEST),
        }),
        remedy: t("Split it, or leave it out."),
      });
    }
  }

  /** Asks which column of a table has the text. @param {Picked} file @returns {Promise<string | null>} */
  async #column(file) {
    const columns = await tableColumns((job, args) => this.#library.run(job, args), file);
    return columns.length > 1 ? await askColumn(file.name, columns) : "";
  }

  /** @param {import("./samples.js").Sample} sample */
  async #sample(sample) {
    await this.#try(async () => {
      const { files, questions } = await fetchSample(sample);
      await this.#library.create(sample.name);
      this.#library.questions = questions;
      await this.#library.indexer.add(files);
    });
  }

  async #paste() {
    const pasted = await askText();
    if (pasted) await this.#add([{ name: `${pasted.title}.txt`, blob: new Blob([pasted.text]) }]);
  }

  async #create() {
    const answer = await askEmbedder({ title: t("New collection"), confirm: t("Create"), name: "" });
    if (!answer) return;
    const { name, choice, secrets } = answer;
    await this.#try(async () => {
      await this.#library.create(name || t("My documents"), choice, secrets);
      this.#library.status.say(t("“{name}” is ready for documents.", { name: this.#library.current().name }));
      if (choice.kind === "model") await this.#library.offerFull();
    });
  }

  /** @param {File} file with vectors */
  async #importVectors(file) {
    await this.#try(async () => {
      const done = await this.#library.importVectors(file, ({ files, entries, dimensions, models }) =>
        askEmbedder({
          title: t("Which model made these vectors?"),
          confirm: t("Import"),
          name: file.name.replace(/\.json$/i, ""),
          given: givenFor(models),
          models: models.map((model) => model.replace(/^endpoint:/, "")),
          note: [
            t("{file} has {vectors} of {numbers} for {files}, and does not say which model made them.", {
              file: file.name,
              vectors: tn(entries, "{n} vector", "{n} vectors"),
              numbers: tn(dimensions, "{n} number", "{n} numbers"),
              files: tn(files, "{n} file", "{n} files"),
            }),
            t("Questions need the same model."),
          ].join(" "),
        }),
      );
      if (done)
        this.#library.status.say(
          t("Imported {file}. To read the documents here, add their files.", { file: file.name }),
        );
    });
  }

  async #exportVectors() {
    await this.#try(
      async () => download("embeddings.json", await this.#library.exportVectors(), "application/json"),
      t("Exported the vectors."),
    );
  }

  async #rename() {
    const before = this.#library.current().name;
    const name = await askName({ title: t("Rename the collection"), confirm: t("Rename"), value: before });
    if (!name || name === before) return;
    await this.#try(async () => {
      await this.#library.rename(name);
      this.#library.status.say(t("Renamed to “{name}”.", { name: this.#library.current().name }));
    });
  }

  async #export() {
    const { name } = this.#library.current();
    await this.#try(async () => {
      const file = await this.#library.export();
      download(`${name.replace(/[^\p{L}\p{N} ._-]/gu, "_")}.zip`, file, file.type);
    }, t("Exported."));
  }

  async #delete() {
    const { name } = this.#library.current();
    const text = t("“{name}” is deleted.", { name });
    await this.#try(async () => {
      refuseInFrame();
      const undo = await this.#library.delete();
      this.#undo = { text, undo, ofDocuments: false };
      await this.#show();
    }, text);
    this.#root.querySelector("button")?.focus();
  }

  /** @param {() => unknown} action @param {string} [done] what to say then */
  async #try(action, done) {
    try {
      await action();
      if (done) this.#library.status.say(done);
    } catch (error) {
      this.#library.status.complain(error);
    }
  }
}

/**
 * The embedder that the dialog offers first for a file of vectors: a server, unless they may be MiniLM's.
 * @param {string[]} models
 * @returns {import("../collections/embedders.js").Choice}
 */
function givenFor([first = ""]) {
  if (first === "minilm-l6") return MINILM;
  return { kind: "endpoint", address: "", model: first.replace(/^endpoint:/, ""), hasKey: false };
}

/** The first of some names, and how many more there are. @param {string[]} names @param {number} most */
function listOf(names, most) {
  const more = names.length > most ? [t("and {count} more", { count: names.length - most })] : [];
  return element("ul", {}, ...[...names.slice(0, most), ...more].map((name) => element("li", {}, name)));
}

/**
 * @param {string} label
 * @param {() => unknown} onclick
 * @param {import("../ui/dom.js").Properties} [properties]
 */
function button(label, onclick, properties = {}) {
  return element("button", { type: "button", class: "quiet", onclick, ...properties }, label);
}
