/**
 * Live columns: a model in this page or on a server writes for the visitor's prompts, or for those that are
 * shown, under one to four decoders, each into a column of the table; what it wrote is a sampling report.
 * Nothing of the engine is loaded, and nothing is sent, before the visitor presses Generate. The app owns the
 * columns.
 */

import { ModelPanel } from "../decoder/model-panel.js";
import { FILES, ROOT } from "../engine/root.js";
import { pairs } from "../reports/report.js";
import { samplingText } from "../reports/sampling.js";
import { DEFAULTS } from "../reports/view.js";
import { readAddress } from "../ui/address.js";
import { byId, download } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { loadStyles } from "../ui/load-style.js";
import { Memory } from "../ui/memory.js";
import { ProgressView } from "../ui/progress.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { errorWords, isAbort, problem, StatusLine } from "../ui/status.js";
import { t, tn, translated } from "../ui/words.js";
import { factsElements, showLoop } from "./live-facts.js";
import { LiveForm } from "./live-form.js";
import { exampleOf, joined, newReport, resultFor, unwritten, withTemplate } from "./live-report.js";
import { announce } from "./messages.js";

/** @import { Result } from "../reports/report.js" */
/** @import { ReportSession } from "./session.js" */
/** @import { Model } from "../engine/client.js" */
/** @import { LiveSettings } from "./live-form.js" */
/** @import { Facts, LiveReport, Piece, Writer } from "./live-report.js" */

/**
 * @typedef {Object} Host
 * @property {(options: {blind: boolean}) => void} opened other reports are open; `blind`: they are to be
 *   judged before their names are shown
 * @property {(column: LiveReport, prompt: string) => void} changed an output for the prompt has grown
 * @property {() => void} stored the values have changed
 */

const WEIGHTS = /\.(safetensors|pth|gguf|prefab|bin)$/i;
const REDRAW = 120; // milliseconds between two drawings of a growing output

export class Live {
  /** Whether neither the address nor the last visit said anything. */
  isFresh = true;
  /** Those of the last run. @type {LiveReport[]} */
  #columns = [];
  /** @type {AbortController | null} */
  #running = null;
  #session;
  #host;
  #example;
  #status = new StatusLine(byId("live-status", "p"));
  #memory = new Memory("side");
  /** What is known of the texts, by prompt and text. @type {Map<string, Facts>} */
  #facts = new Map();
  #form;
  #panel;

  /**
   * @param {import("../ui/engine.js").EngineHolder} engine
   * @param {{session: ReportSession, decoding: any, example: any, host: Host}} options
   */
  constructor(engine, { session, decoding, example, host }) {
    this.#session = session;
    this.#host = host;
    this.#example = example;
    const { say, complain } = this.#status;
    const progress = new ProgressView(
      {
        box: byId("progress-box", "div"),
        bar: byId("progress", "progress"),
        label: byId("progress-label", "p"),
      },
      say,
    );
    this.#form = new LiveForm(decoding, {
      onRun: () => this.#run(),
      onChange: () => this.#changed(),
      say,
      complain,
    });
    this.#panel = new ModelPanel({
      engine,
      takesDrops: false,
      busy: () => this.running,
      changed: () => this.#showButtons(),
      chosen: () => this.#changed(),
      say,
      complain,
      progress,
      described: (description) => this.#form.offer(description),
      hint: t("Nothing is downloaded until you press Generate or Load now."),
    });
    byId("live-stop", "button").addEventListener("click", () => this.stop());
    byId("live-save", "button").addEventListener("click", () =>
      download("live-report.json", samplingText(joined(this.#columns)), "application/json"),
    );
    byId("live-reset", "button").addEventListener("click", () => {
      this.#restore(new Map());
      this.#changed();
      if (!this.#hasFiles) this.openExample();
      else say(t("Everything has been reset."));
    });
    document.addEventListener("keydown", (event) => {
      if (byId("write-page", "div").hidden) return;
      if (event.key === "Escape") this.stop();
      const button = byId("live-run", "button");
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || button.disabled) return;
      event.preventDefault();
      byId("live-form", "form").requestSubmit(button);
    });
    this.#form.own = !this.#hasFiles;
    this.#panel.describe();
    this.follow();
  }

  /** Shows what the address names, or else what was there at the last visit. */
  follow() {
    const own = [...readAddress()].filter(([name]) => !Object.hasOwn(DEFAULTS, name) && !/^[fv]$/.test(name));
    const values = this.#memory.complete(new Map(own));
    this.isFresh = values.size === 0;
    this.#restore(values);
  }

  get running() {
    return this.#running !== null;
  }

  /** Whether files of the visitor are open. */
  get #hasFiles() {
    const { examples, loaded, live } = this.#session;
    return !examples && loaded.length > live.length;
  }

  /** The values of an address. @returns {Map<string, string>} */
  get values() {
    return new Map([...this.#form.values(), ...this.#panel.values()]);
  }

  /**
   * Takes prompts that are too long out of an address, and says so.
   * @param {Map<string, string>} values
   */
  fit(values) {
    if (this.#form.fitsAddress) return undefined;
    values.delete("prompt");
    return t("The link is copied without the prompts, which are too long.");
  }

  /** Stops for a blind round: what is judged must neither change nor gain a column. */
  pause() {
    if (!this.running) return;
    this.stop();
    announce(
      t("The live column was stopped. After the round, Generate continues with the remaining prompts."),
    );
  }

  stop() {
    this.#panel.stop();
    this.#running?.abort();
  }

  /** Loads dropped files, if they are a model's. @param {File[]} files */
  takesModel(files) {
    const areWeights = files.some(({ name }) => WEIGHTS.test(name));
    if (areWeights) this.#panel.chooseFiles(files);
    return areWeights;
  }

  /** Opens the texts that were written when the site was built. */
  async openExample() {
    this.#columns = exampleOf(this.#example, (prompt, text, facts) =>
      this.#facts.set(keyOf(prompt, text), facts),
    );
    await this.#open(this.#columns, { alone: true });
    this.#showButtons();
    if (this.#columns.length)
      this.say(
        t(
          "The default model wrote these texts when this site was built. Press Generate to write " +
            "them again.",
        ),
      );
  }

  /**
   * Shows what is known of a text, if it was written here, beneath its bubble.
   * @param {HTMLElement} bubble
   * @param {string} prompt
   * @param {string} text
   * @returns {boolean} whether that drew the text
   */
  showFacts(bubble, prompt, text) {
    const facts = this.#facts.get(keyOf(prompt, text));
    if (facts) bubble.after(...factsElements(facts));
    if (facts?.loop) showLoop(bubble, facts.loop);
    return Boolean(facts?.loop);
  }

  /** @param {string} words */
  say(words) {
    this.#status.say(words);
  }

  /** The column was closed. @param {import("../reports/report.js").Report} report */
  forget(report) {
    if (!this.#columns.some((column) => column.report === report)) return;
    this.stop();
    this.#columns = this.#columns.filter((column) => column.report !== report);
    this.#showButtons();
  }

  #changed() {
    this.#memory.write(this.values);
    this.#host.stored();
    this.#showButtons();
  }

  /** @param {Map<string, string>} values */
  #restore(values) {
    const [first] = this.#example.prompts ?? [];
    const { max_new_tokens: length, seed } = first?.results[0]?.sampling_params ?? {};
    const decoders = this.#form.own ? "" : "greedy";
    this.#form.restore(values, { prompt: first?.prompt, length, seed, decoders });
    this.#panel.restore(values);
    this.#showButtons();
  }

  async #run() {
    if (byId("live-run", "button").disabled) return;
    const how = this.#form.settings; // those of now: they can be edited while a model is loaded
    if (how.own && !how.prompts.length) {
      this.#status.complain(
        problem(t("The prompt is empty."), t("Type a few words for the model to continue.")),
      );
      return this.#form.focus();
    }
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.#changed();
    try {
      const writers = await this.#writers(how, signal);
      signal.throwIfAborted();
      await this.#write(writers, how, signal);
    } catch (error) {
      this.#form.server?.explain(error);
      if (signal.aborted || isAbort(error)) this.say(stopped(how));
      else this.#fail(error);
    }
    this.#running = null;
    this.#showButtons();
  }

  /** @param {unknown} error */
  #fail(error) {
    const { message: reason, remedy } = errorWords(error);
    this.#status.complain(problem(t("The column could not be generated: {reason}", { reason }), remedy));
  }

  #showButtons() {
    const buttons = { start: byId("live-run", "button"), stop: byId("live-stop", "button") };
    const busy = this.running || Boolean(this.#panel?.loading);
    showStartOrStop(buttons, { busy, ready: true });
    this.#form.busy = busy;
    byId("live-reset", "button").disabled = busy;
    byId("live-save", "button").disabled = !this.#columns.length || busy;
    this.#panel?.showButtons();
  }

  /**
   * What writes, for each decoder.
   * @param {LiveSettings} how
   * @param {AbortSignal} signal
   * @returns {Promise<Writer[]>}
   */
  async #writers({ decoders }, signal) {
    const { server } = this.#form;
    const all = Object.assign({}, ...decoders.map(({ settings }) => settings));
    if (server) return decoders.map(({ settings }) => server.writer(settings, all));
    const model = await this.#panel.ensure();
    signal.throwIfAborted();
    return decoders.map(({ settings }) => writerOf(model, settings));
  }

  /**
   * The column of each decoder: that of the last run, where it goes on with the same prompts, or a new one.
   * @param {Writer[]} writers
   * @param {LiveSettings} how
   */
  #columnsOf(writers, { own, decoders }) {
    const several = decoders.length > 1;
    const earlier = own ? [] : this.#columns;
    return writers.map((writer, at) => {
      const name = several ? (decoders[at]?.name ?? "") : "live";
      const found = earlier.find((one) => one.writtenBy === writer.source && one.source === name);
      return found ?? { source: name, writtenBy: writer.source, report: newReport(writer) };
    });
  }

  /**
   * @param {Writer[]} writers
   * @param {LiveSettings} how
   * @param {AbortSignal} signal
   */
  async #write(writers, how, signal) {
    const { own, samples, decoders, blind } = how;
    const prompts = own ? how.prompts : this.#session.shown.map(({ prompt }) => prompt).slice(0, how.limit);
    this.#columns = this.#columnsOf(writers, how);
    if (own)
      // so that the table has a row for each prompt
      for (const [at, { report }] of this.#columns.entries())
        for (const prompt of prompts)
          resultFor(report, prompt, { config: decoders[at]?.name ?? "", params: [] });
    await this.#open(blind ? [] : this.#columns, { alone: own });
    const columns = this.#columns.map((column, at) => {
      const { name: config, settings } = /** @type {LiveSettings["decoders"][0]} */ (decoders[at]);
      const writer = /** @type {Writer} */ (writers[at]);
      const left = new Set(unwritten(column.report, prompts, { config, samples }));
      return { column, config, settings, writer, left };
    });
    const todo = prompts.filter((prompt) => columns.some(({ left }) => left.has(prompt)));
    try {
      for (const [index, prompt] of todo.entries()) {
        this.say(t("Generating for prompt {number} of {of} …", { number: index + 1, of: todo.length }));
        const written = [];
        for (const one of columns)
          if (one.left.has(prompt)) written.push(...(await this.#writeSamples(one, { prompt, how, signal })));
        await this.#measure(writers[0]?.model, prompt, written);
      }
    } finally {
      if (blind) await this.#judge(); // until then nothing is shown, not even how fast each is
    }
    if (todo.length === 0) this.say(t("Every prompt already has outputs for these settings."));
    else
      this.say(
        [tn(todo.length, "Done: {n} prompt.", "Done: {n} prompts."), ...(writers[0]?.notices ?? [])].join(
          " ",
        ),
      );
  }

  /**
   * Opens the columns that are not open.
   * @param {readonly LiveReport[]} columns
   * @param {{alone: boolean, blind?: boolean}} options alone: in place of earlier live columns and of the
   *   examples
   */
  async #open(columns, { alone, blind = false }) {
    const session = this.#session;
    const { loaded, live, examples } = session;
    const files = examples ? [] : loaded.filter((one) => !live.includes(one));
    const kept = alone ? files : loaded;
    const added = columns
      .filter(({ report }) => !kept.some((one) => one.report === report))
      .map(({ source, report }) => {
        const file = session.nextFile();
        return { id: `${file}.0`, source, file, address: "", blob: null, report, size: 0 };
      });
    if (alone) {
      session.examples = false;
      session.change({ config: "", sample: 0, q: "", differ: false, coverage: "any", hide: [], base: "" });
    }
    if (await session.open([...kept, ...added])) this.#host.opened({ blind });
  }

  /** Begins a blind round on the prompts that every decoder has written for. */
  async #judge() {
    const has = (/** @type {string} */ prompt) =>
      this.#columns.every(({ report }) =>
        report.entries.some((entry) => entry.prompt === prompt && entry.results[0]?.outputs.length),
      );
    const whole = new Set((this.#columns[0]?.report.entries ?? []).map(({ prompt }) => prompt).filter(has));
    for (const { report } of this.#columns)
      report.entries = report.entries.filter(({ prompt }) => whole.has(prompt));
    this.#running = null;
    if (whole.size) await this.#open(this.#columns, { alone: true, blind: true });
    else this.#columns = [];
  }

  /**
   * @param {{column: LiveReport, config: string, settings: Record<string, any>, writer: Writer}} one
   * @param {{prompt: string, how: LiveSettings, signal: AbortSignal}} what
   */
  async #writeSamples({ column, config, settings, writer }, { prompt, how, signal }) {
    const { template, samples, blind } = how;
    const stop = [...(settings.stop ?? []), ...template.stop];
    const params = { ...writer.params, template: template.name };
    const result = resultFor(column.report, prompt, { config, params: [] });
    result.params = pairs(params);
    const written = [];
    while (result.outputs.length < samples) {
      const seed = settings.seed + result.outputs.length;
      const options = { ...settings, seed, ...(stop.length && { stop }), signal };
      const changed = () => blind || this.#host.changed(column, prompt);
      const pieces = writer.write(prompt, template, options);
      const { finish, ...text } = await this.#stream(pieces, { result, changed });
      if (finish && samples === 1) result.params = pairs({ ...params, finish_reason: finish });
      written.push({ changed, ...text });
    }
    return written;
  }

  /**
   * One output, growing in the table. An output that is stopped half-way is removed, so that a later run
   * writes it in full.
   * @param {AsyncIterable<Piece>} pieces
   * @param {{result: Result, changed: () => void}} into
   */
  async #stream(pieces, { result, changed }) {
    const index = result.outputs.push("") - 1;
    const logprobs = /** @type {number[]} */ ([]);
    const written = { text: "", logprobs, seconds: 0, finish: "" };
    let [drawn, started] = [0, 0];
    try {
      for await (const piece of pieces) {
        const now = performance.now();
        written.text += piece.text;
        written.finish = piece.finish_reason ?? "";
        result.outputs[index] = written.text;
        if (typeof piece.logprob === "number") {
          started ||= now;
          written.seconds = (now - started) / 1000;
          logprobs.push(piece.logprob);
        }
        if (now - drawn < REDRAW) continue;
        drawn = now;
        changed();
      }
    } catch (error) {
      result.outputs.splice(index, 1);
      throw error;
    } finally {
      changed();
    }
    return written;
  }

  /**
   * Measures what a model in this page wrote.
   * @param {Model | undefined} model
   * @param {string} prompt
   * @param {{text: string, logprobs: number[], seconds: number, changed: () => void}[]} written
   */
  async #measure(model, prompt, written) {
    if (!model || !written.length) return;
    const outputs = written.map(({ text, logprobs }) => ({ prompt, text, logprobs }));
    const measures = await model.engine.run("measure", { outputs });
    const loops = await model.engine.run("loops", { texts: written.map(({ text }) => text) });
    for (const [index, { text, logprobs, seconds, changed }] of written.entries()) {
      const facts = {
        tokens: logprobs.length,
        seconds,
        measures: measures[index],
        loop: loops[index] ?? null,
      };
      this.#facts.set(keyOf(prompt, text), facts); // Python's None arrives as undefined
      changed();
    }
  }
}

/** @param {LiveSettings} how */
function stopped({ own }) {
  return own ? t("Stopped.") : t("Stopped. Generate continues with the remaining prompts.");
}

/** @param {Model} model @param {Record<string, any>} settings @returns {Writer} */
function writerOf(model, settings) {
  const name = model.info.name || "live";
  return {
    source: model,
    model,
    name,
    notices: (model.info.notices ?? []).map(translated),
    args: [
      ["model", model.info.title || name],
      ["engine", "goosequill"],
    ],
    params: settings,
    write: (prompt, template, options) => model.generate(withTemplate(template, prompt), options),
  };
}

/** @param {string} prompt @param {string} text */
function keyOf(prompt, text) {
  return `${prompt}\u0000${text}`;
}

/**
 * @param {import("./lazy-engine.js").LazyEngine} engine
 * @param {ReportSession} session
 * @param {Host} host
 * @returns {Promise<Live>}
 */
export async function startLive(engine, session, host) {
  const addresses = [new URL("ui/decoding.json", FILES), new URL("compare/examples/live.json", ROOT)];
  const styles = loadStyles("compare/write.css", "decoder/model-panel.css");
  const [decoding, example] = await Promise.all(addresses.map(fetchDescription));
  await styles;
  if (!decoding.parts) throw new Error(t("The decoder settings could not be loaded. Reload the page."));
  return new Live(await engine.holder(), { session, decoding, example, host });
}
