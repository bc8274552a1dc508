/** A file that is too large is refused before it is read. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileBytes, fileText } from "../../../site/ui/bounded-file.js";

const FILE = new File(["four"], "notes.txt");

test("a file of exactly the limit is read", async () => {
  assert.deepEqual(await fileBytes(FILE, 4, ""), new TextEncoder().encode("four"));
  assert.equal(await fileText(FILE, 4, ""), "four");
});

test("a longer one is refused unread, with its name, the limit and what to do", async () => {
  const unread = Object.assign(new File(["four"], "notes.txt"), {
    arrayBuffer: () => assert.fail("was read"),
    text: () => assert.fail("was read"),
  });
  for (const read of [fileBytes, fileText])
    await assert.rejects(read(unread, 3, "Split it."), {
      message: /^notes\.txt is too large: the limit is [\d.]+ .+\.$/,
      remedy: "Split it.",
    });
});
