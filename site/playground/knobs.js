// The decoder's controls, made from what the decoder says of itself (goosequill.decoding.describe,
// which the build writes into decoding.json). Each is read and written as a string (for the address
// and the memory) and as the value that the engine takes. A control never holds a value outside its
// limits: what is typed, or arrives in an address, is brought inside.

import { element } from "../ui/dom.js";

/**
 * @typedef {{
 *   name: string, label: string, sentence: string, default: any, neutral: any, minimum: number | null,
 *   maximum: number | null, step: number | null, kind: string, choices: string[]
 * }} Parameter
 * @typedef {{name: string, label: string, sentence: string, formula: string, source: string, parameters: Parameter[]}} Part
 * @typedef {{name: string, title: string, source: string, settings: Record<string, any>}} Preset
 * @typedef {{box: HTMLElement, get: () => any, set: (value: any) => void, text: () => string, parse: (text: string) => void}} Control
 */

/** What stands open; the rest is folded away. */
const MAIN = [
  "temperature",
  "top_p",
  "top_k",
  "repetition_penalty",
  "presence_penalty",
  "frequency_penalty",
  "max_new_tokens",
  "stop",
];

/** What the page sets by itself. */
const HIDDEN = ["logprobs", "seed"];

/** The useful stretch of settings whose limits lie far outside it; the number field takes the rest. */
/** @type {Record<string, [number, number]>} */
const SLIDERS = {
  temperature: [0, 2],
  repetition_penalty: [0.5, 2],
  presence_penalty: [0, 2],
  frequency_penalty: [0, 2],
};

const MAX_SEED = Number.MAX_SAFE_INTEGER;

export class Knobs {
  /** @type {Map<string, Parameter>} */
  #parameters = new Map();
  /** @type {Map<string, Control>} */
  #controls = new Map();
  #box;
  #prefix;
  #common;
  #seed = element("input", {
    type: "number",
    id: "knob-seed",
    min: 0,
    max: MAX_SEED,
    step: 1,
    required: true,
  });
  #fresh = element("input", { type: "checkbox", id: "knob-fresh", checked: true });

  /**
   * @param {HTMLElement} box where the controls go
   * @param {Part[]} parts
   * @param {Record<string, any>} base what the page begins with, where it is not neutral
   * @param {() => void} onChange
   * @param {{prefix?: string, common?: string[]}} [options] `prefix` begins every id; where the page sets
   *   some settings for several decoders, `common` names them, and there is no seed here either
   */
  constructor(box, parts, base, onChange, { prefix = "knob", common } = {}) {
    this.#box = box;
    this.#prefix = prefix;
    this.#common = common;
    this.base = base;
    const folded = element("details", {}, element("summary", {}, "Every other setting"));
    for (const part of parts) this.#addFolded(part, folded, onChange);
    for (const name of MAIN) {
      const parameter = this.#parameters.get(name);
      if (parameter && !common?.includes(name)) box.append(this.#add(parameter, onChange));
    }
    if (!common) box.append(this.#makeSeed(onChange));
    box.append(folded);
    this.restore(new Map());
  }

  /** @param {Part} part @param {HTMLElement} place @param {() => void} onChange */
  #addFolded(part, place, onChange) {
    for (const parameter of part.parameters) this.#parameters.set(parameter.name, parameter);
    const rest = part.parameters.filter(({ name }) => !MAIN.includes(name) && !HIDDEN.includes(name));
    if (!rest.length) return;
    place.append(
      element(
        "fieldset",
        {},
        element("legend", {}, part.label),
        element("p", { class: "note" }, part.sentence),
        ...rest.map((parameter) => this.#add(parameter, onChange)),
        element("p", { class: "note formula" }, element("code", {}, part.formula)),
      ),
    );
  }

  /** @param {Parameter} parameter @param {() => void} onChange */
  #add(parameter, onChange) {
    const control = makeControl(parameter, onChange, this.#prefix);
    this.#controls.set(parameter.name, control);
    return control.box;
  }

  /** @param {() => void} onChange */
  #makeSeed(onChange) {
    const drawNew = element("button", { type: "button", class: "quiet" }, "Draw new");
    drawNew.addEventListener("click", () => {
      this.draw();
      onChange();
    });
    this.#seed.addEventListener("change", () => {
      this.#setSeed(this.#seed.valueAsNumber);
      this.#fresh.checked = false; // a seed that somebody typed is one to keep
      onChange();
    });
    this.#fresh.addEventListener("change", onChange);
    const fresh = element("label", { for: "knob-fresh", class: "grow" }, "A new one for every text");
    return element(
      "div",
      { class: "knob seed" },
      element("label", { for: "knob-seed" }, "Seed"),
      this.#seed,
      element("div", { class: "row" }, this.#fresh, fresh, drawNew),
      element("p", { class: "note" }, "The same seed and settings give the same text again."),
    );
  }

  /** @param {number} value */
  #setSeed(value) {
    this.#seed.value = String(
      Number.isFinite(value) ? Math.min(MAX_SEED, Math.max(0, Math.floor(value))) : 0,
    );
  }

  /** @param {boolean} off */
  set disabled(off) {
    for (const field of this.#box.querySelectorAll("input, select, textarea, button")) {
      field.toggleAttribute("disabled", off);
    }
  }

  get seed() {
    return this.#seed.valueAsNumber;
  }

  /** Draws a new seed. */
  draw() {
    this.#setSeed(crypto.getRandomValues(new Uint32Array(1))[0]);
  }

  /** Draws a new seed if every text is to have its own. */
  drawIfFresh() {
    if (this.#fresh.checked) this.draw();
  }

  /** What differs from neutral, as the engine takes it, without the seed. @returns {Record<string, any>} */
  settings() {
    /** @type {Record<string, any>} */
    const settings = {};
    for (const [name, control] of this.#controls) {
      const value = control.get();
      if (!same(value, this.#parameters.get(name)?.default)) settings[name] = value;
    }
    return settings;
  }

  /** Takes settings as the engine takes them; all others become neutral. @param {Record<string, any>} settings */
  take(settings) {
    for (const [name, control] of this.#controls) {
      const value = Object.hasOwn(settings, name) ? settings[name] : this.#parameters.get(name)?.default;
      control.set(value);
    }
  }

  /** What differs from the page's beginning, and the seed, as strings. @returns {Map<string, string>} */
  values() {
    const values = new Map();
    for (const [name, control] of this.#controls) {
      if (!same(control.get(), this.#beginning(name))) values.set(name, control.text());
    }
    if (!this.#common) values.set("seed", this.#seed.value);
    return values;
  }

  /** Takes what `values` gave; what is absent becomes what the page begins with. @param {Map<string, string>} values */
  restore(values) {
    for (const [name, control] of this.#controls) {
      control.set(this.#beginning(name));
      const text = values.get(name);
      if (text !== undefined) control.parse(text);
    }
    this.#fresh.checked = !values.has("seed");
    if (values.has("seed")) this.#setSeed(Number.parseFloat(values.get("seed") ?? ""));
    else this.draw();
  }

  /** @param {string} name */
  #beginning(name) {
    return Object.hasOwn(this.base, name) ? this.base[name] : this.#parameters.get(name)?.default;
  }
}

/** Whether two decoders are the same. @param {Record<string, any>} one @param {Record<string, any>} other */
export function sameSettings(one, other) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => same(one[name], other[name]));
}

/** @param {any} one @param {any} other */
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** @param {Parameter} parameter @param {() => void} onChange @param {string} prefix @returns {Control} */
function makeControl(parameter, onChange, prefix) {
  switch (parameter.kind) {
    case "number":
    case "integer":
      return makeNumber(parameter, onChange, prefix);
    case "boolean":
      return makeBoolean(parameter, onChange, prefix);
    case "choice":
      return makeChoice(parameter, onChange, prefix);
    case "text":
      return makeField(parameter, onChange, prefix, String, String);
    case "json":
      return makeField(parameter, onChange, prefix, fromJson, toJson);
    default:
      return makeText(parameter, onChange, prefix);
  }
}

/** Label, hint and id, alike for every control. @param {string} prefix @param {Parameter} parameter @param {HTMLElement} field */
function dress(prefix, { name, label, sentence }, field, className = "knob") {
  field.id = `${prefix}-${name}`;
  field.setAttribute("aria-describedby", `${prefix}-${name}-hint`);
  const hint = element("p", { class: "note", id: `${prefix}-${name}-hint` }, sentence);
  return element("div", { class: className }, element("label", { for: field.id }, label), field, hint);
}

/** @param {Parameter} parameter @param {() => void} onChange @param {string} prefix @returns {Control} */
function makeNumber(parameter, onChange, prefix) {
  const { name, label, kind, default: fallback } = parameter;
  const min = parameter.minimum ?? -1e6;
  const max = parameter.maximum ?? 1e6;
  const step = parameter.step ?? 1;
  // A step on the field itself would make the browser refuse values between two steps.
  const field = element("input", {
    type: "number",
    min,
    max,
    step: kind === "integer" ? 1 : "any",
    required: true,
  });
  const box = dress(prefix, parameter, field);
  const stretch = Object.hasOwn(SLIDERS, name) ? SLIDERS[name] : [min, max];
  /** @type {HTMLInputElement | null} */
  let slider = null;
  if ((stretch[1] - stretch[0]) / step <= 100) {
    slider = element("input", {
      type: "range",
      class: "wide",
      min: stretch[0],
      max: stretch[1],
      step,
      "aria-label": label,
    });
    field.after(slider);
  }
  const set = (/** @type {number} */ value) => {
    const inside = Math.min(max, Math.max(min, Number.isFinite(value) ? value : fallback));
    const rounded = kind === "integer" ? Math.round(inside) : Number(inside.toFixed(4));
    field.value = String(rounded);
    if (slider) slider.value = field.value;
  };
  field.addEventListener("change", () => {
    set(field.valueAsNumber);
    onChange();
  });
  slider?.addEventListener("input", () => {
    set(/** @type {HTMLInputElement} */ (slider).valueAsNumber);
    onChange();
  });
  return {
    box,
    set,
    get: () => field.valueAsNumber,
    text: () => field.value,
    parse: (text) => {
      const value = Number.parseFloat(text);
      if (Number.isFinite(value)) set(value);
    },
  };
}

/** @param {Parameter} parameter @param {() => void} onChange @param {string} prefix @returns {Control} */
function makeBoolean(parameter, onChange, prefix) {
  const field = element("input", { type: "checkbox" });
  field.addEventListener("change", onChange);
  return {
    box: dress(prefix, parameter, field, "knob check"),
    set: (value) => {
      field.checked = value === true;
    },
    get: () => field.checked,
    text: () => String(field.checked),
    parse: (text) => {
      field.checked = text === "true";
    },
  };
}

/** @param {Parameter} parameter @param {() => void} onChange @param {string} prefix @returns {Control} */
function makeChoice(parameter, onChange, prefix) {
  const options = parameter.choices.map((choice) => element("option", { value: choice }, choice));
  const field = element("select", {}, ...options);
  field.addEventListener("change", onChange);
  const set = (/** @type {string} */ value) => {
    field.value = parameter.choices.includes(value) ? value : parameter.default;
  };
  return {
    box: dress(prefix, parameter, field),
    set,
    get: () => field.value,
    text: () => field.value,
    parse: set,
  };
}

/**
 * One text in a box of its own.
 * @param {Parameter} parameter @param {() => void} onChange @param {string} prefix
 * @param {(text: string) => any} read @param {(value: any) => string} write
 * @returns {Control}
 */
function makeField(parameter, onChange, prefix, read, write) {
  const field = element("textarea", { class: "wide", rows: 2, spellcheck: "false" });
  field.addEventListener("change", onChange);
  return {
    box: dress(prefix, parameter, field),
    set: (value) => {
      field.value = write(value);
    },
    get: () => read(field.value),
    text: () => field.value,
    parse: (text) => {
      field.value = text;
    },
  };
}

/** What is no JSON goes to the engine as it is, which says what is wrong with it. @param {string} text */
function fromJson(text) {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {any} value */
function toJson(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Lists: one entry a line. How each kind reads and writes a line. @type {Record<string, {read: (line: string) => any, write: (entry: any) => string, help: string}>} */
const LINES = {
  texts: { read: unescaped, write: escaped, help: "One a line; \\n stands for a new line." },
  tokens: { read: Number, write: String, help: "One number a line." },
  biases: {
    read: (line) => line.split(":").map(Number),
    write: ([token, bias]) => `${token}: ${bias}`,
    help: "One a line, as token: value.",
  },
};

/** @param {string} line */
function unescaped(line) {
  return line.replace(/\\([n\\])/g, (_, letter) => (letter === "n" ? "\n" : "\\"));
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** @param {Parameter} parameter @param {() => void} onChange @param {string} prefix @returns {Control} */
function makeText(parameter, onChange, prefix) {
  const { read, write, help } = LINES[parameter.kind] ?? LINES.texts;
  const field = element("textarea", { class: "wide", rows: 2, spellcheck: "false" });
  field.addEventListener("change", onChange);
  const box = dress(prefix, { ...parameter, sentence: `${parameter.sentence} ${help}` }, field);
  const entries = () =>
    field.value
      .split("\n")
      .filter((line) => line !== "")
      .map(read);
  return {
    box,
    set: (value) => {
      const list = parameter.kind === "biases" ? Object.entries(value) : value;
      field.value = list.map(write).join("\n");
    },
    get: () => (parameter.kind === "biases" ? Object.fromEntries(entries()) : entries()),
    text: () => field.value,
    parse: (text) => {
      field.value = text;
    },
  };
}
