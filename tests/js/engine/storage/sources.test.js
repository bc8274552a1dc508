import assert from "node:assert/strict";
import { test } from "node:test";

import { refuseTooLarge } from "../../../../site/engine/storage/sources.js";

const GB = 1e9;
const memory = { none: 6 * GB, auto: 2 * GB, 8: 2 * GB, 4: 1 * GB };

test("a folder is refused by the memory that its description lists for the quantization", () => {
  assert.throws(() => refuseTooLarge({ memory }, 4 * GB), { code: "model-too-large" });
  for (const quantize of /** @type {const} */ ([8, 4, "auto"])) refuseTooLarge({ memory }, 4 * GB, quantize);
  for (const quantize of /** @type {const} */ ([8, "auto"])) {
    assert.throws(() => refuseTooLarge({ memory }, 1 * GB, quantize), { code: "model-too-large" });
  }
  refuseTooLarge({ memory }, 1 * GB, 4);
});

test("a folder whose description lists no memory is left to Python", () => {
  refuseTooLarge({ memory: /** @type {any} */ ({ none: "many" }) }, 0);
  refuseTooLarge({}, 0, 8);
});
