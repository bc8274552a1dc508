import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

test("the npm lock names no registry, so that it works with any", async () => {
  const lock = JSON.parse(await readFile(new URL("package-lock.json", root), "utf8"));
  const located = Object.values(lock.packages).filter((entry) => "resolved" in entry);
  assert.deepEqual(located, []);
});
