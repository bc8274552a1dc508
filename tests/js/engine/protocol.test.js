/** The form in which errors are sent to the page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { errorFields } from "../../../site/engine/protocol.js";

test("an error of Python is reported by the last line of its traceback", () => {
  const error = new Error(
    'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: too long\n',
  );
  assert.match(errorFields(error).message, /engine: ValueError: too long$/);
});

test("an error of WebKit's WebAssembly is reported by its first line, which names the directive", () => {
  const first =
    "Refused to create a WebAssembly object … Content Security Policy directive: \"script-src 'self'\".";
  const { message } = errorFields(new WebAssembly.CompileError(`${first}\n (evaluating 'compile()')`));
  assert.ok(message.endsWith(first));
});
