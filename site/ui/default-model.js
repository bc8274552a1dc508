/** The site's default model: where it is, and how much its first text downloads. */

import { FILES, ROOT } from "../engine/root.js";
import { fetchDescription } from "./fetch.js";

export const DEFAULT_MODEL = new URL("models/default/", ROOT).href;

/** `gzip` is the bytes of a file's gzipped copy. @typedef {{bytes: number, gzip?: number}} Listed */

/** What its first text takes, with the engine; null if that is unknown. */
export async function defaultNeeds() {
  const [engine, model] = await Promise.all([
    fetchDescription(new URL("engine/parts.json", FILES)),
    fetchDescription(new URL("config.json", DEFAULT_MODEL)),
  ]);
  if (!engine.parts || !model.files) return null;
  return needsOf(model, downloadOf(engine.parts));
}

/**
 * What a model takes, from its config.json.
 * @param {{files: (Listed & {name: string})[], memory?: {auto?: number}}} description
 * @param {number} engine bytes that are downloaded besides
 * @returns {import("../engine/forecast.js").Needs}
 */
export function needsOf({ files, memory }, engine) {
  const weights = files.filter(({ name }) => name.endsWith(".safetensors"));
  const read = weights.reduce((total, { bytes }) => total + bytes, 0);
  return { download: engine + downloadOf(files), memory: memory?.auto, read };
}

/** Bytes that files are downloaded as. @param {Listed[]} [files] */
export function downloadOf(files = []) {
  return files.reduce((total, { bytes, gzip = bytes }) => total + gzip, 0);
}
