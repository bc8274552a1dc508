import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { preferringPacked } from "../../../../site/engine/storage/gunzip.js";

/** A server with a file, and with or without its gzipped copy. */
function serving(packed) {
  const asked = [];
  const fetch = async (url) => {
    asked.push(url);
    if (!url.endsWith(".gz")) return new Response("plain");
    return packed ? new Response(packed) : new Response(null, { status: 404 });
  };
  return { asked, ask: preferringPacked(fetch) };
}

test("a gzipped copy is taken instead of a whole file, and unpacked unless the browser has done so", async () => {
  for (const sent of [gzipSync("packed"), "packed"]) {
    const { asked, ask } = serving(sent);
    assert.equal(await (await ask("http://x/f", {})).text(), "packed");
    assert.deepEqual(asked, ["http://x/f.gz"]);
  }
});

test("without a copy, for the rest of a file, and after wrong content the file itself is asked for", async () => {
  const { asked, ask } = serving(null);
  assert.equal(await (await ask("http://x/f", {})).text(), "plain");
  const other = serving(gzipSync("packed"));
  await other.ask("http://x/f", { headers: { Range: "bytes=5-" } });
  await other.ask("http://x/f", { cache: "reload" });
  assert.deepEqual([...asked, ...other.asked], ["http://x/f.gz", "http://x/f", "http://x/f", "http://x/f"]);
});
