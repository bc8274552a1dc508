/**
 * Reads the files of a static index: whole, or by ranges. Every address carries the stamp of the index, so
 * that a cache never mixes two versions. A server that ignores ranges sends the whole file, which is then
 * kept; `wholes` says for which files this happened.
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

const REBUILD = "Reload the page. If that fails, the site's owner can build the index again.";

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
   * @param {string} base the index's folder, with a slash at its end
   * @param {(input: string, init?: RequestInit) => Promise<Response>} fetch
   */
  constructor(base, fetch) {
    this.base = base;
    this.fetch = fetch;
    this.stamp = "";
  }

  /** The facts of the index, always of the newest version. @returns {Promise<any>} */
  async facts() {
    const response = await this.#request("web/search.json", { cache: "no-cache" });
    try {
      return await response.json();
    } catch (error) {
      throw new StaticSearchError("index-corrupt", "search.json is not valid JSON.", REBUILD, error);
    }
  }

  /** @param {string} name @returns {Promise<Uint8Array>} */
  whole(name) {
    return this.#keep(name, async () => new Uint8Array(await (await this.#request(name)).arrayBuffer()));
  }

  /**
   * The bytes [start, end) of a file.
   * @param {string} name
   * @param {number} start
   * @param {number} end
   * @returns {Promise<Uint8Array>}
   */
  async range(name, start, end) {
    if (end <= start) return new Uint8Array();
    const kept = await this.#kept.get(name);
    if (kept) return part(kept, start, end, name);
    return await this.#keep(`${name} ${start}-${end}`, async () => {
      const response = await this.#request(name, { headers: { Range: `bytes=${start}-${end - 1}` } });
      const data = new Uint8Array(await response.arrayBuffer());
      if (response.status === 206) return part(data, 0, end - start, name);
      this.wholes.add(name);
      this.#kept.set(name, Promise.resolve(data));
      return part(data, start, end, name);
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
    if (this.stamp) url.search = `v=${this.stamp}`;
    const code = "index-unreachable";
    let response;
    try {
      response = await this.fetch(url.href, { credentials: "same-origin", ...init });
    } catch (error) {
      const remedy = "Check the connection and try again.";
      throw new StaticSearchError(code, "The search index could not be fetched.", remedy, error);
    }
    if (response.ok) return response;
    const remedy = response.status === 404 ? "Check the address of the index." : "Try again later.";
    throw new StaticSearchError(code, `${url.pathname}: HTTP ${response.status}.`, remedy);
  }
}

/** @param {Uint8Array} data @param {number} start @param {number} end @param {string} name */
function part(data, start, end, name) {
  if (end > data.length) throw corrupt(`${name} ends too early`);
  return data.subarray(start, end);
}
