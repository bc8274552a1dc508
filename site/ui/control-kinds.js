/**
 * One control for each kind of parameter: number, integer, boolean, choice, and the kinds that are edited as
 * text. What is typed or arrives in an address is brought within the parameter's limits.
 */

import { element } from "./dom.js";
import { showFieldProblem } from "./field-problem.js";
import { t, translated } from "./words.js";

/**
 * @typedef {{
 *   name: string, label: string, sentence: string, default: any, kind: string, choices: string[],
 *   choice_labels?: string[], minimum: number | null, maximum: number | null, step: number | null
 * }} Parameter
 * @typedef {{
 *   box: HTMLElement, get: () => any, set: (value: any) => void,
 *   text: () => string, parse: (text: string) => void, limit?: (range?: [number, number]) => void,
 *   problem?: () => string
 * }} Control one parameter's control; `box` has its label, field and hint. `limit` narrows what a number may
 *   be; without a range its own limits hold again. `problem` shows at the field, and returns, why its value
 *   cannot be used; "" if it can
 * @typedef {{
 *   prefix: string, onChange: () => void, stretch?: [number, number], folded?: boolean, strict?: boolean
 * }} ControlOptions `prefix` begins the ids and is unique on the page; `stretch` is what a slider covers,
 *   where the limits are far outside the useful range; `folded` puts the hint behind a "?"; `strict` reports
 *   an empty number field instead of filling in the default
 */

/** @param {Parameter} parameter @param {ControlOptions} options @returns {Control} */
export function createControl(parameter, options) {
  switch (parameter.kind) {
    case "number":
    case "integer":
      return numberControl(parameter, options);
    case "boolean":
      return booleanControl(parameter, options);
    case "choice":
      return choiceControl(parameter, options);
    default:
      return textControl(parameter, options);
  }
}

/**
 * Label, field and hint, in the same way for every control.
 * @param {Parameter} parameter
 * @param {HTMLElement} field
 * @param {ControlOptions} options
 * @param {string} [className]
 */
function labelled({ name, label, sentence }, field, { prefix, folded }, className = "control") {
  field.id = `${prefix}-${name}`;
  field.setAttribute("aria-describedby", `${field.id}-hint`);
  const hint = element("p", { class: "note", id: `${field.id}-hint`, hidden: folded }, sentence);
  const caption = element("label", { for: field.id }, label);
  const head = folded
    ? element("span", { class: "control-label" }, caption, hintButton(label, hint))
    : caption;
  return element("div", { class: className }, head, field, hint);
}

/** Shows and hides a hint. @param {string} label of the control @param {HTMLElement} hint */
function hintButton(label, hint) {
  const button = element(
    "button",
    {
      type: "button",
      class: "hint-button",
      "aria-label": t("What is {label}?", { label }),
      "aria-expanded": false,
      "aria-controls": hint.id,
      onclick: () => {
        hint.hidden = !hint.hidden;
        button.setAttribute("aria-expanded", String(!hint.hidden));
      },
    },
    "?",
  );
  return button;
}

/** @param {Parameter} parameter @param {ControlOptions} options @returns {Control} */
function numberControl(parameter, options) {
  const { onChange, stretch, strict } = options;
  const { label, kind } = parameter;
  const min = parameter.minimum ?? -1e6;
  const max = parameter.maximum ?? 1e6;
  const step = parameter.step ?? 1;
  // With a step on the field itself the browser would refuse values between two steps.
  const field = element("input", {
    type: "number",
    min,
    max,
    step: kind === "integer" ? 1 : "any",
    required: true,
  });
  const box = labelled(parameter, field, options);
  const [low, high] = stretch ?? [min, max];
  /** @type {HTMLInputElement | null} */
  let slider = null;
  if ((high - low) / step <= 100) {
    slider = element("input", {
      type: "range",
      class: "wide",
      min: low,
      max: high,
      step,
      "aria-label": label,
    });
    field.after(slider);
  }
  let [least, greatest] = [min, max];
  const set = (/** @type {number} */ value) => {
    showFieldProblem(field, "");
    field.value = String(Math.min(greatest, Math.max(least, withinLimits(parameter, value))));
    if (slider) slider.value = field.value;
  };
  const problem = () => {
    const words = Number.isNaN(field.valueAsNumber)
      ? t("Enter a number from {least} to {greatest}.", { least, greatest })
      : "";
    showFieldProblem(field, words);
    return words;
  };
  field.addEventListener("change", () => {
    if (strict && problem()) return;
    const typed = field.valueAsNumber;
    set(typed);
    if (typed < least || typed > greatest) {
      const words = t("{typed} is out of range: from {least} to {greatest}.", { typed, least, greatest });
      showFieldProblem(field, words, { isMended: true });
    }
    onChange();
  });
  slider?.addEventListener("input", () => {
    set(/** @type {HTMLInputElement} */ (slider).valueAsNumber);
    onChange();
  });
  return {
    box,
    set,
    problem,
    get: () => field.valueAsNumber,
    text: () => field.value,
    parse: (text) => {
      const value = Number.parseFloat(text);
      if (Number.isFinite(value)) set(value);
    },
    limit: (range = [min, max]) => {
      [least, greatest] = range;
      field.min = String(least);
      field.max = String(greatest);
    },
  };
}

/**
 * The nearest value that a number parameter allows; its default for what is not a number.
 * @param {Pick<Parameter, "kind" | "minimum" | "maximum" | "default">} parameter
 * @param {number} value
 */
export function withinLimits({ kind, minimum, maximum, default: fallback }, value) {
  const finite = Number.isFinite(value) ? value : fallback;
  const inside = Math.min(maximum ?? 1e6, Math.max(minimum ?? -1e6, finite));
  return kind === "integer" ? Math.round(inside) : Number(inside.toPrecision(12));
}

/** @param {Parameter} parameter @param {ControlOptions} options @returns {Control} */
function booleanControl(parameter, options) {
  const field = element("input", { type: "checkbox", onchange: options.onChange });
  return {
    box: labelled(parameter, field, options, "control check"),
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

/** @param {Parameter} parameter @param {ControlOptions} options @returns {Control} */
function choiceControl(parameter, options) {
  const labels = parameter.choice_labels?.length
    ? parameter.choice_labels.map(translated)
    : parameter.choices;
  const choices = parameter.choices.map((choice, i) => element("option", { value: choice }, labels[i]));
  const field = element("select", { onchange: options.onChange }, ...choices);
  const set = (/** @type {string} */ value) => {
    field.value = parameter.choices.includes(value) ? value : parameter.default;
  };
  return {
    box: labelled(parameter, field, options),
    set,
    get: () => field.value,
    text: () => field.value,
    parse: set,
  };
}

/** @param {Parameter} parameter @param {ControlOptions} options @returns {Control} */
function textControl(parameter, options) {
  const { read, write, help } = TEXT_KINDS[parameter.kind] ?? TEXT_KINDS.texts;
  const field = element("textarea", {
    class: "wide",
    rows: 2,
    spellcheck: "false",
    onchange: options.onChange,
  });
  const sentence = help ? `${parameter.sentence} ${help()}` : parameter.sentence;
  return {
    box: labelled({ ...parameter, sentence }, field, options),
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

/**
 * The kinds of parameters that are edited as text: how each is read and written.
 * @type {Record<string, {read: (text: string) => any, write: (value: any) => string, help?: () => string}>}
 */
export const TEXT_KINDS = {
  text: { read: String, write: String },
  json: { read: fromJson, write: toJson },
  texts: {
    read: (text) => linesOf(text).map(unescapeLine),
    write: (list) => list.map(escapeLine).join("\n"),
    help: () => t("One per line; write \\n for a line break."),
  },
  tokens: {
    read: (text) => linesOf(text).map(Number),
    write: (list) => list.join("\n"),
    help: () => t("One token id per line."),
  },
  biases: {
    read: (text) => Object.fromEntries(linesOf(text).map((line) => line.split(":").map(Number))),
    write: (biases) =>
      Object.entries(biases)
        .map(([token, bias]) => `${token}: ${bias}`)
        .join("\n"),
    help: () => t("One per line, as token id: bias."),
  },
};

/** @param {string} text */
function linesOf(text) {
  return text.split("\n").filter((line) => line !== "");
}

/**
 * Text that is not valid JSON is passed on unchanged: the engine reports what is wrong with it.
 * @param {string} text
 */
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

/** @param {string} line */
function unescapeLine(line) {
  return line.replace(/\\([n\\])/g, (_, letter) => (letter === "n" ? "\n" : "\\"));
}

/** @param {string} text */
function escapeLine(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
