/**
 * Answers what static_stage.py, fits.py and tests/py/search/test_web.py ask: node static_probe.js FOLDER <
 * questions.json. It serves the folder through a fetch that knows ranges, and counts bytes. With `vectors` of
 * the questions it asks the full stage, too.
 */

import { readFileSync } from "node:fs";
import { basicWords } from "../../site/search/static/pieces.js";
import { openIndex } from "../../site/search/static/search.js";

const folder = process.argv[2];
const ranges = process.argv[3] !== "whole";
const { questions, count, stages, vectors } = JSON.parse(readFileSync(0, "utf8"));
let bytes = 0;
let requests = 0;

/** @param {string} input @param {RequestInit} [init] */
async function fetchFile(input, init) {
  const { pathname } = new URL(input);
  let data = readFileSync(folder + decodeURIComponent(pathname));
  const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get("range") ?? "");
  const partial = range && ranges;
  if (partial) data = data.subarray(Number(range[1]), Number(range[2]) + 1);
  bytes += data.length;
  requests++;
  return new Response(data, { status: partial ? 206 : 200 });
}

const found = [];
let index = await openIndex("http://127.0.0.1/", { fetch: fetchFile });
for (const [at, question] of questions.entries()) {
  if (stages === "cold") {
    bytes = requests = 0;
    index = await openIndex("http://127.0.0.1/", { fetch: fetchFile });
  }
  const vector = await index.contents.table.vector(question);
  const pieces = (await index.contents.table.pieces(question)).map(({ name }) => name);
  const results = [];
  const full = vectors && { embed: async () => Float32Array.from(vectors[at]) };
  for await (const found of index.search(question, { count, full })) results.push(found);
  const { scores } = await index.contents.words.scores(question, { completing: false });
  const words = basicWords(question);
  found.push({ words, pieces, vector: vector && [...vector], scores: [...scores], results, bytes, requests });
}
process.stdout.write(JSON.stringify(found));
