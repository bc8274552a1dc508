/** Fetches reports and has a worker (import-worker.js) read them. */

import { limited } from "../reports/bytes.js";
import { ImportError } from "../reports/report.js";
import { shownWords, t } from "../ui/words.js";
import { Asker, Queue } from "../ui/workers.js";

/** @import { Import } from "../reports/report.js" */
/** @typedef {{loaded: number, total: number}} Progress bytes; total is 0 if unknown */

/** @import { Catalogue } from "../ui/words.js" */
/** @typedef {{blob: Blob, fileName: string, words: Catalogue | null}} Question */
/** @type {Asker<Question, {problems: string[], size: number}>} */
const reader = new Asker("compare/import-worker.js");
const queue = new Queue(reader);

/** Starts the worker before there is a file to read. */
export function prepareReader() {
  reader.start();
}

/**
 * @param {Blob} blob
 * @param {string} fileName
 * @param {AbortSignal} [signal]
 * @returns {Promise<Import & {size: number}>} size in characters
 */
export async function openBlob(blob, fileName, signal) {
  /** @type {import("../reports/report.js").Report[]} */
  const reports = [];
  const onPart = (/** @type {any} */ { index, head, entries }) => {
    if (head) reports[index] = { ...head, entries: [] };
    else for (const entry of entries) reports[index]?.entries.push(entry);
  };
  const answer = await queue.ask({ blob, fileName, words: shownWords() }, { onPart, signal });
  return { reports, ...answer };
}

/**
 * The address of the file itself, given the address of the file or of the page about it on GitHub or Hugging
 * Face.
 * @param {string} address absolute, or relative to `base`
 * @param {string} base
 * @returns {URL}
 */
export function fetchable(address, base) {
  let url;
  try {
    url = new URL(address, base);
  } catch {
    throw new ImportError(t("This is not a valid URL."));
  }
  if (!["http:", "https:", "blob:", "data:"].includes(url.protocol))
    throw new ImportError(
      t("URLs that start with {protocol} cannot be opened.", { protocol: url.protocol }),
      t("Choose the file or drop it here instead."),
    );
  const github = /^\/([^/]+\/[^/]+)\/(?:blob|raw)\/(.+)$/.exec(url.pathname);
  if (url.host === "github.com" && github)
    return new URL(`https://raw.githubusercontent.com/${github[1]}/${github[2]}`);
  if (url.host === "huggingface.co") url.pathname = url.pathname.replace("/blob/", "/resolve/");
  return url;
}

/**
 * @param {string} address
 * @param {{base: string, signal?: AbortSignal, onProgress?: (progress: Progress) => void}} options
 * @returns {Promise<Blob>}
 */
export async function fetchReport(address, { base, signal, onProgress }) {
  const url = fetchable(address, base);
  let response;
  try {
    response = await fetch(url, {
      credentials: "omit",
      referrerPolicy: "no-referrer",
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ImportError(
      t(
        "It could not be fetched: the server does not exist, there is no network, or the server does not allow other sites to read the file (CORS).",
      ),
      t("Download the file and drop it here."),
    );
  }
  if (!response.ok) throw new ImportError(answered(response));
  try {
    return await bodyOf(response, onProgress);
  } catch (error) {
    if (signal?.aborted || error instanceof ImportError) throw error;
    throw new ImportError(t("The connection was lost during the download."));
  }
}

/** What a server that did not send the file answered. @param {Response} response */
function answered(response) {
  const values = { status: String(response.status), text: response.statusText };
  if (response.status === 404) return t("The server answered {status}: there is no such file.", values);
  if (values.text) return t("The server answered {status} ({text}).", values);
  return t("The server answered {status}.", values);
}

/**
 * @param {Response} response
 * @param {(progress: Progress) => void} [onProgress]
 */
async function bodyOf(response, onProgress = () => {}) {
  if (!response.body) return new Blob([]);
  const total = Number(response.headers.get("content-length")) || 0;
  const chunks = [];
  let loaded = 0;
  for await (const chunk of limited(response.body)) {
    chunks.push(chunk);
    loaded += chunk.length;
    onProgress({ loaded, total });
  }
  return new Blob(chunks);
}
