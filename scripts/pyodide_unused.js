/**
 * Leaves out of Pyodide's compiled script what nothing here uses: half of it is for programs that draw, play
 * sounds or open sockets. Everything there is reached by name, so this removes the names of functions that
 * no program imports, and then whatever has no other use is found by Terser.
 *
 *     node scripts/pyodide_unused.js SCRIPT USES... < REQUIREMENTS
 *
 * USES are the scripts that use its module. Requirements are the programs in WebAssembly, a path each line.
 */

import { readFile, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { minify } from "terser";

const LIST = /(\bwasmImports=\{)([^}]*)\}/;
const EXPORT = /(?<=[;{}])Module\["([\w$]+)"\]=\1;/g;
/** With which types a function is added to a table, if a program takes its address. */
const SIGNATURE = /(?<=[;{}])([\w$]+)\.sig="\w*";/g;
/** What only removes; the result differs in nothing else. */
const REMOVE = { defaults: false, dead_code: true, passes: 3, side_effects: true, unused: true };

const [path, ...uses] = process.argv.slice(2);
const programs = (await text(process.stdin)).split("\n").filter(Boolean);
const [script, ...others] = await Promise.all([path, ...uses].map((file) => readFile(file, "utf8")));
const needed = new Set((await Promise.all(programs.map(imports))).flat());
await writeFile(path, await withoutUnused(script, needed, wordsOf(others.join("\n"))));

/** @param {string} file */
async function imports(file) {
  const program = new WebAssembly.Module(await readFile(file));
  return WebAssembly.Module.imports(program).map(({ name }) => name);
}

/** @param {string} code */
function wordsOf(code) {
  return new Set(code.match(/[\w$]+/g));
}

/**
 * @param {string} script
 * @param {Set<string>} needed names that programs import
 * @param {Set<string>} words names that other scripts may use of the module
 */
async function withoutUnused(script, needed, words) {
  const list = script.match(LIST)?.[2];
  if (!list) throw new Error("Pyodide's script has no list of what it offers to programs");
  const entries = list.split(",").map((entry) => entry.split(":"));
  const kept = entries.filter(([name]) => needed.has(name));
  const functions = new Set(kept.map((entry) => entry.at(-1)));
  const properties = new Set([...script.matchAll(/\.([\w$]+)/g)].map(([, name]) => name));
  const code = script
    .replace(LIST, `$1${kept.map((entry) => entry.join(":")).join(",")}}`)
    .replace(EXPORT, (found, name) => (words.has(name) || properties.has(name) ? found : ""))
    .replace(SIGNATURE, (found, name) => (functions.has(name) ? found : ""))
    // A direct one could use every name. Pages forbid it, and only programs with JavaScript in them need it.
    .replace(/(?<![\w$.])eval\(/g, "(0,eval)(");
  return (await minify(code, { module: true, compress: REMOVE, mangle: false })).code ?? "";
}
