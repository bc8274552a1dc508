/**
 * Adapters that the visitor keeps in this browser: files that give a model a manner (engine/model.js), by the
 * fingerprint of the model that they are for. Every tab hears when another one has changed them.
 */

import { Database } from "./database.js";
import { refuseInFrame } from "./framed.js";
import { recall, remember } from "./memory.js";

/** @import { AdapterFacts } from "../engine/client.js" */
/**
 * `model` is the fingerprint, "" if the file does not say; `kept` is when, in milliseconds.
 * @typedef {{id: string, model: string, name: string, kept: number, facts: AdapterFacts, bytes: number}} Kept
 */

const NAME = "goosequill-adapters";
const BOTH = ["adapters", "files"];
const CHOICE = "adapter";
/** With which a ZIP archive begins, as a .pth file of PyTorch's is one. */
const ARCHIVE = "PK\x03\x04";

// Lists need no files, which are large for a tuned state.
const database = new Database(NAME, (database) => {
  database.createObjectStore("adapters", { keyPath: "id" });
  database.createObjectStore("files");
});

/**
 * Calls a function when another tab has changed what is kept.
 * @param {() => void} onChange
 */
export function hearAdapters(onChange) {
  const channel = new BroadcastChannel(NAME);
  channel.addEventListener("message", () => onChange());
  /** @type {any} */ (channel).unref?.(); // under Node, which would wait for it
}

/**
 * What is kept, the newest first; none in private mode.
 * @param {string} [model] the fingerprint: only those for this model, and those that do not say
 * @returns {Promise<Kept[]>}
 */
export async function listAdapters(model) {
  /** @type {Kept[]} */
  const found = await database
    .run(["adapters"], "readonly", (stores) => stores.adapters.getAll())
    .catch(() => []);
  const fits = (/** @type {Kept} */ each) => model === undefined || !each.model || each.model === model;
  return found.filter(fits).sort((a, b) => b.kept - a.kept);
}

/**
 * Keeps an adapter.
 * @param {Uint8Array<ArrayBuffer>} file
 * @param {AdapterFacts} facts what the engine says of it (the job `describe_adapter`)
 * @returns {Promise<Kept>}
 * @throws {Error} if the browser has no space or stores nothing
 */
export async function keepAdapter(file, facts) {
  const id = crypto.randomUUID();
  const kept = { id, model: facts.model, name: facts.name, kept: Date.now(), facts, bytes: file.length };
  await database.run(BOTH, "readwrite", (stores) => {
    stores.files.put(file, id);
    return stores.adapters.put(kept);
  });
  tell();
  return kept;
}

/**
 * The file of an adapter; null if it is gone.
 * @param {string} id
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
 */
export async function readAdapter(id) {
  return (await database.run(["files"], "readonly", ({ files }) => files.get(id))) ?? null;
}

/**
 * What an adapter's file is called: it may be one of PyTorch's that was opened.
 * @param {string} name
 * @param {Uint8Array} file
 */
export function adapterFileName(name, file) {
  const isArchive = String.fromCharCode(...file.subarray(0, 4)) === ARCHIVE;
  return `${name}.${isArchive ? "pth" : "safetensors"}`;
}

/** @param {string} id @param {string} name */
export async function renameAdapter(id, name) {
  await database.run(["adapters"], "readwrite", ({ adapters }) => {
    const known = adapters.get(id);
    known.addEventListener("success", () => known.result && adapters.put({ ...known.result, name }));
    return known;
  });
  tell();
}

/** @param {string} id */
export async function deleteAdapter(id) {
  refuseInFrame();
  await database.run(BOTH, "readwrite", (stores) => {
    stores.files.delete(id);
    return stores.adapters.delete(id);
  });
  tell();
}

/**
 * With which adapter pages write, and how strongly, if with one: one choice for all pages.
 * @returns {{id: string, strength: number} | null}
 */
export function chosenAdapter() {
  const found = /** @type {any} */ (recall(CHOICE));
  if (typeof found?.id !== "string") return null;
  return { id: found.id, strength: found.strength >= 0 && found.strength <= 1.5 ? found.strength : 1 };
}

/** @param {{id: string, strength: number} | null} choice */
export function chooseAdapter(choice) {
  remember(CHOICE, choice ?? undefined);
}

function tell() {
  const channel = new BroadcastChannel(NAME);
  channel.postMessage("");
  channel.close();
}
