/**
 * Rewording: the question and the best passages go to a language model in this page or to a server, and each
 * sentence of the answer is linked to the passage that it rests on. The site's default model is too small to
 * reword; with it, the sentences that fit best are quoted, and larger models are offered.
 */

import { DecoderControls } from "../decoder/controls.js";
import { ModelPanel } from "../decoder/model-panel.js";
import { FILES } from "../engine/root.js";
import { copyText } from "../ui/clipboard.js";
import { byId, debounce, element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { complete } from "../ui/openai-server.js";
import { ProgressView } from "../ui/progress.js";
import { ServerFields } from "../ui/server-fields.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { isAbort, StatusLine } from "../ui/status.js";
import { t } from "../ui/words.js";
import { answerNodes, checkWords } from "./answer.js";

/** @import { Hit } from "./inquiry.js" */
/** @import { Library } from "./asking.js" */
/** @typedef {{prompt: string, used: number, tokens: number, opening: string, stop: string[]}} Prompt */
/** @typedef {{close: () => void, open: (hit: Hit) => void}} Host */

/** Passages that are offered to the model; the prompt takes as many as have room. */
const PASSAGES = 6;

/** Facts, not invention: little randomness, and an answer of a few sentences. */
const SETTINGS = { temperature: 0.4, top_p: 0.4, max_new_tokens: 160 };

/** An answer quotes passages: tokens that may be guessed from them. The text is the same without. */
const GUESSED = 7;

/** Models with fewer parameters than this cannot answer from passages. */
const SMALL = 150e6;

/**
 * @param {Library} library
 * @param {Host} host
 */
export async function startRewording(library, host) {
  const [holder, decoding] = await Promise.all([
    library.holder(),
    fetchDescription(new URL("ui/decoding.json", FILES)),
  ]);
  return new Rewording(library, { ...host, holder, parts: decoding.parts ?? [] });
}

export class Rewording {
  #library;
  #host;
  #section = byId("rewording", "section");
  #write = byId("write", "button");
  #stop = byId("stop", "button");
  #prompt = byId("prompt", "textarea");
  #reset = byId("prompt-reset", "button");
  #answer = byId("answer", "div");
  #quoted = byId("quoted", "div");
  #status = new StatusLine(byId("rewording-status", "p"));
  #progress = new ProgressView(
    {
      box: byId("rewording-progress", "div"),
      bar: byId("rewording-bar", "progress"),
      label: byId("rewording-label", "p"),
    },
    this.#status.say,
  );
  #server = new ServerFields({ prefix: "server" });
  #controls;
  #panel;
  #question = "";
  /** @type {Hit[]} */
  #hits = [];
  /** The prompt as it was made; null until one is needed. @type {Prompt | null} */
  #made = null;
  /** While an answer is written. @type {AbortController | null} */
  #writing = null;
  #refresh = debounce(() => this.#prepare(), 200);

  /**
   * @param {Library} library
   * @param {Host & {
   *   holder: import("../ui/engine.js").EngineHolder, parts:
   * import("../decoder/controls.js").Part[]
   * }} host
   */
  constructor(library, host) {
    this.#library = library;
    this.#host = host;
    this.#controls = new DecoderControls(byId("decoder-controls", "div"), host.parts, SETTINGS, () => {});
    const { say, complain } = this.#status;
    this.#panel = new ModelPanel({
      busy: () => this.#writing !== null,
      changed: () => this.#show(),
      chosen: () => this.#changeModel(),
      described: () => {},
      say,
      complain,
      progress: this.#progress,
      hint: t("Nothing is downloaded until you press Generate or Load now."),
      engine: host.holder,
      takesDrops: false,
    });
    byId("server", "form").prepend(...this.#server.nodes);
    this.#listen();
    this.#panel.describe();
  }

  #listen() {
    this.#write.addEventListener("click", () => this.#run());
    this.#stop.addEventListener("click", () => this.#cancel());
    this.#reset.addEventListener("click", () => {
      this.#made = null;
      this.#prepare();
    });
    this.#prompt.addEventListener("input", () => {
      this.#reset.hidden = this.#prompt.value === this.#made?.prompt;
    });
    byId("rewording-close", "button").addEventListener("click", () => this.#host.close());
    byId("copy-answer", "button").addEventListener("click", () =>
      copyText(this.#answer.dataset.text ?? "", { say: this.#status.say, fallbackElement: this.#answer }),
    );
    byId("server", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    this.#section.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "with") this.#changeModel();
    });
    this.#section.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#run();
      else if (event.key === "Escape" && this.#writing) this.#cancel();
    });
  }

  focus() {
    (this.#quoted.hidden ? this.#write : this.#section).focus();
  }

  /** What there is to reword; a prompt that was edited stays. @param {string} question @param {Hit[]} hits */
  offer(question, hits) {
    const isNew = question !== this.#question;
    this.#question = question;
    this.#hits = [...hits, ...hits.flatMap(({ more = [] }) => more)].slice(0, PASSAGES);
    if (this.#writing) return; // the answer to come belongs to the passages it was asked with
    if (isNew || !hits.length) {
      this.#clearAnswer();
      this.#quoted.hidden = true;
      this.#made = null;
      this.#prompt.value = "";
      byId("prompt-facts", "p").textContent = "";
      this.#status.say(hits.length ? "" : t("There is nothing to reword."));
    } else if (!this.#edited) this.#made = null;
    this.#show();
    this.#refresh();
  }

  get #isServer() {
    return byId("with-server", "input").checked;
  }

  get #edited() {
    return this.#made !== null && this.#prompt.value !== this.#made.prompt;
  }

  /** Whether the model cannot reword, so that sentences are quoted instead. */
  get #isTooSmall() {
    if (this.#isServer) return false;
    const { model } = this.#panel;
    return model ? model.info.parameters < SMALL : this.#panel.isDefault;
  }

  #changeModel() {
    this.#made = null; // the prompt is in the model's own format
    this.#show();
    this.#prepare();
  }

  #show() {
    const busy = this.#writing !== null || this.#panel.loading;
    byId("server", "form").hidden = !this.#isServer;
    byId("model-box", "details").hidden = this.#isServer;
    const isTooSmall = this.#isTooSmall;
    const ready = this.#hits.length > 0 && !isTooSmall;
    showStartOrStop({ start: this.#write, stop: this.#stop }, { busy, ready });
    byId("rewording-title", "h2").textContent = isTooSmall ? t("Extractive answer") : t("Reworded");
    for (const box of this.#section.querySelectorAll(".generated")) box.toggleAttribute("hidden", isTooSmall);
    if (isTooSmall) this.#clearAnswer();
    else this.#quoted.hidden = true;
    this.#panel.showButtons();
  }

  /** Gets ready what the model needs: the sentences to quote, or the prompt. */
  async #prepare() {
    if (!this.#hits.length || this.#section.hidden || this.#writing) return;
    try {
      await (this.#isTooSmall ? this.#quote() : this.#ensurePrompt());
    } catch (error) {
      this.#status.complain(error);
    }
  }

  /** Quotes the sentences that fit best. What is merely near is not quoted, as it may answer nothing. */
  async #quote() {
    const [question, hits] = [this.#question, this.#hits];
    const near = hits.filter(({ distant }) => !distant);
    const args = { question, passages: passagesOf(near) };
    const { text, sentences } = near.length
      ? await this.#library.run("extract_answer", args)
      : { text: "", sentences: [] };
    if (hits !== this.#hits || !this.#isTooSmall) return; // others were found meanwhile
    const choose = element("button", { type: "button", class: "quiet" }, t("Choose a larger model"));
    choose.addEventListener("click", () => this.#offerModels());
    const why = text
      ? t("Quoted word for word from your documents: this model is too small to reword passages.")
      : t("No sentence is close enough to your question to be quoted.");
    const sources = element("ol", { class: "answer-sources", "aria-label": t("Sources") });
    sources.append(...this.#sources(sentences, near));
    this.#quoted.replaceChildren(
      element("blockquote", { hidden: !text }, ...answerNodes(text, sentences, near, this.#host.open)),
      sources,
      element("p", { class: "row note" }, element("span", { class: "grow" }, why), choose),
    );
    this.#quoted.hidden = false;
  }

  #offerModels() {
    byId("model-box", "details").open = true;
    const catalogue = byId("catalogue", "details");
    catalogue.open = true;
    catalogue.scrollIntoView({ block: "nearest" });
    catalogue.querySelector("summary")?.focus();
  }

  /** Makes the prompt and shows it, unless it was edited. @returns {Promise<Prompt>} */
  async #ensurePrompt() {
    if (this.#made) return this.#made;
    const args = { question: this.#question, passages: passagesOf(this.#hits) };
    const model = this.#isServer ? null : this.#panel.model;
    const made = await (model ? model.call("answer_prompt", args) : this.#library.run("answer_prompt", args));
    this.#made = made;
    this.#prompt.value = made.prompt;
    this.#reset.hidden = true;
    const values = { used: made.used, count: this.#hits.length, tokens: made.tokens };
    const facts = model
      ? t("{used} of {count} passages, {tokens} tokens.", values)
      : t("{used} of {count} passages, about {tokens} tokens.", values);
    const format = t("The model's chat format is added when the model is loaded.");
    byId("prompt-facts", "p").textContent = model || this.#isServer ? facts : `${facts} ${format}`;
    return made;
  }

  async #run() {
    if (this.#write.disabled) return;
    const writing = new AbortController();
    const [question, hits] = [this.#question, this.#hits];
    let text = "";
    this.#clearAnswer();
    try {
      const stream = await this.#begin(writing);
      if (!stream) return;
      this.#answer.hidden = false;
      this.#answer.toggleAttribute("data-writing", true);
      for await (const piece of stream) {
        text += piece;
        this.#answer.textContent = text;
      }
      this.#status.say(t("Done."));
    } catch (error) {
      this.#server.explain(error);
      this.#status.complain(error);
      if (!text && !isAbort(error)) this.#answer.hidden = true;
    } finally {
      this.#answer.toggleAttribute("data-writing", false);
      this.#progress.hide();
      this.#writing = null;
      this.#show();
    }
    if (text.trim()) await this.#check(text.trim(), { question, hits });
    else this.#answer.hidden = true;
  }

  /**
   * Loads what is needed; returns the pieces of the answer, or null if the model turns out to be too small.
   * @param {AbortController} writing
   */
  async #begin(writing) {
    const { signal } = writing;
    const edited = this.#edited ? this.#prompt.value : null;
    if (this.#isServer) {
      const { server } = this.#server;
      const prompt = edited ?? (await this.#ensurePrompt()).prompt;
      this.#take(writing);
      return complete({ ...server, prompt, settings: this.#controls.settings(), signal });
    }
    const wasLoaded = this.#panel.model !== null;
    const model = await this.#panel.ensure();
    if (this.#isTooSmall) {
      this.#status.say("");
      this.#refresh();
      return null;
    }
    if (!wasLoaded && edited === null) this.#made = null; // now its chat format is known
    const made = await this.#ensurePrompt();
    this.#take(writing);
    return this.#generate(model, edited ?? made.prompt, { made, signal });
  }

  /** @param {AbortController} writing */
  #take(writing) {
    this.#writing = writing;
    this.#status.say(t("Writing…"));
    this.#show();
  }

  /**
   * @param {import("../engine/client.js").Model} model
   * @param {string} prompt
   * @param {{made: Prompt, signal: AbortSignal}} options
   */
  async *#generate(model, prompt, { made, signal }) {
    this.#controls.drawSeedIfFresh();
    const settings = this.#controls.settings();
    const opening = prompt.endsWith(made.opening) ? made.opening : "";
    const stop = [...(settings.stop ?? []), ...made.stop];
    const { seed } = this.#controls;
    const onProgress = this.#progress.show;
    for await (const item of model.generate(prompt, {
      prompt_lookup_num_tokens: GUESSED,
      ...settings,
      seed,
      stop,
      opening,
      signal,
      onProgress,
    })) {
      this.#progress.hide();
      if (item.text) yield item.text;
    }
  }

  #cancel() {
    this.#panel.stop();
    this.#writing?.abort();
  }

  #clearAnswer() {
    this.#answer.replaceChildren();
    this.#answer.hidden = true;
    this.#answer.dataset.text = "";
    for (const id of ["answer-sources", "answer-check", "copy-answer"]) {
      const box = document.getElementById(id);
      if (box) box.hidden = true;
    }
  }

  /**
   * Links each sentence to the passage it rests on, and marks words that are in none.
   * @param {string} text
   * @param {{question: string, hits: Hit[]}} from
   */
  async #check(text, { question, hits }) {
    this.#answer.dataset.text = text;
    this.#answer.textContent = text;
    byId("copy-answer", "button").hidden = false;
    const passages = passagesOf(hits);
    try {
      const sentences = await this.#library.run("attribute_answer", { text, question, passages });
      this.#answer.replaceChildren(...answerNodes(text, sentences, hits, this.#host.open));
      const check = byId("answer-check", "p");
      check.textContent = checkWords(sentences);
      check.hidden = false;
      const list = byId("answer-sources", "ol");
      list.replaceChildren(...this.#sources(sentences, hits));
      list.hidden = !list.childElementCount;
    } catch (error) {
      this.#status.complain(error);
    }
  }

  /**
   * The passages that sentences rest on.
   * @param {import("./answer.js").Sentence[]} sentences
   * @param {Hit[]} hits
   */
  #sources(sentences, hits) {
    const used = new Set(sentences.map(({ passage }) => passage));
    return hits.flatMap((hit, index) => {
      if (!used.has(index)) return [];
      const open = element("button", { type: "button", class: "quiet" }, hit.title || hit.name);
      open.addEventListener("click", () => this.#host.open(hit));
      return [element("li", { value: index + 1 }, open, hit.heading ? ` ${hit.heading}` : "")];
    });
  }
}

/** Hits as the jobs take passages. @param {Hit[]} hits */
function passagesOf(hits) {
  return hits.map(({ title, heading, text }) => ({ title, heading, text }));
}
