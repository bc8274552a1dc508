import assert from "node:assert/strict";
import { test } from "node:test";
import { isText } from "../../../site/decoder/text-file.js";

test("texts are told from weights by their first bytes", async () => {
  assert.ok(await isText(new Blob(["It was a fine morning.\n\tA café.\r\n"])));
  assert.ok(await isText(new Blob(["é".repeat(4000)])), "a character at the end of what is read");
  assert.ok(!(await isText(new Blob([]))));
  assert.ok(!(await isText(new Blob([new Uint8Array([0x80, 2, 0x8a])]))), "a pickle");
  assert.ok(!(await isText(new Blob(["PK\u0003\u0004 and text"]))), "a zip");
  assert.ok(!(await isText(new Blob([new Uint8Array([40, 0, 0, 0, 0, 0, 0, 0]), "{}"]))), "safetensors");
  assert.ok(!(await isText(new Blob(["GGUF", new Uint8Array([3, 0, 0, 0])]))), "gguf");
});
