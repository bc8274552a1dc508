// One decoder among those that stand side by side: a preset to begin with, every setting, and for each prompt
// what it wrote, with its measures.

import { same } from "../ui/controls.js";
import { element } from "../ui/dom.js";
import { DecoderControls } from "./decoder-controls.js";
import { distinct, longestRepeat, meanSurprise } from "./measures.js";

/** @typedef {import("./decoder-controls.js").Preset} Preset */
/** @typedef {{text: string, logprobs: number[], seconds: number, seed: number, finish: string, settings: Record<string, any>}} Result */

const LETTERS = "ABCD";
/** What the page sets for all columns alike. */
const COMMON = ["max_new_tokens"];

export class DecoderColumn {
  #presets;
  #title = element("h2");
  #choice;
  #controls;
  #settings = element("details", { class: "column-settings" });
  #summary = element("p", { class: "note" });
  #output;
  #measured = element("dl", { class: "measured" });
  #remove = element("button", { type: "button", class: "quiet" }, "Remove");
  /** By the number of the prompt. @type {Map<number, Result>} */
  results = new Map();

  /**
   * @param {{
   *   id: number, parts: import("./decoder-controls.js").Part[], presets: Preset[],
   *   onChange: (column: DecoderColumn) => void, onRemove: (column: DecoderColumn) => void
   * }} options `id` is unique in the page
   */
  constructor({ id, parts, presets, onChange, onRemove }) {
    this.id = id;
    this.#presets = presets;
    const options = presets.map(({ name, title }) => element("option", { value: name }, title));
    this.#choice = element(
      "select",
      { id: `decoder-${id}`, "aria-label": "Preset" },
      ...options,
      element("option", { value: "" }, "Settings of its own"),
    );
    this.#output = element("div", { class: "output", "data-testid": "output", role: "region", tabindex: 0 });
    const controlBox = element("div", { class: "controls" });
    const changed = () => {
      this.#showPreset();
      onChange(this);
    };
    this.#controls = new DecoderControls(controlBox, parts, {}, changed, {
      prefix: `decoder-${id}`,
      common: COMMON,
    });
    this.#settings.append(element("summary", {}, "Settings"), controlBox);
    this.#choice.addEventListener("change", () => {
      const preset = presets.find(({ name }) => name === this.#choice.value);
      if (preset) this.#controls.take(preset.settings);
      else this.#settings.open = true;
      this.#summary.textContent = preset?.source ?? "";
      onChange(this);
    });
    this.#remove.addEventListener("click", () => onRemove(this));
    const head = element(
      "div",
      { class: "row" },
      this.#title,
      element("span", { class: "grow" }),
      this.#remove,
    );
    this.box = element(
      "section",
      { class: "panel column" },
      head,
      this.#choice,
      this.#summary,
      this.#settings,
      this.#output,
      this.#measured,
    );
  }

  /** A preset's name, or the settings as text: what an address holds of it. */
  get value() {
    return this.preset?.name ?? new URLSearchParams([...this.#controls.values()]).toString();
  }

  /** @param {string} value what `value` gave; settings that there are not are left out */
  set value(value) {
    const preset = this.#presets.find(({ name }) => name === value);
    if (preset) this.#controls.take(preset.settings);
    else this.#controls.restore(new Map(new URLSearchParams(value)));
    this.#showPreset();
  }

  /** The preset at which the settings stand, if any. */
  get preset() {
    const settings = this.settings;
    return this.#presets.find((preset) => same(preset.settings, settings));
  }

  /** What differs from neutral, as the engine takes it. */
  get settings() {
    return this.#controls.settings();
  }

  /** What a reader sees, and what a report calls it. */
  get name() {
    if (this.preset) return this.preset.name;
    const settings = Object.entries(this.settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    return settings.join(", ") || "plain sampling";
  }

  get label() {
    return this.preset?.title ?? this.name;
  }

  #showPreset() {
    const found = this.preset;
    this.#choice.value = found?.name ?? "";
    this.#summary.textContent = found?.source ?? this.name;
  }

  /** @param {{at: number, prompt: number, veiled: boolean, busy: boolean, fewest: boolean}} view */
  show({ at, prompt, veiled, busy, fewest }) {
    const result = this.results.get(prompt);
    const letter = LETTERS[at];
    this.#title.textContent = `${veiled ? "Text" : "Decoder"} ${letter}`;
    this.#output.setAttribute("aria-label", `Text ${letter}`);
    if (this.#output.textContent !== (result?.text ?? "")) this.#output.textContent = result?.text ?? "";
    this.#measured.replaceChildren(...(result ? measures(result) : []));
    for (const part of [this.#choice, this.#summary, this.#settings]) part.hidden = veiled;
    this.#measured.hidden = veiled; // a measure would tell who is who
    this.#remove.hidden = veiled || fewest;
    this.#choice.setAttribute("aria-label", `Preset of decoder ${letter}`);
    this.#choice.disabled = busy;
    this.#remove.disabled = busy;
    this.#controls.disabled = busy;
  }

  /** Adds to the text that is being written. @param {string} text */
  append(text) {
    this.#output.append(text);
  }
}

/** @param {Result} result */
function measures({ text, logprobs, seconds }) {
  const surprise = meanSurprise(logprobs);
  /** @type {[string, string][]} */
  const rows = [["Length", `${logprobs.length} tokens`]];
  for (const [count, name] of /** @type {[number, string][]} */ ([
    [1, "Different words"],
    [2, "Different pairs of words"],
    [3, "Different runs of three"],
  ])) {
    const share = distinct(text, count);
    if (share !== null) rows.push([name, `${Math.round(100 * share)}%`]);
  }
  rows.push(["Longest repeated run", `${longestRepeat(text)} words`]);
  if (surprise !== null) rows.push(["Mean surprise", `${surprise.toFixed(2)} bits`]);
  if (seconds > 0) rows.push(["Speed", `${(logprobs.length / seconds).toFixed(0)} tokens a second`]);
  return rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}
