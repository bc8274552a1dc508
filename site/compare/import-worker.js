/**
 * Reads files in a worker, so that a large or hostile one cannot block the page. Question: {blob, fileName,
 * words}: words is the catalogue of the page, in whose language the problems are written. Each report is sent
 * in parts, {index, head} and {index, entries}; the answer is {problems, size}: the list of problems, and the
 * number of characters.
 */

import { readText } from "../reports/bytes.js";
import { checkReports } from "../reports/limits.js";
import { baseName, ImportError } from "../reports/report.js";
import { sampling } from "../reports/sampling.js";
import { setWords, t } from "../ui/words.js";
import { serveQuestions } from "../ui/workers.js";

const BATCH = 200;
const HEAD = 10_000;

/**
 * Reads a complete sampling report at once; the readers of other formats are fetched when needed.
 * @param {string} text
 * @param {string} fileName
 */
async function readFile(text, fileName) {
  const value = text.slice(0, HEAD).includes('"prompts"') ? parse(text) : undefined;
  if (sampling.matches(value)) return sampling.read(value, { fallbackName: baseName(fileName) });
  const { readReports } = await import("../reports/index.js");
  return readReports(text, { fileName });
}

/** @param {string} text @returns {unknown} undefined if it is not JSON */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

serveQuestions(async ({ blob, fileName, words }, send) => {
  setWords(words);
  try {
    const text = await readText(blob);
    const { reports, problems } = await readFile(text, fileName);
    checkReports(reports);
    for (const [index, { entries, ...head }] of reports.entries()) {
      send({ index, head });
      for (let at = 0; at < entries.length; at += BATCH)
        send({ index, entries: entries.slice(at, at + BATCH) });
    }
    return { problems, size: text.length };
  } catch (error) {
    if (error instanceof ImportError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(t("The file could not be read: {reason}", { reason }));
  }
});
