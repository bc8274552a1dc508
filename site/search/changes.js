/**
 * What a collection had before files are added, to find what is unchanged, what was replaced and what is
 * gone.
 * A source is a file, or a file in a zip; the rows of a table are documents of one source, named `file#12`.
 */

/** @typedef {{name: string, hash: string}} Known */

/** @param {string} name of a document */
const sourceOf = (name) => name.replace(/#\d+$/, "");

export class Changes {
  #documents;
  /** Sources that were read now, unchanged or not, or could not be read. @type {Set<string>} */
  #seen = new Set();
  /** Names of documents that were read now. @type {Set<string>} */
  #read = new Set();
  /** Sources of which documents were read now. @type {Set<string>} */
  #changed = new Set();

  /** @param {Known[]} documents */
  constructor(documents) {
    this.#documents = documents;
  }

  /** The hash of each source. @returns {Record<string, string>} */
  get known() {
    return Object.fromEntries(
      this.#documents.flatMap(({ name, hash }) => [
        [sourceOf(name), hash],
        [name, hash],
      ]),
    );
  }

  /** Notes that a source was there. @param {string} source */
  saw(source) {
    this.#seen.add(source);
  }

  /** Notes a document that was read. @param {string} source @param {string} name */
  read(source, name) {
    this.#seen.add(source);
    this.#changed.add(source);
    this.#read.add(name);
  }

  /** Documents whose source was read again and has them no more, such as rows of a table. */
  replaced() {
    return this.#names((name) => this.#changed.has(sourceOf(name)) && !this.#read.has(name));
  }

  /** Documents of a folder whose source was not there now. @param {string} folder */
  gone(folder) {
    return this.#names(
      (name) => name.startsWith(`${folder}/`) && !this.#seen.has(sourceOf(name)) && !this.#seen.has(name),
    );
  }

  /** @param {(name: string) => boolean} fits */
  #names(fits) {
    return this.#documents.map(({ name }) => name).filter(fits);
  }
}
