/**
 * Where the engine's files are: at their paths below a folder, or, when a bundler has moved them, at an
 * address of their own each. Nothing is requested here.
 */

import { ADDRESSES, ROOT } from "./root.js";

export class Assets {
  /** @param {string} root @param {Record<string, string> | null} [addresses] by path */
  constructor(root, addresses = null) {
    this.root = root;
    this.addresses = addresses;
  }

  /** The address of a file. @param {string} path relative to the root */
  locate(path) {
    return this.addresses?.[path] ?? new URL(path, this.root).href;
  }

  /**
   * Where the files of a folder are: at the folder's address, unless they have others.
   * @param {string} path it ends in a slash
   * @returns {{url: string, addresses?: Record<string, string>}}
   */
  folder(path) {
    if (!this.addresses) return { url: this.locate(path) };
    const inside = Object.entries(this.addresses).filter(([file]) => file.startsWith(path));
    return {
      url: path,
      addresses: Object.fromEntries(inside.map(([file, url]) => [file.slice(path.length), url])),
    };
  }
}

const OWN = new Assets(ROOT, ADDRESSES);

/** The files in a folder, relative to the page; by default the engine's own. @param {string} [root] */
export function assetsIn(root) {
  if (root === undefined) return OWN;
  const { href } = new URL(root.endsWith("/") ? root : `${root}/`, base());
  return href === ROOT ? OWN : new Assets(href);
}

/** What addresses are relative to: the page's base; under Node there is none. */
export const base = () => /** @type {any} */ (globalThis).document?.baseURI ?? globalThis.location?.href;
