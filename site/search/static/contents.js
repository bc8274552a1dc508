/** The contents of one version of a static index, and the search in them (search.js says how it is used). */

import { ByteReader, Directory } from "./bytes.js";
import { corrupt, StaticSearchError } from "./files.js";
import { PieceTable } from "./pieces.js";
import { bestPassages, furtherPassages, scanBytes, scanPacked, standardized } from "./vectors.js";
import { tokens, WordTable } from "./words.js";

const MAX_QUESTION = 4000; // UTF-16 units
const MAX_TEXT = 1_000_000; // bytes
const MAX_HITS = 100;
const MAX_MORE = 2; // further passages of a document
const VECTORS = "vectors.bin"; // of the index itself, for the full stage
const SCALES = "scales.bin";
const decoder = new TextDecoder();

/** @import { IndexFiles } from "./files.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @typedef {"words" | "meaning" | "full"} Stage
 * @typedef {{
 *   document: number, passage: number, title: string, heading: string, url: string, text: string,
 *   score: number, cosine: number | null, matched: [number, number][], more: Hit[],
 * }} Hit a passage; `matched` are ranges of its text, in UTF-16 units, with words of the question; `more` are
 *   further passages of its document, under other headings, that score nearly as much
 * @typedef {{
 *   stage: Stage, hits: Hit[], state: "fits" | "perhaps" | "nothing" | null, nothingFits: boolean,
 *   likelihood: number | null, notes: string[],
 * }} Results `state`: whether a hit fits; `nothingFits`: that none does; `likelihood`: that the closest one
 *   answers the question. `state` and `likelihood` are null where only words were compared
 * @typedef {{
 *   signal?: AbortSignal, count?: number, completing?: boolean, pause?: number,
 *   full?: QuestionEmbedder | null,
 * }} Options `count`: hits at most, 8 by default; `completing`: the last word may be unfinished, as while
 * typing;
 *   `pause`: milliseconds after which meaning is compared, 0 by default, so that typing on costs no request
 * @typedef {{
 *   embed: (question: string, signal?: AbortSignal) => Promise<Float32Array>, fingerprint?: string,
 * }} QuestionEmbedder `fingerprint` of its model; vectors of another model than the index's are refused
 */

export class Contents {
  /** @type {Promise<[Uint8Array, Uint8Array]> | null} */
  #full = null;

  /**
   * @param {IndexFiles} files
   * @param {Facts} facts
   * @param {Uint8Array} head
   */
  constructor(files, facts, head) {
    const section = (/** @type {string} */ name) => head.subarray(...facts.head[name]);
    const directory = (/** @type {"words" | "pieces"} */ name) =>
      new Directory(section(name), facts.files[name].bytes);
    const { passages, documents, words, table } = facts;
    this.files = files;
    this.facts = facts;
    /** The folder that the passages' addresses are relative to. */
    this.site = siteOf(facts.site, files.base);
    this.words = new WordTable(this.#ranges("words"), directory("words"), { passages, stop: words.stop });
    this.table = new PieceTable(this.#ranges("pieces"), directory("pieces"), table);
    this.documents = documentsOf(new ByteReader(section("documents")).varints(documents), passages);
    this.texts = endsOf(new ByteReader(section("texts")).varints(passages), facts.files.texts.bytes);
  }

  /** @param {IndexFiles} files @param {Facts} facts */
  static async open(files, facts) {
    const { name, bytes } = facts.files.head;
    return new Contents(files, facts, await files.whole(`web/${name}`, bytes));
  }

  /** @param {import("./facts.js").FileName} file @returns {import("./bytes.js").ReadRange} */
  #ranges(file) {
    const { name, bytes } = this.facts.files[file];
    return (start, end) => this.files.range(`web/${name}`, bytes, start, end);
  }

  /** Bytes that the full stage reads, besides the model; null if the index is not prepared for it. */
  get fullBytes() {
    const { stages, model, passages } = this.facts;
    return stages.full && model ? passages * (model.dimensions + 4) : null;
  }

  /**
   * Searches, in stages.
   * @param {string} question
   * @param {Options} [options]
   * @returns {AsyncGenerator<Results, void, void>}
   */
  async *search(question, { signal, count: wanted = 8, completing = false, pause = 0, full = null } = {}) {
    const asked = question.slice(0, MAX_QUESTION);
    const count = Math.min(Math.max(Math.trunc(wanted) || 8, 1), MAX_HITS);
    if (!asked.trim() || this.facts.passages === 0) {
      yield this.#results("words", [], null, null);
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
    const vector = await full.embed(asked, signal);
    const better = await this.#fullCosines(vector, full.fingerprint);
    signal?.throwIfAborted();
    yield await this.#meaningResults("full", { cosines: better, words, count, ...fullFacts }, signal);
  }

  /** @param {string} question @returns {Promise<Float32Array | null>} */
  async #nearness(question) {
    const { name, bytes } = this.facts.files.vectors;
    const [packed, vector] = await Promise.all([
      this.files.whole(`web/${name}`, bytes),
      this.table.vector(question),
    ]);
    const { passages, dimensions, vectors } = this.facts;
    if (bytes * 8 !== passages * dimensions * (vectors.bits ?? 4))
      throw corrupt("it has another number of vectors");
    return vector && scanPacked(packed, vector, vectors);
  }

  /** @param {Float32Array} question @param {string} [fingerprint] of the model that made the vector */
  async #fullCosines(question, fingerprint) {
    const { model } = this.facts;
    const dimensions = question.length;
    if (model?.dimensions !== dimensions || (fingerprint && model.fingerprint !== fingerprint)) {
      throw new StaticSearchError(
        "index-model",
        "The model for better answers is not the one that made the index.",
        "The site's owner can build the index again with the models of that Goosequill site.",
      );
    }
    this.#full ??= this.#readFull(dimensions);
    this.#full.catch(() => {
      this.#full = null; // the next question tries again
    });
    return scanBytes(...(await this.#full), question);
  }

  /**
   * The index's own vectors. Their names do not change when the index does, so that is asked.
   * @param {number} dimensions
   * @returns {Promise<[Uint8Array, Uint8Array]>}
   */
  async #readFull(dimensions) {
    const { passages, stamp } = this.facts;
    const rows = this.files.whole(`${VECTORS}?v=${stamp}`, passages * dimensions);
    const scales = this.files.whole(`${SCALES}?v=${stamp}`, passages * 4);
    const read = /** @type {[Uint8Array, Uint8Array]} */ (await Promise.all([rows, scales]));
    if ((await this.files.facts()).stamp !== stamp) throw corrupt("it was replaced while it was read");
    return read;
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
    return this.#results("words", hits, null, null);
  }

  /**
   * @param {Stage} stage
   * @param {Hit[]} hits
   * @param {Results["state"]} state
   * @param {number | null} likelihood
   * @returns {Results}
   */
  #results(stage, hits, state, likelihood) {
    return { stage, hits, state, nothingFits: state === "nothing", likelihood, notes: this.#notes() };
  }

  /**
   * @param {Stage} stage
   * @param {{
   *   cosines: Float32Array, count: number,
   *   words: Awaited<ReturnType<WordTable["scores"]>>,
   * } & import("./facts.js").StageFacts} given
   * @param {AbortSignal} [signal]
   * @returns {Promise<Results>}
   */
  async #meaningResults(stage, { cosines, words, count, ...facts }, signal) {
    const { weight, threshold, middle, slope, fits = middle, judged = 8, name = 3 } = facts;
    const shared = standardized(words.scores);
    const scores = standardized(cosines).map((value, passage) => value + weight * shared[passage]);
    const most = Math.max(count, judged);
    const ranked = bestPassages(scores, this.documents, most);
    const further = furtherPassages(scores, this.documents, ranked, most);
    const chosen = [...ranked.slice(0, count), ...further.filter((passage) => cosines[passage] >= threshold)];
    const hits = await this.#hits(chosen, { scores, stems: words.stems, cosines }, signal);
    for (const hit of hits.splice(Math.min(count, ranked.length))) {
      const above = hits.find(({ document }) => document === hit.document);
      const shown = above ? [above, ...above.more] : [];
      if (shown.length <= MAX_MORE && !shown.some(({ heading }) => heading === hit.heading))
        above?.more.push(hit);
    }
    const first = ranked.slice(0, judged);
    const best = cosines.reduce((most, cosine) => Math.max(most, cosine), -1);
    const { found } = words;
    // A passage with every word of so few answers: they are a name, such as CORS, which no vector knows.
    const named =
      found[0] &&
      found.length <= name &&
      first.some((passage) => found.every((each) => each?.passages.includes(passage)));
    const state =
      named || best >= Math.max(fits, threshold) ? "fits" : best < threshold ? "nothing" : "perhaps";
    return this.#results(stage, hits, state, 1 / (1 + Math.exp(-slope * (best - middle))));
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
      more: [],
    }));
  }

  /** @param {number} passage */
  async #text(passage) {
    const [start, end] = [this.texts[passage], this.texts[passage + 1]];
    if (end - start > MAX_TEXT) throw corrupt("a passage is too long");
    const [title, heading, address, text] = record(decoder.decode(await this.#ranges("texts")(start, end)));
    return { title, heading, url: this.#url(address), text };
  }

  /** An address as a link; one that would run a script is none. @param {string} address */
  #url(address) {
    const url = address && URL.canParse(address, this.site) ? new URL(address, this.site) : null;
    return url && /^https?:$/.test(url.protocol) ? url.href : "";
  }

  #notes() {
    const whole = [...this.files.wholes].map((name) => name.replace(/^web\/|-\w+(?=\.bin$)/g, ""));
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
  if (at < total) throw corrupt("its documents have fewer passages than there are");
  return documents;
}

/** Where each text starts and the last one ends. @param {number[]} sizes @param {number} bytes of the file */
function endsOf(sizes, bytes) {
  const ends = [0];
  for (const size of sizes) ends.push(/** @type {number} */ (ends.at(-1)) + size);
  if (ends.at(-1) !== bytes) throw corrupt("its texts do not fill their file");
  return ends;
}

/** @param {string} site @param {string} base */
function siteOf(site, base) {
  if (!URL.canParse(site, base)) throw corrupt("it does not say where its site is");
  return new URL(site, base).href;
}

/** What is shown of a passage. @param {string} text JSON @returns {string[]} */
function record(text) {
  try {
    const values = JSON.parse(text);
    if (values.length === 4 && values.every((/** @type {unknown} */ each) => typeof each === "string"))
      return values;
  } catch {
    // said below
  }
  throw corrupt("a passage's text is not what it should be");
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
