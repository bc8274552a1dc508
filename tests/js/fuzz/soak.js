/**
 * Fuzzes the readers for long, with another seed each time:
 *
 *     node tests/js/fuzz/soak.js --minutes 60            an hour for each reader; ten minutes by default
 *     node tests/js/fuzz/soak.js --runs 10000 --seed 7   at most so many inputs for each, from this seed
 *     node tests/js/fuzz/soak.js "files of votes"        only these readers
 *
 * It prints the seed and, where a reader fails, the smallest input that it found; then it ends with status 1.
 * What it measured is written to build/soak/readers-js.json, in the form of scripts/soak/results.py; if only
 * some readers were named, the others keep their figures.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fuzz, READERS } from "./readers.js";

const FOLDER = fileURLToPath(new URL("../../../build/soak/", import.meta.url));
const PATH = `${FOLDER}readers-js.json`;
const MANIFEST = fileURLToPath(import.meta.resolve("fast-check/package.json"));

/** What the command line asks for. */
function readOptions() {
  const text = { type: "string" };
  const { values, positionals } = parseArgs({
    options: { minutes: text, runs: text, seed: text },
    allowPositionals: true,
  });
  const minutes = Number(values.minutes ?? 10);
  const runs = Number(values.runs ?? 2 ** 31 - 1);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const names = positionals.length ? positionals : Object.keys(READERS);
  const unknown = names.filter((name) => !Object.hasOwn(READERS, name));
  if (unknown.length || !(minutes > 0 && runs > 0 && Number.isInteger(seed))) {
    console.error("usage: node tests/js/fuzz/soak.js [--minutes N] [--runs N] [--seed INTEGER] [READER ...]");
    console.error(`The readers: ${Object.keys(READERS).join("; ")}`);
    process.exit(2);
  }
  return { minutes, runs, seed, names, again: positionals.length > 0 };
}

/** Fuzzes one reader; returns its figure. */
async function soak(name, { minutes, runs, seed }) {
  const started = performance.now();
  const figure = { name, holds: true, value: 0, unit: "inputs", minutes: 0 };
  try {
    figure.value = await fuzz(name, { seed, runs, milliseconds: 60_000 * minutes });
    console.log(`${name}: ${figure.value} inputs, no failure`);
  } catch (error) {
    figure.holds = false;
    console.error(`${name}: ${error.message}`);
  }
  figure.minutes = Math.round((performance.now() - started) / 6000) / 10;
  return figure;
}

const options = readOptions();
const earlier = options.again && existsSync(PATH) ? JSON.parse(readFileSync(PATH, "utf8")) : {};
rmSync(PATH, { force: true });
console.log(`seed ${options.seed}`);
const started = performance.now();
const found = new Map((earlier.figures ?? []).map((figure) => [figure.name, figure]));
for (const name of options.names) found.set(name, await soak(name, options));
const figures = [...found.values()];
const [{ model }] = os.cpus();
const results = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${model}, ${os.cpus().length} cores, ${os.type()}`,
  versions: { "fast-check": JSON.parse(readFileSync(MANIFEST, "utf8")).version, Node: process.versions.node },
  minutes: Math.round(10 * (earlier.minutes ?? 0) + (performance.now() - started) / 6000) / 10,
  cases: { inputs: figures.reduce((sum, { value }) => sum + value, 0), readers: figures.length },
  figures,
};
mkdirSync(FOLDER, { recursive: true });
writeFileSync(PATH, `${JSON.stringify(results, null, 1)}\n`);
process.exitCode = figures.every(({ holds }) => holds) ? 0 : 1;
