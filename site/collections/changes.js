/**
 * What a collection had before files are added, to find what is unchanged, what was replaced and what is
 * gone.
 * A source is a file, or a file in a zip; the rows of a table are documents of one source, named `file#12`.
 */

/** @typedef {{name: string, hash: string}} Known */

/** @param {string} name of a document */
const sourceOf = (name) => name.replace(/#\d+$/, "");

export class Changes {
  /** The documents of each source. @type {Map<string, Known[]>} */
  #sources = new Map();
  /** Sources that were read now, unchanged or not, or could not be read. @type {Set<string>} */
  #seen = new Set();
  /** Names of documents that were read now. @type {Set<string>} */
  #read = new Set();

  /** The hashes of tables, of which the rows have their own. @type {Map<string, string>} */
  #tables;

  /** @param {Known[]} documents @param {Record<string, string>} [tables] */
  constructor(documents, tables = {}) {
    this.#tables = new Map(Object.entries(tables));
    for (const document of documents) {
      const source = sourceOf(document.name);
      const found = this.#sources.get(source) ?? [];
      found.push(document);
      this.#sources.set(source, found);
    }
  }

  /** The hash of each document, and of each source that has one. @returns {Record<string, string>} */
  get known() {
    /** @type {[string, string][]} */
    const found = [];
    for (const [source, documents] of this.#sources) {
      for (const { name, hash } of documents) found.push([name, hash]);
      const table = this.#tables.get(source);
      const hash = table ?? documents[0].hash;
      if (table || documents.every((each) => each.hash === hash)) found.push([source, hash]);
    }
    return Object.fromEntries(found);
  }

  /** Notes that a source was there. @param {string} source */
  saw(source) {
    this.#seen.add(source);
  }

  /** Notes a document that was read. @param {string} source @param {string} name */
  read(source, name) {
    this.#seen.add(source);
    this.#read.add(name);
  }

  /**
   * Whether a document is one of several that its source has, or had.
   * @param {string} source
   * @param {string} name
   */
  isPartial(source, name) {
    return name !== source || this.#sources.get(source)?.some((each) => each.name !== name) === true;
  }

  /** Whether there were documents of a source. @param {string} source */
  had(source) {
    return this.#sources.has(source);
  }

  /** Documents of a source that it has no more after it was read, such as rows. @param {string} source */
  replaced(source) {
    const names = this.#sources.get(source)?.map(({ name }) => name) ?? [];
    return names.filter((name) => !this.#read.has(name));
  }

  /** Documents of a folder whose source was not there now. @param {string} folder */
  gone(folder) {
    const names = [...this.#sources.values()].flat().map(({ name }) => name);
    return names.filter(
      (name) => name.startsWith(`${folder}/`) && !this.#seen.has(sourceOf(name)) && !this.#seen.has(name),
    );
  }
}
