/**
 * Controls made from parameters: how any setting or experiment describes itself (goosequill.parameters, as
 * JSON). Each value can be read and set as the engine takes it, and as text for an address or the memory
 * (address.js, memory.js). Nothing here knows what the parameters mean. One kind of control each is in
 * control-kinds.js.
 */

import { createControl } from "./control-kinds.js";
import { translated } from "./words.js";

/** @import { Control, Parameter } from "./control-kinds.js" */

/** The controls of a list of parameters. The caller places their boxes. */
export class Controls {
  #onChange;
  #base;
  #stretches;
  #options;
  /** @type {Map<string, {parameter: Parameter, control: Control}>} */
  #entries = new Map();

  /**
   * @param {{
   *   prefix: string, onChange: () => void, base?: Record<string, any>,
   *   stretches?: Record<string, [number, number]>, folded?: boolean, strict?: boolean
   * }} options `base` has the values that a reset brings, where they are not the parameters' defaults;
   *   `folded` and `strict` as in control-kinds.js
   */
  constructor({ prefix, onChange, base = {}, stretches = {}, folded, strict }) {
    this.#options = { prefix, folded, strict };
    this.#onChange = () => {
      this.#mark();
      onChange();
    };
    this.#base = base;
    this.#stretches = stretches;
  }

  /** Adds a parameter; returns the box to place. @param {Parameter} described @returns {HTMLElement} */
  add(described) {
    const { label, sentence } = described;
    const parameter = { ...described, label: translated(label), sentence: translated(sentence) };
    const stretch = Object.hasOwn(this.#stretches, parameter.name)
      ? this.#stretches[parameter.name]
      : undefined;
    const control = createControl(parameter, { ...this.#options, onChange: this.#onChange, stretch });
    control.set(this.#initial(parameter));
    this.#entries.set(parameter.name, { parameter, control });
    return control.box;
  }

  /** Marks the controls whose value differs from the base: `data-changed`. */
  #mark() {
    for (const { parameter, control } of this.#entries.values()) {
      control.box.toggleAttribute("data-changed", !same(control.get(), this.#initial(parameter)));
    }
  }

  /**
   * The first control whose value cannot be used; the problem is shown there.
   * @returns {{label: string, words: string, box: HTMLElement} | null}
   */
  problem() {
    for (const { parameter, control } of this.#entries.values()) {
      const words = control.problem?.();
      if (words) return { label: parameter.label, words, box: control.box };
    }
    return null;
  }

  /** The values that differ from the parameters' defaults. @returns {Record<string, any>} */
  settings() {
    const values = [...this.#entries].map(([name, { control }]) => [name, control.get()]);
    return Object.fromEntries(
      values.filter(([name, value]) => !same(value, this.#entries.get(name)?.parameter.default)),
    );
  }

  /** Sets values; every other parameter takes its default. @param {Record<string, any>} settings */
  take(settings) {
    for (const [name, { parameter, control }] of this.#entries) {
      control.set(Object.hasOwn(settings, name) ? settings[name] : parameter.default);
    }
    this.#mark();
  }

  /** Every value. @returns {Record<string, any>} */
  all() {
    return Object.fromEntries([...this.#entries].map(([name, { control }]) => [name, control.get()]));
  }

  /** Sets one value. @param {string} name @param {any} value */
  set(name, value) {
    this.#entries.get(name)?.control.set(value);
    this.#mark();
  }

  /**
   * Narrows what numbers may be; the others have their own limits again.
   * @param {Record<string, [number, number]>} ranges
   */
  limit(ranges) {
    for (const [name, { control }] of this.#entries) {
      control.limit?.(Object.hasOwn(ranges, name) ? ranges[name] : undefined);
    }
  }

  /** What differs from the base, as text. @returns {Map<string, string>} */
  values() {
    const changed = [...this.#entries].filter(
      ([, { parameter, control }]) => !same(control.get(), this.#initial(parameter)),
    );
    return new Map(changed.map(([name, { control }]) => [name, control.text()]));
  }

  /**
   * Sets what `values` returned; every other parameter takes its base.
   * @param {Map<string, string>} values
   */
  restore(values) {
    for (const [name, { parameter, control }] of this.#entries) {
      control.set(this.#initial(parameter));
      const text = values.get(name);
      if (text !== undefined) control.parse(text);
    }
    this.#mark();
  }

  /** @param {Parameter} parameter */
  #initial({ name, default: fallback }) {
    return Object.hasOwn(this.#base, name) ? this.#base[name] : fallback;
  }
}

/**
 * Whether two values, or two records of values, are the same.
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
export function same(one, other) {
  if (!isRecord(one) || !isRecord(other)) return JSON.stringify(one) === JSON.stringify(other);
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => same(one[name], other[name]));
}

/** @param {any} value */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
