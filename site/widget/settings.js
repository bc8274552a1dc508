/**
 * The element's attributes and the properties that mirror them. A number that cannot be parsed is passed on
 * unchanged, so that the engine reports what is wrong with it.
 */

/** @typedef {"text" | "number" | "list" | "url"} Kind */

/** Attributes of the element itself. @type {Record<string, Kind>} */
export const OWN = {
  mode: "text",
  model: "url",
  adapter: "url",
  strength: "number",
  engine: "url",
  prompt: "text",
  system: "text",
  label: "text",
  placeholder: "text",
  reveal: "text",
  theme: "text",
};

/** Settings of a text or a reply; the engine's names have underscores. @type {Record<string, Kind>} */
export const DECODER = {
  "max-new-tokens": "number",
  "max-tokens": "number",
  temperature: "number",
  "top-k": "number",
  "top-p": "number",
  "min-p": "number",
  "typical-p": "number",
  "repetition-penalty": "number",
  "presence-penalty": "number",
  "frequency-penalty": "number",
  seed: "number",
  stop: "list",
  "reasoning-effort": "text",
};

/**
 * The properties that mirror the attributes; null and "" mean that the attribute is missing.
 * @typedef {{
 *   mode: "completion" | "chat" | "", model: string, adapter: string, strength: number | null,
 *   engine: string, prompt: string, system: string, label: string, placeholder: string, reveal: string,
 *   theme: string,
 *   maxNewTokens: number | null, maxTokens: number | null, temperature: number | null, topK: number | null,
 *   topP: number | null, minP: number | null, typicalP: number | null, repetitionPenalty: number | null,
 *   presencePenalty: number | null, frequencyPenalty: number | null, seed: number | null, stop: string[],
 *   reasoningEffort: string
 * }} Mirrored
 */

export const ATTRIBUTES = [...Object.keys(OWN), ...Object.keys(DECODER)];

/** @param {string} attribute */
export function propertyName(attribute) {
  return attribute.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

/**
 * @param {string | null} text the attribute
 * @param {Kind} kind
 * @returns {any}
 */
export function parse(text, kind) {
  if (kind === "list") return text === null ? [] : readList(text);
  if (text === null) return kind === "number" ? null : "";
  if (kind !== "number") return text;
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

/**
 * A property's value as its attribute; null removes it.
 * @param {unknown} value
 * @param {Kind} kind
 */
export function write(value, kind) {
  if (value === null || value === undefined) return null;
  if (kind === "list") return JSON.stringify(Array.isArray(value) ? value.map(String) : [String(value)]);
  return String(value);
}

/** Stop strings: a JSON list, or one plain string. @param {string} text */
function readList(text) {
  try {
    const list = JSON.parse(text);
    if (Array.isArray(list)) return list.map(String);
  } catch {
    // not JSON: one plain string
  }
  return text === "" ? [] : [text];
}

/**
 * The settings that are present, by the engine's names.
 * @param {(name: string) => string | null} attribute
 * @returns {Record<string, unknown>}
 */
export function decoderOptions(attribute) {
  /** @type {Record<string, unknown>} */
  const options = {};
  for (const [name, kind] of Object.entries(DECODER)) {
    const text = attribute(name);
    if (text === null) continue;
    const wire = name === "max-tokens" ? "max_new_tokens" : name.replaceAll("-", "_");
    options[wire] = parse(text, kind);
  }
  return options;
}
