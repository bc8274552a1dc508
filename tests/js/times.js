// A reporter of node's test runner: how long each file takes, the slowest files first.

import { resolve } from "node:path";

const SHOWN = 15;

export default async function* times(events) {
  const files = [];
  for await (const { type, data } of events) {
    if (type !== "test:complete" || resolve(data.name) !== data.file) continue;
    files.push([data.file.replace(`${process.cwd()}/`, ""), data.details.duration_ms / 1000]);
  }
  files.sort(([, one], [, other]) => other - one);
  const total = files.reduce((sum, [, seconds]) => sum + seconds, 0);
  yield `\n${total.toFixed(0)} s of tests in ${files.length} files\n`;
  for (const [file, seconds] of files.slice(0, SHOWN)) yield `${seconds.toFixed(1).padStart(7)} s  ${file}\n`;
}
