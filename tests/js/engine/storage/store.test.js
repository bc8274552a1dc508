import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { writeFacts } from "../../../../site/engine/storage/facts.js";
import { fingerprint, PIECE } from "../../../../site/engine/storage/fingerprint.js";
import { ask, isWritable, rename } from "../../../../site/engine/storage/opfs.js";
import { NOTES, Store } from "../../../../site/engine/storage/store.js";
import { FakeFolder } from "./fake-folder.js";
import { FakeVerifier } from "./fake-verifier.js";

const CONTENT = randomBytes(300_000);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

/** A server that responds as a test says. */
async function serve(t, answer) {
  const ranges = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    answer(request, response, start, ranges.length);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}/model.bin`, ranges };
}

function head(response, start, length = CONTENT.length - start) {
  const headers = {
    "Content-Length": length,
    "Content-Range": `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`,
  };
  response.writeHead(start ? 206 : 200, headers);
}

const honest = (_request, response, start) => {
  head(response, start);
  response.end(CONTENT.subarray(start));
};

/** Closes the connection after 100 kB of every response. */
const breaking = (_request, response, start) => {
  head(response, start);
  response.write(CONTENT.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20));
};

const wanted = (url, more) => ({ url, file: "model.bin", bytes: CONTENT.length, sha256: SHA256, ...more });

const same = async (blob) => Buffer.from(await blob.arrayBuffer()).equals(CONTENT);

function makeStore(folder = new FakeFolder(), options = {}) {
  return { folder, store: new Store({ folder, cache: null, now: () => 1000, ...options }) };
}

test("a file is fetched once, stored by its hash, and found again", async (t) => {
  const { url, ranges } = await serve(t, honest);
  const { store, folder } = makeStore();
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.equal(ranges.length, 1);
  assert.deepEqual([...folder.files.keys()].sort(), [SHA256, `${SHA256}.json`]);
  const [entry] = await store.list();
  const listed = [entry.name, entry.bytes, entry.used, entry.complete];
  assert.deepEqual(listed, ["model.bin", CONTENT.length, 1000, true]);
});

test("a stored file gets its name from a call that WebKit accepts, with the folder", async () => {
  const folder = new FakeFolder();
  const file = await folder.getFileHandle("a", { create: true });
  await assert.rejects(file.move("b"), TypeError);
  await rename(folder, file, "b");
  assert.deepEqual([...folder.files.keys()], ["b"]);
});

test("a folder in which no file can be written in place is recognized, and left as it was", async () => {
  const folder = new FakeFolder();
  assert.equal(await isWritable(folder), true);
  folder.access = () => {
    throw new DOMException("Backend does not support this operation", "NotSupportedError");
  };
  assert.equal(await isWritable(folder), false);
  assert.deepEqual([...folder.files.keys()], []);
});

/** Replaces what the browser has until a test ends. */
function withNavigator(t, navigator) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  t.after(() => Object.defineProperty(globalThis, "navigator", before ?? { value: undefined }));
}

test("where a file has been stored, another can be, and no probe is made", async (t) => {
  const folder = new FakeFolder();
  Object.assign(folder, { getDirectoryHandle: async () => folder });
  withNavigator(t, { storage: { getDirectory: async () => folder } });
  t.mock.method(folder, "access", () => {
    throw new TypeError("not implemented");
  });
  assert.equal((await Store.open()).place, "memory");
  folder.files.set(`${SHA256}.part`, CONTENT);
  assert.equal((await Store.open()).place, "memory");
  folder.files.set(SHA256, CONTENT);
  assert.equal((await Store.open()).place, "opfs");
});

test("a stored file can be used while its use is recorded, but not by others", async (t) => {
  let isHeld = false;
  let released = Promise.resolve();
  const request = async (_name, _options, work) => {
    isHeld = true;
    released = work().then(() => {
      isHeld = false;
    });
    await released;
  };
  withNavigator(t, { locks: { request } });
  const { url } = await serve(t, honest);
  const { store, folder } = makeStore();
  await store.file(wanted(url));
  await released;
  let release = () => {};
  const written = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  t.mock.method(store, "writeFacts", () => written);
  assert.ok(await same((await store.file(wanted(url))).blob), "it does not wait");
  assert.ok(folder.files.has(SHA256));
  assert.ok(isHeld);
  release();
  await released;
  assert.ok(!isHeld);
});

test("content that does not match its hash is fetched again past the browser's cache", async (t) => {
  const { url } = await serve(t, honest);
  const modes = [];
  const stale = async (address, init) => {
    modes.push(init.cache);
    return modes.length === 1 ? new Response(new Uint8Array(CONTENT.length)) : await fetch(address, init);
  };
  assert.ok(await same((await makeStore().store.file(wanted(url, { fetch: stale }))).blob));
  assert.deepEqual(modes, ["default", "reload"]);
});

test("a broken connection is resumed where it stopped", async (t) => {
  const { url, ranges } = await serve(t, breaking);
  let counted = 0;
  const { store } = makeStore();
  const { blob } = await store.file(wanted(url, { onBytes: (n) => (counted += n) }));
  assert.ok(await same(blob));
  assert.deepEqual(ranges, [undefined, "bytes=100000-", "bytes=200000-"]);
  assert.equal(counted, CONTENT.length);
});

test("a failed download is resumed at the next visit", async (t) => {
  const { url, ranges } = await serve(t, (request, response, start, count) =>
    count === 1
      ? breaking(request, response, start, count)
      : count < 6
        ? response.destroy()
        : honest(request, response, start, count),
  );
  const { store, folder } = makeStore();
  await assert.rejects(store.file(wanted(url)), { code: "network" });
  assert.equal(folder.files.get(`${SHA256}.part`)?.length, 100_000);
  const [{ name, complete }] = await store.list();
  assert.deepEqual({ name, complete }, { name: "model.bin", complete: false });
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.equal(ranges.at(-1), "bytes=100000-");
  assert.ok(!folder.files.has(`${SHA256}.part`));
});

test("without range support the file is read from the start", async (t) => {
  const { url } = await serve(t, (request, response, _start, count) =>
    count === 1 ? breaking(request, response, 0, count) : honest(request, response, 0, count),
  );
  assert.ok(await same((await makeStore().store.file(wanted(url))).blob));
});

test("a wrong Content-Length, short or long, does no harm", async (t) => {
  const short = await serve(t, (_request, response, start) => {
    head(response, start, 50_000);
    response.end(CONTENT.subarray(start, start + 50_000));
  });
  assert.ok(await same((await makeStore().store.file(wanted(short.url))).blob));
  const long = await serve(t, (_request, response) => {
    response.writeHead(200);
    response.end(Buffer.concat([CONTENT, randomBytes(5000)]));
  });
  assert.ok(await same((await makeStore().store.file(wanted(long.url))).blob));
});

test("altered bytes are fetched once more, and never stored", async (t) => {
  const altered = Buffer.from(CONTENT);
  altered[123_456] ^= 1;
  const corrupt = (_request, response) => response.end(altered);
  const once = await serve(t, (request, response, start, count) =>
    (count === 1 ? corrupt : honest)(request, response, start, count),
  );
  assert.ok(await same((await makeStore().store.file(wanted(once.url))).blob));
  const always = await serve(t, corrupt);
  const { store, folder } = makeStore();
  await assert.rejects(store.file(wanted(always.url)), { code: "checksum" });
  assert.deepEqual([...folder.files.keys()], []);
});

test("an altered stored file is detected and fetched again", async (t) => {
  const { url, ranges } = await serve(t, honest);
  const { store, folder } = makeStore();
  await store.file(wanted(url));
  const kept = folder.files.get(SHA256);
  kept[7] ^= 1;
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.equal(ranges.length, 2);
});

test("a large stored file is verified by its fingerprint, or by its SHA-256 if it has none", async (t) => {
  const { url, ranges } = await serve(t, breaking);
  const { store, folder } = makeStore(new FakeFolder(), { small: 1000, random: () => 1 });
  await store.file(wanted(url));
  const asked = ranges.length;
  const facts = JSON.parse(new TextDecoder().decode(folder.files.get(`${SHA256}.json`)));
  assert.equal(facts.print, await fingerprint(new Blob([CONTENT])));
  for (const [print, intact] of [
    [facts.print, true],
    [undefined, true],
    ["0".repeat(64), false],
  ]) {
    folder.files.set(`${SHA256}.json`, new TextEncoder().encode(JSON.stringify({ ...facts, print })));
    const { blob, noted } = await store.file(wanted(url));
    assert.ok(await same(blob));
    assert.equal(ranges.length === asked, intact);
    await noted; // it writes the facts
  }
});

test("a large stored file is returned before it has been verified, if another thread does that", async () => {
  const { store, folder } = makeStore(new FakeFolder(), { small: 1000, random: () => 1 });
  const bytes = 8 * PIECE;
  const facts = { name: "", url: "", bytes, saved: 1, used: 1, fingerprint: "f".repeat(64) };
  for (const [found, expected] of [
    [facts.fingerprint, true],
    ["0".repeat(64), false],
  ]) {
    folder.files.set(SHA256, new Uint8Array(bytes));
    await writeFacts(folder, SHA256, facts);
    const verifier = new FakeVerifier();
    let counted = 0;
    const { blob, intact } = await store.file(
      wanted("http://nowhere.invalid", {
        bytes,
        onBytes: (n) => (counted += n),
        startVerifier: () => {
          setTimeout(() => verifier.answer({ begun: true }));
          return verifier;
        },
      }),
    );
    assert.deepEqual([blob.size, counted], [bytes, bytes]);
    verifier.answer({ fingerprint: found });
    assert.equal(await intact, expected);
    assert.ok(folder.files.has(SHA256), "who has loaded it decides what becomes of it");
  }
});

test("nobody has to wait for the verification of a file that is no longer wanted", async () => {
  const { store, folder } = makeStore(new FakeFolder(), { small: 1000, random: () => 1 });
  const bytes = 8 * PIECE;
  folder.files.set(SHA256, new Uint8Array(bytes));
  const facts = { name: "", url: "", bytes, saved: 1, used: 1, fingerprint: "f".repeat(64) };
  await writeFacts(folder, SHA256, facts);
  const verifier = new FakeVerifier();
  const controller = new AbortController();
  const { signal } = controller;
  const startVerifier = () => {
    setTimeout(() => verifier.answer({ begun: true }));
    return verifier;
  };
  await store.file(wanted("http://nowhere.invalid", { bytes, signal, startVerifier }));
  controller.abort();
  await new Promise((resolve) => setTimeout(resolve)); // an unhandled rejection would fail the test
  assert.ok(verifier.isEnded);
});

/** Changes a stored file, and its record so that it fits, as another script of the same origin could. */
async function forge(folder) {
  const kept = folder.files.get(SHA256);
  kept[7] ^= 1;
  const facts = JSON.parse(new TextDecoder().decode(folder.files.get(`${SHA256}.json`)));
  facts.print = await fingerprint(new Blob([kept]));
  folder.files.set(`${SHA256}.json`, new TextEncoder().encode(JSON.stringify(facts)));
}

test("a small file that was changed together with its record is detected at once", async (t) => {
  const { url, ranges } = await serve(t, honest);
  const { store, folder } = makeStore();
  await store.file(wanted(url));
  await forge(folder);
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.equal(ranges.length, 2);
  assert.equal(store.checking, undefined);
});

test("a large one is removed when its turn comes to be compared with its published hash", async (t) => {
  const { url, ranges } = await serve(t, honest);
  let drawn = 0.9;
  const { store, folder } = makeStore(new FakeFolder(), { small: 1000, random: () => drawn });
  await store.file(wanted(url));
  drawn = 0;
  await store.file(wanted(url));
  await store.checking;
  assert.ok(folder.files.has(SHA256), "an unchanged file stays");
  await forge(folder);
  drawn = 0.9;
  assert.equal(await same((await store.file(wanted(url))).blob), false, "the record vouches for it");
  drawn = 0;
  await store.file(wanted(url));
  await store.checking;
  assert.deepEqual([...folder.files.keys()], []);
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.equal(ranges.length, 2);
});

for (const throws of [true, false]) {
  const how = throws ? "throws" : "returns an error number";
  test(`a full disk that ${how} falls back to memory with a notice, and leaves nothing behind`, async (t) => {
    const { url } = await serve(t, honest);
    const { store, folder } = makeStore();
    Object.assign(folder, { room: 120_000, throws });
    let counted = 0;
    const { blob, note } = await store.file(wanted(url, { onBytes: (n) => (counted += n) }));
    assert.ok(await same(blob));
    assert.equal(note, NOTES.full);
    assert.equal(counted, CONTENT.length);
    assert.deepEqual([...folder.files.keys()], []);
  });
}

/** How the browser reports that a file no longer exists. */
const gone = async () => {
  throw new DOMException("", "NotFoundError");
};

/** A full disk that loses something at that moment. */
const LOSSES = [
  [
    "what it had",
    (folder) => {
      folder.getFileHandle = gone;
      folder.entries = () => ({ [Symbol.asyncIterator]: () => ({ next: gone }) });
    },
  ],
  [
    "the part's content",
    (folder) => {
      const slice = () => ({ arrayBuffer: gone });
      folder.getFileHandle = async () => ({ getFile: async () => ({ slice, text: gone }) });
    },
  ],
];

for (const [what, lose] of LOSSES) {
  test(`a full disk that loses ${what} falls back to memory too`, async (t) => {
    const { url } = await serve(t, honest);
    const { store, folder } = makeStore();
    folder.room = 120_000;
    const access = folder.access.bind(folder);
    folder.access = (name) => {
      const found = access(name);
      return { ...found, close: () => void (name.endsWith(".part") && lose(folder)) };
    };
    let counted = 0;
    const onBytes = (count) => {
      counted += count;
    };
    const { blob, note } = await store.file(wanted(url, { onBytes }));
    assert.ok(await same(blob));
    assert.equal(note, NOTES.full);
    assert.equal(counted, CONTENT.length);
  });
}

test("without a file system the cache is used, and without a cache memory, each with a notice", async (t) => {
  const { url, ranges } = await serve(t, honest);
  const kept = new Map();
  const cache = {
    match: async (key) => kept.get(key.url ?? key)?.clone(),
    put: async (key, response) => kept.set(key, response),
    keys: async () => [...kept.keys()].map((key) => ({ url: key })),
    delete: async (key) => kept.delete(key),
  };
  const store = new Store({ folder: null, cache });
  assert.equal((await store.file(wanted(url))).note, NOTES.cache);
  assert.ok(await same((await store.file(wanted(url))).blob));
  assert.equal(ranges.length, 1);
  assert.equal((await store.list())[0].sha256, SHA256);
  await store.remove(SHA256);
  assert.deepEqual(await store.list(), []);
  assert.equal((await new Store({ folder: null, cache: null }).file(wanted(url))).note, NOTES.memory);
});

test("an abort ends the download at once, and keeps what has arrived", async (t) => {
  const { url } = await serve(t, (_request, response, start) => {
    head(response, start);
    response.write(CONTENT.subarray(0, 1000));
  });
  const { store, folder } = makeStore();
  const controller = new AbortController();
  const onBytes = () => controller.abort();
  await assert.rejects(store.file(wanted(url, { signal: controller.signal, onBytes })), {
    name: "AbortError",
  });
  assert.equal(folder.files.get(`${SHA256}.part`)?.length, 1000);
});

test("a missing file is an error at once", async (t) => {
  const { url, ranges } = await serve(t, (_request, response) => response.writeHead(404).end());
  await assert.rejects(makeStore().store.file(wanted(url)), { code: "not-found" });
  assert.equal(ranges.length, 1);
});

test("a file handle is referenced until it has answered, because a collected one never does", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const answers = [];
  const begin = () => {
    // As in the browser: only the handle refers to whoever waits for the answer.
    const file = { answer: (_text) => {}, getFile: () => new Promise(() => {}) };
    file.getFile = () => new Promise((resolve) => (file.answer = resolve));
    ask(file, "getFile").then((answer) => answers.push(answer));
    return new WeakRef(file);
  };
  const file = begin();
  await new Promise((resolve) => setImmediate(resolve)); // a new WeakRef holds it that long
  collect();
  file.deref()?.answer("here");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(answers, ["here"]);
});
