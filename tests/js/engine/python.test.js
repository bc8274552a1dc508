// The archive that Python's packages come in, read as scripts/runtime.py writes it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { tarFiles } from "../../../site/engine/python.js";

const root = new URL("../../../", import.meta.url);

/** @param {Record<string, string>} files */
function archive(files) {
  const script = `
import json, pathlib, sys, tempfile
from scripts.runtime import write_tar
with tempfile.TemporaryDirectory() as folder:
    target = pathlib.Path(folder) / "made.tar.gz"
    write_tar({name: text.encode() for name, text in json.loads(sys.argv[1]).items()}, target)
    sys.stdout.buffer.write(target.read_bytes())
`;
  return gunzipSync(execFileSync("python3", ["-c", script, JSON.stringify(files)], { cwd: root }));
}

test("every file comes out as it went in, with long names and whatever length", () => {
  const long = `${"deep/".repeat(30)}name.pyc`;
  const files = { "a.pyc": "", "b/c.pyc": "x".repeat(512), "é.txt": "ü".repeat(700), [long]: "end" };
  const found = [...tarFiles(archive(files))].map(([name, data]) => [name, new TextDecoder().decode(data)]);
  assert.deepEqual(Object.fromEntries(found), files);
});

test("an archive that is cut off gives no file beyond its end", () => {
  const whole = archive({ "a.pyc": "goose" });
  assert.deepEqual(
    [...tarFiles(whole.subarray(0, 512))].map(([, data]) => data.length),
    [0],
  );
});
