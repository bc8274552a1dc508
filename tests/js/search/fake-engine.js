/**
 * An engine whose jobs keep a collection as one JSON file, one document a passage, for tests of the page's
 * side: what is written when, and what is opened again.
 */

import { EngineError } from "../../../site/engine/protocol.js";

const encode = (value) => new TextEncoder().encode(JSON.stringify(value));

export class FakeEngine {
  ended = false;
  #last = 0;
  kept = new Map();
  ran = [];
  /** Jobs that stand still while others run. */
  background = [];
  /** Called before each passage is embedded. */
  onEmbed = () => {};
  /** Called while a collection is copied. */
  onCompact = () => {};

  die() {
    this.ended = true;
  }

  async forget(handle) {
    this.kept.delete(handle);
  }

  async run(job, args, options) {
    let last;
    for await (const item of this.stream(job, args, options)) last = item;
    return last;
  }

  async *stream(job, { collection, background, ...args }, { signal, onEnd = () => {} } = {}) {
    this.ran.push(job);
    if (background) this.background.push(job);
    const kept = collection === undefined ? undefined : this.kept.get(collection);
    const steps = this[`_${job}`](args, kept);
    for (;;) {
      if (this.ended) throw new EngineError({ code: "worker-died", message: "Died.", remedy: "Again." });
      signal?.throwIfAborted();
      const { done, value } = "next" in steps ? await steps.next() : { done: true, value: await steps };
      if (done) onEnd(value);
      yield value;
      if (done) return;
    }
  }

  #keep(value, info) {
    this.kept.set(++this.#last, value);
    return { handle: this.#last, ...info };
  }

  async _open_embedder({ files }) {
    return this.#keep("embedder", { name: files.url });
  }

  async _open_collection({ files, name }) {
    const read = async () => {
      const at = files.names.indexOf("texts.json");
      return JSON.parse(await files.files[at].text());
    };
    const value = files ? await read() : { name, documents: [], vectors: 0 };
    return this.#keep(value, describe(value));
  }

  async _describe_collection(_args, kept) {
    return describe(kept);
  }

  async *_add_document({ document, partial }, kept) {
    if (partial) kept.before ??= kept.documents;
    const old = kept.documents.filter(({ name }) => name === document.name);
    kept.replaced = [...(kept.replaced ?? []), ...old];
    kept.documents = [...kept.documents.filter(({ name }) => name !== document.name), document];
    yield part(kept);
    return { replaced: old.length > 0 };
  }

  async _finish_source({ names, source, hash }, kept) {
    if (hash) kept.sources = { ...kept.sources, [source]: hash };
    const isLost = ({ name }) => names.includes(name);
    kept.replaced = [...(kept.replaced ?? []), ...kept.documents.filter(isLost)];
    kept.documents = kept.documents.filter((each) => !isLost(each));
    delete kept.before;
    return part(kept);
  }

  async *_embed_passages(_args, kept) {
    while (kept.vectors < kept.documents.length) {
      await this.onEmbed(kept.vectors);
      kept.vectors++;
      yield part(kept);
    }
    return {};
  }

  async _restore_documents({ names, instead, without = [] }, kept) {
    const gone = (instead ? kept.replaced : kept.removed) ?? [];
    const back = gone.filter(({ name }) => names.includes(name));
    const left = kept.documents.filter(
      ({ name }) => !without.includes(name) && !(instead && names.includes(name)),
    );
    return part({ ...kept, documents: [...left, ...back] }); // what is open forgets it, as in Python
  }

  async _remove_documents({ names }, kept) {
    kept.removed = kept.documents.filter(({ name }) => names.includes(name));
    kept.deleted = (kept.deleted ?? 0) + kept.removed.length;
    kept.documents = kept.documents.filter(({ name }) => !names.includes(name));
    return part(kept);
  }

  async *_compact_collection(_args, kept) {
    const copy = { ...kept, removed: [], deleted: 0 };
    await this.onCompact();
    yield part(copy);
    return {};
  }

  async _rename_collection({ name }, kept) {
    kept.name = name;
    return part(kept);
  }

  async *_export_collection(_args, kept) {
    yield { data: encode(kept) };
    return {};
  }

  async *_import_collection({ files }) {
    const text = await files.files[0].text();
    if (!text.startsWith("{")) {
      throw new EngineError({ code: "index-corrupt", message: "It is damaged.", remedy: "Export it again." });
    }
    yield part(JSON.parse(text));
    return {};
  }
}

function describe({ name, documents, vectors, deleted = 0, sources = {} }) {
  const listed = documents.map((each, document) => ({ ...each, document }));
  return { name, documents: listed, sources, passages: documents.length, vectors, deleted };
}

function part(kept) {
  const { before, ...rest } = kept;
  const { name, documents } = before ? { ...rest, documents: before } : rest;
  const index = JSON.stringify({ name, documents: documents.length, passages: documents.length });
  return { append: {}, replace: { "texts.json": encode({ ...rest, documents }) }, index };
}
