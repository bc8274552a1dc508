import assert from "node:assert/strict";
import { test } from "node:test";
import { forPython, plain } from "../../../site/lab/arrays.js";

test("arrays of numpy become nested lists", () => {
  const array = { shape: [2, 3], dtype: "int32", data: Int32Array.of(1, 2, 3, 4, 5, 6) };
  assert.deepEqual(plain({ a: [array], b: "text", c: null, d: true }), {
    a: [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    b: "text",
    c: null,
    d: true,
  });
  assert.deepEqual(plain({ shape: [1, 2, 2], dtype: "bool", data: Uint8Array.of(1, 0, 0, 1) }), [
    [
      [true, false],
      [false, true],
    ],
  ]);
  assert.deepEqual(plain({ shape: [2], dtype: "int64", data: BigInt64Array.of(1n, -2n) }), [1, -2]);
});

test("empty arrays and arrays without an axis keep their form", () => {
  const empty = new Float64Array(0);
  assert.deepEqual(plain({ shape: [0, 3], dtype: "float64", data: empty }), []);
  assert.deepEqual(plain({ shape: [2, 0], dtype: "float64", data: empty }), [[], []]);
  assert.deepEqual(plain({ shape: [2, 0, 3], dtype: "float64", data: empty }), [[], []]);
  assert.equal(plain({ shape: [], dtype: "float64", data: Float64Array.of(2.5) }), 2.5);
});

test("what is not a finite number is null, as in JSON", () => {
  const data = Float64Array.of(1, Number.NaN, Number.POSITIVE_INFINITY);
  assert.deepEqual(plain({ a: { shape: [3], dtype: "float64", data }, b: Number.NaN }), {
    a: [1, null, null],
    b: null,
  });
});

test("the visitor's arrays become arrays of numpy, bytes stay bytes", () => {
  const values = Float32Array.of(1, 2);
  const file = Uint8Array.of(1);
  assert.deepEqual(forPython({ values, file, text: "a", list: [1] }), {
    values: { shape: [2], dtype: "float32", data: values },
    file,
    text: "a",
    list: [1],
  });
});
