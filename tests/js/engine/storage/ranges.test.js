/** Reading a file on a server by ranges: few requests, exact bytes, and servers without ranges. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { askFor, rangeSource, UNREACHED } from "../../../../site/engine/storage/ranges.js";

const FILE = Uint8Array.from({ length: 700_000 }, (_, index) => index % 251);

const DATE = "Tue, 24 Nov 2026 12:00:00 GMT";

/** The server's response with an ETag. */
function tagged(tag) {
  return async (url, init) => {
    const response = await fetch(url, init);
    const headers = new Headers(response.headers);
    headers.set("ETag", tag);
    return new Response(response.body, { status: response.status, headers });
  };
}

async function serving(ranges, use) {
  const server = createServer((request, response) => {
    const asked = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "");
    if (request.url !== "/file") return response.writeHead(404).end();
    response.setHeader("Last-Modified", DATE);
    if (!ranges || !asked) return response.writeHead(200).end(FILE);
    const [first, last] = [Number(asked[1]), Number(asked[2])];
    response.writeHead(206, { "Content-Range": `bytes ${first}-${last}/${FILE.length}` });
    response.end(FILE.subarray(first, last + 1));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = server.address();
  try {
    await use(`http://127.0.0.1:${port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a server with ranges reports length and version", async () => {
  const offer = { size: FILE.length, bytes: FILE.length };
  await serving(true, async (url) => {
    assert.deepEqual(await askFor(`${url}file`), { ...offer, version: DATE });
    assert.deepEqual(await askFor(`${url}file`, { fetch: tagged('"abc"') }), { ...offer, version: '"abc"' });
    assert.deepEqual(await askFor(`${url}file`, { fetch: tagged('W/"abc"') }), { ...offer, version: DATE });
  });
});

test("a server without ranges, a missing file and no server have no length", async () => {
  await serving(false, async (url) => assert.equal((await askFor(`${url}file`)).size, null));
  await serving(true, async (url) => {
    const { size, version } = await askFor(`${url}other`);
    assert.deepEqual({ size, version }, { size: null, version: "" });
  });
  assert.equal((await askFor("http://127.0.0.1:9/file")).version, UNREACHED);
});

test("small adjacent pieces take one request, and every byte is right", () => {
  const asked = [];
  const source = rangeSource("url", "file", FILE.length, (_, first, last) => {
    asked.push([first, last]);
    return FILE.slice(first, last + 1);
  });
  for (let offset = 0; offset < 5000; offset += 50) {
    assert.deepEqual(source.read(offset, 50), FILE.subarray(offset, offset + 50));
  }
  assert.equal(asked.length, 1);
  assert.deepEqual(source.read(100_000, 400_000), FILE.subarray(100_000, 500_000));
  assert.deepEqual(source.read(FILE.length - 7, 7), FILE.subarray(FILE.length - 7));
  assert.deepEqual(source.read(0, 0), new Uint8Array());
  assert.ok(asked.every(([first, last]) => first <= last && last < FILE.length));
});

test("a part that the server does not send comes back short", () => {
  const source = rangeSource("url", "model.pth", 1000, () => new Uint8Array(3));
  assert.equal(source.read(0, 10).length, 3);
});

test("a source that is held asks for exactly what is read", async () => {
  const asked = [];
  const source = rangeSource("url", "file", FILE.length, (_, first, last) => {
    asked.push([first, last]);
    return FILE.slice(first, last + 1);
  });
  await source.hold?.();
  assert.deepEqual(source.read(5000, 2048), FILE.subarray(5000, 7048));
  assert.deepEqual(source.read(100_000, 24), FILE.subarray(100_000, 100_024));
  assert.deepEqual(asked, [
    [5000, 7047],
    [100_000, 100_023],
  ]);
});
