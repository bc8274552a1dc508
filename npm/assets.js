#!/usr/bin/env node
/** Copies the engine's files into a folder that a site serves: npx goosequill-assets public/goosequill */

import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = process.argv[2];
if (!target) {
  console.error("usage: goosequill-assets FOLDER");
  process.exit(2);
}
const source = dirname(fileURLToPath(import.meta.url));
await mkdir(target, { recursive: true });
for (const name of ["engine", "python", "vendor", "wheels"]) {
  await cp(join(source, name), join(target, name), { recursive: true });
}
console.log(`The engine's files are in ${target}.`);
