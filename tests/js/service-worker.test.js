/** The service worker, with a real server and a cache in memory. The browser tests see it in pages. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import test from "node:test";
import vm from "node:vm";
import { gzipSync } from "node:zlib";

const PATH = "search-index/web/words-1.bin";
const FILE = Buffer.from("the words of an index");
const SOURCE = await readFile(new URL("../../site/sw.js", import.meta.url), "utf-8");

/** Caches that are forgotten with the test. */
function memoryCaches() {
  const found = new Map();
  const keyOf = (key) => (typeof key === "string" ? key : key.url);
  const open = async (name) => {
    const files = found.get(name) ?? found.set(name, new Map()).get(name);
    return {
      match: async (key) => files.get(keyOf(key))?.clone(),
      put: async (key, response) => {
        const { status, headers } = response;
        files.set(keyOf(key), new Response(await response.arrayBuffer(), { status, headers }));
      },
      keys: async () => Array.from(files.keys(), (url) => ({ url })),
    };
  };
  const match = async (key, { cacheName = "" }) => (await open(cacheName)).match(key);
  return { open, match, keys: async () => [...found.keys()] };
}

/** A worker, and how it answers a request for a file, or for the first bytes of it. */
async function startWorker(origin, path = PATH, file = FILE) {
  const listeners = new Map();
  const version = "1";
  const hash = createHash("sha256").update(file).digest("hex");
  const caches = memoryCaches();
  await (await caches.open("goosequill:/:settings")).put(`${origin}?client=page`, new Response(version));
  const scope = {
    ...{ fetch, Response, Headers, URL, DecompressionStream, crypto, navigator: {}, caches },
    location: new URL("sw.js", origin),
    goosequillPrecache: { version, shell: {}, parts: { [path]: hash } },
    importScripts() {},
    addEventListener: (type, run) => listeners.set(type, run),
  };
  vm.runInNewContext(SOURCE, scope);
  const work = [];
  const waitUntil = (promise) => work.push(promise);
  const ask = async (headers = { Range: "bytes=0-8" }) => {
    const request = new Request(new URL(path, origin), { headers });
    let answer;
    const respondWith = (promise) => {
      answer = promise;
    };
    listeners.get("fetch")?.({ request, clientId: "page", waitUntil, respondWith });
    return await answer;
  };
  return { ask, settled: () => Promise.all(work) };
}

for (const [server, knowsRanges, expected] of [
  ["without ranges", false, ["whole"]],
  ["with ranges", true, ["part", "whole"]],
]) {
  test(`a file that is read in parts is fetched whole once from a server ${server}`, async (context) => {
    const sent = [];
    const http = createServer(({ headers }, response) => {
      const isPart = knowsRanges && headers.range;
      sent.push(isPart ? "part" : "whole");
      response.writeHead(isPart ? 206 : 200).end(isPart ? FILE.subarray(0, 9) : FILE);
    }).listen(0, "127.0.0.1");
    context.after(() => http.close());
    await once(http, "listening");
    const { port } = http.address();
    const worker = await startWorker(`http://127.0.0.1:${port}/`);
    const first = await worker.ask();
    const [second] = await Promise.all([knowsRanges ? undefined : worker.ask(), first.arrayBuffer()]);
    await worker.settled();
    const third = await worker.ask();
    if (second) assert.equal(await second.text(), "the words", "what is on its way is waited for");
    assert.deepEqual([third.status, await third.text()], [206, "the words"]);
    assert.deepEqual(sent, expected);
  });
}

test("WebAssembly is kept unpacked and as such, so that a browser keeps its code beside it", async (context) => {
  const packed = gzipSync("a program");
  let sent = 0;
  const http = createServer((_, response) => {
    sent += 1;
    response.end(packed);
  }).listen(0, "127.0.0.1");
  context.after(() => http.close());
  await once(http, "listening");
  const path = "v-1/vendor/pyodide/pyodide.asm.wasm.gz";
  const worker = await startWorker(`http://127.0.0.1:${http.address().port}/`, path, packed);
  for (const _ of [1, 2]) {
    const response = await worker.ask({});
    assert.equal(response.headers.get("content-type"), "application/wasm");
    assert.ok(response.headers.has("x-goosequill-unpacked"));
    assert.equal(await response.text(), "a program");
  }
  assert.equal(sent, 1);
});
