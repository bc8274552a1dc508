/** How Python starts: its files are fetched early, and the archive of its library is read. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { afterEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Assets } from "../../../../site/engine/assets.js";
import { intercept, Python, tarFiles } from "../../../../site/engine/worker/python.js";

const root = new URL("../../../../", import.meta.url);

/** @param {Record<string, string>} files */
function archive(files) {
  const script = `
import json, pathlib, sys, tempfile
from scripts.runtime import write_tar
with tempfile.TemporaryDirectory() as folder:
    target = pathlib.Path(folder) / "made.tar.gz"
    write_tar({name: text.encode() for name, text in json.loads(sys.argv[1]).items()}, target)
    sys.stdout.buffer.write(target.read_bytes())
`;
  return gunzipSync(execFileSync("python3", ["-c", script, JSON.stringify(files)], { cwd: root }));
}

test("every file is unchanged, with long names and any length", () => {
  const long = `${"deep/".repeat(30)}name.pyc`;
  const files = { "a.pyc": "", "b/c.pyc": "x".repeat(512), "é.txt": "ü".repeat(700), [long]: "end" };
  const found = [...tarFiles(archive(files))].map(([name, data]) => [name, new TextDecoder().decode(data)]);
  assert.deepEqual(Object.fromEntries(found), files);
});

test("a truncated archive gives no bytes beyond its end", () => {
  const whole = archive({ "a.pyc": "goose" });
  assert.deepEqual(
    [...tarFiles(whole.subarray(0, 512))].map(([, data]) => data.length),
    [0],
  );
});

const { fetch } = globalThis;
const { instantiateStreaming } = WebAssembly;
afterEach(() => {
  globalThis.fetch = fetch;
});

/** @param {(url: string) => Response} respond */
function serve(respond) {
  const stub = async (/** @type {any} */ url) => respond(String(url));
  globalThis.fetch = /** @type {any} */ (stub);
  return stub;
}

test("each part is fetched once, handed out once, and what was replaced is put back", async () => {
  /** @type {string[]} */
  const requests = [];
  const stub = serve((url) => {
    requests.push(url);
    return new Response(url.endsWith(".wasm") ? Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) : "part");
  });
  const parts = [
    { file: "a/part.zip", bytes: 4 },
    { file: "a/python.wasm", bytes: 8 },
  ];
  const base = new Assets("https://goose.test/", { "a/part.zip": "https://elsewhere.test/part-1f2e.zip" });
  /** @type {any[]} */
  const lost = [];
  const restore = intercept(
    parts,
    base,
    () => {},
    (error) => lost.push(error),
  );
  assert.equal(await (await globalThis.fetch("https://goose.test/a/part.zip")).text(), "part");
  const wasm = globalThis.fetch("https://goose.test/a/python.wasm");
  const { module } = await WebAssembly.instantiateStreaming(wasm);
  assert.ok(module instanceof WebAssembly.Module);
  assert.deepEqual(requests, ["https://elsewhere.test/part-1f2e.zip", "https://goose.test/a/python.wasm"]);
  await globalThis.fetch("https://goose.test/a/part.zip");
  assert.equal(requests.length, 3, "the second time it comes from the network");
  restore();
  assert.equal(globalThis.fetch, stub);
  assert.equal(WebAssembly.instantiateStreaming, instantiateStreaming);
  assert.deepEqual(lost, []);
});

test("a failed start puts fetch and instantiateStreaming back too", async () => {
  const parts = { library: "l", own: "o", none: "n", parts: [{ file: "x.wasm", bytes: 8 }] };
  const stub = serve((url) => (url.endsWith("parts.json") ? Response.json(parts) : new Response("no wasm")));
  const python = new Python(new Assets("https://goose.test/"));
  await assert.rejects(
    python.start(
      () => {},
      () => {},
    ),
  ); // Node imports nothing over https
  assert.equal(globalThis.fetch, stub);
  assert.equal(WebAssembly.instantiateStreaming, instantiateStreaming);
});
