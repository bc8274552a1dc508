/**
 * A live column: a model in this page or on a server writes for the prompts that are shown, into the table,
 * and what it wrote is a sampling report. Nothing of the engine is loaded, and nothing is sent, before the
 * visitor presses Generate. The app owns the column.
 */

import { pairs } from "../reports/report.js";
import { samplingText } from "../reports/sampling.js";
import { byId, download } from "../ui/dom.js";
import { inWords } from "../ui/progress.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { errorWords, problem, StatusLine } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { LiveForm } from "./live-form.js";
import { newReport, resultFor, unwritten, withTemplate } from "./live-report.js";

/** @import { Report, Result } from "../reports/report.js" */
/** @import { Model } from "../engine/client.js" */
/** @import { Writer } from "./live-report.js" */

/**
 * @typedef {Object} Host
 * @property {() => string[]} prompts those that are shown
 * @property {(report: Report) => void} open adds the report as a column
 * @property {(report: Report, prompt: string) => void} changed an output for the prompt has grown
 */

const REDRAW = 120; // milliseconds between two drawings of a growing output

export class Live {
  /** @type {Report | null} */
  #report = null;
  /** @type {AbortController | null} */
  #running = null;
  /** The chosen model; the engine knows it by this object. */
  #choice = { model: "" };
  #engine;
  #host;
  #status = new StatusLine(byId("live-status", "p"));
  /** What wrote the report. @type {unknown} */
  #source = null;
  #form = new LiveForm({
    onRun: () => this.#run(),
    onReady: () => this.#showButtons(),
    onProblem: (error) => this.#fail(error),
  });

  /** @param {import("./lazy-engine.js").LazyEngine} engine @param {Host} host */
  constructor(engine, host) {
    this.#engine = engine;
    this.#host = host;
    byId("live-stop", "button").addEventListener("click", () => this.stop());
    byId("live-save", "button").addEventListener("click", () => {
      if (this.#report) download("live-report.json", samplingText(this.#report), "application/json");
    });
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

  async #run() {
    if (this.#running || !this.#form.ready) return;
    this.#running = new AbortController();
    const { signal } = this.#running;
    const { settings } = this.#form; // those of now: they can be edited while a model is loaded
    this.#showButtons();
    try {
      const writer = await this.#writer(settings.settings, signal);
      signal.throwIfAborted();
      await this.#write(writer, settings, signal);
    } catch (error) {
      this.#form.server?.explain(error);
      if (signal.aborted) this.#say(t("Stopped. Generate continues with the remaining prompts."));
      else this.#fail(error);
    }
    this.#running = null;
    this.#showButtons();
  }

  /** @param {string} words */
  #say(words) {
    this.#status.say(words);
  }

  /** @param {unknown} error */
  #fail(error) {
    const { message: reason, remedy } = errorWords(error);
    this.#status.complain(problem(t("The column could not be generated: {reason}", { reason }), remedy));
  }

  #showButtons() {
    const buttons = { start: byId("live-run", "button"), stop: byId("live-stop", "button") };
    showStartOrStop(buttons, { busy: this.running, ready: this.#form.ready });
    byId("live-save", "button").disabled = !this.#report;
  }

  /** @param {Record<string, any>} settings @param {AbortSignal} signal @returns {Promise<Writer>} */
  async #writer(settings, signal) {
    const { server } = this.#form;
    return server ? server.writer(settings) : written(await this.#model(signal), settings);
  }

  /** @param {AbortSignal} signal */
  async #model(signal) {
    const { model } = this.#form;
    if (this.#choice.model !== model) this.#choice = { model };
    this.#say(t("Loading the engine…"));
    const slot = await this.#engine.slot();
    const loaded = slot.modelOf(this.#choice);
    if (loaded) return loaded;
    return slot.load(this.#choice, { signal, onProgress: (progress) => this.#say(inWords(progress)) });
  }

  /** The writer's column, opened if there is none yet. @param {Writer} writer */
  #reportOf(writer) {
    if (this.#report && this.#source === writer.source) return this.#report;
    this.#source = writer.source;
    this.#report = newReport(writer);
    this.#host.open(this.#report);
    return this.#report;
  }

  /**
   * @param {Writer} writer
   * @param {import("./live-form.js").LiveSettings} how
   * @param {AbortSignal} signal
   */
  async #write(writer, { config, settings, template, samples, limit }, signal) {
    const stop = [...(settings.stop ?? []), ...template.stop];
    const params = pairs({ ...writer.params, template: template.name });
    const report = this.#reportOf(writer);
    const prompts = unwritten(report, this.#host.prompts().slice(0, limit), { config, samples });
    for (const [index, prompt] of prompts.entries()) {
      const step = { number: index + 1, of: prompts.length };
      this.#say(t("Generating for prompt {number} of {of} …", step));
      const result = resultFor(report, prompt, { config, params });
      while (result.outputs.length < samples) {
        const seed = settings.seed + result.outputs.length;
        const options = { ...settings, seed, ...(stop.length && { stop }), signal };
        await this.#stream(writer.write(prompt, template, options), { report, prompt, result });
      }
    }
    if (prompts.length === 0) this.#say(t("Every prompt already has its outputs with these settings."));
    else this.#say(tn(prompts.length, "Done: {n} prompt.", "Done: {n} prompts."));
  }

  /**
   * One output, growing in the table. An output that is stopped half-way is removed, so that a later run
   * writes it in full.
   * @param {AsyncIterable<string>} pieces
   * @param {{report: Report, prompt: string, result: Result}} into
   */
  async #stream(pieces, { report, prompt, result }) {
    const index = result.outputs.push("") - 1;
    let drawn = 0;
    try {
      for await (const text of pieces) {
        result.outputs[index] += text;
        if (performance.now() - drawn < REDRAW) continue;
        drawn = performance.now();
        this.#host.changed(report, prompt);
      }
    } catch (error) {
      result.outputs.splice(index, 1);
      throw error;
    } finally {
      this.#host.changed(report, prompt);
    }
  }
}

/** @param {Model} model @param {Record<string, any>} settings @returns {Writer} */
function written(model, settings) {
  const name = model.info.name || "live";
  return {
    source: model,
    name,
    args: [
      ["model", model.info.title || name],
      ["engine", "goosequill"],
    ],
    params: settings,
    write: (prompt, template, options) => textsOf(model.generate(withTemplate(template, prompt), options)),
  };
}

/** @param {AsyncIterable<import("../engine/client.js").Chunk | import("../engine/client.js").End>} chunks */
async function* textsOf(chunks) {
  for await (const chunk of chunks) if (!("finish_reason" in chunk)) yield chunk.text;
}
