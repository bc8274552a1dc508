/**
 * The state of the page: what the model is to learn from, how the learning goes, what it came to, and what
 * was kept of earlier ones. It draws nothing and knows no view; views listen to its events:
 *
 * - `source`: what it learns from has changed
 * - `busy`: something has begun to run, or has ended
 * - `step`: a step of learning is over, or learning begins
 * - `taught`: there is another result, or none
 * - `kept`: adapters were kept, renamed or removed, or another one is in use
 */

import {
  chooseAdapter,
  chosenAdapter,
  deleteAdapter,
  hearAdapters,
  keepAdapter,
  listAdapters,
  readAdapter,
  renameAdapter,
} from "../ui/adapters.js";
import { problem } from "../ui/status.js";
import { Store } from "../ui/store.js";
import { t } from "../ui/words.js";

/** @import { AdapterFacts } from "../engine/protocol.js" */
/** @import { HeldBack, TuningStep } from "../engine/tuning.js" */
/** @import { Kept } from "../ui/adapters.js" */
/** @typedef {"source" | "busy" | "step" | "taught" | "kept"} TeachEvent */
/** @typedef {{prompt: string, answer: string}} Pair */
/** @typedef {"text" | "pairs" | "ratings"} Door */
/**
 * A result: `heldBack` are texts from which nothing was learned, none of an adapter that was opened; `harm`
 * is by what share other English costs more bits, null where it is not known. `chats`: the examples were
 * conversations.
 * @typedef {{
 *   kept: Kept, file: Uint8Array<ArrayBuffer>, heldBack: HeldBack[], harm: number | null, chats: boolean
 * }} Taught
 */

/** @extends {Store<TeachEvent>} */
export class TeachSession extends Store {
  /** @type {Door} */
  door = "text";
  text = "";
  /** A file in place of the text. @type {File | null} */
  file = null;
  /** @type {Pair[]} */
  pairs = [];
  /** The steps so far of the learning that runs, or of the last one. @type {TuningStep[]} */
  steps = [];
  /** @type {Taught | null} */
  taught = null;
  /** @type {Kept[]} */
  kept = [];
  #busy = false;
  /** @type {{file: Uint8Array<ArrayBuffer>, facts: AdapterFacts} | null} */
  #removed = null;

  constructor() {
    super();
    hearAdapters(() => this.refresh());
  }

  get busy() {
    return this.#busy;
  }

  set busy(on) {
    this.#busy = on;
    this.announce("busy");
  }

  /** Whether the last one that was removed can be restored. */
  get canRestore() {
    return this.#removed !== null;
  }

  /** @param {Partial<Pick<TeachSession, "door" | "text" | "file" | "pairs">>} changes */
  change(changes) {
    Object.assign(this, changes);
    this.announce("source");
  }

  begin() {
    this.steps = [];
    this.announce("step");
  }

  /** @param {TuningStep} step */
  add(step) {
    this.steps.push(step);
    this.announce("step");
  }

  /** @param {Taught | null} taught */
  show(taught) {
    this.taught = taught;
    this.announce("taught");
  }

  async refresh() {
    this.kept = await listAdapters();
    this.announce("kept");
  }

  /**
   * Keeps an adapter.
   * @param {Uint8Array<ArrayBuffer>} file
   * @param {AdapterFacts} facts
   * @throws {Error} if there is no space
   */
  async keep(file, facts) {
    try {
      const kept = await keepAdapter(file, facts);
      await this.refresh();
      return kept;
    } catch (error) {
      throw problem(
        t("The browser could not keep what was learned ({reason}).", { reason: String(error) }),
        t("Delete what you no longer need under Storage, and try again."),
      );
    }
  }

  /** @param {string} id @param {string} name @throws {Error} if there is no space: it keeps its old name */
  async rename(id, name) {
    await renameAdapter(id, name).catch((error) => {
      throw problem(
        t("The browser could not rename it ({reason}).", { reason: String(error) }),
        t("Delete what you no longer need under Storage, and try again."),
      );
    });
    await this.refresh();
  }

  /** @param {Kept} kept @throws {Error} if another tab has removed it */
  async fileOf({ id, name }) {
    const file = await readAdapter(id);
    if (file) return file;
    throw problem(t("“{name}” no longer exists.", { name }), t("It was deleted in another tab."));
  }

  /** @param {Kept} kept */
  async remove(kept) {
    const { id, name, facts } = kept;
    this.#removed = { file: await this.fileOf(kept), facts: { ...facts, name } };
    await deleteAdapter(id);
    if (this.used?.id === id) this.use("", 1);
    if (this.taught?.kept.id === id) this.show(null);
    await this.refresh();
  }

  async restore() {
    const removed = this.#removed;
    if (!removed) return null;
    this.#removed = null;
    try {
      return await this.keep(removed.file, removed.facts);
    } catch (error) {
      this.#removed = removed;
      throw error;
    }
  }

  /** Puts one to use on all pages, or none. @param {string} id @param {number} strength */
  use(id, strength) {
    chooseAdapter(id ? { id, strength } : null);
    this.announce("kept");
  }

  /** The one in use. */
  get used() {
    return chosenAdapter();
  }
}
