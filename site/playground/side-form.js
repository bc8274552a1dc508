/** The form of the page for decoders side by side: prompts, length and seeds, and how an address has them. */

import { drawSeed } from "../reports/votes.js";
import { LONGEST_PROMPT } from "../ui/address.js";
import { byId, debounce, element } from "../ui/dom.js";
import { t, tn, translated } from "../ui/words.js";
import { promptsOf, readPrompts, textOf } from "./prompts.js";
import { StyledPrompt } from "./styled-prompt.js";

const TYPING = 300; // milliseconds

export class SideForm {
  #prompt;
  #list = byId("list", "input");
  #file = byId("prompt-file", "input");
  #examples = byId("examples", "div");
  #length = byId("length", "input");
  #seed = byId("seed", "input");
  /**
   * What was typed before this script ran.
   * @type {[HTMLInputElement | HTMLTextAreaElement, string][]}
   */
  #early;
  #changed;
  #ownSeeds = byId("own-seeds", "input");
  #options;

  /**
   * @param {{onChange: () => void, say: (text: string) => void, complain: (error: unknown) => void}} options
   */
  constructor(options) {
    this.#options = options;
    this.#prompt = new StyledPrompt({
      field: byId("prompt", "textarea"),
      box: byId("style-box", "div"),
      select: byId("style", "select"),
      onChange: options.onChange,
    });
    this.#early = [this.#prompt.field, this.#length, this.#seed]
      .filter(({ value, defaultValue }) => value !== defaultValue)
      .map((field) => [field, field.value]);
    this.#changed = debounce(options.onChange, TYPING);
    this.#list.addEventListener("input", () => this.#convert());
    for (const field of [this.#prompt.field, this.#list, this.#length, this.#seed, this.#ownSeeds])
      field.addEventListener("input", this.#changed);
    for (const field of [this.#length, this.#seed])
      field.addEventListener("change", () => {
        if (!field.validity.valid) field.value = field.defaultValue;
      });
    this.#file.addEventListener("change", () => this.#openList());
    byId("new-seed", "button").addEventListener("click", () => {
      this.#seed.value = String(drawSeed());
      options.onChange();
    });
  }

  /** The prompts to write for; empty if nothing was typed. @returns {string[]} */
  get prompts() {
    if (this.#list.checked) return promptsOf(this.#prompt.value);
    return this.#prompt.isEmpty ? [] : [this.#prompt.value];
  }

  get length() {
    return this.#length.valueAsNumber;
  }

  get seed() {
    return this.#seed.valueAsNumber;
  }

  /** Whether each column has a seed of its own. */
  get ownSeeds() {
    return this.#ownSeeds.checked;
  }

  /** @param {boolean} disabled */
  set disabled(disabled) {
    this.#file.disabled = disabled;
  }

  focus() {
    this.#prompt.focus();
  }

  /** @returns {[string, string][]} */
  values() {
    const values = /** @type {[string, string][]} */ ([
      ["prompt", this.#prompt.value],
      ["length", this.#length.value],
      ["seed", this.#seed.value],
    ]);
    if (this.#list.checked) values.push(["list", "1"]);
    if (this.#ownSeeds.checked) values.push(["own_seeds", "1"]);
    return values;
  }

  /** Whether the prompts are short enough for an address. */
  get fitsAddress() {
    return this.#prompt.value.length <= LONGEST_PROMPT;
  }

  /**
   * @param {Map<string, string>} values
   * @param {{prompt?: string, max_new_tokens?: number, seed?: number}} initial what absent values become
   */
  restore(values, initial) {
    setNumber(this.#length, values.get("length") ?? initial.max_new_tokens);
    setNumber(this.#seed, values.get("seed") ?? initial.seed);
    this.#ownSeeds.checked = values.has("own_seeds");
    this.#list.checked = values.has("list");
    this.#listChanged();
    this.#prompt.value = values.get("prompt") ?? initial.prompt ?? "";
    this.#restoreEarly();
  }

  #listChanged() {
    this.#prompt.isList = this.#list.checked;
  }

  /** Who typed before the page was ready keeps that. */
  #restoreEarly() {
    for (const [field, text] of this.#early.splice(0)) {
      if (field === this.#prompt.field) this.#prompt.value = text;
      else field.value = text;
      this.#changed();
    }
  }

  /** Each line of a prompt becomes a prompt of its style; a list of one becomes a prompt again. */
  #convert() {
    const { tag, field, value } = this.#prompt;
    const prompts = promptsOf(field.value).map((line) => tag + line);
    this.#listChanged();
    if (this.#list.checked) this.#prompt.value = textOf(prompts);
    else if (prompts.length === 1) this.#prompt.value = prompts[0];
    else this.#prompt.value = value;
  }

  /**
   * Offers a model's styles, and its example prompts as buttons.
   * @param {{prompts?: {title: string, text: string}[], registers?: unknown}} description
   */
  offer({ prompts = [], registers }) {
    this.#prompt.offer(registers);
    this.#examples.hidden = !prompts.length;
    this.#examples.replaceChildren(
      ...prompts.map(({ title, text }) => {
        const take = () => {
          this.#prompt.value = this.#list.checked ? textOf([...this.prompts, text]) : text;
          this.#options.onChange();
        };
        return element("button", { type: "button", onclick: take }, translated(title));
      }),
    );
  }

  async #openList() {
    const [file] = this.#file.files ?? [];
    if (!file) return;
    try {
      const { prompts, replaced } = readPrompts(file.name, await file.text());
      this.#list.checked = true;
      this.#listChanged();
      this.#prompt.value = textOf(prompts);
      const found = tn(prompts.length, "{name} contains {n} prompt.", "{name} contains {n} prompts.", {
        name: file.name,
      });
      this.#options.say(replaced ? `${found} ${t("Windows line ends were replaced.")}` : found);
      this.#options.onChange();
    } catch (error) {
      this.#options.complain(error);
    }
    this.#file.value = "";
  }
}

/**
 * Sets a number field, if the value is within its limits.
 * @param {HTMLInputElement} field
 * @param {string | number | undefined} text
 */
function setNumber(field, text) {
  const value = Number.parseInt(String(text ?? field.defaultValue), 10);
  if (value >= Number(field.min) && value <= Number(field.max)) field.value = String(value);
}
