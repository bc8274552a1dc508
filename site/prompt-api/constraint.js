/**
 * The Prompt API's responseConstraint as settings of the decoder: a JSON schema, or a RegExp in the notation
 * of Python, which the engine's constraints have.
 */

import { dictionary, jsonOf, refusal } from "./input.js";

/**
 * The decoder's settings; whether a whole reply is what was asked for; and a prefix as the engine would write
 * it.
 * @typedef {{
 *   settings: {regex?: string, json_schema?: unknown}, accepts: (text: string) => boolean,
 *   written: (prefix: string) => string
 * }} Constrained
 */

/** @type {Constrained} */
const NONE = { settings: {}, accepts: () => true, written: (prefix) => prefix };

/**
 * @param {any} given options of a prompt
 * @returns {Constrained}
 * @throws {TypeError} the constraint is neither a RegExp nor an object, or there is none to omit
 * @throws {DOMException} NotSupportedError
 */
export function constraintOf(given) {
  const { responseConstraint, omitResponseConstraintInput } = dictionary(given, "The options");
  if (responseConstraint === undefined) {
    if (!omitResponseConstraintInput) return NONE;
    throw new TypeError("omitResponseConstraintInput needs a responseConstraint.");
  }
  if (responseConstraint instanceof RegExp) {
    const whole = new RegExp(responseConstraint.source, responseConstraint.flags.replace(/[gy]/g, ""));
    return {
      ...NONE,
      settings: { regex: pythonOf(responseConstraint) },
      accepts: (text) => whole.test(text),
    };
  }
  if (Object(responseConstraint) !== responseConstraint || Array.isArray(responseConstraint)) {
    throw new TypeError("responseConstraint has to be a JSON schema or a RegExp.");
  }
  if (typeof responseConstraint === "function") {
    throw new TypeError("responseConstraint has to be a JSON schema or a RegExp.");
  }
  return { settings: { json_schema: schemaOf(responseConstraint) }, accepts: isJson, written: spaced };
}

/** @param {object} schema */
function schemaOf(schema) {
  try {
    return jsonOf(schema, "The JSON schema");
  } catch (error) {
    throw refusal("NotSupportedError", `The JSON schema cannot be used: ${error}`);
  }
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The start of a JSON text with spaces only after colons and commas. @param {string} text */
export const spaced = (text) =>
  text.replace(/"(?:[^"\\]|\\.)*(?:"|\\?$)|\s+|[:,]/gs, (part) => {
    if (part.startsWith('"')) return part;
    return part.trim() && `${part} `;
  });

/** What a dot does not match in JavaScript. */
const NEWLINES = "\\n\\r\\u2028\\u2029";
/** Escapes that mean the same in both notations; any other escaped letter is the letter itself. */
const SHARED = /[tnrvfbB1-9]/;
/** Classes that Python understands in more scripts, without brackets. @type {Record<string, string>} */
const CLASSES = { d: "0-9", w: "a-zA-Z0-9_", s: " \\t\\n\\r\\f\\v" };
/** @type {Record<string, string>} */
const COMPLEMENTS = { D: "[^0-9]", W: "[^a-zA-Z0-9_]", S: "[^\\s\\uFEFF]" };

/**
 * A RegExp in the notation of Python's `re`, where it matches the same texts or fewer. The whole reply has to
 * match: a reply with the match somewhere inside it would have no end.
 * @param {RegExp} regExp
 */
export function pythonOf({ source, flags }) {
  const wrong = /[imv]/.exec(flags);
  if (wrong) throw refusal("NotSupportedError", `The flag “${wrong[0]}” of a RegExp is not supported.`);
  const isUnicode = flags.includes("u");
  let found = "";
  let isInside = false; // a class in brackets
  for (let at = 0; at < source.length; at++) {
    const rest = source.slice(at);
    const character = source[at];
    if (character === "\\") {
      const [length, text] = escapeOf(rest, isInside, isUnicode);
      found += text;
      at += length - 1;
    } else if (isInside) {
      if (character === "]") isInside = false;
      found += "[&~|".includes(character) ? `\\${character}` : character;
    } else if (rest.startsWith("[^]")) {
      found += "[\\s\\S]";
      at += 2;
    } else if (rest.startsWith("[]")) {
      throw refusal("NotSupportedError", "An empty class in a RegExp matches nothing.");
    } else if (character === "[") {
      isInside = true;
      found += character;
    } else if (rest.startsWith("(?<") && !/^\(\?<[=!]/.test(rest)) {
      found += "(?P<";
      at += 2;
    } else if (character === ".") {
      found += flags.includes("s") ? "[\\s\\S]" : `[^${NEWLINES}]`;
    } else if (rest.startsWith("{,")) {
      found += "\\{";
    } else {
      found += character;
    }
  }
  return found;
}

/** @param {string} rest @param {boolean} isInside @param {boolean} isUnicode @returns {[number, string]} */
function escapeOf(rest, isInside, isUnicode) {
  const code =
    /^\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(rest) ??
    (isUnicode && /^\\u\{([0-9a-fA-F]+)\}/.exec(rest));
  if (code) return [code[0].length, `\\U${(code[1] ?? code[2]).padStart(8, "0")}`];
  const letter = rest[1];
  if (letter in CLASSES) return [2, isInside ? CLASSES[letter] : `[${CLASSES[letter]}]`];
  if (letter in COMPLEMENTS && !isInside) return [2, COMPLEMENTS[letter]];
  if (letter === "0" && !/\d/.test(rest[2] ?? "")) return [2, "\\x00"];
  if (/[DWSckpP0]/.test(letter)) {
    throw refusal("NotSupportedError", `“\\${letter}” in a RegExp is not supported here.`);
  }
  return [2, SHARED.test(letter) || /[^a-zA-Z]/.test(letter) ? `\\${letter}` : letter];
}
