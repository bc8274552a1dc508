/** The samples of JavaScript in the documentation, without those that tests/samples.json excuses. */

import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../../../", import.meta.url);
const FENCE = /^```js(?: [^\n]*)?\n(.*?)^```$/gms;

const excused = JSON.parse(readFileSync(new URL("tests/samples.json", root), "utf8"));
const articles = readdirSync(new URL("docs/", root), { recursive: true, encoding: "utf8" });
const files = [
  "README.md",
  "npm/README.md",
  ...articles.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

const fences = (file) =>
  [...readFileSync(new URL(file, root), "utf8").matchAll(FENCE)].map(([, code]) => code);

/** Each with the file, relative to the repository. */
export const samples = files.flatMap((file) =>
  fences(file)
    .filter((code) => !excused[file]?.[code.trim().split("\n")[0]])
    .map((code) => ({ file, code })),
);
