/** Fetches reports and has a worker (import-worker.js) read them. */

import { Asker } from "../ui/workers.js";
import { ImportError } from "./reports/report.js";

/** @typedef {import("./reports/report.js").Import} Import */

/** @type {Asker<{blob: Blob, fileName: string}, string[]>} */
const reader = new Asker("compare/import-worker.js");

/** Starts the worker before there is a file to read. */
export function prepareReader() {
  reader.start();
}

/**
 * @param {Blob} blob
 * @param {string} fileName
 * @returns {Promise<Import>}
 */
export async function openBlob(blob, fileName) {
  /** @type {import("./reports/report.js").Report[]} */
  const reports = [];
  const problems = await reader.ask({ blob, fileName }, ({ index, head, entries }) => {
    if (head) reports[index] = { ...head, entries: [] };
    else reports[index]?.entries.push(...entries);
  });
  return { reports, problems };
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
    throw new ImportError("This is not a valid address.");
  }
  if (!["http:", "https:", "blob:", "data:"].includes(url.protocol))
    throw new ImportError(
      `Addresses that begin with ${url.protocol} cannot be opened.`,
      "Pick the file or drop it here instead.",
    );
  const github = /^\/([^/]+\/[^/]+)\/(?:blob|raw)\/(.+)$/.exec(url.pathname);
  if (url.host === "github.com" && github)
    return new URL(`https://raw.githubusercontent.com/${github[1]}/${github[2]}`);
  if (url.host === "huggingface.co") url.pathname = url.pathname.replace("/blob/", "/resolve/");
  return url;
}

/**
 * @param {string} address
 * @param {{base: string, signal?: AbortSignal}} options
 * @returns {Promise<Blob>}
 */
export async function fetchReport(address, { base, signal }) {
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
      "It could not be fetched: the server does not exist, there is no network, or the server does not allow other sites to read the file (CORS).",
      "Download the file and drop it here.",
    );
  }
  if (!response.ok)
    throw new ImportError(
      `The server answered ${response.status}${response.status === 404 ? ": there is no such file" : response.statusText ? ` (${response.statusText})` : ""}.`,
    );
  try {
    return await response.blob();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ImportError("The connection was lost during the download.");
  }
}
