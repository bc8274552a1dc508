/**
 * The engines that a page's elements share: one for each place that engines are served from. How they share
 * models is the kit's work (ui/engine.js).
 */

import { Engine } from "../engine/client.js";
import { startWorker } from "../engine/start.js";
import { EngineHolder } from "../ui/engine.js";

/** Elements from one copy of this file share these. @type {Map<string, EngineHolder>} */
const holders = new Map();

/** The holder of the engine that is served from a folder. @param {string} root */
export function engineFrom(root) {
  let holder = holders.get(root);
  if (!holder) {
    holder = new EngineHolder(() => new Engine({ createWorker: () => startWorker(root) }));
    holders.set(root, holder);
  }
  return holder;
}
