/**
 * The builder's code: what was entered, as the HTML of an element with only what differs from its defaults.
 * Anybody can write a page's address, so a value that is not valid is named and left out. No page is needed.
 */

import { looksLikeId, resolveId } from "../engine/model-ids.js";
import { t } from "../ui/words.js";

/** @typedef {Record<string, string>} Values by the names of the builder's fields */

const LENGTH = /^\d+(\.\d+)?(px|em|rem|ch|vw|vh|%)$/;
const COLOUR = /^#[0-9a-f]{6}$/i;
const READABLE = 4.5;

/** The attributes, in the code's order; the other fields are about style. */
const NAMES = ["mode", "model", "adapter", "prompt", "placeholder", "max-new-tokens", "temperature"];

/**
 * @param {Values} values
 * @param {Values} defaults
 * @returns {{attributes: [string, string][], style: [string, string][], problems: Map<string, string>}}
 *   `style` has properties of the element
 */
export function describeTag(values, defaults) {
  const problems = new Map(
    Object.entries(values)
      .filter(([name, value]) => value !== defaults[name])
      .map(([name, value]) => /** @type {[string, string]} */ ([name, problemOf(name, value)]))
      .filter(([, problem]) => problem),
  );
  /** @param {string} name */
  const differs = (name) => values[name] !== defaults[name] && !problems.has(name);
  /** @type {[string, string][]} */
  const attributes = NAMES.filter(differs).map((name) => [name, values[name]]);
  /** @type {[string, string][]} */
  const style = [];
  if (differs("width")) style.push(["width", values.width], ["max-width", "100%"]);
  if (differs("height")) style.push(["--goose-height", values.height]);
  if (values.theme === "own") {
    const own = Object.fromEntries(
      ["accent", "background", "text"].map((name) => [name, (differs(name) ? values : defaults)[name]]),
    );
    attributes.push(["theme", luminance(own.background) > 0.18 ? "light" : "dark"]);
    style.push(...colours(own));
    const ratio = contrast(own.text, own.background);
    if (ratio < READABLE) {
      const contrast = Number(ratio.toFixed(1));
      problems.set("text", t("Contrast {contrast}; text needs {least}", { contrast, least: READABLE }));
    }
  } else if (differs("theme")) attributes.push(["theme", values.theme]);
  return { attributes, style, problems };
}

/** What is wrong with a value that is not the default. @param {string} name @param {string} value */
function problemOf(name, value) {
  switch (name) {
    case "model":
      return isModel(value) ? "" : t("Enter an address that starts with https://, or owner/repo:file");
    case "adapter":
      return isAddress(value) ? "" : t("Enter an address that starts with https://");
    case "max-new-tokens":
      return problemOfNumber(value, 1, 1_000_000);
    case "temperature":
      return problemOfNumber(value, 0, 100);
    case "width":
    case "height":
      return LENGTH.test(value) ? "" : t("Enter a length, such as 30rem, 480px or 100%");
    case "accent":
    case "background":
    case "text":
      return COLOUR.test(value) ? "" : t("Enter a colour, such as #17605a");
    default:
      return "";
  }
}

/** @param {string} value */
function isModel(value) {
  if (!looksLikeId(value)) return isAddress(value);
  try {
    return Boolean(resolveId(value));
  } catch {
    return false;
  }
}

/** @param {string} value */
function isAddress(value) {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}

/** @param {string} value @param {number} least @param {number} greatest */
function problemOfNumber(value, least, greatest) {
  const number = Number(value);
  const isValid = value.trim() !== "" && number >= least && number <= greatest;
  return isValid ? "" : t("Enter a number from {least} to {greatest}.", { least, greatest });
}

/** The element's colours from three of them. @param {Values} own @returns {[string, string][]} */
function colours({ accent, background, text }) {
  const [light, dark] = ["#ffffff", "#000000"];
  return [
    ["--goose-accent", accent],
    ["--goose-accent-ink", contrast(accent, light) >= READABLE ? light : dark],
    ["--goose-paper", background],
    ["--goose-sunken", `color-mix(in srgb, ${background} 95%, ${text})`],
    ["--goose-ink", text],
    ["--goose-ink-soft", `color-mix(in srgb, ${text} 80%, ${background})`],
    ["--goose-line", `color-mix(in srgb, ${text} 55%, ${background})`],
  ];
}

/** WCAG's relative luminance, from 0 to 1. @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG's contrast ratio, from 1 to 21. @param {string} one @param {string} other */
function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/**
 * What to paste into a page.
 * @param {Pick<ReturnType<typeof describeTag>, "attributes" | "style">} tag
 * @param {string} script the address of the element's script
 */
export function htmlOf({ attributes, style }, script) {
  const rules = style.map(([name, value]) => `    ${name}: ${value};`).join("\n");
  const sheet = rules && `<style>\n  goose-quill {\n${rules}\n  }\n</style>\n`;
  const texts = attributes.map(([name, value]) => `${name}="${escaped(value)}"`);
  const between = texts.join(" ").length > 60 ? "\n  " : " ";
  const tag = ["<goose-quill", ...texts].join(between);
  return `<script type="module" src="${escaped(script)}"></script>\n${sheet}${tag}></goose-quill>`;
}

/** @param {string} text as the value of an attribute */
function escaped(text) {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replace(/\r?\n/g, "&#10;");
}
