/**
 * The visitor's files: which were picked or dropped, and what is in them. Python reads them
 * (goosequill.search.documents), except for the pages of PDFs.
 */

import { t } from "../ui/words.js";
import { readPdf } from "./pdf.js";

/** A file and its path within the folder that it came in. @typedef {{name: string, blob: Blob}} Picked */
/**
 * Why something was not read.
 * @typedef {{name: string, code: string, message: string, remedy: string}} Skipped
 */
/**
 * A document, or a `source` that is `unchanged`, or the rows that a table has `kept`, or what was `skipped`.
 * @typedef {{
 *   source?: string, hash?: string, name?: string, title?: string, text?: string, address?: string,
 *   blocks?: {start: number, end: number, headings: string[], anchor: string}[], row_hash?: string,
 *   unchanged?: boolean, kept?: string[], skipped?: Skipped
 * }} Item
 */
/**
 * Runs a job of the engine and yields its parts, and then its end, as `Engine.stream` does.
 * @typedef {(job: string, args: Record<string, unknown>, options: {signal?: AbortSignal}) =>
 *   AsyncIterable<any>} Run
 */

/** Bytes; of a larger file only the size goes to Python, which refuses it with the figures. */
export const LARGEST = 256 * 1024 * 1024;
/** Bytes of a table in which its columns are looked for. */
const HEAD = 64 * 1024;
/** Files of a folder that are taken. */
const MOST_FILES = 200_000;

/** @param {Iterable<File>} list what a file input has @returns {Picked[]} */
export function filesOf(list) {
  const files = [...list].map((file) => ({ name: file.webkitRelativePath || file.name, blob: file }));
  return files.filter(({ name }) => !isHidden(name));
}

/**
 * What was dropped on the page, with the files of dropped folders.
 * @param {DataTransfer} transfer as it is during the event: it is empty later
 * @returns {Promise<Picked[]>}
 */
export async function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    return entry?.isDirectory ? entry : item.getAsFile(); // WebKit cannot read the entry of every file
  });
  /** @type {Picked[]} */
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push(...filesOf([entry]));
    else if (entry) await walk(entry, found);
  }
  return found;
}

/** @param {FileSystemEntry} entry @param {Picked[]} found gets the files */
async function walk(entry, found) {
  if (isHidden(entry.name) || found.length >= MOST_FILES) return;
  if (entry.isFile) {
    const file = await new Promise((resolve) => {
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve(null));
    });
    if (file) found.push({ name: entry.fullPath.replace(/^\//, ""), blob: file });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return; // it is given in parts, and the last is empty
    for (const inner of some) await walk(inner, found);
  }
}

/**
 * Numbers files of one name, such as `a (2).txt`: they are from different folders, which the browser does not
 * name.
 * @template {{name: string}} T
 * @param {T[]} files
 * @returns {T[]}
 */
export function distinct(files) {
  const counts = new Map(files.map(({ name }) => [name, 0]));
  return files.map((file) => {
    let count = counts.get(file.name) ?? 0;
    let { name } = file;
    while (count && counts.has(name)) name = file.name.replace(/(\.[^./]+)?$/, ` (${++count})$1`);
    counts.set(file.name, count || 1).set(name, 1);
    return { ...file, name };
  });
}

/** Whether a file, or a folder around it, is hidden. @param {string} path */
function isHidden(path) {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

/**
 * Yields what is in a file: a document, the rows of a CSV file, or everything in a zip.
 * @param {Run} run
 * @param {{name: string, blob: Blob, options?: Record<string, unknown>}} file
 *   `options` are those of the job read_documents: the `column` of CSV, and the `known` hashes of sources
 * @param {{signal?: AbortSignal}} [options]
 * @returns {AsyncGenerator<Item, void, void>}
 */
export async function* readFile(run, { name, blob, options = {} }, { signal } = {}) {
  /** @type {Uint8Array<ArrayBuffer>} */
  let data = new Uint8Array();
  try {
    if (blob.size <= LARGEST) data = new Uint8Array(await blob.arrayBuffer());
  } catch {
    yield { skipped: unreadable(name) };
    return;
  }
  const { column, ...others } = options;
  const args = { name, data, options: { ...others, ...(column ? { column } : {}), size: blob.size } };
  let spent = 0;
  for await (const part of run("read_documents", args, { signal })) {
    if (part.pdf) spent += yield* readPages(run, part, { outermost: name, spent }, signal);
    else yield* items(part);
  }
}

/** Whether a file is a table, by its name. @param {string} name */
export function isTable(name) {
  return /\.(csv|tsv)$/i.test(name);
}

/**
 * The columns of a table among the visitor's files, to choose from; none of any other file.
 * @param {(job: string, args: Record<string, unknown>) => Promise<string[]>} run
 * @param {Picked} file
 * @returns {Promise<string[]>}
 */
export async function tableColumns(run, { name, blob }) {
  if (!isTable(name)) return [];
  const head = await blob
    .slice(0, HEAD)
    .arrayBuffer()
    .catch(() => new ArrayBuffer());
  return await run("table_columns", { name, data: new Uint8Array(head) });
}

/**
 * Yields the document of a PDF, and returns how many characters its pages have.
 * @param {Run} run
 * @param {{source: string, hash: string, pdf: Uint8Array<ArrayBuffer>}} part
 * @param {{outermost: string, spent: number}} before the file that it is in, and characters of the PDFs
 *   before it
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Item, number, void>}
 */
async function* readPages(run, { source, hash, pdf }, before, signal) {
  const extracted = await readPdf(pdf, { signal, spent: before.spent });
  const args = { name: source, hash, ...extracted, ...before };
  for await (const part of run("read_pages", args, { signal })) yield* items(part);
  return extracted.pages.reduce((sum, page) => sum + page.length, 0);
}

/** What a job yields, or at its end what it skipped. @param {any} part @returns {Item[]} */
function items(part) {
  if ("source" in part) return [part];
  return part.skipped.map((/** @type {Skipped} */ skipped) => ({ skipped }));
}

/** @param {string} name @returns {Skipped} */
function unreadable(name) {
  const message = t("{name} can no longer be read.", { name });
  const remedy = t("It may have been moved or deleted. Add it again.");
  return { name, code: "file-missing", message, remedy };
}
