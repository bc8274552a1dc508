import assert from "node:assert/strict";
import { test } from "node:test";

import { jobSources, refuseTooLarge } from "../../../../site/engine/storage/sources.js";

const GB = 1e9;
const memory = { none: 6 * GB, auto: 2 * GB, 8: 2 * GB, 4: 1 * GB };

test("a folder is refused by the memory that its description lists for the quantization", () => {
  assert.throws(() => refuseTooLarge({ memory }, 4 * GB), { code: "model-too-large" });
  for (const quantize of /** @type {const} */ ([8, 4, "auto"])) refuseTooLarge({ memory }, 4 * GB, quantize);
  assert.throws(() => refuseTooLarge({ memory }, 1 * GB, 8), { code: "model-too-large" });
  for (const quantize of /** @type {const} */ ([4, "auto"])) {
    refuseTooLarge({ memory }, 1 * GB, quantize);
    assert.throws(() => refuseTooLarge({ memory }, 0.9 * GB, quantize), { code: "model-too-large" });
  }
});

test("a folder whose description lists no memory is left to Python", () => {
  refuseTooLarge({ memory: /** @type {any} */ ({ none: "many" }) }, 0);
  refuseTooLarge({}, 0, 8);
});

const nothing = { signal: new AbortController().signal, onProgress: () => {} };

test("a job's picked files are read at once, and its folder is downloaded and verified", async (context) => {
  const files = [new Blob(["one"]), new Blob(["two"])];
  const picked = await jobSources({ kind: "files", files, names: ["a", "b"], whole: true }, nothing);
  assert.deepEqual(
    picked.map(({ name, size, read }) => [name, size, new TextDecoder().decode(read(1, 2))]),
    [
      ["a", 3, "ne"],
      ["b", 3, "wo"],
    ],
  );
  const sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"; // of "foo"
  const listed = { files: [{ name: "table", bytes: 3, sha256 }] };
  let content = "foo";
  context.mock.method(globalThis, "fetch", async (/** @type {string} */ url) =>
    url.endsWith("config.json") ? new Response(JSON.stringify(listed)) : new Response(content),
  );
  const folder = /** @type {const} */ ({ kind: "folder", url: "http://x.example/m/", whole: true });
  const names = (await jobSources(folder, nothing)).map(({ name }) => name);
  assert.deepEqual(names, ["config.json", "table"]);
  content = "bar";
  await assert.rejects(jobSources(folder, nothing), { code: "checksum" });
});
