/**
 * What gives a collection's passages and questions their vectors: MiniLM from this site, the outputs of an
 * RWKV model, or a server. A collection is made with one of them and keeps it, since vectors of different
 * models cannot be compared. Nothing here asks the visitor or shows anything.
 */

import { ROOT } from "../engine/root.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";
import { embedTexts } from "./endpoint.js";
import { MINILM_SOURCE } from "./session.js";

/** @import { Options, SearchSession } from "./session.js" */
/**
 * How an embedder is reached, as the page keeps it. A model's `address` is "" for files of the visitor's own,
 * which must be chosen again after a reload. A server's key is never kept, only whether it has one.
 * @typedef {{kind: "minilm"}} MiniLM
 * @typedef {{kind: "model", title: string, address: string}} Rwkv
 * @typedef {{kind: "endpoint", address: string, model: string, hasKey: boolean}} Server
 * @typedef {MiniLM | Rwkv | Server} Choice
 */
/**
 * What only lasts until the page is closed: the key of a server, the files of a model.
 * @typedef {{key?: string, files?: File[]}} Secrets
 */
/**
 * Runs a job that changes the open collection, and writes what it yields.
 * @typedef {(job: string, args: Record<string, unknown>, options: Options) => Promise<any>} Write
 */

/** @type {MiniLM} */
export const MINILM = { kind: "minilm" };
/** The weights of its six layers of width 384, by which each token is multiplied. */
export const MINILM_MULTIPLIED = 6 * 12 * 384 ** 2;
const DEFAULT_MODEL = new URL("models/default/", ROOT).href;
/** Passages of a request to a server. */
const BATCH = 64;
const LONGEST = 2000;

/**
 * The choice in a file, or the one that fits the name of the model that made a collection's vectors.
 * @param {any} stored
 * @param {string} model "" if it has no vectors
 * @returns {Choice}
 */
export function choiceOf(stored, model) {
  const text = (/** @type {unknown} */ value) => String(value ?? "").slice(0, LONGEST);
  if (stored?.kind === "model") {
    return { kind: "model", title: text(stored.title) || t("An RWKV model"), address: text(stored.address) };
  }
  if (stored?.kind === "endpoint") {
    const { address, model, hasKey } = stored;
    return { kind: "endpoint", address: text(address), model: text(model), hasKey: hasKey === true };
  }
  const [maker, , name] = /^(\w+)(:)(.*)$/s.exec(model)?.slice(1) ?? [];
  if (maker === "rwkv") {
    return { kind: "model", title: text(name), address: name === "default" ? DEFAULT_MODEL : "" };
  }
  if (maker === "endpoint") return { kind: "endpoint", address: "", model: text(name), hasKey: false };
  return MINILM;
}

/** The host that gets the texts; "" if they stay in this page. @param {Choice} choice */
export function hostOf(choice) {
  if (choice.kind !== "endpoint") return "";
  return URL.canParse(choice.address) ? new URL(choice.address).host : choice.address;
}

/** What a choice is called. @param {Choice} choice */
export function titleOf(choice) {
  if (choice.kind === "minilm") return "MiniLM";
  return choice.kind === "model" ? choice.title : choice.model;
}

/** An embedder of the open collection. */
export class Embedder {
  #session;
  /** @type {Secrets} */
  #secrets;
  /** How many wait for it to be loaded. */
  #loading = 0;

  /** @param {SearchSession} session @param {Choice} choice @param {Secrets} [secrets] */
  constructor(session, choice, secrets = {}) {
    this.#session = session;
    this.choice = choice;
    this.#secrets = secrets;
    /** The last question and its vector, since the same one is asked again while a collection grows. */
    this.last = { question: "", args: /** @type {Record<string, unknown> | null} */ (null) };
  }

  /** Lets the session open this one. */
  async use() {
    await this.#session.useEmbedder(this.#source());
  }

  /** What is missing before it can be used: "" or what the visitor has to give. */
  get missing() {
    const { choice } = this;
    if (choice.kind === "model") return choice.address || this.#secrets.files?.length ? "" : "files";
    if (choice.kind !== "endpoint") return "";
    if (!choice.address) return "address";
    return choice.hasKey && !this.#secrets.key ? "key" : "";
  }

  /** Whether it can make vectors at once. */
  get isReady() {
    if (this.choice.kind === "endpoint") return !this.missing;
    return this.#session.has("embedder");
  }

  /** Whether loading it contacts another site, or takes what the visitor has not agreed to on this visit. */
  get isForeign() {
    const { choice } = this;
    return choice.kind === "model" && !choice.address.startsWith(ROOT) && !this.#secrets.files?.length;
  }

  get isLoading() {
    return this.#loading > 0;
  }

  /** Fetches the model; nothing for a server. @param {Options} options */
  async load(options) {
    if (this.choice.kind === "endpoint") return;
    this.#loading++;
    try {
      await this.#session.open("embedder", options);
    } finally {
      this.#loading--;
    }
  }

  /**
   * Gives vectors to the passages that have none.
   * @param {Write} write
   * @param {Options} options
   */
  async fill(write, { signal = new AbortController().signal, onProgress }) {
    if (this.choice.kind !== "endpoint") {
      return void (await write("embed_passages", {}, { signal, onProgress }));
    }
    let done = 0;
    for (;;) {
      const { texts, passages, pending } = await this.#session.run(
        "pending_texts",
        { count: BATCH },
        { signal },
      );
      if (!texts.length) return;
      onProgress?.({ status: "passages", loaded: done, total: done + pending, file: "" });
      for await (const { first, vectors, model } of this.#ask(texts, signal)) {
        const read = passages.slice(first, first + vectors.shape[0]);
        await write("add_vectors", { vectors, passages: read, made_by: model }, { signal });
      }
      done += texts.length;
    }
  }

  /**
   * What the job `search` needs of a question besides: its vector, if a server makes it.
   * @param {string} question
   * @returns {Promise<Record<string, unknown>>}
   */
  async question(question) {
    if (this.choice.kind !== "endpoint") return {};
    if (this.last.args && this.last.question === question) return this.last.args;
    const args = {};
    for await (const { vectors } of this.#ask([question], new AbortController().signal)) {
      Object.assign(args, { question_vector: { ...vectors, shape: vectors.shape.slice(1) } });
    }
    this.last = { question, args };
    return args;
  }

  /** @param {string[]} texts @param {AbortSignal} signal */
  async *#ask(texts, signal) {
    const { choice } = this;
    if (choice.kind !== "endpoint") return;
    if (this.missing)
      throw this.missing === "key"
        ? problem(t("The key for {host} is missing.", { host: hostOf(choice) }), t("Enter it."))
        : problem(t("The server's address is missing."), t("Enter it."));
    const server = { base: choice.address, model: choice.model, key: this.#secrets.key ?? "" };
    const run = this.#session.run.bind(this.#session);
    try {
      yield* embedTexts(run, server, texts, { signal });
    } catch (error) {
      if (/** @type {any} */ (error)?.field === "key") {
        this.choice = { ...choice, hasKey: true }; // the key is missing or wrong: it is asked for again
        this.#secrets = {};
      }
      throw error;
    }
  }

  /** @returns {import("./session.js").Source | null} */
  #source() {
    const { choice } = this;
    if (choice.kind === "endpoint") return null;
    if (choice.kind === "minilm") return MINILM_SOURCE;
    const model = choice.address || (this.#secrets.files ?? []);
    const names = this.#secrets.files?.map(({ name, size }) => `${name} ${size}`).join();
    return {
      key: `model ${choice.address || names}`,
      open: (engine, options) => this.#open(model, engine, options),
    };
  }

  /**
   * @param {string | File[]} model
   * @param {import("../engine/client.js").Engine} engine
   * @param {Options} options
   */
  async #open(model, engine, { signal, onProgress }) {
    const holder = await this.#session.holder();
    const lease = holder.lease({ model, quantize: "auto" });
    const loaded = await lease.load({ signal, onProgress });
    if (loaded.engine !== engine) throw new Error("the engine was replaced while the model was loading");
    const opened = await loaded.call("open_model_embedder", {}, { signal });
    return { ...opened, release: () => lease.release() };
  }
}
