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

import { Contents } from "./contents.js";
import { checkedFacts } from "./facts.js";
import { IndexFiles, StaticSearchError } from "./files.js";

export { StaticSearchError } from "./files.js";

/**
 * @typedef {import("./contents.js").Stage} Stage
 * @typedef {import("./contents.js").Hit} Hit
 * @typedef {import("./contents.js").Results} Results
 * @typedef {import("./contents.js").Options} Options
 * @typedef {import("./contents.js").QuestionEmbedder} QuestionEmbedder
 * @typedef {(input: string, init?: RequestInit) => Promise<Response>} Fetch
 */

/**
 * Opens a static index.
 * @param {string | URL} address its folder
 * @param {{fetch?: Fetch}} [options]
 * @returns {Promise<StaticIndex>}
 * @throws {StaticSearchError} index-unreachable, index-version, index-corrupt
 */
export async function openIndex(address, { fetch = globalThis.fetch.bind(globalThis) } = {}) {
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  if (!URL.canParse(address, page)) {
    const message = `${address} is not an address.`;
    throw new StaticSearchError("index-unreachable", message, "Correct the address of the index.");
  }
  const base = new URL(address, page);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return new StaticIndex(base.href, fetch, await read(base.href, fetch));
}

/** @param {string} base @param {Fetch} fetch */
async function read(base, fetch) {
  const files = new IndexFiles(base, fetch);
  return await Contents.open(files, checkedFacts(await files.facts()));
}

/** The index of a site, opened. */
export class StaticIndex {
  #base;
  #fetch;
  #contents;

  /** @param {string} base @param {Fetch} fetch @param {Contents} contents */
  constructor(base, fetch, contents) {
    this.#base = base;
    this.#fetch = fetch;
    this.#contents = contents;
  }

  /** What the index contains now: another one, if the site was built again. */
  get contents() {
    return this.#contents;
  }

  /** The folder that the passages' addresses are relative to. */
  get site() {
    return this.#contents.site;
  }

  /**
   * Searches, in stages. If the index has been replaced meanwhile, the new one is opened and the stages start
   * again.
   * @param {string} question
   * @param {Options} [options]
   * @returns {AsyncGenerator<Results, void, void>}
   * @throws {StaticSearchError} index-unreachable, index-corrupt
   */
  async *search(question, options = {}) {
    const contents = this.#contents;
    try {
      yield* contents.search(question, options);
    } catch (error) {
      if (options.signal?.aborted || !(error instanceof StaticSearchError)) throw error;
      if (!(await this.#renew(contents))) throw error;
      yield* this.#contents.search(question, options);
    }
  }

  /**
   * Opens the index that is there now.
   * @param {Contents} old
   * @returns {Promise<boolean>} whether it is new
   */
  async #renew(old) {
    if (this.#contents !== old) return true; // by another search
    const files = new IndexFiles(this.#base, this.#fetch);
    const facts = await files.facts().catch(() => null);
    if (!facts || facts.stamp === old.facts.stamp) return false;
    this.#contents = await Contents.open(files, checkedFacts(facts));
    return true;
  }
}
