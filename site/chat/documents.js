/**
 * What is attached to a conversation, and the passages of it that fit a message. Files are of this tab: the
 * conversation remembers their names and hashes. Collections are the search page's, which this page only
 * reads. Both are searched by words and by the table of what words mean; nothing is shown here.
 */

import { CollectionStore } from "../collections/collection-store.js";
import { readFile } from "../collections/files.js";
import { SearchSession } from "../collections/session.js";
import { fileBytes } from "../ui/bounded-file.js";
import { t } from "../ui/words.js";
import { QUESTION } from "./passages.js";

/** @import { Options } from "../collections/session.js" */
/** @import { Attached, Passage } from "./passages.js" */

/** Bytes of a file, which is kept in memory. */
const LARGEST = 64 * 1024 * 1024;

export class Documents {
  #session;
  /** The files of this tab, by hash. @type {Map<string, {name: string, blob: Blob}>} */
  #files = new Map();
  #memory = CollectionStore.inMemory();
  /** Which files are in a collection in memory. */
  #indexed = { key: "", id: "" };
  /** What the session has open. */
  #chosen = "";
  /** @type {Promise<CollectionStore> | undefined} */
  #store;

  /** @param {import("../ui/engine.js").EngineHolder} holder the page's */
  constructor(holder, session = new SearchSession(async () => holder), store = undefined) {
    this.#session = session;
    this.#store = store;
  }

  /**
   * Keeps files for this visit.
   * @param {{name: string, blob: Blob}[]} files
   * @returns {Promise<Attached[]>}
   */
  async add(files) {
    const remedy = t("Add it to a collection in Search, and attach that collection.");
    const read = files.map(({ name, blob }) => fileBytes(new File([blob], name), LARGEST, remedy));
    const found = [];
    for (const [index, data] of (await Promise.all(read)).entries()) {
      const { name } = files[index];
      const hash = hex(await crypto.subtle.digest("SHA-256", data));
      this.#files.set(hash, { name, blob: new Blob([data]) }); // the file itself may change or go
      found.push({ kind: /** @type {const} */ ("file"), name, hash });
    }
    return found;
  }

  /** The search page's collections. @returns {Promise<Attached[]>} */
  async collections() {
    const entries = await (await this.#kept()).list();
    return entries.map(({ id, name }) => ({ kind: "collection", name, hash: id }));
  }

  #kept() {
    this.#store ??= CollectionStore.open();
    return this.#store;
  }

  /** Those that are not there any more. @param {Attached[]} attached @returns {Promise<Attached[]>} */
  async missing(attached) {
    const collections = attached.some(({ kind }) => kind === "collection") ? await this.collections() : [];
    const ids = new Set(collections.map(({ hash }) => hash));
    return attached.filter(({ kind, hash }) => !(kind === "file" ? this.#files : ids).has(hash));
  }

  /**
   * The passages that fit a message best, as many as have room in the prompt; none if none fits.
   * @param {string} text
   * @param {Attached[]} attached
   * @param {{count: number, budget: number} & Options} options `budget` is how many tokens they may take
   * @returns {Promise<{passages: Passage[], skipped: string[]}>} and why files could not be read
   */
  async find(text, attached, { count, budget, ...options }) {
    const lost = new Set(await this.missing(attached));
    const there = attached.filter((one) => !lost.has(one));
    const question = text.trim().slice(0, QUESTION);
    /** @type {(Passage & {score: number})[]} */
    const hits = [];
    const files = there.filter(({ kind }) => kind === "file");
    if (there.length) await this.#session.open("static", options);
    const skipped = files.length ? await this.#openFiles(files, options) : [];
    if (files.length) hits.push(...(await this.#search(question, count, "", options)));
    for (const { hash, name } of there.filter(({ kind }) => kind === "collection")) {
      await this.#openCollection(hash, name);
      hits.push(...(await this.#search(question, count, name, options)));
    }
    hits.sort((one, other) => other.score - one.score);
    const best = hits.slice(0, count).map(({ score: _, ...passage }) => passage);
    if (!best.length) return { passages: [], skipped };
    const { used } = await this.#session.run("answer_prompt", { question, passages: best, budget }, options);
    return { passages: best.slice(0, used), skipped };
  }

  /** @param {string} question @param {number} count @param {string} collection @param {Options} options */
  async #search(question, count, collection, options) {
    const args = { question, count, stage: "static" };
    const { hits, state } = await this.#session.run("search", args, options);
    if (state === "nothing") return [];
    const near = hits.filter((/** @type {any} */ { distant }, /** @type {number} */ at) => !at || !distant);
    const found = near.flatMap((/** @type {any} */ hit) => [hit, ...(hit.more ?? [])]);
    return found.map((/** @type {any} */ { name, title, heading, address, text, score }) => ({
      ...{ name, title, heading, address, text, score },
      ...(collection && { collection }),
    }));
  }

  /** @param {string} id @param {string} name */
  async #openCollection(id, name) {
    if (this.#chosen === id) return;
    const store = await this.#kept();
    await this.#session.choose({ name, files: () => store.files(id), kept: store.kept(id) });
    this.#chosen = id;
  }

  /**
   * Opens a collection of files in memory, and reads them into it if they are not there yet.
   * @param {Attached[]} files
   * @param {Options} options
   * @returns {Promise<string[]>} what could not be read
   */
  async #openFiles(files, options) {
    const key = files.map(({ hash }) => hash).join();
    const isRead = this.#indexed.key === key;
    const id = isRead ? this.#indexed.id : this.#memory.create();
    if (this.#chosen !== id) await this.#session.choose({ name: "", files: () => this.#memory.files(id) });
    this.#chosen = id;
    if (isRead) return [];
    const skipped = [];
    const run = this.#session.items.bind(this.#session);
    for (const { hash, name } of files) {
      const blob = this.#files.get(hash)?.blob ?? new Blob();
      for await (const item of readFile(run, { name, blob }, options)) {
        if (item.skipped) skipped.push(`${item.skipped.name}: ${item.skipped.message}`);
        else await this.#addDocument(id, item, options);
      }
    }
    await this.#memory.remove(this.#indexed.id);
    this.#indexed = { key, id };
    return skipped;
  }

  /** @param {string} id @param {import("../collections/files.js").Item} item @param {Options} options */
  async #addDocument(id, { source: _, row_hash: rowHash, ...document }, options) {
    const args = { document: { ...document, hash: rowHash || document.hash } };
    for await (const { part } of this.#session.stream("add_document", args, options)) {
      if (part) await this.#memory.write(id, part);
    }
  }
}

/** @param {ArrayBuffer} bytes */
function hex(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
