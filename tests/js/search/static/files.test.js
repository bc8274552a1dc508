import assert from "node:assert/strict";
import test from "node:test";

import { Directory, half, Reader } from "../../../../site/search/static/bytes.js";
import { IndexFiles } from "../../../../site/search/static/files.js";

const DATA = Uint8Array.from({ length: 100 }, (_, at) => at);

/** Files whose requests are noted. @param {(range: string | null) => Response} answer */
function files(answer) {
  /** @type {string[]} */
  const asked = [];
  const made = new IndexFiles("https://a.example/i/", async (input, init) => {
    const range = new Headers(init?.headers).get("range");
    asked.push(`${input} ${range ?? ""}`.trim());
    return answer(range);
  });
  made.stamp = "s1";
  return { files: made, asked };
}

const partial = (/** @type {string | null} */ range) => {
  const [, start, end] = /** @type {RegExpExecArray} */ (/(\d+)-(\d+)/.exec(range ?? ""));
  return new Response(DATA.slice(Number(start), Number(end) + 1), { status: 206 });
};

test("a range is requested once, with the stamp of the index", async () => {
  const { files: made, asked } = files(partial);
  const both = await Promise.all([made.range("a.bin", 3, 6), made.range("a.bin", 3, 6)]);
  assert.deepEqual(
    both.map((data) => [...data]),
    [
      [3, 4, 5],
      [3, 4, 5],
    ],
  );
  assert.deepEqual(asked, ["https://a.example/i/a.bin?v=s1 bytes=3-5"]);
  assert.equal((await made.range("a.bin", 5, 5)).length, 0);
  assert.equal(asked.length, 1);
});

test("a whole file in answer to a range is kept for the next ones", async () => {
  const { files: made, asked } = files(() => new Response(DATA));
  assert.deepEqual([...(await made.range("a.bin", 3, 6))], [3, 4, 5]);
  assert.deepEqual([...(await made.range("a.bin", 90, 92))], [90, 91]);
  assert.equal(asked.length, 1);
  assert.deepEqual([...made.wholes], ["a.bin"]);
});

test("a part that is too short is damage", async () => {
  const { files: made } = files(() => new Response(DATA.slice(0, 2), { status: 206 }));
  await assert.rejects(made.range("a.bin", 0, 9), { code: "index-corrupt" });
});

test("a read that failed can be repeated", async () => {
  let works = false;
  const { files: made } = files((range) => (works ? partial(range) : new Response("", { status: 503 })));
  await assert.rejects(made.range("a.bin", 1, 2), { code: "index-unreachable", message: /HTTP 503/ });
  works = true;
  assert.deepEqual([...(await made.range("a.bin", 1, 2))], [1]);
});

test("no connection and a missing file each say what to do", async () => {
  const lost = new IndexFiles("https://a.example/", async () => {
    throw new TypeError("failed to fetch");
  });
  await assert.rejects(lost.whole("a.bin"), { code: "index-unreachable", remedy: /connection/ });
  const { files: missing } = files(() => new Response("", { status: 404 }));
  await assert.rejects(missing.facts(), { code: "index-unreachable", remedy: /address/ });
  const { files: page } = files(() => new Response("<!doctype html>"));
  await assert.rejects(page.facts(), { code: "index-corrupt" });
});

test("numbers that cannot be are refused without memory for them", () => {
  const endless = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
  assert.throws(() => new Reader(endless).varint(), { code: "index-corrupt" });
  assert.throws(() => new Directory(Uint8Array.of(255, 255, 255, 255, 15, 1)), { code: "index-corrupt" });
  assert.throws(() => new Reader(Uint8Array.of(5, 1, 65)).strings(1), { code: "index-corrupt" });
  assert.equal(new Reader(Uint8Array.of(172, 2)).varint(), 300);
});

test("half precision", () => {
  assert.deepEqual([0x3c00, 0xc000, 0x0001, 0x7bff, 0].map(half), [1, -2, 2 ** -24, 65504, 0]);
});
