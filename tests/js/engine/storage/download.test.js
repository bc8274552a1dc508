import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";

import { counted, download, Meter } from "../../../../site/engine/storage/download.js";

const DATA = new TextEncoder().encode("goose".repeat(1000));
const SHA256 = createHash("sha256").update(DATA).digest("hex");

/** A body that arrives in pieces, and may be interrupted. */
function body(breakAt = Number.POSITIVE_INFINITY) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= breakAt) return controller.error(new TypeError("network error"));
      if (at >= DATA.length) return controller.close();
      controller.enqueue(DATA.slice(at, at + 700));
      at += 700;
    },
  });
}

function answering(answer) {
  return async () => answer();
}

test("a file arrives whole, counted and verified", async () => {
  let counted = 0;
  const blob = await download("http://x/f", {
    file: "f",
    bytes: DATA.length,
    sha256: SHA256,
    onBytes: (n) => {
      counted += n;
    },
    fetch: answering(() => new Response(body())),
  });
  assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), DATA);
  assert.equal(counted, DATA.length);
});

test("the digest equals Node's around every block boundary, however the bytes are split", async () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 70001]) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255);
    const sha256 = createHash("sha256").update(data).digest("hex");
    for (const step of [7, 64, 4096]) {
      const pieces = Array.from({ length: Math.ceil(length / step) }, (_, i) =>
        data.subarray(i * step, (i + 1) * step),
      );
      const fetch = answering(() => new Response(ReadableStream.from(pieces)));
      const blob = await download("http://x/f", { file: "f", sha256, fetch });
      assert.equal(blob.size, length);
    }
  }
});

test("of a file that is too long the rest is not downloaded", async () => {
  let isCancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(DATA.slice(0, 700)),
    cancel() {
      isCancelled = true;
    },
  });
  const fetch = answering(() => new Response(endless));
  const blob = await download("http://x/f", { file: "f", most: 5000, fetch });
  assert.ok(blob.size > 5000 && blob.size <= 5700);
  assert.ok(isCancelled);
});

test("a failed download has a code and a remedy", async () => {
  const cases = [
    ["not-found", () => new Response("", { status: 404 }), {}],
    ["http-status", () => new Response("", { status: 503 }), {}],
    ["network", () => new Response(body(1400)), {}],
    [
      "network",
      () => {
        throw new TypeError("Failed to fetch");
      },
      {},
    ],
    ["download-truncated", () => new Response(body()), { bytes: DATA.length + 1 }],
    ["checksum", () => new Response(body()), { sha256: SHA256.replace(/./, "x") }],
  ];
  for (const [code, answer, expected] of cases) {
    const attempt = download("http://x/f", { file: "f", fetch: answering(answer), ...expected });
    await assert.rejects(attempt, (error) => {
      assert.equal(error.code, code);
      assert.match(error.message, /f/);
      assert.notEqual(error.remedy, "");
      return true;
    });
  }
});

test("a part of the site that is gone with its version asks for a reload, a model for its address", async () => {
  const fetch = answering(() => new Response("", { status: 404 }));
  const remedyOf = (url) => download(url, { file: "f", fetch }).catch((error) => error.remedy);
  assert.match(String(await remedyOf("https://goose.test/v-0123456789abcdef/python/f")), /reload the page/);
  assert.match(String(await remedyOf("https://goose.test/models/f")), /address/);
});

test("a server that answers but may not be read is told from one that does not answer", async (context) => {
  Object.defineProperty(globalThis, "origin", { value: "https://page.test", configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "origin"));
  const asked = [];
  const forbidding = async (_url, init = {}) => {
    asked.push(init);
    if (init.mode === "no-cors") return new Response();
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(download("https://models.test/f", { file: "f", fetch: forbidding }), {
    code: "cors",
    message: /models\.test/,
    remedy: /choose it here/,
  });
  assert.deepEqual([asked[1].method, asked[1].credentials], ["HEAD", "omit"]);
  asked.length = 0;
  const own = download("https://page.test/f", { file: "f", fetch: forbidding });
  await assert.rejects(own, { code: "network", url: "https://page.test/f" });
  assert.equal(asked.length, 1); // nothing is forbidden at home
  const fails = answering(() => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(download("https://models.test/f", { file: "f", fetch: fails }), { code: "network" });
});

test("an aborted download rejects as fetch does", async () => {
  const fetch = answering(() => {
    throw new DOMException("gone", "AbortError");
  });
  await assert.rejects(download("http://x/f", { file: "f", fetch }), { name: "AbortError" });
});

test("a counted response gives the same bytes and is counted before anybody reads it", async () => {
  let count = 0;
  const source = new Response(body(), { headers: { "content-type": "application/wasm" } });
  const add = (n) => {
    count += n;
  };
  const response = counted(source, "f", add, assert.fail);
  while (count < DATA.length) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(response.headers.get("content-type"), "application/wasm");
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), DATA);
});

test("an interrupted counted response is reported, whether or not anybody reads", async () => {
  const error = await new Promise((resolve) => {
    counted(new Response(body(1400)), "f", () => {}, resolve);
  });
  assert.equal(error.code, "network");
});

test("progress is reported at most ten times a second, and always at the end", () => {
  const told = [];
  let time = 0;
  const meter = new Meter(
    "model",
    "f",
    100,
    ({ loaded }) => told.push(loaded),
    () => time,
  );
  for (; time < 1000; time += 10) meter.add(1);
  assert.equal(told.at(-1), 100);
  assert.ok(told.length <= 11, `${told.length} reports`);
});
