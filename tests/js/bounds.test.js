/**
 * No script reads from outside without a bound: what reads a file or an answer whole has a reason here. A new
 * one takes a visitor's file from ui/bounded-file.js, an answer in pieces with a limit, or a line below.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const SITE = new URL("../../site/", import.meta.url);
const READS =
  /(?:(\w+)|\))\)?\??\s*\.(text|arrayBuffer|json|blob|bytes|formData|getReader)\(\)|new (DecompressionStream|DOMParser)\(/g;
const COMMENTS = /^\s*(?:\/\/|\/?\*).*$/gm;
const SLICES = /\.slice\([^()]*,[^()]*\)\s*\.\w+\(\)/g;

const OURS = "a file of the site";
const OWN = "what this browser has kept for the site";
const CHECKED = "its size was compared first";
const PIECES = "in pieces, up to a limit";
const NONE = "reads nothing from outside";

/** What reads whole, as `what.method`, or only the method after other calls; and what bounds it. */
const EXCUSED = {
  "collections/cache-folder.js": { "response.blob .arrayBuffer": OWN },
  "collections/collection-files.js": { "file.text": CHECKED },
  "collections/collection-store.js": {
    "blob.arrayBuffer": "search/collections.js refuses larger ones",
    "about.text": OWN,
  },
  "collections/files.js": { "blob.arrayBuffer": CHECKED },
  "collections/pdf.js": { ".getReader": PIECES },
  "compare/lazy-engine.js": { "response.json": OURS },
  "compare/page-saving.js": { "response.text": OURS },
  "decoder/catalogue.js": { "response.json": OURS },
  "engine/openai-fetch.js": {
    "request.blob": "the page's own request",
    "stream.getReader pieces.arrayBuffer": PIECES,
  },
  "engine/storage/arrival.js": { "stream.getReader": PIECES },
  "engine/storage/download.js": { "body.getReader": "in pieces; download() counts them" },
  "engine/storage/facts.js": { "file.text": OWN },
  "engine/storage/fingerprint.js": { ".arrayBuffer digests.arrayBuffer": "a few bytes for each piece" },
  "engine/storage/gunzip.js": { DecompressionStream: OURS },
  "engine/storage/part.js": { ".arrayBuffer digests.arrayBuffer": "a few bytes for each piece" },
  "engine/storage/receive.js": {
    "sink.blob": NONE,
    "body.getReader": "in pieces, up to the size that was said",
  },
  "engine/storage/sources.js": {
    "config.text": "download() has bounded it",
    "list.text": CHECKED,
    "blob.arrayBuffer": "the weights, which were found to fit",
  },
  "engine/storage/store.js": { ".blob response.blob this.blob": "a blob of what is kept is not read" },
  "engine/storage/verify.js": { "blob.arrayBuffer": CHECKED },
  "engine/worker/python.js": { "response.json packed.arrayBuffer": OURS },
  "home/recording.js": { "response.json": OURS },
  "lab/dilation-export.js": { "gif.bytes": NONE },
  "lab/lab.js": { "response.json": OURS },
  "lab/launcher-phone.js": { "response.json": OURS },
  "lab/letter-sources.js": { ".json .arrayBuffer": OURS },
  "lab/letters-file.js": { "DecompressionStream stream.getReader": PIECES },
  "lab/runner.js": { "response.arrayBuffer": OURS },
  "reports/bytes.js": { "whole.arrayBuffer": CHECKED, "DecompressionStream stream.getReader": PIECES },
  "search/samples.js": { ".json .blob": OURS },
  "search/static/files.js": { "body.getReader parts.arrayBuffer": PIECES },
  "selftest/engine-checks.js": { "response.json": OURS },
  "selftest/storage-checks.js": { ".arrayBuffer": OWN },
  "selftest/storage-worker.js": { "file.arrayBuffer": OWN },
  "sw.js": {
    "response.arrayBuffer .text found.text kept.blob": "files of the site, and what is kept of it",
    DecompressionStream: OURS,
  },
  "teach/sets.js": { "response.json": OURS },
  "ui/bounded-file.js": { "asked.arrayBuffer asked.text": CHECKED },
  "ui/chart-export.js": { "blob.arrayBuffer": NONE, ".arrayBuffer": OURS },
  "ui/controls.js": { "control.text": NONE },
  "ui/fetch.js": { "response.json": OURS },
  "ui/language.js": { "response.json": OURS },
  "ui/openai-server.js": { "body.getReader": PIECES },
  "widget/language.js": { "response.json": OURS },
};

/**
 * What a script reads whole.
 * @param {string} code
 */
function whole(code) {
  const found = code.replace(COMMENTS, "").replace(SLICES, "").matchAll(READS);
  return new Set([...found].map(([, what = "", method, made]) => made ?? `${what}.${method}`));
}

test("every script that reads something whole says what bounds it", () => {
  const names = readdirSync(SITE, { recursive: true, encoding: "utf8" });
  const scripts = names.filter((name) => name.endsWith(".js") && !name.startsWith("vendor"));
  assert.ok(scripts.length > 300);
  const found = scripts.map((name) => [name, [...whole(readFileSync(new URL(name, SITE), "utf8"))].sort()]);
  const excused = Object.entries(EXCUSED).map(([name, reasons]) => [
    name,
    Object.keys(reasons)
      .flatMap((calls) => calls.split(" "))
      .sort(),
  ]);
  const reading = found.filter(([, calls]) => calls.length > 0);
  assert.deepEqual(Object.fromEntries(reading), Object.fromEntries(excused));
});

test("the walk finds what reads whole, also over lines and after other calls", () => {
  const cases = {
    "await file.text()": ["file.text"],
    "await file\n  .arrayBuffer()": ["file.arrayBuffer"],
    "await (await fetch(url)).json()": [".json"],
    "(await found)?.blob()": ["found.blob"],
    "found?.text()": ["found.text"],
    "stream.getReader()": ["stream.getReader"],
    "blob.slice(0, 4).arrayBuffer()": [],
    "blob.slice(start).arrayBuffer()": ["start.arrayBuffer"],
    'stream.pipeThrough(new DecompressionStream("gzip"))': ["DecompressionStream"],
    "// as file.text() would": [],
    "await fileText(file, LARGEST, remedy)": [],
  };
  for (const [code, calls] of Object.entries(cases)) assert.deepEqual([...whole(code)], calls, code);
});
