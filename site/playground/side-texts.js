/**
 * The texts of the page for decoders side by side: the prompts, which model wrote for them, and the writing
 * itself, decoder by decoder. The texts are in the columns (decoder-column.js); reports of them are made in
 * side-report.js.
 */

import { t } from "../ui/words.js";
import { letterOf } from "./decoder-column.js";
import { configNames, reportOf } from "./side-report.js";

/** @import { Model } from "../engine/client.js" */
/** @import { DecoderColumn, Result } from "./decoder-column.js" */
/**
 * @typedef {{prompt: string, results: {sampling_config: string, sampling_params: any, outputs: string[],
 *   measures?: any, loops?: any}[]}} ExampleEntry
 */

/**
 * @typedef {Object} Run
 * @property {number} length of each text, in tokens
 * @property {number} seed
 * @property {boolean} ownSeeds whether each column adds its index to the seed
 * @property {AbortSignal} signal
 * @property {(words: string) => void} say
 * @property {(progress: any) => void} onProgress
 * @property {() => void} onText called when text has arrived
 * @property {() => void} onResult called when a text is complete or measured
 */

export class SideTexts {
  #columns;
  /** Title of the model that wrote; another may have been chosen since. */
  #writer = "";
  /** @type {readonly string[]} */
  prompts = [];

  /** @param {import("./decoder-columns.js").DecoderColumns} columns */
  constructor(columns) {
    this.#columns = columns;
  }

  /** Whether any prompt has all its texts. */
  get any() {
    return this.prompts.some((_, at) => this.#columns.isWritten(at));
  }

  /** Starts over with other prompts. @param {readonly string[]} prompts @param {string} writer */
  clear(prompts, writer) {
    this.prompts = prompts;
    this.#writer = writer;
    this.#columns.clearResults();
  }

  /** Takes texts that were written earlier. @param {ExampleEntry} entry @param {string} writer */
  take({ prompt, results }, writer) {
    this.clear([prompt], writer);
    for (const { sampling_config, sampling_params, outputs, measures, loops } of results) {
      const column = this.#columns.added.find(({ choice }) => choice.value === sampling_config);
      const { logprobs, finish_reason: finish, ...settings } = sampling_params;
      const text = outputs[0] ?? "";
      column?.results.set(0, {
        text,
        logprobs,
        seconds: 0,
        seed: settings.seed,
        finish,
        settings,
        measures: measures?.[0] ?? null,
        loop: loops?.[0] ?? null,
      });
    }
  }

  /**
   * Writes and measures the texts for a prompt.
   * @param {Model} model
   * @param {number} at the index of the prompt
   * @param {Run} run
   */
  async write(model, at, run) {
    const { shown, added } = this.#columns;
    for (const [place, column] of shown.entries()) {
      const which = { letter: letterOf(place), prompt: at + 1, of: this.prompts.length };
      run.say(
        which.of > 1
          ? t("Writing text {letter} for prompt {prompt} of {of}…", which)
          : t("Writing text {letter}…", which),
      );
      const seed = run.seed + (run.ownSeeds ? added.indexOf(column) : 0);
      await this.#writeText(model, column, { ...run, at, seed });
      run.onResult();
    }
    await this.#measure(model, at);
    run.onResult();
  }

  /** @param {Model} model @param {DecoderColumn} column @param {Run & {at: number}} run */
  async #writeText(model, column, { at, length, seed, signal, onProgress, onText }) {
    const settings = { ...column.choice.settings, max_new_tokens: length, seed };
    /** @type {Result} */
    const result = {
      text: "",
      logprobs: [],
      seconds: 0,
      seed,
      finish: "",
      settings,
      measures: null,
      loop: null,
    };
    column.results.set(at, result);
    let started = 0;
    for await (const chunk of model.generate(this.prompts[at] ?? "", { ...settings, signal, onProgress })) {
      onText();
      result.text += chunk.text;
      column.append(chunk.text);
      if ("finish_reason" in chunk) {
        result.finish = chunk.finish_reason;
        continue;
      }
      if (started) result.seconds = (performance.now() - started) / 1000;
      else started = performance.now();
      result.logprobs.push(chunk.logprob);
    }
  }

  /** @param {Model} model @param {number} at */
  async #measure({ engine }, at) {
    const results = this.#columns.shown.flatMap((column) => column.results.get(at) ?? []);
    const prompt = this.prompts[at] ?? "";
    const outputs = results.map(({ text, logprobs }) => ({ prompt, text, logprobs }));
    const measures = await engine.run("measure", { outputs });
    const loops = await engine.run("loops", { texts: results.map(({ text }) => text) });
    for (const [index, result] of results.entries()) {
      result.measures = measures[index];
      result.loop = loops[index] ?? null; // Python's None arrives as undefined
    }
  }

  /** The texts for a prompt as sides of a vote, from left to right. @param {number} at */
  sides(at) {
    const { shown, added } = this.#columns;
    const names = configNames(added);
    const sides = shown.map((column) => {
      const name = names[added.indexOf(column)] ?? "";
      return { name, config: name, sample: 1 };
    });
    return { prompt: this.prompts[at] ?? "", sides };
  }

  /** @param {number} seed @returns {import("../reports/report.js").Report} */
  report(seed) {
    return reportOf({ model: this.#writer, seed, prompts: this.prompts, columns: this.#columns.added });
  }
}
