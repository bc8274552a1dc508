/**
 * A live column: the engine writes for the prompts that are shown, into the table, and what it wrote is a sampling report.
 * Nothing of the engine is loaded before the visitor asks. What this page does with the column is main.js's affair.
 */

import { byId, download, element } from "../ui/dom.js";
import { engine, inWords } from "./engine.js";
import { samplingText } from "./reports/sampling.js";

/** @typedef {import("./reports/report.js").Report} Report */
/** @typedef {import("./reports/report.js").Result} Result */
/** @typedef {import("./reports/report.js").Scalar} Scalar */

/**
 * @typedef {Object} LivePlace
 * @property {() => string[]} prompts those that are shown
 * @property {(report: Report) => void} open makes the report a column
 * @property {(report: Report, prompt: string) => void} changed an output of the prompt has grown
 */

/** What the presets write into the fields. @type {Record<string, Record<string, number>>} */
const PRESETS = {
  greedy: { temperature: 0, top_p: 1, top_k: 0, repetition_penalty: 1 },
  "greedy + repetition penalty": { temperature: 0, top_p: 1, top_k: 0, repetition_penalty: 1.2 },
  sampling: { temperature: 0.8, top_p: 0.95, top_k: 0, repetition_penalty: 1 },
};

const TEMPLATES = /** @type {Record<string, (prompt: string) => string>} */ ({
  plain: (prompt) => prompt,
  dialogue: (prompt) => `<dialogue>\nUser: ${prompt}\n\nAssistant:`,
});

/**
 * The settings of a run as the engine takes them.
 * @param {(name: string) => number} field
 * @returns {Record<string, number>}
 */
export function settingsOf(field) {
  const names = ["temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens", "seed"];
  return Object.fromEntries(names.map((name) => [name, field(name)]));
}

/**
 * The prompts that still lack outputs under the configuration.
 * @param {Report} report @param {string[]} prompts @param {{config: string, samples: number}} options
 */
export function unwritten(report, prompts, { config, samples }) {
  const done = new Map(
    report.entries.map(({ prompt, results }) => [
      prompt,
      results.find((one) => one.config === config)?.outputs.length ?? 0,
    ]),
  );
  return prompts.filter((prompt) => (done.get(prompt) ?? 0) < samples);
}

/**
 * The result that a prompt's outputs are written into; made if it is not there.
 * @param {Report} report @param {string} prompt @param {{config: string, params: [string, Scalar][]}} options
 * @returns {Result}
 */
export function resultFor(report, prompt, { config, params }) {
  let entry = report.entries.find((one) => one.prompt === prompt);
  if (!entry) {
    entry = { prompt, results: [] };
    report.entries.push(entry);
  }
  let result = entry.results.find((one) => one.config === config);
  if (!result) {
    result = { config, params, outputs: [] };
    entry.results.push(result);
  }
  return result;
}

export class Live {
  /** @type {Report | null} */
  #report = null;
  /** @type {AbortController | null} */
  #running = null;
  /** @type {{url: string, model: import("../engine/client.js").Model} | null} */
  #loaded = null;
  #form = byId("live-form", "form");

  /** @param {LivePlace} place */
  constructor(place) {
    this.place = place;
    const preset = /** @type {HTMLSelectElement} */ (this.#form.elements.namedItem("preset"));
    preset.append(...Object.keys(PRESETS).map((name) => element("option", {}, name)));
    preset.addEventListener("change", () => this.#fill(preset.value));
    this.#fill(preset.value);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    byId("live-stop", "button").addEventListener("click", () => this.stop());
    byId("live-save", "button").addEventListener("click", () => this.#save());
  }

  get running() {
    return this.#running !== null;
  }

  stop() {
    this.#running?.abort();
  }

  /** The column was closed. @param {Report} report */
  forget(report) {
    if (report !== this.#report) return;
    this.stop();
    this.#report = null;
  }

  /** @param {string} preset */
  #fill(preset) {
    for (const [name, value] of Object.entries(PRESETS[preset] ?? {}))
      this.#input(name).value = String(value);
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }

  /** @param {string} words */
  #say(words) {
    byId("live-status", "p").textContent = words;
  }

  #save() {
    if (!this.#report) return;
    download("live-report.json", samplingText(this.#report), "application/json");
  }

  async #run() {
    if (this.#running) return;
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.#buttons();
    try {
      const model = await this.#model(signal);
      signal.throwIfAborted();
      await this.#write(model, signal);
    } catch (error) {
      if (signal.aborted) this.#say("Stopped. Run goes on with the prompts that are left.");
      else this.#say(`It could not go on: ${error instanceof Error ? error.message : error}`);
    }
    this.#running = null;
    this.#buttons();
  }

  #buttons() {
    const running = this.#running !== null;
    byId("live-run", "button").disabled = running;
    byId("live-stop", "button").disabled = !running;
    byId("live-save", "button").disabled = !this.#report;
  }

  /** @param {AbortSignal} signal */
  async #model(signal) {
    const url = new URL(this.#input("model").value, document.baseURI).href;
    if (this.#loaded?.url === url && !this.#loaded.model.engine.ended) return this.#loaded.model;
    this.#say("Loading the engine …");
    const { loadModel } = await import("../engine/client.js");
    const model = await loadModel({
      model: url,
      engine: await engine(),
      signal,
      onProgress: (progress) => this.#say(inWords(progress)),
    });
    this.#loaded?.model.unload().catch(() => {}); // its engine may have ended
    this.#loaded = { url, model };
    this.#report = null;
    return model;
  }

  /** @param {import("../engine/client.js").Model} model */
  #begin(model) {
    if (this.#report) return this.#report;
    const name = model.info.name || "live";
    this.#report = {
      format: "live column",
      model: `${name} (live)`,
      date: new Date().toISOString(),
      args: [
        ["model", model.info.title || name],
        ["engine", "goosequill"],
      ],
      entries: [],
    };
    this.place.open(this.#report);
    return this.#report;
  }

  /** @param {import("../engine/client.js").Model} model @param {AbortSignal} signal */
  async #write(model, signal) {
    const settings = settingsOf((name) => Number(this.#input(name).value));
    const template = this.#input("template").value;
    const samples = Number(this.#input("samples").value);
    const config = `${this.#input("preset").value}${template === "plain" ? "" : `, ${template}`}`;
    const params = /** @type {[string, Scalar][]} */ ([...Object.entries(settings), ["template", template]]);
    const report = this.#begin(model);
    const prompts = this.place.prompts().slice(0, Number(this.#input("limit").value));
    const left = unwritten(report, prompts, { config, samples });
    for (const [index, prompt] of left.entries()) {
      this.#say(`Writing for prompt ${index + 1} of ${left.length} …`);
      const result = resultFor(report, prompt, { config, params });
      while (result.outputs.length < samples) {
        const seed = (settings.seed ?? 0) + result.outputs.length;
        const text = (TEMPLATES[template] ?? TEMPLATES.plain)?.(prompt) ?? prompt;
        const stop = template === "dialogue" ? ["\n\nUser:", "\nUser:"] : [];
        await this.#stream(model.generate(text, { ...settings, seed, stop, signal }), {
          report,
          prompt,
          result,
        });
      }
    }
    this.#say(
      left.length === 0
        ? "Nothing is left to write with these settings."
        : `Done: ${left.length} ${left.length === 1 ? "prompt" : "prompts"}.`,
    );
  }

  /**
   * One output, growing in the table. An output that was stopped half-way is taken out, so that a later run writes it whole.
   * @param {AsyncIterable<import("../engine/client.js").Chunk | import("../engine/client.js").End>} chunks
   * @param {{report: Report, prompt: string, result: Result}} into
   */
  async #stream(chunks, { report, prompt, result }) {
    const place = result.outputs.push("") - 1;
    let shown = 0;
    try {
      for await (const chunk of chunks) {
        if ("finish_reason" in chunk) continue;
        result.outputs[place] += chunk.text;
        if (performance.now() - shown < 120) continue;
        shown = performance.now();
        this.place.changed(report, prompt);
      }
    } catch (error) {
      result.outputs.splice(place, 1);
      throw error;
    } finally {
      this.place.changed(report, prompt);
    }
  }
}
