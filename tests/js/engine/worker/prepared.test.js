import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Assets } from "../../../../site/engine/assets.js";
import { Prepared } from "../../../../site/engine/worker/prepared.js";

const ROOT = "https://goose.test/";
const PACKED = gzipSync("here");
const PLAIN = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const PROGRAM = gzipSync(PLAIN);

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
});

/** Answers requests of this thread, and counts them. */
function serve() {
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(url);
    return new Response(url.endsWith(".wasm.gz") ? PROGRAM : PACKED);
  };
  return asked;
}

function connected(context) {
  const { port1, port2 } = new MessageChannel();
  const prepared = new Prepared(new Assets(ROOT));
  prepared.receive(port2);
  context.after(() => port1.close());
  return { prepared, other: port1 };
}

const text = (bytes) => new TextDecoder().decode(bytes);

test("without another thread, parts are fetched and prepared here", async () => {
  const asked = serve();
  const prepared = new Prepared(new Assets(ROOT));
  let bytes = 0;
  const count = (more) => {
    bytes += more;
  };
  assert.equal(text(await prepared.unpacked("a/b.gz", count)), "here");
  assert.equal(bytes, PACKED.length);
  assert.ok((await prepared.compiled("a/c.wasm.gz", count)) instanceof WebAssembly.Module);
  assert.equal(bytes, PACKED.length + PROGRAM.length);
  assert.deepEqual(asked, [`${ROOT}a/b.gz`, `${ROOT}a/c.wasm.gz`]);
});

test("what another thread has sent before and after it is asked for is counted once", async (context) => {
  const asked = serve();
  const { prepared, other } = connected(context);
  const url = `${ROOT}a/b.gz`;
  other.postMessage({ url, bytes: 3 });
  other.postMessage({ url, bytes: 4 });
  other.postMessage({ url: `${ROOT}a/d.gz`, content: new Uint8Array(1) });
  await prepared.unpacked("a/d.gz", () => {}); // so that what was sent before it is here, too
  const counted = [];
  const content = prepared.unpacked("a/b.gz", (bytes) => counted.push(bytes));
  other.postMessage({ url, bytes: 5 });
  other.postMessage({ url, content: new TextEncoder().encode("there") });
  assert.equal(text(await content), "there");
  assert.equal(
    counted.reduce((sum, bytes) => sum + bytes),
    12,
  );
  assert.deepEqual(asked, []);
});

test("a compiled module crosses", async (context) => {
  serve();
  const { prepared, other } = connected(context);
  const module = await WebAssembly.compile(PLAIN);
  other.postMessage({ url: `${ROOT}a/c.wasm.gz`, content: module });
  assert.ok((await prepared.compiled("a/c.wasm.gz", () => {})) instanceof WebAssembly.Module);
});

test("what the other thread could not fetch is fetched here, and counted anew", async (context) => {
  const asked = serve();
  const { prepared, other } = connected(context);
  const url = `${ROOT}a/b.gz`;
  let bytes = 0;
  const content = prepared.unpacked("a/b.gz", (more) => {
    bytes += more;
  });
  other.postMessage({ url, bytes: 7 });
  other.postMessage({ url, content: null });
  assert.equal(text(await content), "here");
  assert.equal(bytes, PACKED.length);
  assert.deepEqual(asked, [url]);
});

test("a thread that cannot start is not waited for, before or after it is asked", async (context) => {
  serve();
  const { prepared } = connected(context);
  const waiting = prepared.unpacked("a/b.gz", () => {});
  prepared.receive();
  assert.equal(text(await waiting), "here");
  assert.equal(text(await prepared.unpacked("a/d.gz", () => {})), "here");
});

test("where a message cannot be read, everything is prepared here", async (context) => {
  serve();
  const { prepared } = connected(context);
  const waiting = prepared.unpacked("a/b.gz", () => {});
  prepared.lost();
  assert.equal(text(await waiting), "here");
  assert.equal(text(await prepared.unpacked("a/d.gz", () => {})), "here");
});
