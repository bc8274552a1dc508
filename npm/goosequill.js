#!/usr/bin/env node
/**
 * `npx goosequill assets FOLDER` copies the engine's files and the default model into a folder to serve;
 * with `--no-model` only the engine's.
 */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ADDRESSES } from "./engine/root.js";

const USAGE = "usage: npx goosequill assets [--no-model] FOLDER";
const options = { "no-model": { type: "boolean" }, help: { type: "boolean" } };
const { values, positionals } = read();
const [command, target, ...others] = positionals;
if (command !== "assets" || !target || others.length) {
  console.error(USAGE);
  process.exit(values.help ? 0 : 2);
}
if (!values["no-model"]) await import("./engine/default-model.js");
const source = dirname(fileURLToPath(import.meta.url));
for (const path of Object.keys(ADDRESSES)) await cp(join(source, path), join(target, path));
const copied = values["no-model"] ? "The engine is" : "The engine and the default model are";
console.log(`${copied} in ${target}: pass its address as the option root.`);

function read() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch {
    return { values: {}, positionals: [] };
  }
}
