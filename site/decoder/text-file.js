/**
 * Files of text, told from files of weights by their first bytes. Pure.
 */

/** Bytes that are looked at. */
const START = 4096;
/** Bytes of the longest text that becomes a prompt. */
export const LONGEST_TEXT = 4_000_000;

/**
 * Whether a file starts as UTF-8 text does: without control characters, which every format of weights has
 * there.
 * @param {Blob} file
 */
export async function isText(file) {
  if (file.size === 0) return false;
  const bytes = new Uint8Array(await file.slice(0, START).arrayBuffer());
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text);
  } catch {
    return false;
  }
}
