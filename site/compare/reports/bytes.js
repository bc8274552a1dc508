/**
 * Reads a file's bytes as text: gzip is unpacked, UTF-16 with a byte order mark is recognized, the size is
 * limited.
 */

import { ImportError } from "./report.js";

/** Far more than any report; a small gzip file can contain gigabytes. */
export const LARGEST_BYTES = 512 * 1024 * 1024;

/**
 * @param {Blob} blob
 * @param {{largest?: number}} [options]
 * @returns {Promise<string>}
 */
export async function readText(blob, { largest = LARGEST_BYTES } = {}) {
  if (blob.size > largest) throw tooLarge(largest);
  const magic = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  const zipped = magic[0] === 0x1f && magic[1] === 0x8b;
  if (magic[0] === 0x50 && magic[1] === 0x4b)
    throw new ImportError("This is a zip archive.", "Unpack it and open the report inside.");
  const bytes = zipped ? await unzip(blob, largest) : new Uint8Array(await blob.arrayBuffer());
  const sixteen =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : "";
  return new TextDecoder(sixteen || "utf-8").decode(bytes);
}

/** @param {Blob} blob @param {number} largest */
async function unzip(blob, largest) {
  const reader = blob.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > largest) throw tooLarge(largest);
      chunks.push(part.value);
    }
  } catch (error) {
    if (error instanceof ImportError) throw error;
    if (size === 0) throw new ImportError("The gzip file is corrupt.");
  } finally {
    reader.cancel().catch(() => {});
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** @param {number} largest */
function tooLarge(largest) {
  return new ImportError(`The file is larger than ${Math.round(largest / 1048576)} MiB.`);
}
