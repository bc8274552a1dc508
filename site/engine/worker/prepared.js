/**
 * Parts of the engine that another thread fetches and prepares (engine/preparer.js), if the page could start
 * one: gzipped files are unpacked, and WebAssembly is compiled.
 */

import { open } from "../storage/download.js";
import { gunzip } from "../storage/gunzip.js";
import { compile } from "./webassembly.js";

/** @typedef {(count: number) => void} OnBytes */
/** @typedef {{url: string, bytes?: number, content?: any}} Message */

export class Prepared {
  #assets;
  /** What is known of each part, by its address. @type {Map<string, Arriving>} */
  #parts = new Map();
  #ended = true;

  /** @param {import("../assets.js").Assets} assets */
  constructor(assets) {
    this.#assets = assets;
  }

  /** @param {MessagePort} [port] from which parts come; without one, none will */
  receive(port) {
    this.#ended = !port;
    if (!port) return this.lost();
    port.onmessage = ({ data }) => this.#note(data);
    port.onmessageerror = () => this.lost();
  }

  /**
   * The content of a gzipped part.
   * @param {string} path
   * @param {OnBytes} onBytes called with the bytes of each piece that arrives
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async unpacked(path, onBytes) {
    return await this.#content(path, onBytes, gunzip);
  }

  /** @param {string} path @param {OnBytes} onBytes the same @returns {Promise<WebAssembly.Module>} */
  async compiled(path, onBytes) {
    return await this.#content(path, onBytes, compile);
  }

  /**
   * @param {string} path
   * @param {OnBytes} onBytes
   * @param {typeof gunzip | typeof compile} prepare here, if the other thread could not
   * @returns {Promise<any>}
   */
  async #content(path, onBytes, prepare) {
    const { fetch } = globalThis; // the browser's own: it is replaced while Python starts
    const url = this.#assets.locate(path);
    const arriving = this.#ended ? null : this.#part(url);
    arriving?.report(onBytes);
    const content = await arriving?.content;
    this.#parts.delete(url);
    if (content) return content;
    if (arriving) onBytes(-arriving.bytes);
    const file = path.slice(path.lastIndexOf("/") + 1);
    return await prepare(await open(url, { file, fetch }), file, onBytes);
  }

  /** @param {Message} message */
  #note({ url, bytes = 0, content }) {
    if (this.#ended) return; // nobody would take it
    const part = this.#part(url);
    if (content === undefined) part.add(bytes);
    else part.end(content);
  }

  /** @param {string} url */
  #part(url) {
    const part = this.#parts.get(url) ?? new Arriving();
    this.#parts.set(url, part);
    return part;
  }

  /** What has not come yet will not. */
  lost() {
    this.#ended = true;
    for (const part of this.#parts.values()) part.end(null);
  }
}

/** A part that another thread fetches. */
class Arriving {
  bytes = 0;
  /** @type {(content: any) => void} */
  end = () => {};
  /** @type {Promise<any>} */
  content = new Promise((resolve) => {
    this.end = resolve;
  });
  /** @type {OnBytes} */
  #onBytes = () => {};

  /** @param {number} bytes */
  add(bytes) {
    this.bytes += bytes;
    this.#onBytes(bytes);
  }

  /** @param {OnBytes} onBytes called with what has arrived, and then with each piece */
  report(onBytes) {
    this.#onBytes = onBytes;
    onBytes(this.bytes);
  }
}
