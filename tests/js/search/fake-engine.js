/**
 * An engine whose jobs keep a collection as one JSON file, one document a passage, for tests of the page's
 * side: what is written when, and what is opened again.
 */

import { EngineError } from "../../../site/engine/protocol.js";

const encode = (/** @type {unknown} */ value) => new TextEncoder().encode(JSON.stringify(value));

export class FakeEngine {
  ended = false;
  #last = 0;
  /** @type {Map<number, any>} */
  kept = new Map();
  /** @type {string[]} */
  ran = [];
  /** Called before each passage is embedded. @type {(index: number) => unknown} */
  onEmbed = () => {};
  /** Called while a collection is copied. @type {() => unknown} */
  onCompact = () => {};

  die() {
    this.ended = true;
  }

  /** @param {number} handle */
  async forget(handle) {
    this.kept.delete(handle);
  }

  /** @param {string} job @param {any} args @param {any} [options] */
  async run(job, args, options) {
    let last;
    for await (const item of this.stream(job, args, options)) last = item;
    return last;
  }

  /** @param {string} job @param {any} args @param {any} [options] */
  async *stream(job, { collection, ...args }, { signal, onEnd = () => {} } = {}) {
    this.ran.push(job);
    const kept = collection === undefined ? undefined : this.kept.get(collection);
    const steps = /** @type {any} */ (this)[`_${job}`](args, kept);
    for (;;) {
      if (this.ended) throw new EngineError({ code: "worker-died", message: "Died.", remedy: "Again." });
      signal?.throwIfAborted();
      const { done, value } = "next" in steps ? await steps.next() : { done: true, value: await steps };
      if (done) onEnd(value);
      yield value;
      if (done) return;
    }
  }

  /** @param {any} value @param {any} info */
  #keep(value, info) {
    this.kept.set(++this.#last, value);
    return { handle: this.#last, ...info };
  }

  async _open_embedder(/** @type {any} */ { files }) {
    return this.#keep("embedder", { name: files.url });
  }

  async _open_collection(/** @type {any} */ { files, name }) {
    const read = async () => {
      const at = files.names.indexOf("texts.json");
      return JSON.parse(await files.files[at].text());
    };
    const value = files ? await read() : { name, documents: [], vectors: 0 };
    return this.#keep(value, describe(value));
  }

  async _describe_collection(/** @type {any} */ _args, /** @type {any} */ kept) {
    return describe(kept);
  }

  async *_add_document(/** @type {any} */ { document, partial }, /** @type {any} */ kept) {
    if (partial) kept.before ??= kept.documents;
    const old = kept.documents.filter((/** @type {any} */ { name }) => name === document.name);
    kept.replaced = [...(kept.replaced ?? []), ...old];
    kept.documents = [
      ...kept.documents.filter((/** @type {any} */ { name }) => name !== document.name),
      document,
    ];
    yield part(kept);
    return { replaced: old.length > 0 };
  }

  async _finish_source(/** @type {any} */ { names, source, hash }, /** @type {any} */ kept) {
    if (hash) kept.sources = { ...kept.sources, [source]: hash };
    const isLost = (/** @type {any} */ { name }) => names.includes(name);
    kept.replaced = [...(kept.replaced ?? []), ...kept.documents.filter(isLost)];
    kept.documents = kept.documents.filter((/** @type {any} */ each) => !isLost(each));
    delete kept.before;
    return part(kept);
  }

  async *_embed_passages(/** @type {any} */ _args, /** @type {any} */ kept) {
    while (kept.vectors < kept.documents.length) {
      await this.onEmbed(kept.vectors);
      kept.vectors++;
      yield part(kept);
    }
    return {};
  }

  async _restore_documents(/** @type {any} */ { names, instead, without = [] }, /** @type {any} */ kept) {
    const gone = (instead ? kept.replaced : kept.removed) ?? [];
    const back = gone.filter((/** @type {any} */ { name }) => names.includes(name));
    const left = kept.documents.filter(
      (/** @type {any} */ { name }) => !without.includes(name) && !(instead && names.includes(name)),
    );
    return part({ ...kept, documents: [...left, ...back] }); // what is open forgets it, as in Python
  }

  async _remove_documents(/** @type {any} */ { names }, /** @type {any} */ kept) {
    kept.removed = kept.documents.filter((/** @type {any} */ { name }) => names.includes(name));
    kept.deleted = (kept.deleted ?? 0) + kept.removed.length;
    kept.documents = kept.documents.filter((/** @type {any} */ { name }) => !names.includes(name));
    return part(kept);
  }

  async *_compact_collection(/** @type {any} */ _args, /** @type {any} */ kept) {
    const copy = { ...kept, removed: [], deleted: 0 };
    await this.onCompact();
    yield part(copy);
    return {};
  }

  async _rename_collection(/** @type {any} */ { name }, /** @type {any} */ kept) {
    kept.name = name;
    return part(kept);
  }

  async *_export_collection(/** @type {any} */ _args, /** @type {any} */ kept) {
    yield { data: encode(kept) };
    return {};
  }

  async *_import_collection(/** @type {any} */ { files }) {
    const text = await files.files[0].text();
    if (!text.startsWith("{")) {
      throw new EngineError({ code: "index-corrupt", message: "It is damaged.", remedy: "Export it again." });
    }
    yield part(JSON.parse(text));
    return {};
  }
}

/** @param {any} kept */
function describe({ name, documents, vectors, deleted = 0, sources = {} }) {
  const listed = documents.map((/** @type {any} */ each, /** @type {number} */ document) => ({
    ...each,
    document,
  }));
  return { name, documents: listed, sources, passages: documents.length, vectors, deleted };
}

/** @param {any} kept */
function part(kept) {
  const { before, ...rest } = kept;
  const { name, documents } = before ? { ...rest, documents: before } : rest;
  const index = JSON.stringify({ name, documents: documents.length, passages: documents.length });
  return { append: {}, replace: { "texts.json": encode({ ...rest, documents }) }, index };
}
