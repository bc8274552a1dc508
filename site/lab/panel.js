/**
 * What surrounds an experiment's picture: controls made from its description, the buttons, the progress and
 * the status line. It knows nothing of engines and results; frame.js does.
 */

import { Controls } from "../ui/controls.js";
import { element } from "../ui/dom.js";
import { ProgressView } from "../ui/progress.js";
import { StatusLine } from "../ui/status.js";
import { megabytes } from "../ui/words.js";

/** @import { Parameter } from "../ui/control-kinds.js" */
/** @typedef {{name: string, label: string, sentence: string, parameters: Parameter[]}} Description */
/** @typedef {Record<string, [number, number]>} Ranges */

/** Seeds that "New seed" draws are below this, so that they are short to read and to write down. */
const SEEDS = 10_000;

export class Panel {
  run = element("button", { type: "button", class: "primary", "data-testid": "run" }, "Run");
  cancel = element("button", { type: "button", hidden: true, "data-testid": "cancel" }, "Cancel");
  reset = element("button", { type: "button", class: "quiet", "data-testid": "reset" }, "Reset");
  inputs = element("div", { class: "lab-inputs", hidden: true });
  picture = element("div", { class: "lab-picture" });
  #size = element("p", { class: "note lab-size" });
  #line = element("p", { class: "lab-status", role: "status" });
  #progress = element("div", { class: "lab-progress", hidden: true });
  #controls;
  #ranges;
  #unused;
  #parameters;
  /** What each setting's control stands in, by the setting's name. @type {Map<string, HTMLElement>} */
  #boxes;
  /** Settings that are shown on demand. @type {HTMLDetailsElement | null} */
  #folded;

  /**
   * @param {{
   *   description: Description, prefix: string, onChange: () => void,
   *   ranges?: (settings: Record<string, any>) => Ranges, labels?: Record<string, Record<string, string>>,
   *   folded?: readonly string[], unused?: (settings: Record<string, any>) => readonly string[],
   *   isStage?: boolean
   * }} options `prefix` begins the ids; `ranges` returns the limits of numbers that depend on other settings;
   *   `labels` has words for the choices of a setting; `folded` are the settings that are shown on demand;
   *   `unused` returns those that others leave without effect, which are not shown; `isStage`: the visitor's
   *   own input comes first and has the picture's width
   */
  constructor({
    description,
    prefix,
    onChange,
    ranges = () => ({}),
    labels = {},
    folded = [],
    unused = () => [],
    isStage = false,
  }) {
    this.#parameters = description.parameters;
    this.#ranges = ranges;
    this.#unused = unused;
    this.#controls = new Controls({ prefix, onChange: () => this.#changed(onChange) });
    this.#boxes = new Map(
      this.#parameters.map((each) => [each.name, this.#box(each, labels[each.name], onChange)]),
    );
    const boxes = [...this.#boxes.values()];
    const rest = boxes.filter((box) => folded.some((name) => this.#boxes.get(name) === box));
    this.#folded = rest.length ? fold(rest) : null;
    const bar = element("progress", { "aria-label": "Progress" });
    const figures = element("span", { class: "note" });
    this.#progress.append(bar, figures);
    this.status = new StatusLine(this.#line);
    this.progress = new ProgressView({ box: this.#progress, bar, label: figures }, this.status.say);
    const controls = element(
      "div",
      { class: "controls lab-controls" },
      ...boxes.filter((box) => !rest.includes(box)),
      this.#folded,
    );
    const help = element("button", { type: "button", class: "quiet", "aria-pressed": false }, "Explain");
    help.title = "Explain the settings";
    help.addEventListener("click", () => {
      const explained = controls.classList.toggle("explained");
      help.setAttribute("aria-pressed", String(explained));
    });
    const actions = [this.run, this.cancel, this.reset, boxes.length ? help : null];
    const side = element(
      "div",
      { class: "lab-side" },
      boxes.length ? controls : null,
      isStage ? null : this.inputs,
      element("div", { class: "lab-actions" }, ...actions),
      element("div", { class: "lab-news" }, this.#line, this.#progress, this.#size),
    );
    /** Everything, in the order in which it stands. */
    this.parts = [...(isStage ? [this.inputs] : []), side, this.picture];
    this.#fit();
  }

  /** The settings that differ from the defaults. */
  get settings() {
    return this.#controls.settings();
  }

  /** Every setting. */
  get all() {
    return this.#controls.all();
  }

  /** What differs from the defaults, as text by name. */
  values() {
    return this.#controls.values();
  }

  /** Sets what `values` returned, as far as it is valid. @param {Map<string, string>} values */
  restore(values) {
    this.#controls.limit({});
    this.#controls.restore(values);
    this.#fit();
    this.#unfold();
  }

  /** Changes some settings. @param {Record<string, any>} settings */
  change(settings) {
    const all = { ...this.#controls.all(), ...settings };
    this.#controls.limit({});
    this.#controls.take(all);
    this.#fit();
    this.#unfold();
  }

  /** Shows all settings if one that is folded is not the default. */
  #unfold() {
    const differs = [...this.#controls.values().keys()].some((name) =>
      this.#folded?.contains(this.#boxes.get(name) ?? null),
    );
    if (this.#folded && differs) this.#folded.open = true;
  }

  /** Says what the first run downloads. @param {number} bytes 0 for nothing, or if it is unknown */
  showSize(bytes) {
    this.#size.textContent = bytes ? `The first run loads Python, ${megabytes(bytes)}, from this site.` : "";
  }

  /** @param {boolean} isRunning */
  set running(isRunning) {
    this.run.setAttribute("aria-disabled", String(isRunning));
    const hadFocus = document.activeElement === this.cancel;
    this.cancel.hidden = !isRunning;
    if (!isRunning) this.progress.hide();
    if (!isRunning && hadFocus) this.run.focus();
  }

  /**
   * @param {Parameter} parameter
   * @param {Record<string, string>} [words]
   * @param {() => void} [onChange]
   */
  #box(parameter, words = {}, onChange = () => {}) {
    const box = this.#controls.add(parameter);
    for (const option of box.querySelectorAll("option")) {
      if (Object.hasOwn(words, option.value)) option.textContent = words[option.value];
    }
    if (parameter.name !== "seed") return box;
    const draw = element("button", { type: "button", class: "quiet", "data-testid": "new-seed" }, "New seed");
    draw.addEventListener("click", () => {
      const limit = Math.min(SEEDS, parameter.maximum ?? SEEDS);
      this.#controls.set("seed", crypto.getRandomValues(new Uint32Array(1))[0] % limit);
      this.#changed(onChange);
    });
    box.classList.add("seed");
    box.append(draw);
    return box;
  }

  /** @param {() => void} onChange */
  #changed(onChange) {
    this.#fit();
    onChange();
  }

  /** Brings all settings within their ranges, and hides those without effect. */
  #fit() {
    this.#limit();
    const unused = this.#unused(this.#controls.all());
    for (const [name, box] of this.#boxes) box.hidden = unused.includes(name);
  }

  /**
   * Brings all settings within the ranges that they give each other. A control that was just moved is within
   * its own; others may have to follow a choice or an address. If they cannot, the defaults return.
   */
  #limit() {
    const names = this.#parameters.map(({ name }) => name).reverse();
    for (const name of ["", ...names]) {
      const all = this.#controls.all();
      const ranges = this.#ranges(all);
      const outside = (/** @type {string} */ each) =>
        Object.hasOwn(ranges, each) && (all[each] < ranges[each][0] || all[each] > ranges[each][1]);
      if (!names.some(outside)) return this.#controls.limit(ranges);
      if (name && outside(name)) {
        this.#controls.set(name, Math.min(ranges[name][1], Math.max(ranges[name][0], all[name])));
      }
    }
    const all = this.#controls.all();
    const ranges = this.#ranges(all);
    const isValid = names.every(
      (name) =>
        !Object.hasOwn(ranges, name) || (all[name] >= ranges[name][0] && all[name] <= ranges[name][1]),
    );
    if (!isValid) this.#controls.take({});
    this.#controls.limit(this.#ranges(this.#controls.all()));
  }
}

/** @param {HTMLElement[]} boxes */
function fold(boxes) {
  return element(
    "details",
    {}, // articles colour the summary of one with a class
    element("summary", {}, "More settings"),
    element("div", { class: "controls lab-controls" }, ...boxes),
  );
}
