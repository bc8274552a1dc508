/**
 * Reads files in a worker, so that a large or hostile one cannot hold up the page. Question: {blob, fileName}; each report is sent over in
 * pieces, {index, head} and {index, entries}; the answer is the list of problems.
 * @module
 */

import { serveQuestions } from "../workers.js";
import { readText } from "./bytes.js";
import { readReports } from "./index.js";
import { ImportError } from "./report.js";

const BATCH = 200;

serveQuestions(async ({ blob, fileName }, tell) => {
  try {
    const { reports, problems } = readReports(await readText(blob), { fileName });
    for (const [index, { entries, ...head }] of reports.entries()) {
      tell({ index, head });
      for (let at = 0; at < entries.length; at += BATCH)
        tell({ index, entries: entries.slice(at, at + BATCH) });
    }
    return problems;
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw new Error(`The file could not be read: ${error instanceof Error ? error.message : error}`);
  }
});
