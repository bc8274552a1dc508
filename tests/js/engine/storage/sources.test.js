import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { jobSources, refuseTooLarge, tokenizerOf } from "../../../../site/engine/storage/sources.js";

const GB = 1e9;
const memory = { none: 6 * GB, auto: 2 * GB, 8: 2 * GB, 4: 1 * GB };

test("a folder is refused by the memory that its description lists for the quantization", () => {
  assert.throws(() => refuseTooLarge({ memory }, 4 * GB), { code: "model-too-large" });
  for (const quantize of [8, 4, "auto"]) refuseTooLarge({ memory }, 4 * GB, quantize);
  assert.throws(() => refuseTooLarge({ memory }, 1 * GB, 8), { code: "model-too-large" });
  for (const quantize of [4, "auto"]) {
    refuseTooLarge({ memory }, 1 * GB, quantize);
    assert.throws(() => refuseTooLarge({ memory }, 0.9 * GB, quantize), { code: "model-too-large" });
  }
});

test("a folder whose description lists no memory is left to Python", () => {
  refuseTooLarge({ memory: { none: "many" } }, 0);
  refuseTooLarge({}, 0, 8);
});

const nothing = { signal: new AbortController().signal, onProgress: () => {} };

test("a job's picked files are read at once, and its folder is downloaded and verified", async (context) => {
  const files = [new Blob(["one"]), new Blob(["two"])];
  const picked = await jobSources({ kind: "files", files, names: ["a", "b"], whole: true }, nothing);
  const contents = picked.map(({ name, size, read }) => [name, size, new TextDecoder().decode(read(1, 2))]);
  assert.deepEqual(contents, [
    ["a", 3, "ne"],
    ["b", 3, "wo"],
  ]);
  const sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"; // of "foo"
  const listed = { files: [{ name: "table", bytes: 3, sha256 }] };
  let content = "foo";
  context.mock.method(globalThis, "fetch", async (url) =>
    url.endsWith("config.json") ? new Response(JSON.stringify(listed)) : new Response(content),
  );
  const folder = { kind: "folder", url: "http://x.example/m/", whole: true };
  const names = (await jobSources(folder, nothing)).map(({ name }) => name);
  assert.deepEqual(names, ["config.json", "table"]);
  content = "bar";
  await assert.rejects(jobSources(folder, nothing), { code: "checksum" });
});

test("of a file with a gzipped copy that is downloaded, its bytes are counted, and the file is verified", async (context) => {
  const sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"; // of "foo"
  const listed = { files: [{ name: "table", bytes: 3, sha256, gzip: 7 }] };
  let packed = "foo";
  const asked = [];
  context.mock.method(globalThis, "fetch", async (url) => {
    asked.push(url.split("/").at(-1));
    if (url.endsWith("config.json")) return new Response(JSON.stringify(listed));
    return url.endsWith(".gz") ? new Response(gzipSync(packed)) : new Response("foo");
  });
  const folder = { kind: "folder", url: "http://x.example/m/", whole: true };
  const reports = [];
  const options = { ...nothing, onProgress: ({ loaded, total }) => reports.push([loaded, total]) };
  const read = async () => {
    const [, { read }] = await jobSources(folder, options);
    return new TextDecoder().decode(read(0, 3));
  };
  assert.equal(await read(), "foo");
  assert.deepEqual(asked, ["config.json", "table.gz"]);
  assert.deepEqual(reports.at(-1), [7, 7]);
  packed = "bar"; // another version's
  assert.equal(await read(), "foo");
  assert.deepEqual(asked.slice(2), ["config.json", "table.gz", "table"]);
  assert.deepEqual(reports.at(-1), [7, 7]);
});

test("of a tokenizer, and of a description, no more is read than there may be", async (context) => {
  const piece = new Uint8Array(8_000_000).fill(32);
  let sent = 0;
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        sent++;
        controller.enqueue(piece);
      },
    });
  context.mock.method(globalThis, "fetch", async () => new Response(endless()));
  const read = await tokenizerOf({ url: "http://x.example/t.json" }, nothing.signal);
  assert.equal(read.length, 64_000_001);
  assert.ok(sent < 12);
  sent = 0;
  const folder = jobSources({ kind: "folder", url: "http://x.example/m/", whole: true }, nothing);
  await assert.rejects(folder, { code: "model-folder" });
  assert.ok(sent < 4);
  const picked = { size: 65_000_000, slice: (start, end) => new Blob([new Uint8Array(end - start)]) };
  assert.equal((await tokenizerOf(picked, nothing.signal)).length, 64_000_001);
});
