/** Starts Pyodide from the snapshot of an earlier visit, if there is one, and takes one if there is none. */

import { SnapshotStore } from "../storage/snapshots.js";
import { quiet } from "./quiet.js";
import { startFrom, takeSnapshot } from "./snapshot.js";

/** @typedef {import("../storage/snapshots.js").Kept} Kept */
/** @typedef {(options: object) => Promise<any>} LoadPyodide */

/** Changes with what a snapshot contains. */
const FORMAT = 1;

export class Snapshots {
  #store;
  /** What is kept, read at once. @type {Promise<Kept | null | undefined> | null} */
  #kept;
  #build = "";
  /** Whether to take one. */
  #isWanted = false;

  /** @param {Promise<Pick<SnapshotStore, "read" | "keep" | "fail"> | null>} store null: none are kept */
  constructor(store) {
    this.#store = store.catch(() => null);
    this.#kept = this.#store.then((found) => found?.read()).catch(() => null);
  }

  /**
   * The snapshot of a build of the engine in this browser, and the files that belong to it.
   * @param {string} build
   */
  async of(build) {
    this.#build = `${FORMAT} ${build} ${globalThis.navigator?.userAgent}`;
    const [store, kept] = await Promise.all([this.#store, this.#kept]);
    this.#kept = null; // so that its memory is free once it has been restored
    const isCurrent = kept?.build === this.#build;
    this.#isWanted = store !== null && !isCurrent;
    return isCurrent ? kept.kept : null; // null too if it could not be restored
  }

  /**
   * Starts from one, or without if that fails.
   * @param {import("./snapshot.js").Snapshot} snapshot
   * @param {LoadPyodide} loadPyodide
   * @param {object} options of loadPyodide
   * @returns {Promise<any>} Pyodide
   */
  async start(snapshot, loadPyodide, options) {
    try {
      return await startFrom(loadPyodide, options, snapshot);
    } catch (error) {
      console.warn("Python could not start from the snapshot of an earlier visit:", error);
      await (await this.#store)?.fail(this.#build);
      return await loadPyodide(options);
    }
  }

  /**
   * Takes one, unless there is one, and keeps it when nothing else is to be done.
   * @param {any} pyodide nothing may be running in it
   * @param {Uint8Array<ArrayBuffer>[]} files what its file system was made from
   * @param {() => void} prepare what is done before
   * @param {() => boolean} isIdle whether no request is being answered
   */
  async take(pyodide, files, prepare, isIdle) {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    prepare();
    const snapshot = takeSnapshot(pyodide); // now, before anything else runs
    await quiet(isIdle);
    await (await this.#store)?.keep(this.#build, snapshot, files);
  }
}

/** Those of a site; under Node there are none. @param {string} root the address of its engine */
export function snapshotsOf(root) {
  return new Snapshots(root.startsWith("file:") ? Promise.resolve(null) : SnapshotStore.open(root));
}
