/** Python's library in its file system: archives are read, and files whose contents come later. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { gunzip } from "../../../../site/engine/storage/gunzip.js";
import { Later, tarFiles, unpack } from "../../../../site/engine/worker/library.js";
import { pluck } from "../../pluck.js";

const root = new URL("../../../../", import.meta.url);

/** Archives by the files in them: each start of the Python that makes one takes long. */
const archives = new Map();

function archive(files) {
  const key = JSON.stringify(files);
  if (!archives.has(key)) archives.set(key, pack(key));
  return new Uint8Array(archives.get(key));
}

function pack(files) {
  const script = `
import json, sys
from scripts.runtime import tar_of
sys.stdout.buffer.write(tar_of({name: text.encode() for name, text in json.loads(sys.argv[1]).items()}))
`;
  return execFileSync("python3", ["-c", script, files], { cwd: root });
}

test("every file is unchanged, with long names and any length", () => {
  const long = `${"deep/".repeat(30)}name.pyc`;
  const files = { "a.pyc": "", "b/c.pyc": "x".repeat(512), "é.txt": "ü".repeat(700), [long]: "end" };
  const found = [...tarFiles(archive(files))].map(([name, data]) => [name, new TextDecoder().decode(data)]);
  assert.deepEqual(Object.fromEntries(found), files);
});

test("a truncated archive gives no bytes beyond its end", () => {
  const whole = archive({ "a.pyc": "goose" });
  const lengths = [...tarFiles(whole.subarray(0, 512))].map(([, data]) => data.length);
  assert.deepEqual(lengths, [0]);
});

/** What Emscripten's file system in memory has of files, as far as it is used here. */
class MemoryFiles {
  ErrnoError = class extends Error {
    constructor(errno) {
      super();
      this.errno = errno;
    }
  };
  nodes = new Map();
  folders = [];

  mkdirTree(path) {
    this.folders.push(path);
  }

  create(path) {
    const node = { contents: null, usedBytes: 0 };
    this.nodes.set(path, node);
    return node;
  }

  writeFile(path, contents) {
    this.nodes.set(path, { contents, usedBytes: contents.length });
  }

  /** The text of a file of the library. */
  text(name) {
    return new TextDecoder().decode(this.nodes.get(`/lib/python3.14/${name}`)?.contents);
  }
}

const FILES = { "a.pyc": "goose", "b/c.pyc": "gander", "b/empty.pyc": "" };
const SIZES = { "a.pyc": 5, "b/c.pyc": 6, "b/empty.pyc": 0, "d.pyc": 3 };
/** Archives by their address. */
let served = {};
let requests = [];
const { fetch } = globalThis;

/** A synchronous request. */
class Request {
  status = 0;
  response = new ArrayBuffer();
  responseType = "";
  #url = "";

  open(method, url, isAsynchronous) {
    assert.deepEqual([method, isAsynchronous], ["GET", false]);
    this.#url = url;
  }

  send() {
    assert.equal(this.responseType, "arraybuffer");
    requests.push(`now ${this.#url}`);
    this.status = served[this.#url] ? 200 : 404;
    this.response = new Uint8Array(served[this.#url] ?? []).buffer;
  }
}

beforeEach(() => {
  served = {
    "x:1": new Uint8Array(gzipSync(archive(FILES))),
    "x:2": new Uint8Array(archive({ "d.pyc": "egg" })),
  };
  requests = [];
  const scope = globalThis;
  scope.XMLHttpRequest = Request;
  scope.fetch = async (url) => {
    requests.push(url);
    return served[url] ? new Response(served[url]) : new Response("", { status: 404 });
  };
});

afterEach(() => {
  globalThis.fetch = fetch;
  delete globalThis.XMLHttpRequest;
});

test("an archive is written into the library's folder", () => {
  const FS = new MemoryFiles();
  unpack(FS, archive(FILES));
  assert.equal(FS.text("b/c.pyc"), "gander");
  assert.deepEqual(FS.folders, ["/lib/python3.14", "/lib/python3.14/b"]);
});

test("a gzipped file is unpacked, and one that the browser has unpacked already is not", async () => {
  const content = new Uint8Array(300_000).map((_, i) => i * i);
  for (const sent of [new Uint8Array(gzipSync(content)), content]) {
    let count = 0;
    const found = await gunzip(new Response(sent), "file", (bytes) => {
      count += bytes;
    });
    assert.deepEqual(found, content);
    assert.equal(count, sent.length);
  }
});

test("what is not gzip after its first bytes is an error", async () => {
  const bad = new Uint8Array(gzipSync("goose"));
  bad.fill(255, 4);
  await assert.rejects(gunzip(new Response(bad), "file"));
});

test("files have their sizes before they are there, and come together", async () => {
  const FS = new MemoryFiles();
  const later = new Later(FS, ["x:1", "x:2"], SIZES);
  assert.deepEqual(pluck(FS.nodes.values(), "usedBytes"), Object.values(SIZES));
  assert.deepEqual(requests, []);
  await Promise.all([later.arrive(), later.arrive()]);
  assert.deepEqual(requests, ["x:1", "x:2"]);
  assert.equal(FS.text("a.pyc") + FS.text("d.pyc") + FS.text("b/empty.pyc"), "gooseegg");
  assert.deepEqual(requests.length, 2);
});

test("a file that has changed since has its new size", async () => {
  const FS = new MemoryFiles();
  await new Later(FS, ["x:1"], { "a.pyc": 3 }).arrive();
  assert.equal(FS.text("a.pyc"), "goose");
  assert.equal(FS.nodes.get("/lib/python3.14/a.pyc")?.usedBytes, 5);
});

test("when one is read before, all are fetched at once, and not again", async () => {
  const FS = new MemoryFiles();
  const later = new Later(FS, ["x:1", "x:2"], SIZES);
  assert.equal(FS.text("b/c.pyc"), "gander");
  assert.equal(FS.text("d.pyc"), "egg");
  await later.arrive();
  assert.deepEqual(requests, ["now x:1", "now x:2"]);
});

test("what cannot be fetched is an error of the file system, and tried again", async (context) => {
  context.mock.method(console, "warn", () => {});
  const FS = new MemoryFiles();
  const { "x:1": first } = served;
  delete served["x:1"];
  const later = new Later(FS, ["x:1", "x:2"], SIZES);
  await assert.rejects(later.arrive(), { code: "not-found" });
  assert.throws(() => FS.text("a.pyc"), { errno: 29 });
  served["x:1"] = first;
  await later.arrive();
  assert.equal(FS.text("a.pyc"), "goose");
});

test("a file that no archive has is an error of the file system", (context) => {
  context.mock.method(console, "warn", () => {});
  const FS = new MemoryFiles();
  const later = new Later(FS, ["x:1"], SIZES);
  assert.ok(later);
  assert.throws(() => FS.text("d.pyc"), { errno: 29 });
  assert.equal(FS.text("a.pyc"), "goose");
});
