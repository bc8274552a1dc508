/**
 * The JavaScript of the documentation passes the type checker, each fence as a module of its own. Names that
 * a fence leaves to the reader are declared here; tests/samples.json excuses what is for another library.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import test from "node:test";
import { samples } from "./samples.js";

const root = new URL("../../../", import.meta.url);
const folder = new URL("build/samples/", root);
const CLIENT = "../../site/engine/client.js";

/** The entries of the package that are copied beside the samples. */
const ENTRIES = ["index", "engine", "prompt-api"];
/** Adds addresses, and has no types. */
const EFFECT = 'import "./engine/default-model.js";\n';

/** What a reader has at that point. */
const GIVEN = {
  model: `import("${CLIENT}").Model`,
  engine: `import("${CLIENT}").Engine`,
  name: "string",
  args: "Record<string, unknown>",
  signal: "AbortSignal",
  onProgress: "(progress: any) => void",
  place: "HTMLElement",
  times: "number[]",
  means: "number[]",
  low: "number[]",
  high: "number[]",
};
/** Where a specifier of the documentation leads in the repository. */
const MOVED = [
  [/"goosequill"/g, '"./index.js"'],
  [/"goosequill\/(prompt-api|engine)"/g, '"./$1.js"'],
  [/"https:\/\/esm\.sh\/goosequill@VERSION\/engine"/g, '"./engine.js"'],
  [/"goosequill\/(?:engine\/)?element"/g, '"../../site/widget/goose-quill.js"'],
  [/"goosequill\/search"/g, '"../../site/search/static/search.js"'],
  [/"\.\/engine\//g, '"../../site/engine/'],
  [/"\.\.\/(ui|engine)\//g, '"../../site/$1/'],
  [/"\.\/frame\.js"/g, '"../../site/lab/frame.js"'],
];

/** A module that the checker can read. */
function prepared(code) {
  const free = Object.keys(GIVEN).filter(
    (name) => !RegExp(`(const|let|import) (\\{[^}]*\\b)?${name}\\b`).test(code),
  );
  const given = free.map(
    (name) => `/** @type {${GIVEN[name]}} */\nlet ${name} = /** @type {any} */ (null);\n`,
  );
  const moved = MOVED.reduce((text, [from, to]) => text.replace(from, to), code);
  return `${given.join("")}${moved}\nvoid [${free.join(", ")}];\n`;
}

test("every sample of JavaScript passes the type checker", () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  assert.ok(samples.length >= 6);
  for (const name of ENTRIES) {
    const entry = readFileSync(new URL(`npm/${name}.js`, root), "utf8");
    writeFileSync(
      new URL(`${name}.js`, folder),
      entry.replace(EFFECT, "").replace(/"\.\/(?=\S+\/)/g, '"../../site/'),
    );
  }
  for (const [at, { code }] of samples.entries())
    writeFileSync(new URL(`sample-${at}.js`, folder), prepared(code));
  const compilerOptions = {
    lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    noUnusedLocals: false,
    noUnusedParameters: false,
    rootDirs: ["../../site", "../../types"],
  };
  const include = ["*.js", "../../types/**/*.d.ts", "../../types/**/*.d.mts"];
  writeFileSync(
    new URL("tsconfig.json", folder),
    JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions, include }),
  );
  try {
    execFileSync("node_modules/.bin/tsc", ["--noEmit", "-p", folder.pathname], {
      cwd: root,
      encoding: "utf8",
    });
  } catch (error) {
    const output = error.stdout;
    const named = output.replace(/sample-(\d+)\.js/g, (all, at) => `${all} (${samples[Number(at)].file})`);
    assert.fail(named);
  }
});
