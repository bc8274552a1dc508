import assert from "node:assert/strict";
import test from "node:test";

import { ByteReader, Directory, half } from "../../../../site/search/static/bytes.js";
import { IndexFiles } from "../../../../site/search/static/files.js";
import { pluck } from "../../pluck.js";

const DATA = Uint8Array.from({ length: 100 }, (_, at) => at);

/** Files whose requests are noted. */
function files(answer) {
  const asked = [];
  const made = new IndexFiles("https://a.example/i/", async (input, init) => {
    const range = new Headers(init?.headers).get("range");
    asked.push(`${input} ${range ?? ""}`.trim());
    return answer(range);
  });
  return { files: made, asked };
}

const partial = (range) => {
  const [, start, end] = /(\d+)-(\d+)/.exec(range ?? "");
  return new Response(DATA.slice(Number(start), Number(end) + 1), { status: 206 });
};

test("a range is requested once", async () => {
  const { files: made, asked } = files(partial);
  const both = await Promise.all([made.range("a.bin", 100, 3, 6), made.range("a.bin", 100, 3, 6)]);
  const bytes = both.map((data) => [...data]);
  assert.deepEqual(bytes, [
    [3, 4, 5],
    [3, 4, 5],
  ]);
  assert.deepEqual(asked, ["https://a.example/i/a.bin bytes=3-5"]);
  assert.equal((await made.range("a.bin", 100, 5, 5)).length, 0);
  assert.equal(asked.length, 1);
});

test("a whole file in answer to a range is kept for the next ones", async () => {
  const { files: made, asked } = files(() => new Response(DATA));
  assert.deepEqual([...(await made.range("a.bin", 100, 3, 6))], [3, 4, 5]);
  assert.deepEqual([...(await made.range("a.bin", 100, 90, 92))], [90, 91]);
  assert.equal(asked.length, 1);
  assert.deepEqual([...made.wholes], ["a.bin"]);
});

test("a server that sends whole files is asked for each once, however many parts are read at once", async () => {
  const { files: made, asked } = files(() => new Response(DATA));
  const starts = Array.from({ length: 22 }, (_, at) => at * 4);
  const parts = await Promise.all(
    ["a.bin", "b.bin"].flatMap((name) => starts.map((at) => made.range(name, 100, at, at + 4))),
  );
  const firsts = parts.map((part) => part[0]);
  assert.deepEqual(firsts, [...starts, ...starts]);
  assert.deepEqual(asked, ["https://a.example/i/a.bin bytes=0-3", "https://a.example/i/b.bin bytes=0-3"]);
});

test("parts are read at once from a server that has sent one", async () => {
  const waiting = [];
  const made = new IndexFiles("https://a.example/i/", async (_, init) => {
    await new Promise((resolve) => waiting.push(() => resolve(null)));
    return partial(new Headers(init?.headers).get("range"));
  });
  const first = made.range("a.bin", 100, 0, 4);
  const others = [4, 8, 12].map((at) => made.range("a.bin", 100, at, at + 4));
  waiting[0]();
  await first;
  await new Promise(setImmediate);
  assert.equal(waiting.length, 4, "none of the others waits for another");
  for (const answer of waiting) answer();
  const firsts = (await Promise.all(others)).map((part) => part[0]);
  assert.deepEqual(firsts, [4, 8, 12]);
});

test("a whole file that fails fails all that wait for it, and is asked for again later", async () => {
  let works = false;
  const { files: made, asked } = files(() => new Response(works ? DATA : DATA.slice(1)));
  const read = () => Promise.allSettled([0, 4, 8].map((at) => made.range("a.bin", 100, at, at + 4)));
  assert.deepEqual(pluck(await read(), "status"), ["rejected", "rejected", "rejected"]);
  works = true;
  assert.deepEqual(pluck(await read(), "status"), ["fulfilled", "fulfilled", "fulfilled"]);
  assert.equal(asked.length, 2);
});

test("a part that is too short is damage", async () => {
  const { files: made } = files(() => new Response(DATA.slice(0, 2), { status: 206 }));
  await assert.rejects(made.range("a.bin", 100, 0, 9), { code: "index-corrupt" });
});

test("a read that failed can be repeated", async () => {
  let works = false;
  const { files: made } = files((range) => (works ? partial(range) : new Response("", { status: 503 })));
  await assert.rejects(made.range("a.bin", 100, 1, 2), { code: "index-unreachable", message: /HTTP 503/ });
  works = true;
  assert.deepEqual([...(await made.range("a.bin", 100, 1, 2))], [1]);
});

test("no connection and a missing file each say what to do", async () => {
  const lost = new IndexFiles("https://a.example/", async () => {
    throw new TypeError("failed to fetch");
  });
  await assert.rejects(lost.whole("a.bin", 100), { code: "index-unreachable", remedy: /connection/ });
  const { files: missing } = files(() => new Response("", { status: 404 }));
  await assert.rejects(missing.facts(), { code: "index-unreachable", remedy: /address/ });
  const { files: page } = files(() => new Response("<!doctype html>"));
  await assert.rejects(page.facts(), { code: "index-unreachable", message: /a page instead of an index/ });
  const { files: other } = files(() => new Response("{"));
  await assert.rejects(other.facts(), { code: "index-corrupt", message: /not valid JSON/ });
});

test("a file that is longer than it should be is given up", async () => {
  let sent = 0;
  const endless = new ReadableStream({ pull: (stream) => stream.enqueue(DATA.slice(0, ++sent && 100)) });
  const { files: made } = files(() => new Response(endless));
  await assert.rejects(made.whole("a.bin", 450), { code: "index-corrupt", message: /too long/ });
  assert.ok(sent < 10);
  const { files: short } = files(() => new Response(DATA));
  await assert.rejects(short.whole("a.bin", 101), { code: "index-corrupt", message: /too early/ });
});

test("a connection that breaks off is said to be one", async () => {
  const broken = new ReadableStream({ pull: (stream) => stream.error(new TypeError("network error")) });
  const { files: made } = files(() => new Response(broken));
  await assert.rejects(made.whole("a.bin", 100), { code: "index-unreachable", remedy: /connection/ });
});

test("numbers that cannot be are refused without memory for them", () => {
  const endless = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
  assert.throws(() => new ByteReader(endless).varint(), { code: "index-corrupt" });
  assert.throws(() => new Directory(Uint8Array.of(255, 255, 255, 255, 15, 1), 0), { code: "index-corrupt" });
  assert.throws(() => new ByteReader(Uint8Array.of(5, 1, 65)).strings(1), { code: "index-corrupt" });
  assert.throws(() => new Directory(Uint8Array.of(1, 9, 0, 1, 65), 8), { code: "index-corrupt" });
  assert.equal(new Directory(Uint8Array.of(1, 9, 0, 1, 65), 9).find("B"), 0);
  assert.throws(() => new ByteReader(Uint8Array.of(0, 0, 192, 127)).float(), { code: "index-corrupt" });
  assert.equal(new ByteReader(Uint8Array.of(172, 2)).varint(), 300);
});

test("strings that unfold to more and more are refused", () => {
  // The first has 32,767 bytes, each of the others the same and one byte more.
  const count = 20_000;
  const first = [0, 255, 255, 1, ...new Array(32_767).fill(65)];
  const bytes = [...first];
  for (let length = 32_767; bytes.length < first.length + 5 * count; length++)
    bytes.push((length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14, 1, 65);
  assert.throws(() => new ByteReader(Uint8Array.from(bytes)).strings(count), {
    code: "index-corrupt",
    message: /strings are too long/,
  });
});

test("half precision", () => {
  assert.deepEqual([0x3c00, 0xc000, 0x0001, 0x7bff, 0].map(half), [1, -2, 2 ** -24, 65504, 0]);
});
