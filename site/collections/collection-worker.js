/**
 * Writes collections into the browser's private file system: only a worker can write files in place there.
 */

import { ask, isWritable, openFolder } from "../engine/storage/opfs.js";
import { serveQuestions } from "../ui/workers.js";
import { writePart, writeStream } from "./collection-files.js";

/** Parts are written one after the other. @type {Promise<unknown>} */
let last = Promise.resolve();
/** How files are written here. @type {import("./collection-files.js").Write | undefined | null} */
let writeFile = null;

/** Whether files can be written at all. */
async function probe() {
  const folder = await openFolder(undefined, "collections");
  return "createWritable" in FileSystemFileHandle.prototype || (await isWritable(folder));
}

/** @param {{path: string[], part: import("./collection-files.js").Part}} question */
async function write({ path, part }) {
  let folder = await openFolder(undefined, "collections");
  if (writeFile === null) writeFile = (await isWritable(folder)) ? undefined : writeStream;
  for (const name of path) folder = await ask(folder, "getDirectoryHandle", name, { create: true });
  await writePart(folder, part, writeFile);
}

serveQuestions((question) => {
  if (question.type === "probe") return probe();
  const written = last.then(() => write(question));
  last = written.catch(() => {});
  return written;
});
