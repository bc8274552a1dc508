/**
 * One experiment in an article: controls, Run, Cancel, progress, and its pictures. What is computed is
 * decided in Python, what is drawn in the experiment's own module (site/lab/NAME.js); this brings the two
 * together. It also runs when the site is built, without an engine, to make the first picture.
 */

import { element } from "../ui/dom.js";
import { errorWords, isAbort, problem, StatusLine } from "../ui/status.js";
import { Panel } from "./panel.js";
import { adopt, isSmall, replaceBuilt, whenUsed, whenVisible } from "./pictures.js";

/**
 * @typedef {Record<string, any>} Values
 * @typedef {{settings?: Values | null, data?: Values | null}} Request settings to change, and the visitor's
 *   own data by the keyword arguments of `compute`; null returns to the built-in data
 * @typedef {{
 *   data: any, element: HTMLElement, settings: Values, run: (request?: Request) => void, partial: boolean
 * }} Drawing
 * @typedef {{
 *   element: HTMLElement, run: (request?: Request) => void,
 *   problem: (error: unknown, remedy?: string) => void
 * }} InputOptions
 * @typedef {{reset?: () => void, changed?: (settings: Values) => void}} Inputs `changed` is called with all
 *   settings, at first and after each change
 * @typedef {{settings: Values, own: Values | null, data: any}} Asked every setting, the visitor's own data,
 *   and the last complete result
 * @typedef {{data: Values, isWhole: boolean, parts?: string[]}} Instant a result as Python's, or those parts
 *   of it that the picture needs; `parts`: the only figures that it changes
 * @typedef {{
 *   render: (drawing: Drawing) => void, live?: boolean, prepare?: () => Promise<void>,
 *   instant?: (asked: Asked) => Instant | null,
 *   figures?: Record<string, (drawing: Drawing) => void>,
 *   inputs?: (options: InputOptions) => void | Inputs,
 *   ranges?: (settings: Values) => Record<string, [number, number]>,
 *   labels?: Record<string, Record<string, string>>, folded?: readonly string[],
 *   unused?: (settings: Values) => readonly string[], isStage?: boolean, light?: readonly string[]
 * }} Module what site/lab/NAME.js exports. `live`: recompute at every change; `instant`: what JavaScript
 *   computes of it within 100 ms, without Python, or null if it cannot; `prepare`: awaited before anything is
 *   drawn, such as `loadPlot` of ui/chart.js; `ranges`: the least and greatest value of each
 *   number that depends on other settings; `labels`: words for the choices of a setting; `folded`: settings
 *   that are shown on demand; `unused`: those that others leave without effect; `isStage`: the inputs are
 *   what a visitor does here, such as a pad, so they come first; `light`: figures that do not need `prepare`
 * @typedef {{
 *   description: import("./panel.js").Description, settings: Values, data: any, bytes?: number
 * }} First what the build computed with the defaults, and the bytes of the data files that this takes
 * @typedef {Pick<import("./runner.js").Runner, "ready" | "run" | "settled" | "size">} Runs
 */

/** @typedef {"idle" | "running" | "done" | "error"} State */

export class Experiment {
  #root;
  #name;
  #module;
  #runner;
  #panel;
  #onChange;
  /** What is wrong with the visitor's own input. */
  #problemLine = element("p", { class: "lab-problem", role: "status" });
  #problem = new StatusLine(this.#problemLine);
  /** What is drawn, when it is complete. @type {{data: any, settings: Values, own: Values | null}} */
  #shown;
  /** The last result of Python, or the build's: to be shown again when its settings are back. */
  #computed;
  /** The visitor's own data. @type {Values | null} */
  #own = null;
  /** The run that is going on. @type {AbortController | null} */
  #running = null;
  /** A partial result that waits for the next frame. @type {any} */
  #waiting = null;
  #frame = 0;
  /** Whether a complete result is drawn, and not a part of one or half a picture. */
  #isComplete = false;
  /** @type {{element: HTMLElement, part: string}[]} */
  #figures = [];
  /** What `prepare` returned. @type {Promise<void> | undefined} */
  #prepared;
  /** Whether something can be drawn. */
  #isPrepared = false;
  /** Whether something is drawn here, and not only by the build. */
  #isDrawn = false;
  /** @type {void | Inputs} */
  #inputs = undefined;

  /**
   * @param {{
   *   root: HTMLElement, name: string, first: First, module: Module, runner: Runs | null, prefix?: string,
   *   onChange?: () => void
   * }} options `runner` is null while the site is built; `prefix` begins the ids; `onChange` is called when
   *   the settings have changed
   */
  constructor({ root, name, first, module, runner, prefix = `lab-${name}`, onChange = () => {} }) {
    this.#root = root;
    this.#name = name;
    this.#module = module;
    this.#runner = runner;
    this.#onChange = onChange;
    this.#shown = { data: first.data, settings: first.settings, own: null };
    this.#computed = this.#shown;
    const { ranges, labels, folded, unused, isStage } = module;
    const { description } = first;
    const shown = { ranges, labels, folded, unused, isStage };
    this.#panel = new Panel({ description, prefix, ...shown, onChange: () => this.#changed() });
    adopt(root, this.#panel.picture);
    root.replaceChildren(...this.#panel.parts);
    this.#listen();
    if (module.inputs) this.#addInputs(module.inputs);
    this.#inputs?.changed?.(this.#panel.all);
    if (module.prepare && runner) this.#drawWhenNeeded(root, this.#panel.picture);
    else {
      this.#isPrepared = true;
      this.#draw(first.data, false);
    }
    if (module.instant?.({ ...first, own: null })?.isWhole) return; // no one needs Python
    runner?.size().then((bytes) => runner.ready || this.#panel.showSize(bytes + (first.bytes ?? 0)));
  }

  /** The last complete result; before a run, what the build computed. */
  get data() {
    return this.#shown.data;
  }

  get name() {
    return this.#name;
  }

  /** @returns {State} */
  get state() {
    return /** @type {State} */ (this.#root.dataset.state);
  }

  /** @param {State} state */
  set #state(state) {
    this.#root.dataset.state = state;
  }

  /** The settings that differ from the defaults, as text for an address. */
  values() {
    return this.#panel.values();
  }

  /**
   * Sets what `values` returned; all other settings have their defaults. What is invalid is made valid.
   * @param {Map<string, string>} values
   * @returns {boolean} whether anything changed
   */
  restore(values) {
    const before = JSON.stringify(this.#panel.all);
    this.#panel.restore(values);
    const isChanged = JSON.stringify(this.#panel.all) !== before;
    if (isChanged) this.#follow();
    return isChanged;
  }

  /** Scrolls here and gives Run the focus: for links that change the settings. */
  reveal() {
    this.#root.scrollIntoView({ block: "start" });
    this.#panel.run.focus({ preventScroll: true });
    if (this.#isStale && this.#runner?.ready) this.start();
  }

  /** Draws another figure of the same result. @param {HTMLElement} place @param {string} part */
  addFigure(place, part) {
    if (!this.#module.figures?.[part]) throw new Error(`lab/${this.#name}.js has no figure named ${part}`);
    const figure = { element: place, part };
    this.#figures.push(figure);
    if (this.#isDrawn || this.#module.light?.includes(part)) this.#drawFigure(figure);
    else this.#drawWhenNeeded(place, place);
  }

  /**
   * Leaves the picture that the build has drawn until the visitor uses it, or sees it too small to read: what
   * draws is larger than the rest of the page.
   * @param {HTMLElement} place
   * @param {HTMLElement} picture
   */
  #drawWhenNeeded(place, picture) {
    const draw = () => this.#drawFirst();
    whenUsed(place, draw);
    whenVisible(picture, () => isSmall(picture) && draw());
  }

  /** Draws what the build has drawn. If that fails, its pictures stay, and it is tried again when used. */
  async #drawFirst() {
    if (this.#isDrawn) return;
    await this.#prepare().catch(() => {});
    if (this.#isDrawn || !this.#isPrepared) return;
    const places = [this.#panel.picture, ...this.#figures.map((figure) => figure.element)];
    replaceBuilt(places, () => this.#draw(this.#shown.data, false));
  }

  #prepare() {
    if (!this.#prepared) {
      const done = () => {
        this.#isPrepared = true;
      };
      const failed = () => {
        throw problem("The chart code could not be loaded.", "Check the connection and press Run again.");
      };
      this.#prepared = Promise.resolve(this.#module.prepare?.()).then(done, failed);
      this.#prepared.catch(() => {
        this.#prepared = undefined; // it can be tried again
      });
    }
    return this.#prepared;
  }

  /**
   * Computes with the settings as they are, instead of what is being computed. Nothing is thrown: the outcome
   * is the state and the status line.
   */
  async start() {
    const runner = this.#runner;
    if (!runner) return;
    const superseded = this.#running;
    const running = new AbortController();
    this.#running = running;
    superseded?.abort();
    this.#state = "running";
    this.#panel.running = true;
    const { settings } = this.#panel;
    const own = this.#own;
    /** @type {Values} what the run has yielded so far */
    let parts = {};
    try {
      // Until Python knows that the last run is over, settings may change again.
      if (superseded) await runner.settled();
      if (running !== this.#running) return;
      const preparing = this.#prepare(); // while the engine starts
      preparing.catch(() => {});
      const data = await runner.run(this.#name, {
        settings,
        data: own,
        signal: running.signal,
        onProgress: (progress) => running === this.#running && this.#panel.progress.show(progress),
        onPart: (part) => {
          if (running !== this.#running) return;
          parts = { ...parts, ...part };
          if (this.#isPrepared) this.#drawSoon(parts);
        },
      });
      await preparing;
      if (running === this.#running) this.#finish(data, own);
    } catch (error) {
      if (running === this.#running) this.#fail(error);
    }
  }

  /** @param {any} data @param {Values | null} own */
  #finish(data, own) {
    const before = this.#shown;
    this.#shown = { data, settings: data.settings, own };
    try {
      this.#draw(data, false);
    } catch (error) {
      this.#shown = before;
      throw error;
    }
    this.#computed = this.#shown;
    this.#end("done");
    this.#panel.showSize(0);
    this.#panel.status.say(this.#isStale ? this.#hint : "");
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#end(isAbort(error) ? "idle" : "error");
    if (this.#isDrawn && !this.#isComplete) this.#draw(this.#shown.data, false);
    this.#panel.status.complain(withRemedy(error));
  }

  /** @param {State} state */
  #end(state) {
    this.#running = null;
    this.#forgetWaiting();
    this.#panel.running = false;
    this.#state = state;
  }

  #listen() {
    const { run, cancel, reset } = this.#panel;
    run.addEventListener("click", () => this.#running || this.start());
    cancel.addEventListener("click", () => this.#running?.abort());
    reset.addEventListener("click", () => {
      this.#own = null;
      this.#problem.say("");
      this.#inputs?.reset?.();
      this.#panel.restore(new Map());
      this.#changed();
    });
  }

  /** @param {NonNullable<Module["inputs"]>} inputs */
  #addInputs(inputs) {
    const place = element("div");
    this.#panel.inputs.append(place, this.#problemLine);
    this.#panel.inputs.hidden = false;
    this.#inputs = inputs({
      element: place,
      run: this.#request,
      problem: (error, remedy = "") =>
        this.#problem.complain(
          typeof error === "string" ? Object.assign(new Error(error), { remedy }) : error,
        ),
    });
  }

  /** What an experiment's script calls to compute with other settings or with the visitor's data. */
  #request = (/** @type {Request} */ { settings, data } = {}) => {
    this.#problem.say("");
    if (data !== undefined) this.#own = data;
    if (settings) this.#panel.change(settings);
    this.#onChange();
    if (this.#answer()) return;
    if (this.#runner?.ready) this.start();
    else this.#panel.status.say(this.#hint);
  };

  #changed() {
    this.#onChange();
    this.#follow();
  }

  /** After a change: computes at once, or says that the picture is of other settings. */
  #follow() {
    this.#inputs?.changed?.(this.#panel.all);
    if (this.#answer()) return;
    if (this.#module.live && this.#runner?.ready && this.#isStale) this.start();
    else if (!this.#running) this.#panel.status.say(this.#isStale ? this.#hint : "");
  }

  /**
   * Draws what this page computes by itself, if its picture is not of these settings.
   * @returns {boolean} whether nothing is left for Python
   */
  #answer() {
    const settings = this.#panel.all;
    const { data: last } = this.#shown;
    if (!this.#isStale) {
      if (this.#isDrawn && !this.#isComplete && !this.#running) this.#draw(last, false);
      return false;
    }
    const { instant } = this.#module;
    const { data: whole } = this.#computed;
    const found = this.#isOf(this.#computed)
      ? instant && { data: whole, isWhole: true, parts: undefined }
      : instant?.({ settings, own: this.#own, data: last });
    if (!found) return false;
    if (!this.#isPrepared) {
      this.#prepare().then(
        () => this.#follow(),
        () => {},
      );
      return found.isWhole;
    }
    const data = { ...found.data, settings };
    if (found.isWhole) this.#show(data, found.parts);
    else this.#draw(data, true);
    return found.isWhole;
  }

  /**
   * Shows a complete result of this page, instead of what is being computed.
   * @param {any} data
   * @param {string[]} [parts] the only figures that it changes, if the last result is drawn
   */
  #show(data, parts) {
    this.#shown = { data, settings: data.settings, own: this.#own };
    const superseded = this.#running;
    if (superseded) this.#end("done");
    superseded?.abort();
    if (parts && this.#isComplete) for (const figure of this.#figures) this.#drawFigure(figure, parts);
    else this.#draw(data, false);
    this.#panel.status.say("");
  }

  get #isStale() {
    return !this.#isOf(this.#shown);
  }

  /** Whether a result is of what is set now. @param {{settings: Values, own: Values | null}} result */
  #isOf({ settings, own }) {
    const { all } = this.#panel;
    return own === this.#own && Object.keys(all).every((name) => equal(all[name], settings[name]));
  }

  get #hint() {
    if (this.#isDrawn && !this.#isComplete) return "The picture follows at once. Press Run for all figures.";
    return this.#own === this.#shown.own
      ? "Settings changed. Press Run to update."
      : "Data changed. Press Run to update.";
  }

  /** @param {any} data */
  #drawSoon(data) {
    if (this.#waiting === null) {
      this.#frame = requestAnimationFrame(() => {
        const waiting = this.#waiting;
        this.#waiting = null;
        this.#tryPartial(waiting);
      });
    }
    this.#waiting = data;
  }

  /** @param {any} data */
  #tryPartial(data) {
    try {
      this.#draw(data, true);
    } catch (error) {
      this.#running?.abort(error);
    }
  }

  #forgetWaiting() {
    if (this.#waiting !== null) cancelAnimationFrame(this.#frame);
    this.#waiting = null;
  }

  /** @param {any} data @param {boolean} partial */
  #draw(data, partial) {
    this.#isDrawn = true;
    this.#isComplete = false;
    this.#module.render(this.#drawing(data, this.#panel.picture, partial));
    if (partial) return;
    for (const figure of this.#figures) this.#drawFigure(figure);
    this.#isComplete = true;
  }

  /** @param {{element: HTMLElement, part: string}} figure @param {string[]} [parts] those to draw */
  #drawFigure({ element: place, part }, parts = [part]) {
    if (!parts.includes(part)) return;
    this.#module.figures?.[part](this.#drawing(this.#shown.data, place, false));
  }

  /** @param {any} data @param {HTMLElement} place @param {boolean} partial @returns {Drawing} */
  #drawing(data, place, partial) {
    const settings = data.settings ?? { ...this.#shown.settings, ...this.#panel.all };
    return { data, element: place, settings, run: this.#request, partial };
  }
}

/** @param {unknown} one @param {unknown} other */
function equal(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The engine speaks of texts. @param {unknown} error */
function withRemedy(error) {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "worker-died") return error;
  const { message } = errorWords(error);
  const remedy = "The last picture is kept. Press Run to start the engine again.";
  return Object.assign(new Error(message), { remedy });
}
