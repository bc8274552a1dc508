/** Writes a file in place, gives it another name, and reads it: what a download of a model does. */

import { FileSink, fileOf, openFolder, removeFrom } from "../engine/storage/opfs.js";
import { english } from "../ui/english.js";
import { serveQuestions } from "../ui/workers.js";

const PART = "probe.part";
const WHOLE = "probe";

/** @param {number} size in bytes @returns {Promise<string>} */
async function probe(size) {
  const folder = await openFolder(undefined, "selftest");
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31) >> 3);
  await removeFrom(folder, PART);
  await removeFrom(folder, WHOLE);
  const sink = await FileSink.open(folder, PART);
  try {
    sink.write(bytes.subarray(0, size / 3));
    sink.write(bytes.subarray(size / 3));
    await sink.commit(WHOLE);
  } finally {
    sink.close();
  }
  const file = await fileOf(folder, WHOLE);
  const found = new Uint8Array((await file?.arrayBuffer()) ?? []);
  const isSame = found.length === size && found.every((byte, at) => byte === bytes[at]);
  if (!isSame) throw new Error(english("A file was read back with changed content."));
  if (await fileOf(folder, PART)) throw new Error(english("A file could not be renamed."));
  if (!(await removeFrom(folder, WHOLE))) throw new Error(english("A file cannot be deleted."));
  return english("written, moved, read and deleted");
}

serveQuestions(probe);
