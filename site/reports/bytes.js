/**
 * Reads a file's bytes as text: gzip is unpacked, UTF-16 with a byte order mark is recognized, the size is
 * limited.
 */

import { t } from "../ui/words.js";
import { LIMITS } from "./limits.js";
import { ImportError } from "./report.js";

/**
 * @param {Blob} blob
 * @param {{largest?: number}} [options]
 * @returns {Promise<string>}
 */
export async function readText(blob, { largest = LIMITS.bytes } = {}) {
  if (blob.size > largest) throw tooLarge(blob.size, largest);
  const magic = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  const zipped = magic[0] === 0x1f && magic[1] === 0x8b;
  if (magic[0] === 0x50 && magic[1] === 0x4b)
    throw new ImportError(t("This is a zip archive."), t("Unpack it and open the report inside."));
  const whole = zipped ? await unzip(blob, largest) : blob;
  const [first, second] = new Uint8Array(await whole.slice(0, 2).arrayBuffer());
  const sixteen =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "";
  return new TextDecoder(sixteen || "utf-8").decode(await whole.arrayBuffer());
}

/** @param {Blob} blob @param {number} largest */
async function unzip(blob, largest) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  try {
    const unpacked = blob.stream().pipeThrough(new DecompressionStream("gzip"));
    for await (const chunk of limited(unpacked, largest)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof ImportError) throw error;
    if (chunks.length === 0) throw new ImportError(t("The gzip file is corrupt."));
  }
  return new Blob(chunks);
}

/**
 * The chunks of a stream, up to a number of bytes; the rest is neither read nor waited for.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @param {number} [largest]
 * @throws {ImportError} if there are more
 */
export async function* limited(stream, largest = LIMITS.bytes) {
  const reader = stream.getReader();
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > largest) throw tooLarge(0, largest);
      yield part.value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {number} size 0 if unknown @param {number} largest */
function tooLarge(size, largest) {
  const values = { size: Math.ceil(size / 1048576), most: Math.round(largest / 1048576) };
  const message =
    size > 0
      ? t("The file has {size} MiB, but this page opens at most {most} MiB.", values)
      : t("The file is larger than {most} MiB, which is the limit of this page.", values);
  return new ImportError(message, t("Split it first."));
}
