#!/usr/bin/env node
/** `npx goosequill assets FOLDER` copies the engine's files and the default model into a folder to serve. */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADDRESSES } from "./engine/root.js";

const [command, target, ...others] = process.argv.slice(2);
if (command !== "assets" || !target || others.length) {
  console.error("usage: npx goosequill assets FOLDER");
  process.exit(command === "--help" ? 0 : 2);
}
const source = dirname(fileURLToPath(import.meta.url));
for (const path of Object.keys(ADDRESSES)) await cp(join(source, path), join(target, path));
console.log(`The engine and the default model are in ${target}: pass its address as the option root.`);
