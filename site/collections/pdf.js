/**
 * The text of a PDF's pages, by pdf.js in a worker of its own. Both are fetched when the first PDF is added.
 * What becomes of the lines, and which PDFs are refused, is decided in Python (goosequill.search.documents).
 */

import { FILES } from "../engine/root.js";
import { trustedScript } from "../engine/trusted.js";

/** @typedef {typeof import("../../types/vendor/pdfjs.js")} PdfJs */
/** @import { TextItem } from "../../types/vendor/pdfjs.js" */
/**
 * Lines of each page; `failure` says why there are none.
 * @typedef {{pages: string[], title: string, failure: string}} Extracted
 */

const LIBRARY = new URL("vendor/pdfjs/pdf.js", FILES);
const WORKER = new URL("vendor/pdfjs/pdf.worker.js", FILES);
/**
 * Which characters the codes of Chinese, Japanese and Korean fonts stand for, a file for each encoding; only
 * those that a PDF names are fetched.
 */
const ENCODINGS = { cMapUrl: new URL("vendor/pdfjs/cmaps/", FILES).href, cMapPacked: true };
/** One page and one character more than Python accepts, which then refuses the document with the figures. */
const MOST_PAGES = 10_001;
const MOST_CHARACTERS = 50 * 1024 * 1024 + 1;
/** Of all PDFs in one file. */
const MOST_IN_ALL = 1024 * 1024 * 1024 + 1;
/**
 * Pictures and the shapes of letters are not needed; nor is any code made from text, which the policy
 * forbids.
 */
const TEXT_ALONE = {
  isEvalSupported: false,
  disableFontFace: true,
  useSystemFonts: false,
  isImageDecoderSupported: false,
  isOffscreenCanvasSupported: false,
  useWasm: false,
  useWorkerFetch: false,
  stopAtErrors: false,
  verbosity: 0,
};
/** A gap between lines, or a change of their height, that ends a paragraph; in heights of a line. */
const GAP = 1.8;
const GROWTH = 0.15;

/**
 * @param {Uint8Array<ArrayBuffer>} data given away: the worker takes it
 * @param {{signal?: AbortSignal, spent?: number}} [options] stops at once; characters of the PDFs before it
 * @returns {Promise<Extracted>}
 */
export async function readPdf(data, { signal, spent = 0 } = {}) {
  /** @type {PdfJs} */
  const library = await import(LIBRARY.href);
  signal?.throwIfAborted();
  const port = new Worker(trustedScript(WORKER.href), { type: "module", name: "pdf" });
  const worker = new library.PDFWorker({ port });
  const stopped = rejection(port, signal);
  try {
    const most = Math.min(MOST_CHARACTERS, MOST_IN_ALL - spent);
    return await Promise.race([extract(library, worker, data, most), stopped.promise]);
  } catch (error) {
    signal?.throwIfAborted();
    return { pages: [], title: "", failure: failureOf(error) };
  } finally {
    stopped.forget();
    worker.destroy();
    port.terminate();
  }
}

/**
 * Rejects when the visitor stops, or the worker cannot be started.
 * @param {Worker} port
 * @param {AbortSignal} [signal]
 */
function rejection(port, signal) {
  const control = new AbortController();
  /** @type {Promise<never>} */
  const promise = new Promise((_, reject) => {
    const options = { signal: control.signal };
    signal?.addEventListener("abort", () => reject(signal.reason), options);
    port.addEventListener("error", ({ message }) => reject(new Error(message || "no worker")), options);
  });
  promise.catch(() => {}); // nobody waits for it any more
  return { promise, forget: () => control.abort() };
}

/**
 * @param {PdfJs} library
 * @param {import("../../types/vendor/pdfjs.js").PDFWorker} worker
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {number} most characters
 * @returns {Promise<Extracted>}
 */
async function extract(library, worker, data, most) {
  const document = await library.getDocument({ ...TEXT_ALONE, ...ENCODINGS, data, worker }).promise;
  const { info } = await document.getMetadata().catch(() => ({ info: {} }));
  const pages = [];
  let characters = 0;
  for (let number = 1; number <= Math.min(document.numPages, MOST_PAGES); number++) {
    const page = await document.getPage(number);
    const text = linesOf(await itemsOf(page, most - characters));
    page.cleanup();
    pages.push(text);
    characters += text.length;
    if (characters >= most) break;
  }
  const title = /** @type {Record<string, unknown>} */ (info).Title;
  return { pages, title: typeof title === "string" ? title : "", failure: "" };
}

/**
 * The text of a page, and not much more than `most` characters of it.
 * @param {import("../../types/vendor/pdfjs.js").PDFPageProxy} page
 * @param {number} most
 */
async function itemsOf(page, most) {
  const reader = page.streamTextContent().getReader();
  /** @type {TextItem[]} */
  const found = [];
  for (let left = most; left > 0; ) {
    const { value, done } = await reader.read();
    if (done) break;
    for (const item of value.items) {
      if (!("str" in item)) continue;
      found.push(item);
      left -= item.str.length;
    }
  }
  return found;
}

/** What the job read_pages calls the reason. @param {unknown} error */
function failureOf(error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return name === "PasswordException" ? "encrypted" : message || name;
}

/**
 * The lines of a page, with an empty one between paragraphs.
 * @param {TextItem[]} items in the order of the page's text
 */
export function linesOf(items) {
  /** @type {string[]} */
  const parts = [];
  /** @type {{height: number, y: number} | null} */
  let last = null;
  for (const { str, hasEOL, height, transform } of items) {
    const line = { height: height || Math.abs(transform[3]), y: transform[5] };
    if (str.trim()) {
      if (last && parts.at(-1) === "\n" && isNewParagraph(last, line)) parts.push("\n");
      last = line;
    }
    parts.push(str);
    if (hasEOL) parts.push("\n");
  }
  return parts.join("");
}

/** @param {{height: number, y: number}} last @param {{height: number, y: number}} line */
function isNewParagraph(last, line) {
  const gap = Math.abs(last.y - line.y);
  return gap > GAP * Math.max(last.height, line.height) || Math.abs(line.height / last.height - 1) > GROWTH;
}
