/**
 * Reads one file in a worker, so that a large or hostile one cannot hold up the page, and sends it over in pieces.
 * @module
 */

import { readText } from "./bytes.js";
import { readReports } from "./index.js";
import { ImportError } from "./report.js";

const BATCH = 200;

self.onmessage = async ({ data }) => {
  /** @type {{blob: Blob, fileName: string}} */
  const { blob, fileName } = data;
  try {
    const { reports, problems } = readReports(await readText(blob), { fileName });
    reports.forEach(({ entries, ...head }, index) => {
      self.postMessage({ type: "head", index, head });
      for (let at = 0; at < entries.length; at += BATCH)
        self.postMessage({ type: "entries", index, entries: entries.slice(at, at + BATCH) });
    });
    self.postMessage({ type: "done", problems });
  } catch (error) {
    const expected = error instanceof ImportError;
    const message = error instanceof Error ? error.message : String(error);
    self.postMessage({
      type: "failed",
      message: expected ? message : `The file could not be read: ${message}`,
    });
  }
};
