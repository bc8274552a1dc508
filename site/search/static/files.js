/**
 * Reads the files of a static index: whole, or by ranges. Their names contain a hash of their content, so
 * that neither a cache nor an index that is replaced during use can mix two versions. A server that ignores
 * ranges sends the whole file, which is then kept; `wholes` says for which files this happened. So no
 * more of a file is requested before the first answer.
 */

/** An error of search, with its code and what to do about it. */
export class StaticSearchError extends Error {
  /** @param {string} code @param {string} message @param {string} remedy @param {unknown} [cause] */
  constructor(code, message, remedy, cause) {
    super(message, { cause });
    this.name = "StaticSearchError";
    this.code = code;
    this.remedy = remedy;
  }
}

const FACTS = "web/search.json";
const MAX_FACTS = 4_000_000; // bytes
const REBUILD = "Reload the page. If that fails, the site's owner can build the index again.";
const ADDRESS = "Check the address of the index.";
const UNREACHABLE = "index-unreachable";

/** @param {string} message */
export function corrupt(message) {
  return new StaticSearchError("index-corrupt", `The search index is damaged: ${message}.`, REBUILD);
}

export class IndexFiles {
  /** Files that were sent whole although a range was requested. @type {Set<string>} */
  wholes = new Set();
  /** @type {Map<string, Promise<Uint8Array>>} */
  #kept = new Map();
  /**
   * What the first read of a part was answered with: the file, or null for the part.
   * @type {Map<string, Promise<Uint8Array | null>>}
   */
  #firsts = new Map();

  /**
   * @param {string} base the index's folder, with a slash at its end
   * @param {(input: string, init?: RequestInit) => Promise<Response>} fetch
   */
  constructor(base, fetch) {
    this.base = base;
    this.fetch = fetch;
  }

  /** The facts of the index, always of the newest version. @returns {Promise<any>} */
  async facts() {
    const response = await this.#request(FACTS, { cache: "no-cache" });
    const text = new TextDecoder().decode(await bounded(response, MAX_FACTS, FACTS));
    try {
      return JSON.parse(text);
    } catch (error) {
      // Many servers send their start page instead of a file that is missing.
      if (text.trimStart().startsWith("<"))
        throw new StaticSearchError(
          UNREACHABLE,
          `There is a page instead of an index at ${this.base}.`,
          ADDRESS,
          error,
        );
      throw corrupt("search.json is not valid JSON");
    }
  }

  /**
   * @param {string} name
   * @param {number} size the bytes that it must have
   * @returns {Promise<Uint8Array>}
   */
  whole(name, size) {
    return this.#keep(name, async () => exact(await this.#request(name), size, name));
  }

  /**
   * The bytes [start, end) of a file.
   * @param {string} name
   * @param {number} size the bytes that the file must have
   * @param {number} start
   * @param {number} end
   * @returns {Promise<Uint8Array>}
   */
  async range(name, size, start, end) {
    if (end <= start) return new Uint8Array();
    const first = this.#firsts.get(name);
    const kept = first && (await first);
    if (kept) return kept.subarray(start, end);
    return await this.#keep(`${name} ${start}-${end}`, async () => {
      const asked = this.#request(name, { headers: { Range: `bytes=${start}-${end - 1}` } });
      const answer = asked.then(async (response) => {
        if (response.status === 206) return null;
        const data = await exact(response, size, name);
        this.wholes.add(name);
        return data;
      });
      if (!first) this.#firsts.set(name, answer);
      answer.catch(() => this.#firsts.delete(name));
      const whole = await answer;
      return whole ? whole.subarray(start, end) : await exact(await asked, end - start, name);
    });
  }

  /**
   * Each read is made once; one that fails can be tried again.
   * @param {string} key
   * @param {() => Promise<Uint8Array>} read
   */
  #keep(key, read) {
    let found = this.#kept.get(key);
    if (!found) {
      found = read();
      this.#kept.set(key, found);
      found.catch(() => this.#kept.delete(key));
    }
    return found;
  }

  /** @param {string} name @param {RequestInit} [init] */
  async #request(name, init = {}) {
    const url = new URL(name, this.base);
    let response;
    try {
      response = await this.fetch(url.href, { credentials: "same-origin", ...init });
    } catch (error) {
      throw lost(error);
    }
    if (response.ok) return response;
    const remedy = response.status === 404 ? ADDRESS : "Try again later.";
    throw new StaticSearchError(UNREACHABLE, `${url.pathname}: HTTP ${response.status}.`, remedy);
  }
}

/** @param {unknown} cause */
function lost(cause) {
  const message = "The search index could not be fetched.";
  return new StaticSearchError(UNREACHABLE, message, "Check the connection and try again.", cause);
}

/**
 * What a response contains; one with more bytes than there should be is given up.
 * @param {Response} response
 * @param {number} most
 * @param {string} name
 */
async function bounded(response, most, name) {
  const parts = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const read = await reader?.read().catch((error) => {
      throw lost(error);
    });
    if (!read?.value) break;
    parts.push(read.value);
    size += read.value.length;
    if (size <= most) continue;
    reader?.cancel().catch(() => {});
    throw corrupt(`${name} is too long`);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * What a response contains, if that has the right size.
 * @param {Response} response
 * @param {number} size
 * @param {string} name
 */
async function exact(response, size, name) {
  const data = await bounded(response, size, name);
  if (data.length < size) throw corrupt(`${name} ends too early`);
  return data;
}
