/**
 * The form of the live columns: the prompts, what writes, the numbers and one to four decoders, and how an
 * address has them.
 */

import { DecoderChoice } from "../decoder/choice.js";
import { ExamplePrompts } from "../decoder/example-prompts.js";
import { StyledPrompt } from "../decoder/styled-prompt.js";
import { letterOf } from "../reports/collate.js";
import { LONGEST_PROMPT } from "../ui/address.js";
import { fileText } from "../ui/bounded-file.js";
import { byId, debounce, element } from "../ui/dom.js";
import { drawSeed } from "../ui/seeded.js";
import { t, tn, translated } from "../ui/words.js";
import { numbered } from "./live-report.js";
import { promptsOf, readPrompts, textOf } from "./prompts.js";

/** @import { Template } from "./live-report.js" */
/**
 * What is to be written: `own` prompts, or those that are shown, of which there are at most `limit`. A
 * decoder has the name that reports call it.
 * @typedef {{
 *   own: boolean, prompts: string[], limit: number, samples: number, blind: boolean, template: Template,
 *   decoders: {name: string, settings: Record<string, any>}[]
 * }} LiveSettings
 */

const MOST = 4;
/** Bytes of a file of prompts. */
const LARGEST = 16_000_000;
const INITIAL = ["greedy", "greedy-penalty", "top-p-0.8"]; // the presets that differ most
const PLAIN = "plain";
const TYPING = 300; // milliseconds
/** The number fields that an address has. */
const NUMBERS = ["length", "seed", "samples"];

export class LiveForm {
  #form = byId("live-form", "form");
  #list = byId("live-list", "input");
  #file = byId("prompt-file", "input");
  #templates = byId("live-template", "select");
  #decoders = byId("live-decoders", "div");
  #add = byId("live-add", "button");
  #prompt;
  #examples;
  /** What was typed before this script ran. @type {[HTMLInputElement | HTMLTextAreaElement, string][]} */
  #early;
  /**
   * From left to right.
   * @type {{
   *   choice: DecoderChoice, box: HTMLElement, remove: HTMLButtonElement, show: (at: number) => void
   * }[]}
   */
  #columns = [];
  #lastId = 0;
  /** Once it was chosen. @type {import("./live-server.js").LiveServer | null} */
  #server = null;
  #decoding;
  #options;
  #changed;

  /**
   * @param {any} decoding ui/decoding.json
   * @param {{
   *   onRun: () => void, onChange: () => void, say: (words: string) => void,
   *   complain: (error: unknown) => void
   * }} options
   */
  constructor(decoding, options) {
    this.#decoding = decoding;
    this.#options = options;
    const { onChange, onRun, complain } = options;
    this.#prompt = new StyledPrompt({
      field: byId("prompt", "textarea"),
      box: byId("style-box", "div"),
      select: byId("style", "select"),
      onChange,
    });
    this.#examples = new ExamplePrompts({
      box: byId("live-examples", "div"),
      prompt: this.#prompt,
      onChoose: (text) => {
        this.#prompt.value = this.#list.checked ? textOf([...promptsOf(this.#prompt.value), text]) : text;
        onChange();
      },
    });
    const fields = [this.#prompt.field, ...NUMBERS.map((name) => this.#field(name))];
    this.#early = fields
      .filter(({ value, defaultValue }) => value !== defaultValue)
      .map((field) => [field, field.value]);
    this.#field("length").max = decoding.limits?.max_new_tokens ?? "";
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      onRun();
    });
    this.#changed = debounce(onChange, TYPING);
    this.#form.addEventListener("input", this.#changed);
    this.#list.addEventListener("input", () => this.#convert());
    this.#form.addEventListener("change", () => this.#showSource().catch(complain));
    this.#file.addEventListener("change", () => this.#openList());
    byId("new-seed", "button").addEventListener("click", () => {
      this.#field("seed").value = String(drawSeed());
      onChange();
    });
    this.#add.addEventListener("click", () => this.#addUnused());
    this.#showSource().catch(complain); // it may have been chosen before this script ran
  }

  /** The server, if it is to write. */
  get server() {
    return this.#field("from").value === "server" ? this.#server : null;
  }

  /** Whether the visitor's own prompts are written for, not those that are shown. */
  get own() {
    return this.#field("prompts").value === "own";
  }

  set own(own) {
    this.#field("prompts").value = own ? "own" : "shown";
    this.#showSource().catch(this.#options.complain);
  }

  /** @returns {LiveSettings} */
  get settings() {
    const { template, own, number } = this;
    const names = numbered(this.#columns.map(({ choice }) => choice.name));
    const seeds = this.#field("own_seeds").checked ? 1 : 0;
    return {
      own,
      prompts: this.#list.checked
        ? promptsOf(this.#prompt.value)
        : [this.#prompt.value].slice(this.#prompt.isEmpty ? 1 : 0),
      limit: number("limit"),
      samples: number("samples"),
      blind: own && this.#columns.length > 1 && this.#field("blind").checked,
      template,
      decoders: this.#columns.map(({ choice }, at) => ({
        name: template.name === PLAIN ? names[at] : `${names[at]}, ${template.name}`,
        settings: {
          ...choice.settings,
          max_new_tokens: number("length"),
          seed: number("seed") + seeds * at,
        },
      })),
    };
  }

  /** @returns {Template} */
  get template() {
    return this.#offered.find(({ name }) => name === this.#templates.value) ?? this.#offered[0];
  }

  number = (/** @type {string} */ name) => this.#field(name).valueAsNumber;

  /** @param {boolean} busy */
  set busy(busy) {
    this.#file.disabled = busy;
    this.#add.disabled = busy || this.#columns.length >= MOST;
    for (const { choice } of this.#columns) choice.disabled = busy;
    for (const { remove } of this.#columns) remove.disabled = busy;
  }

  focus() {
    this.#prompt.focus();
  }

  /** Whether the prompts are short enough for an address. */
  get fitsAddress() {
    return this.#prompt.value.length <= LONGEST_PROMPT;
  }

  /** @returns {[string, string][]} */
  values() {
    const checked = (/** @type {string} */ name, /** @type {HTMLInputElement} */ box) =>
      /** @type {[string, string][]} */ (box.checked ? [[name, "1"]] : []);
    return [
      ["decoders", this.#columns.map(({ choice }) => choice.value).join("|")],
      ["prompt", this.#prompt.value],
      ...NUMBERS.map((name) => /** @type {[string, string]} */ ([name, this.#field(name).value])),
      ...checked("list", this.#list),
      ...checked("own_seeds", this.#field("own_seeds")),
    ];
  }

  /**
   * @param {Map<string, string>} values
   * @param {Record<string, any>} initial what absent values become
   */
  restore(values, initial) {
    for (const name of NUMBERS) setNumber(this.#field(name), values.get(name) ?? initial[name]);
    this.#field("own_seeds").checked = values.has("own_seeds");
    this.#list.checked = values.has("list");
    this.#prompt.isList = this.#list.checked;
    this.#prompt.value = values.get("prompt") ?? initial.prompt ?? "";
    const wanted = (values.get("decoders") ?? initial.decoders ?? "").split(/[|,]/).filter(Boolean);
    this.#columns = [];
    for (const one of wanted.length ? wanted.slice(0, MOST) : INITIAL) this.#addColumn(one);
    for (const [field, text] of this.#early.splice(0)) {
      if (field === this.#prompt.field) this.#prompt.value = text;
      else field.value = text;
      this.#changed();
    }
  }

  /**
   * Offers a model's styles, and its example prompts as buttons.
   * @param {{prompts?: {title: string, text: string}[], registers?: unknown}} description
   */
  offer({ prompts = [], registers }) {
    this.#prompt.offer(registers);
    this.#examples.offer(prompts);
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }

  /** Each line of a prompt becomes a prompt of its style; a list of one becomes a prompt again. */
  #convert() {
    const { tag, field, value } = this.#prompt;
    const prompts = promptsOf(field.value).map((line) => tag + line);
    this.#prompt.isList = this.#list.checked;
    if (this.#list.checked) this.#prompt.value = textOf(prompts);
    else this.#prompt.value = prompts.length === 1 ? (prompts[0] ?? "") : value;
  }

  async #openList() {
    const [file] = this.#file.files ?? [];
    if (!file) return;
    const { say, complain, onChange } = this.#options;
    try {
      const { prompts, replaced } = readPrompts(
        file.name,
        await fileText(file, LARGEST, t("Split it first.")),
      );
      this.#list.checked = true;
      this.#prompt.isList = true;
      this.#prompt.value = textOf(prompts);
      const found = tn(prompts.length, "{name} contains {n} prompt.", "{name} contains {n} prompts.", {
        name: file.name,
      });
      say(replaced ? `${found} ${t("Windows line endings were replaced.")}` : found);
      onChange();
    } catch (error) {
      complain(error);
    }
    this.#file.value = "";
  }

  /** Shows the fields of the prompts and of what is to write. */
  async #showSource() {
    const isServer = this.#field("from").value === "server";
    const box = byId("live-server", "div");
    if (isServer && !this.#server) {
      const { LiveServer } = await import("./live-server.js");
      this.#server ??= new LiveServer(box);
    }
    box.hidden = !isServer;
    byId("live-model", "div").hidden = isServer;
    byId("live-own", "div").hidden = !this.own;
    byId("live-limit-box", "div").hidden = this.own;
    if (this.#templates.length === this.#offered.length) return; // what is chosen stays
    const options = this.#offered.map(({ name, title }) =>
      element("option", { value: name }, translated(title)),
    );
    this.#templates.replaceChildren(...options);
  }

  /** The templates that what is to write can use. @returns {Template[]} */
  get #offered() {
    const { templates = [] } = this.#decoding;
    return this.server ? [this.server.template, ...templates] : templates;
  }

  /** Adds a decoder with a preset that is not shown yet. */
  #addUnused() {
    const { presets = [] } = this.#decoding;
    const used = this.#columns.map(({ choice }) => choice.value);
    const unused = presets.find((/** @type {{name: string}} */ { name }) => !used.includes(name));
    this.#addColumn((unused ?? presets[0]).name);
    this.#options.onChange();
  }

  /** @param {string} value */
  #addColumn(value) {
    const { onChange } = this.#options;
    const id = `live-decoder-${++this.#lastId}`;
    const choice = new DecoderChoice(this.#decoding, { id, label: t("Decoder"), onChange });
    choice.value = value;
    const title = element("h2");
    const remove = element("button", { type: "button", class: "quiet" }, t("Remove"));
    const head = element("div", { class: "row" }, title, element("span", { class: "grow" }), remove);
    const { select, summary, settingsBox } = choice;
    const box = element("section", { class: "panel" }, head, select, summary, settingsBox);
    const show = (/** @type {number} */ at) => {
      const letter = letterOf(at);
      title.textContent = t("Decoder {letter}", { letter });
      select.setAttribute("aria-label", t("Preset of decoder {letter}", { letter }));
      remove.setAttribute("aria-label", t("Remove decoder {letter}", { letter }));
      remove.hidden = this.#columns.length === 1;
    };
    const column = { choice, box, remove, show };
    remove.addEventListener("click", () => {
      this.#columns = this.#columns.filter((other) => other !== column);
      this.#showColumns();
      this.#add.focus();
      onChange();
    });
    this.#columns.push(column);
    this.#showColumns();
  }

  #showColumns() {
    this.#decoders.replaceChildren(...this.#columns.map(({ box }) => box));
    for (const [at, { show }] of this.#columns.entries()) show(at);
    this.#field("blind").disabled = this.#columns.length < 2;
  }
}

/**
 * Sets a number field, if the value is within its limits.
 * @param {HTMLInputElement} field
 * @param {string | number | undefined} text
 */
function setNumber(field, text) {
  const value = Number.parseInt(String(text ?? field.defaultValue), 10);
  const most = field.max === "" ? Number.MAX_SAFE_INTEGER : Number(field.max);
  if (value >= Number(field.min) && value <= most) field.value = String(value);
}
