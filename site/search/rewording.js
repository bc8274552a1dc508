/**
 * Rewording: the question and the best passages go to a language model in this page or to a server, and each
 * sentence of the answer is linked to the passage that it rests on. The site's default model is too small to
 * answer; with it, the sentence that fits best is quoted, and larger models are offered.
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
import { bestSentence, passageOf } from "./results.js";

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
  #refresh = debounce(() => this.#showPrompt(), 400);

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
      this.#showPrompt();
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
    this.#hits = hits.slice(0, PASSAGES);
    if (this.#writing) return; // the answer to come belongs to the passages it was asked with
    if (isNew || !hits.length) {
      this.#clearAnswer();
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

  /** Whether the model can only be quoted for. */
  get #isTooSmall() {
    if (this.#isServer) return false;
    const { model } = this.#panel;
    return model ? model.info.parameters < SMALL : this.#panel.isDefault;
  }

  #changeModel() {
    this.#made = null; // the prompt is in the model's own format
    this.#show();
    this.#showPrompt();
  }

  #show() {
    const busy = this.#writing !== null || this.#panel.loading;
    byId("server", "form").hidden = !this.#isServer;
    byId("model-box", "details").hidden = this.#isServer;
    showStartOrStop({ start: this.#write, stop: this.#stop }, { busy, ready: this.#hits.length > 0 });
    this.#write.textContent = this.#isTooSmall ? t("Try it anyway") : t("Generate");
    this.#write.classList.toggle("primary", !this.#isTooSmall);
    this.#panel.showButtons();
    this.#quote();
  }

  /** Quotes the passage itself, for a model that is too small. */
  #quote() {
    const [hit] = this.#hits;
    this.#quoted.hidden = !this.#isTooSmall || !hit;
    if (this.#quoted.hidden) return this.#quoted.replaceChildren();
    const source = element("button", { type: "button", class: "quiet" }, hit.title || hit.name);
    source.addEventListener("click", () => this.#host.open(hit));
    const choose = element("button", { type: "button", class: "quiet" }, t("Choose a larger model"));
    choose.addEventListener("click", () => this.#offerModels());
    const why = t("This model is too small to reword passages, so here is the one that fits best, as it is.");
    const marking = bestSentence(hit) ? ` ${t("The sentence that fits best is shaded.")}` : "";
    this.#quoted.replaceChildren(
      element("p", { class: "note" }, why + marking),
      element("blockquote", {}, ...passageOf(hit)),
      element("p", { class: "row" }, t("From"), source, element("span", { class: "grow" }), choose),
    );
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

  async #showPrompt() {
    if (!this.#hits.length || this.#section.hidden || this.#writing) return;
    try {
      await this.#ensurePrompt();
    } catch (error) {
      this.#status.complain(error);
    }
  }

  async #run() {
    if (this.#write.disabled) return;
    const writing = new AbortController();
    const [question, hits] = [this.#question, this.#hits];
    let text = "";
    this.#clearAnswer();
    try {
      const stream = await this.#begin(writing);
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

  /** Loads what is needed; returns the pieces of the answer. @param {AbortController} writing */
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
      this.#listSources(sentences, hits);
    } catch (error) {
      this.#status.complain(error);
    }
  }

  /** @param {import("./answer.js").Sentence[]} sentences @param {Hit[]} hits */
  #listSources(sentences, hits) {
    const list = byId("answer-sources", "ol");
    const used = new Set(sentences.map(({ passage }) => passage));
    list.replaceChildren(
      ...hits.flatMap((hit, index) => {
        if (!used.has(index)) return [];
        const open = element("button", { type: "button", class: "quiet" }, hit.title || hit.name);
        open.addEventListener("click", () => this.#host.open(hit));
        return [element("li", { value: index + 1 }, open, hit.heading ? ` ${hit.heading}` : "")];
      }),
    );
    list.hidden = !list.childElementCount;
  }
}

/** Hits as the jobs take passages. @param {Hit[]} hits */
function passagesOf(hits) {
  return hits.map(({ title, heading, text }) => ({ title, heading, text }));
}
