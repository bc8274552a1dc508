/** Checks search.json, which may be of a stranger or of another version, before any number of it is used. */

import { corrupt, StaticSearchError } from "./files.js";

const FORMAT = "goosequill-web-search";
const VERSION = 3; // 2 has no vectors in 2 bits
const MAX_PASSAGES = 2_000_000;
const MAX_DIMENSIONS = 1024;
const MAX_BYTES = 2 ** 31;
const FILES = ["head", "words", "pieces", "vectors", "texts"];
const SECTIONS = ["documents", "texts", "words", "pieces"];
const NAME = /^[\w.-]+$/;

/**
 * @typedef {"head" | "words" | "pieces" | "vectors" | "texts"} FileName
 * @typedef {{
 *   weight: number, fits?: number, threshold: number, middle: number, slope: number, judged?: number,
 *   name?: number,
 * }} StageFacts `weight` of the words; the cosines from which a passage fits and below which nothing does;
 *   the logistic curve of the likelihood; how many results are judged; the most words of a name
 * @typedef {{
 *   stamp: string, site: string, passages: number, documents: number, dimensions: number,
 *   vectors: import("./pieces.js").Grid, table: import("./pieces.js").Grid,
 *   files: Record<FileName, {name: string, bytes: number}>, head: Record<string, [number, number]>,
 *   model: {name: string, dimensions: number, fingerprint: string} | null,
 *   words: {stop: string[]}, stages: {meaning: StageFacts, full?: StageFacts},
 * }} Facts
 */

/**
 * @param {any} facts what search.json contains
 * @returns {Facts}
 */
export function checkedFacts(facts) {
  if (facts?.format !== FORMAT || ![2, VERSION].includes(facts.version)) {
    throw new StaticSearchError(
      "index-version",
      "The search index has another format or version.",
      "Build the index with the version of Goosequill that this page uses.",
    );
  }
  const { passages, documents, dimensions, files, head, stages } = facts;
  const { bits = 4 } = facts.vectors ?? {};
  const grids = [facts.vectors?.means, facts.vectors?.steps, facts.table?.means, facts.table?.steps];
  const right =
    isCount(passages, MAX_PASSAGES) &&
    isCount(documents, MAX_PASSAGES) &&
    isCount(dimensions, MAX_DIMENSIONS) &&
    dimensions > 0 &&
    (bits === 2 || bits === 4) &&
    (dimensions * bits) % 8 === 0 &&
    grids.every((list) => areNumbers(list, dimensions)) &&
    FILES.every((name) => isFile(files?.[name])) &&
    SECTIONS.every((name) => areNumbers(head?.[name], 2)) &&
    typeof (facts.site ?? "") === "string" &&
    facts.words !== null &&
    Array.isArray(facts.words?.stop ?? []) &&
    (passages === 0 || isStage(stages?.meaning)) &&
    (stages?.full === undefined || isStage(stages.full));
  if (!right) throw corrupt("search.json is damaged");
  return { site: "../", words: { stop: [] }, ...facts };
}

/** @param {any} value @param {number} most */
function isCount(value, most) {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

/** @param {any} file */
function isFile(file) {
  return typeof file?.name === "string" && NAME.test(file.name) && isCount(file.bytes, MAX_BYTES);
}

/** @param {any} list @param {number} count */
function areNumbers(list, count) {
  return Array.isArray(list) && list.length === count && list.every(Number.isFinite);
}

/** @param {any} stage */
function isStage(stage) {
  const { weight, threshold, middle, slope, fits = 0, judged = 0, name = 0 } = stage ?? {};
  return areNumbers([weight, threshold, middle, slope, fits, judged, name], 7);
}
