/** The built engine's Python under Node: every job's module can be imported, and values cross both ways. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import "../../../../npm/node-scope.js";
import { Assets } from "../../../../site/engine/assets.js";
import { Python } from "../../../../site/engine/worker/python.js";
import { FILES } from "../../built.js";

let pyodide;
let python;

before(async () => {
  python = new Python(new Assets(FILES.href));
  pyodide = await python.start(
    () => {},
    (error) => assert.fail(String(error)),
  );
});

const run = (code) => pyodide.runPython(code);

for (const file of ["pyodide.asm.wasm.gz", "pyodide-lock.json", "snapshot.bin.gz", "first.tar.gz"])
  test(`an installation without ${file} is refused, and nothing waits for it`, async (t) => {
    const read = globalThis.fetch;
    t.mock.method(globalThis, "fetch", (url, init) =>
      String(url).endsWith(file) ? new Response(null, { status: 404 }) : read(url, init),
    );
    const lost = (error) => assert.fail(String(error));
    const started = new Python(new Assets(FILES.href)).start(() => {}, lost);
    await assert.rejects(started, ({ code, message, remedy }) => {
      assert.equal(code, "not-found");
      assert.ok(message.includes(file) && remedy.startsWith("Install the package"), message);
      return true;
    });
  });

test("a room on demand can be imported after it was added, and not before", async () => {
  assert.deepEqual(python.rooms, ["evaluation", "insight", "lab", "openai", "search", "selftest", "tuning"]);
  const attempt = () => run("import goosequill.lab.experiments as e; e.names()").toJs();
  assert.throws(attempt, /No module named 'goosequill.lab.experiments'/);
  await Promise.all([python.addRoom("lab"), python.addRoom("lab"), python.addRoom("decoding")]);
  await Promise.all(python.rooms.map((room) => python.addRoom(room))); // for the next test
  assert.ok(attempt().includes("dilation"));
});

test("every job's module can be imported with what the build has kept of Python and numpy", () => {
  const failures = run(`
from importlib import import_module
from goosequill.browser.jobs import all_jobs

failures = []
for name, path in all_jobs().items():
    try:
        module, function = path.split(":")
        getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        failures.append(f"job {name!r}: {module} cannot be imported in a page: {error} (see scripts/runtime.py)")
failures`).toJs();
  assert.deepEqual(failures, []);
});

test("null is None", () => {
  assert.equal(run("lambda value: value is None")(null), true);
});

test("numpy does not need masked arrays to find different elements or a median", () => {
  assert.equal(
    run("import numpy as np; str((np.unique([2, 1, 2]), np.median([3.0, 1.0])))"),
    "(array([1, 2]), np.float64(2.0))",
  );
});

const DTYPES = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** What a job receives for an argument, and the same value as it returns. */
function echo(value) {
  run(`
from goosequill.browser.bridge import BridgeJob
from pyodide.ffi import to_js

def start(args):
    return BridgeJob(lambda value: {"value": value, "seen": str(type(value).__name__)}, args.to_py())`);
  const job = pyodide.globals.get("start")({ value });
  const { value: answer } = job.steps(0);
  job.destroy();
  return answer.end;
}

test("arrays of every type arrive as numpy arrays and come back as typed arrays of their own", () => {
  for (const [dtype, Typed] of Object.entries(DTYPES)) {
    const elements =
      dtype.endsWith("64") && dtype !== "float64" ? [1n, 0n, 1n, 0n, 1n, 0n] : [1, 0, 1, 0, 1, 0];
    const data = Typed.from(elements);
    const { value, seen } = echo({ shape: [2, 3], dtype, data });
    assert.equal(seen, "ndarray", dtype);
    assert.deepEqual(value, { shape: [2, 3], dtype, data });
    assert.equal(value.data.buffer.byteLength, data.byteLength, "nothing else is in the buffer");
  }
});

test("scalars, empty, strided and foreign-endian arrays cross as their elements in order", () => {
  const made = (expression) => {
    run(`
import numpy as np
from goosequill.browser.bridge import BridgeJob
job = BridgeJob(lambda: ${expression}, {})`);
    const job = pyodide.globals.get("job");
    return job.steps(0).value.end;
  };
  assert.deepEqual(made("np.array(2.5, 'float32')"), {
    shape: [],
    dtype: "float32",
    data: Float32Array.of(2.5),
  });
  assert.deepEqual(made("np.zeros((0, 3), 'int8')"), {
    shape: [0, 3],
    dtype: "int8",
    data: new Int8Array(0),
  });
  assert.deepEqual(made("np.arange(6, dtype='int32').reshape(2, 3).T[::2]"), {
    shape: [2, 2],
    dtype: "int32",
    data: Int32Array.of(0, 3, 2, 5),
  });
  assert.deepEqual(made("np.arange(3, dtype='>f8')"), {
    shape: [3],
    dtype: "float64",
    data: Float64Array.of(0, 1, 2),
  });
  assert.deepEqual(echo({ shape: [], dtype: "int8", data: Int8Array.of(7) }).value, {
    shape: [],
    dtype: "int8",
    data: Int8Array.of(7),
  });
  assert.deepEqual(echo(Uint8Array.of(1, 2)).value, Uint8Array.of(1, 2), "bytes are not an array");
  assert.deepEqual(made("b'ab'"), Uint8Array.of(97, 98));
});
