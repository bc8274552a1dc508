/**
 * Texts with their branches as plain values, for a file and for the tab's memory. What is read may come from
 * anywhere: it is checked, and bounded. Pure.
 */

import { unixLines } from "../ui/line-ends.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";

/** @import { Text } from "./texts.js" */
/** @typedef {{format: string, version: number, current: number | null, texts: object[]}} PackedTexts */

const FORMAT = "goosequill-branches";
/** Bytes of a file. */
export const LARGEST_FILE = 64_000_000;
const MOST_TEXTS = 5000;
const MOST_TOKENS = 4_000_000;

/** @param {Text[]} all @param {Text | null} current @returns {PackedTexts} */
export function packTexts(all, current) {
  const texts = all.map(({ parent, ...text }) => ({ ...text, parent: parent?.id ?? null }));
  return { format: FORMAT, version: 1, current: current?.id ?? null, texts };
}

/**
 * @param {any} value
 * @returns {{texts: Text[], current: Text | null}}
 * @throws {Error} with a remedy, if it is not such a value
 */
export function unpackTexts(value) {
  if (value?.format !== FORMAT || !Array.isArray(value.texts)) {
    throw problem(t("The file does not contain branches."), t("Choose a file that “Save branches” wrote."));
  }
  if (value.version !== 1) {
    throw problem(
      t("The file is from a newer version of this page."),
      t("Reload the page and open it again."),
    );
  }
  if (value.texts.length > MOST_TEXTS) {
    throw problem(
      t("The file has more than {most} texts.", { most: MOST_TEXTS }),
      t("Save fewer branches in one file."),
    );
  }
  /** @type {Map<number, Text>} by their ids in the file */
  const found = new Map();
  let tokens = 0;
  for (const [index, entry] of value.texts.entries()) {
    const text = readText(entry, index, found);
    tokens += text.tokens.length;
    if (tokens > MOST_TOKENS) {
      throw problem(t("The texts in the file are too long."), t("Save fewer branches in one file."));
    }
    found.set(entry.id, text);
  }
  return { texts: [...found.values()], current: found.get(value.current) ?? null };
}

/**
 * @param {any} entry
 * @param {number} index in the file
 * @param {Map<number, Text>} before the texts before it, one of which may be its parent
 * @returns {Text}
 */
function readText(entry, index, before) {
  const parent = entry?.parent === null ? null : before.get(entry?.parent);
  const { id, prompt, settings, seed, given, tokens, tail, finish, marked } = entry ?? {};
  const valid =
    Number.isSafeInteger(id) &&
    !before.has(id) &&
    parent !== undefined &&
    [prompt, tail, finish].every((one) => typeof one === "string") &&
    typeof settings === "object" &&
    settings !== null &&
    Number.isSafeInteger(seed) &&
    Array.isArray(tokens) &&
    tokens.every(isToken) &&
    Number.isSafeInteger(given) &&
    given >= 0 &&
    given <= tokens.length &&
    (parent === null) === (given === 0);
  if (!valid)
    throw problem(
      t("Text {index} in the file is damaged.", { index: index + 1 }),
      t("Save the branches again."),
    );
  const plain = tokens.map(({ token, text, logprob, constraint }) => ({
    ...{ token, text, logprob },
    ...(isConstraint(constraint) && { constraint: plainConstraint(constraint) }),
  }));
  const facts = { prompt: unixLines(prompt), settings, seed, given, tail, finish, marked: marked === true };
  return { ...facts, id: index + 1, parent, tokens: plain };
}

/** @param {any} one */
function isConstraint(one) {
  const { allowed, masked, changed } = one ?? {};
  const valid = Number.isSafeInteger(allowed) && masked >= 0 && masked <= 1;
  return valid && typeof masked === "number" && typeof changed === "boolean";
}

/** @param {import("../engine/protocol.js").Constrained} constraint */
const plainConstraint = ({ allowed, masked, changed }) => ({ allowed, masked, changed });

/** @param {any} one */
function isToken(one) {
  return (
    Number.isSafeInteger(one?.token) &&
    typeof one.text === "string" &&
    (one.logprob === null || typeof one.logprob === "number")
  );
}
