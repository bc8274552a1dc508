/**
 * Where the engine's files are: at their paths below a folder, or, when a bundler has moved them, at an
 * address of their own each. Nothing is requested here.
 */

import { ADDRESSES, FILES, ROOT } from "./root.js";

export class Assets {
  /**
   * @param {string} root
   * @param {Record<string, string> | null} [addresses] by path
   * @param {string} [files] the folder of the engine's files, if it is another one than that of the models
   */
  constructor(root, addresses = null, files = root) {
    this.root = root;
    this.addresses = addresses;
    this.files = files;
  }

  /** The address of one of the engine's files. @param {string} path */
  locate(path) {
    return this.addresses?.[path] ?? new URL(path, this.files).href;
  }

  /**
   * Where the files of a model are: at the folder's address, unless they have others.
   * @param {string} path relative to the root; it ends in a slash
   * @returns {{url: string, addresses?: Record<string, string>}}
   */
  folder(path) {
    if (!this.addresses) return { url: new URL(path, this.root).href };
    const inside = Object.entries(this.addresses).filter(([file]) => file.startsWith(path));
    return {
      url: path,
      addresses: Object.fromEntries(inside.map(([file, url]) => [file.slice(path.length), url])),
    };
  }
}

const OWN = new Assets(ROOT, ADDRESSES, FILES);

/** The files in a folder, relative to the page; by default the engine's own. @param {string} [root] */
export function assetsIn(root) {
  if (root === undefined) return OWN;
  const { href } = new URL(root.endsWith("/") ? root : `${root}/`, base());
  return href === ROOT ? OWN : new Assets(href);
}

/** What addresses are relative to: the page's base; under Node there is none. */
export const base = () => /** @type {any} */ (globalThis).document?.baseURI ?? globalThis.location?.href;
