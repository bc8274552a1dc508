/**
 * Adds the addresses of the default model's files to those of the engine, for the entries that have it: a
 * bundler copies them too. scripts/npm.py fills in the list.
 */

// biome-ignore lint/correctness/noUnusedImports: the list uses it
import { ADDRESSES, at } from "./root.js";

Object.assign(ADDRESSES, {
  // FILES
});
