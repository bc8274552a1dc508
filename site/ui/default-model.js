/** The site's default model: where it is, and how much its first text downloads. */

import { ROOT } from "../engine/root.js";
import { fetchDescription } from "./fetch.js";

export const DEFAULT_MODEL = new URL("models/default/", ROOT).href;

/** Bytes of the engine and the model together; 0 if that is unknown. */
export async function downloadSize() {
  const [engine, model] = await Promise.all([
    fetchDescription(new URL("engine/parts.json", ROOT)),
    fetchDescription(new URL("config.json", DEFAULT_MODEL)),
  ]);
  if (!engine.parts || !model.files) return 0;
  return [...engine.parts, ...model.files].reduce((sum, { bytes }) => sum + bytes, 0);
}
