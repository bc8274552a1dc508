import assert from "node:assert/strict";
import { test } from "node:test";

import { checkWebAssembly, hasSimd } from "../../../../site/engine/worker/webassembly.js";

function replace(context, instead) {
  const before = globalThis.WebAssembly;
  globalThis.WebAssembly = instead;
  context.after(() => {
    globalThis.WebAssembly = before;
  });
}

test("a browser that runs WebAssembly passes", async () => {
  await checkWebAssembly();
  assert.equal(hasSimd(), true);
});

test("a browser without WebAssembly is told that it is needed, and what switches it off", async (context) => {
  replace(context, undefined);
  assert.equal(hasSimd(), false);
  const expected = {
    code: "engine-start",
    message: /switched off/,
    remedy: /Lockdown Mode.*another browser/,
  };
  await assert.rejects(checkWebAssembly(), expected);
});

test("a policy that forbids it is named", async (context) => {
  const compile = async () => {
    throw new Error("blocked by the policy");
  };
  replace(context, { compile });
  await assert.rejects(checkWebAssembly(), { code: "engine-start", message: /blocked by the policy/ });
});
