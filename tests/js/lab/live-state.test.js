import assert from "node:assert/strict";
import test from "node:test";

import { averages, chosenChannels, memoryOf } from "../../../site/lab/live-state.js";

/** A saved state with these numbers. */
function saved(values, shape) {
  const header = JSON.stringify({
    att_x: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
    wkv: { dtype: "F32", shape, data_offsets: [4, 4 + 4 * values.length] },
  });
  const head = new TextEncoder().encode(header);
  const length = new Uint8Array(new BigUint64Array([BigInt(head.length)]).buffer);
  const data = new Uint8Array(Float32Array.of(9, ...values).buffer);
  return Uint8Array.from([...length, ...head, ...data]);
}

test("a saved state gives the averages of a layer's channels", () => {
  const memory = memoryOf(saved([0, 0, 1, 1, 0, 0, 2, 6, 4, 3, 0, 0], [2, 3, 2]));
  assert.deepEqual([memory.layers, memory.width], [2, 2]);
  assert.deepEqual(averages(memory, 1), [0.5, 2]);
});

test("the state of another version is refused", () => {
  assert.throws(() => memoryOf(saved([1, 2, 3, 4], [1, 2, 2])), /RWKV-4/);
});

test("channels go from those that change most to those that change least, each scaled to 1", () => {
  const tokens = [0, 1, 2].map((token) =>
    Array.from({ length: 40 }, (_, at) => (at % 40) * (token % 2) + 40),
  );
  const rows = chosenChannels(tokens);
  assert.equal(rows.length, 16);
  const change = rows.map((row) => Math.abs(row[1] - row[0]));
  assert.deepEqual(
    change,
    change.toSorted((a, b) => b - a),
  );
  assert.ok(change[0] > 0.4 && change[15] === 0);
  for (const row of rows) assert.equal(Math.max(...row), 1);
});
