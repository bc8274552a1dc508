import assert from "node:assert/strict";
import { test } from "node:test";

import { refuseTooLarge } from "../../../site/engine/sources.js";

const GB = 1e9;
const full = { parameters: 1.5e9 };

test("a folder is refused by the bits in which its weights will be held", () => {
  assert.throws(() => refuseTooLarge(full, 4 * GB), { code: "model-too-large" });
  for (const quantize of /** @type {const} */ ([8, 4, "auto"])) refuseTooLarge(full, 4 * GB, quantize);
  assert.throws(() => refuseTooLarge(full, 1 * GB, 8), { code: "model-too-large" });
  refuseTooLarge(full, 1 * GB, 4);
  const rounded = { ...full, quantization: { bits: 8 } };
  refuseTooLarge(rounded, 2 * GB);
  assert.throws(() => refuseTooLarge(rounded, 1 * GB, 4), { code: "model-too-large" }); // it stays as it is stored
});

test("a description that tells no size refuses nothing", () => {
  refuseTooLarge({ parameters: "many" }, 0);
  refuseTooLarge({}, 0, 8);
});
