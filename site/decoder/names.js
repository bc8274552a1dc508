/** What decoders are called by their settings, the same on every page. Pure. */

import { same } from "../ui/controls.js";

/** @import { Preset } from "./controls.js" */

/** Settings that say how long a text becomes, not how it is chosen: a preset leaves them alone. */
export const LENGTH = ["max_new_tokens", "stop"];

/** Settings without those of the length. @param {Record<string, any>} settings */
export function withoutLength(settings) {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !LENGTH.includes(name)));
}

/** The preset that settings are equal to. @param {Record<string, any>} settings @param {Preset[]} presets */
export function presetOf(settings, presets) {
  return presets.find((preset) => same(preset.settings, settings));
}

/** What reports and votes call a decoder. @param {Record<string, any>} settings @param {Preset[]} presets */
export function decoderName(settings, presets) {
  const preset = presetOf(settings, presets);
  if (preset) return preset.name;
  const all = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return all.join(", ") || "plain sampling";
}
