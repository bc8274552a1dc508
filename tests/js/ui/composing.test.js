/** Keys of input methods. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { isComposing } from "../../../site/ui/composing.js";

const key = (fields) => isComposing({ key: "Enter", isComposing: false, keyCode: 13, ...fields });

test("the Enter that takes a suggestion is not that of the page, in Safari neither", () => {
  assert.equal(key({}), false);
  assert.equal(key({ isComposing: true }), true);
  assert.equal(key({ keyCode: 229 }), true);
});
