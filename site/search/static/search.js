/**
 * Search of a static site by meaning, in plain JavaScript: no server, no Python, no eval. It reads the folder
 * that `goosequill index` or the MkDocs plugin wrote, by ranges where the server allows it.
 *
 *     const index = await openIndex("/search-index/");
 *     for await (const { stage, hits, nothingFits } of index.search("how do I ...", { signal })) show(hits);
 *
 * A search yields its results in stages, each better than the one before: "words" at once, then "meaning",
 * and "full" if a MiniLM is there to embed the question (full.js). Nothing is fetched before the first call.
 */

import { Directory, Reader } from "./bytes.js";
import { corrupt, IndexFiles, StaticSearchError } from "./files.js";
import { PieceTable } from "./pieces.js";
import { bestPassages, scanBytes, scanHalves, standardized } from "./vectors.js";
import { tokens, WordTable } from "./words.js";

export { StaticSearchError } from "./files.js";

const FORMAT = "goosequill-web-search";
const VERSION = 1;
const MAX_PASSAGES = 2_000_000;
const MAX_QUESTION = 4000;
const decoder = new TextDecoder();

/**
 * @typedef {"words" | "meaning" | "full"} Stage
 * @typedef {{
 *   document: number, passage: number, title: string, heading: string, url: string, text: string,
 *   score: number, cosine: number | null, matched: [number, number][],
 * }} Hit a passage; `matched` are ranges of its text, in UTF-16 units, with words of the question
 * @typedef {{
 *   stage: Stage, hits: Hit[], nothingFits: boolean, likelihood: number | null, notes: string[],
 * }} Results `likelihood`: that the best hit answers the question; null where only words were compared
 * @typedef {{
 *   signal?: AbortSignal, count?: number, completing?: boolean, pause?: number, full?: QuestionEmbedder |
 * null,
 * }} Options `count`: hits at most, 8 by default; `completing`: the last word may be unfinished, as while
 * typing;
 *   `pause`: milliseconds after which meaning is compared, 0 by default, so that typing on costs no request
 * @typedef {{embed: (question: string, signal?: AbortSignal) => Promise<Float32Array>}} QuestionEmbedder
 */

/**
 * Opens a static index.
 * @param {string | URL} address its folder
 * @param {{fetch?: (input: string, init?: RequestInit) => Promise<Response>}} [options]
 * @returns {Promise<StaticIndex>}
 */
export async function openIndex(address, { fetch = globalThis.fetch.bind(globalThis) } = {}) {
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  const base = new URL(address, page);
  base.pathname = base.pathname.replace(/\/*$/, "/");
  const files = new IndexFiles(base.href, fetch);
  const facts = await files.facts();
  checkFacts(facts);
  files.stamp = facts.stamp;
  return new StaticIndex(files, facts, await files.whole("web/head.bin"));
}

/** @param {any} facts */
function checkFacts(facts) {
  if (facts?.format !== FORMAT || facts.version !== VERSION) {
    throw new StaticSearchError(
      "index-version",
      "The search index has another format or version.",
      "Build the index with the version of Goosequill that this page uses.",
    );
  }
  const { passages, documents, dimensions, vectors, table } = facts;
  const sizes = [vectors?.means, vectors?.steps, table?.means, table?.steps];
  const whole = [passages, documents].every((n) => Number.isInteger(n) && n >= 0 && n <= MAX_PASSAGES);
  if (!whole || !(dimensions > 0 && dimensions <= 1024 && dimensions % 2 === 0))
    throw corrupt("search.json has numbers that cannot be");
  if (
    !sizes.every((list) => Array.isArray(list) && list.length === dimensions && list.every(Number.isFinite))
  )
    throw corrupt("search.json describes its vectors wrongly");
}

export class StaticIndex {
  /**
   * @param {IndexFiles} files
   * @param {any} facts
   * @param {Uint8Array} head
   */
  constructor(files, facts, head) {
    const section = (/** @type {string} */ name) => head.subarray(...facts.head[name]);
    this.files = files;
    this.facts = facts;
    /** The folder that the passages' addresses are relative to. */
    this.site = new URL(facts.site ?? "../", files.base).href;
    this.words = new WordTable(files, new Directory(section("words")), {
      passages: facts.passages,
      stop: facts.words?.stop ?? [],
    });
    this.table = new PieceTable(files, new Directory(section("pieces")), facts.table);
    this.documents = documentsOf(new Reader(section("documents")).varints(facts.documents), facts.passages);
    this.texts = [0];
    for (const size of new Reader(section("texts")).varints(facts.passages))
      this.texts.push(/** @type {number} */ (this.texts.at(-1)) + size);
  }

  /**
   * Searches, in stages.
   * @param {string} question
   * @param {Options} [options]
   * @returns {AsyncGenerator<Results, void, void>}
   */
  async *search(question, { signal, count = 8, completing = false, pause = 0, full = null } = {}) {
    const asked = question.slice(0, MAX_QUESTION);
    if (!asked.trim() || this.facts.passages === 0) {
      yield { stage: "words", hits: [], nothingFits: false, likelihood: null, notes: [] };
      return;
    }
    const early = pause ? null : this.#nearness(asked);
    early?.catch(() => {}); // reported below, if the search is still wanted then
    const words = await this.words.scores(asked, { completing });
    signal?.throwIfAborted();
    yield await this.#wordResults(words, count, signal);
    if (pause) await delay(pause, signal);
    const cosines = await (early ?? this.#nearness(asked));
    signal?.throwIfAborted();
    const { meaning, full: fullFacts } = this.facts.stages;
    if (cosines) yield await this.#meaningResults("meaning", { cosines, words, count, ...meaning }, signal);
    if (!full || !fullFacts) return;
    const better = await this.#fullCosines(await full.embed(asked, signal));
    signal?.throwIfAborted();
    yield await this.#meaningResults("full", { cosines: better, words, count, ...fullFacts }, signal);
  }

  /** @param {string} question @returns {Promise<Float32Array | null>} */
  async #nearness(question) {
    const [packed, vector] = await Promise.all([
      this.files.whole("web/vectors.bin"),
      this.table.vector(question),
    ]);
    if (packed.length * 2 !== this.facts.passages * this.facts.dimensions)
      throw corrupt("vectors.bin has another number of passages");
    return vector && scanHalves(packed, vector, this.facts.vectors);
  }

  /** @param {Float32Array} question */
  async #fullCosines(question) {
    const parts = [this.files.whole("vectors.bin"), this.files.whole("scales.bin")];
    const [rows, scales] = await Promise.all(parts);
    const cosines = scanBytes(rows, scales, question);
    if (cosines.length !== this.facts.passages) throw corrupt("it has another number of vectors");
    return cosines;
  }

  /**
   * @param {{scores: Float32Array, stems: Set<string>}} words
   * @param {number} count
   * @param {AbortSignal} [signal]
   * @returns {Promise<Results>}
   */
  async #wordResults({ scores, stems }, count, signal) {
    const chosen = bestPassages(scores, this.documents, count, (passage) => scores[passage] > 0);
    const hits = await this.#hits(chosen, { scores, stems, cosines: null }, signal);
    return { stage: "words", hits, nothingFits: false, likelihood: null, notes: this.#notes() };
  }

  /**
   * @param {Stage} stage
   * @param {{
   *   cosines: Float32Array, words: {scores: Float32Array, stems: Set<string>}, count: number,
   *   weight: number, threshold: number, middle: number, slope: number,
   * }} given `weight` of the words; below `threshold` nothing fits; the logistic curve of the likelihood
   * @param {AbortSignal} [signal]
   * @returns {Promise<Results>}
   */
  async #meaningResults(stage, { cosines, words, count, weight, threshold, middle, slope }, signal) {
    const shared = standardized(words.scores);
    const scores = standardized(cosines).map((value, passage) => value + weight * shared[passage]);
    const chosen = bestPassages(scores, this.documents, count);
    const hits = await this.#hits(chosen, { scores, stems: words.stems, cosines }, signal);
    const best = Math.max(...chosen.map((passage) => cosines[passage]));
    const likelihood = 1 / (1 + Math.exp(-slope * (best - middle)));
    return { stage, hits, nothingFits: best < threshold, likelihood, notes: this.#notes() };
  }

  /**
   * @param {number[]} chosen
   * @param {{scores: Float32Array, cosines: Float32Array | null, stems: Set<string>}} about
   * @param {AbortSignal} [signal]
   * @returns {Promise<Hit[]>}
   */
  async #hits(chosen, { scores, cosines, stems }, signal) {
    const texts = await Promise.all(chosen.map((passage) => this.#text(passage)));
    signal?.throwIfAborted();
    return chosen.map((passage, at) => ({
      ...texts[at],
      document: this.documents[passage],
      passage,
      score: scores[passage],
      cosine: cosines ? cosines[passage] : null,
      matched: matchedWords(texts[at].text, stems),
    }));
  }

  /** @param {number} passage */
  async #text(passage) {
    const data = await this.files.range("web/texts.bin", this.texts[passage], this.texts[passage + 1]);
    let record;
    try {
      record = JSON.parse(decoder.decode(data));
    } catch {
      throw corrupt("a passage's text is not valid JSON");
    }
    const [title, heading, address, text] = record.map(String);
    return { title, heading, url: this.#url(address), text };
  }

  /** An address as a link; one that would run a script is none. @param {string} address */
  #url(address) {
    if (!address) return "";
    const url = new URL(address, this.site);
    return /^https?:$/.test(url.protocol) ? url.href : "";
  }

  #notes() {
    const whole = [...this.files.wholes].map((name) => name.replace("web/", ""));
    return whole.length
      ? [`This server does not send parts of files, so ${whole.join(", ")} came whole.`]
      : [];
  }
}

/** @param {number} milliseconds @param {AbortSignal} [signal] @returns {Promise<void>} */
function delay(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** @param {number[]} counts of each document @param {number} total */
function documentsOf(counts, total) {
  const documents = new Uint32Array(total);
  let at = 0;
  counts.forEach((count, document) => {
    if (at + count > total) throw corrupt("its documents have more passages than there are");
    documents.fill(document, at, at + count);
    at += count;
  });
  return documents;
}

/**
 * Where a text has words with these stems; neighbours are joined.
 * @param {string} text
 * @param {Set<string>} stems
 */
function matchedWords(text, stems) {
  /** @type {[number, number][]} */
  const found = [];
  for (const { stem, start, end } of tokens(text)) {
    if (!stems.has(stem)) continue;
    const last = found.at(-1);
    if (last && text.slice(last[1], start) === " ") last[1] = end;
    else found.push([start, end]);
  }
  return found;
}
