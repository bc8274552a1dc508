/**
 * The question and what becomes of it: results as one types, the document of a result, and on request the
 * results reworded. This module connects the parts and knows the page's half that is called "asking"; where
 * documents come from is the library's business.
 */

import { titleOf } from "../collections/embedders.js";
import { isTyping } from "../ui/composing.js";
import { byId, element } from "../ui/dom.js";
import { errorWords, isAbort } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { Inquiry } from "./inquiry.js";
import { copyQuestion, linkTo, readLink, writeLink } from "./permalink.js";
import { DocumentReader } from "./reader.js";
import { Results } from "./results.js";
import { Thread } from "./thread.js";

/** @import { Hit } from "./inquiry.js" */
/** @typedef {import("./inquiry.js").Results} Found */
/** @import { Stage } from "./inquiry.js" */
/** @import { Choice } from "../collections/embedders.js" */
/**
 * What asking needs of the page's library.
 * @typedef {{
 *   collection: () => {name: string, documents: number, passages: number} | null,
 *   collections: () => Promise<string[]>, open: (name: string) => Promise<void>,
 *   prepare: (options: {ask: boolean}) => Promise<void>, ready: () => boolean,
 *   full: () => "ready" | "loading" | "off", wantFull: () => void, isReading: () => boolean,
 *   embedder: () => {choice: Choice, missing: string, host: string},
 *   ask: (args: Record<string, unknown> & {question: string, stage: Stage}) => Promise<any>,
 *   run: (job: string, args: Record<string, unknown>, options?: any) => Promise<any>,
 *   holder: () => Promise<import("../ui/engine.js").EngineHolder>,
 *   sample?: () => {questions: string[]} | null
 * }} Library `sample` has questions to try, if the collection is one of the site's examples
 */

/** Results of a question. */
const COUNT = 10;
/** Passages of one document that the reader marks. */
const WITHIN = 30;
/** What each stage ranks by. @type {Record<Stage, string>} */
const RANKED = {
  words: t("Ranked by the words they share with your question."),
  static: t("Ranked by the meaning of single words."),
  full: t("Ranked by the meaning of whole passages."),
};

export class Asking {
  #library;
  #field = byId("question", "input");
  #asked = byId("asked", "p");
  #problem = byId("asking-problem", "p");
  #nothing = byId("nothing-fits", "div");
  #unsure = byId("unsure", "p");
  #reword = byId("reword", "button");
  #distant = byId("distant", "button");
  #better = byId("better", "button");
  #searched = byId("searched", "div");
  #copyLink = byId("copy-link", "button");
  #limits = byId("limits", "details");
  #try = byId("try", "div");
  #results;
  #reader;
  #inquiry;
  #thread = new Thread();
  /** What is shown, and for which question. @type {{results: Found, question: string} | null} */
  #shown = null;
  /** What each stage of the shown question took. @type {import("./inquiry.js").Seconds} */
  #seconds = {};
  /** The question that was sent off by Enter or the button, and not only typed. */
  #submitted = "";
  /** Whether passages are shown that are merely the nearest. */
  #nearest = false;
  /** The name of the collection that the results are of. */
  #of = "";
  /** A document that the address names, to be opened when its question is answered. */
  #toOpen = "";
  /** @type {Promise<import("./rewording.js").Rewording> | null} */
  #rewording = null;

  /** @param {Library} library */
  constructor(library) {
    this.#library = library;
    this.#results = new Results(byId("results", "ol"), {
      open: (hit) => this.#open(hit),
      addressOf: ({ name }) => linkTo({ ...this.#shownLink, document: name }),
    });
    this.#reader = new DocumentReader({ closed: () => this.#closed() });
    this.#inquiry = new Inquiry({
      search: (question, stage) => this.#search(question, stage),
      isFull: (question) => library.full() === "ready" && !this.#isHeldBack(question),
      show: (results, question) => this.#show(results, question),
      fail: (error) => this.#fail(error),
    });
  }

  /** Listens, and asks what the page's address asks. @returns {Promise<void>} when it is answered */
  start() {
    this.#of = this.#library.collection()?.name ?? "";
    this.#field.addEventListener("input", () => this.#typed());
    byId("ask", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submitted = this.#question;
      this.#ask({ ask: true });
    });
    byId("nearest", "button").addEventListener("click", () => this.#showNearest());
    this.#distant.addEventListener("click", () => this.#showNearest());
    this.#better.addEventListener("click", () => this.#library.wantFull());
    byId("only-new", "button").addEventListener("click", () => this.#askAlone());
    this.#copyLink.addEventListener("click", () =>
      copyQuestion({ ...this.#shownLink, document: this.#reader.open }, (words) => this.#say(words)),
    );
    this.#reword.addEventListener("click", () => this.#openRewording());
    document.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("hashchange", () => this.#follow());
    this.#offerQuestions();
    return this.#wasTyped ? this.#typed() : this.#follow();
  }

  /** Whether the visitor typed before this script ran; Firefox also keeps what was typed before a reload. */
  get #wasTyped() {
    return this.#question !== "" && this.#question !== readLink().question;
  }

  /** The collection, its contents or the models have changed: asks again, quietly. */
  changed() {
    this.#drawActions();
    this.#offerQuestions();
    const { name = "" } = this.#library.collection() ?? {};
    if (name !== this.#of) {
      this.#clear(); // what is shown is of another
      this.#thread = new Thread();
    }
    this.#of = name;
    if (!name || !this.#question) return;
    if (!this.#toOpen) writeLink({ ...this.#link, document: this.#reader.open });
    if (this.#library.ready()) this.#inquiry.ask(this.#question);
    else this.#ask({ ask: false });
  }

  /** Shows what is merely near, too, and goes to the first of it. */
  #showNearest() {
    const shown = this.#results.hits.length;
    this.#nearest = true;
    this.#draw();
    this.#offerRewording();
    this.#results.focus(shown);
  }

  get #question() {
    return this.#field.value.trim();
  }

  /** @returns {import("./permalink.js").Link} */
  get #link() {
    const collection = this.#library.collection()?.name ?? "";
    return { question: this.#question, collection: this.#question && collection, document: "" };
  }

  /** The same for somebody who has not seen the question before. */
  get #shownLink() {
    return { ...this.#link, question: this.#shown?.results.searched ?? this.#question };
  }

  /** Searches for the question without the one before. */
  #askAlone() {
    this.#thread.cut();
    this.#field.focus();
    this.#ask({ ask: false });
  }

  /** Does what the page's address says. */
  async #follow() {
    const link = readLink();
    const isShown = link.question === this.#shown?.question && link.document === this.#reader.open;
    if (!link.question || isShown) return;
    this.#field.value = link.question;
    this.#toOpen = link.document;
    try {
      if (link.collection && link.collection !== this.#library.collection()?.name) {
        const known = await this.#library.collections();
        if (!known.includes(link.collection)) {
          return this.#say(
            t("This link is for a collection that is not in this browser: “{name}”.", {
              name: link.collection,
            }),
          );
        }
        await this.#library.open(link.collection);
      }
    } catch (error) {
      return this.#fail(error);
    }
    await this.#ask({ ask: false });
  }

  async #typed() {
    this.#toOpen = "";
    this.#nearest = false;
    this.#thread.typed(this.#question);
    if (this.#library.collection()) writeLink(this.#link);
    if (this.#question) return this.#ask({ ask: false });
    this.#clear();
  }

  /** @param {{ask: boolean}} options whether the page may ask for the consent to download what it needs */
  async #ask(options) {
    if (!this.#question) return this.#field.focus();
    if (!this.#library.collection()) return this.#say(t("Add documents first, or try the examples."));
    try {
      if (!this.#library.ready()) {
        this.#say(t("Starting the engine…"));
        await this.#library.prepare(options);
      }
      if (this.#question) await this.#inquiry.ask(this.#question);
    } catch (error) {
      if (isAbort(error)) this.#say(t("Press Search to begin."));
      else this.#fail(error);
    }
  }

  /** @param {string} question @param {Stage} stage @returns {Promise<Found>} */
  #search(question, stage) {
    const { former } = this.#thread;
    const isAgain = stage === "full" && this.#shown?.question === question;
    const asked = isAgain ? { question: this.#shown?.results.searched ?? question } : { question, former };
    return this.#library.ask({ ...asked, count: COUNT, stage });
  }

  /** Whether a question is for a server, which gets none while it is typed. @param {string} question */
  #isHeldBack(question) {
    const { host } = this.#library.embedder();
    return host !== "" && this.#library.full() === "ready" && question !== this.#submitted;
  }

  /** @param {string} words */
  #say(words) {
    if (this.#asked.textContent !== words) this.#asked.textContent = words; // else it is announced again
  }

  /** @param {unknown} error */
  #fail(error) {
    if (isAbort(error)) return;
    const { message, remedy } = errorWords(error);
    this.#say("");
    this.#problem.textContent = `${message} ${remedy}`.trim();
    this.#problem.className = "error-box";
    this.#problem.hidden = false;
  }

  #clear() {
    this.#inquiry.drop();
    this.#shown = null;
    this.#say("");
    this.#problem.hidden = true;
    this.#draw();
    this.#offerRewording();
  }

  #offerRewording() {
    const { question, hits } = { question: this.#shown?.results.searched ?? "", hits: this.#results.hits };
    this.#rewording?.then((rewording) => rewording.offer(question, hits)).catch(() => {}); // it has been shown
  }

  /** @param {Found} results @param {string} question */
  #show(results, question) {
    if (question !== this.#shown?.question) {
      this.#nearest = false;
      this.#seconds = {};
    }
    this.#seconds[results.stage] = results.seconds;
    this.#thread.answered(question, results.searched);
    this.#shown = { results, question };
    this.#problem.hidden = true;
    this.#draw();
    this.#say(this.#summary(results));
    this.#offerRewording();
    const named = this.#toOpen && results.hits.find(({ name }) => name === this.#toOpen);
    if (named) this.#open(named);
  }

  /** @param {Found} results */
  #summary(results) {
    const documents = this.#library.collection()?.documents ?? 0;
    const { length } = this.#near(results);
    const { host } = this.#library.embedder();
    const isHeld = this.#isHeldBack(this.#question);
    const next = isHeld
      ? [t("Press Search to send your question to {host}, which ranks passages by meaning.", { host })]
      : [];
    if (!length && isHeld) return [noneHas(documents), ...next].join(" ");
    if (!length || this.#verdict(results) === "nothing") return noneFits(documents);
    const ranked = this.#isPreliminary(results)
      ? t("First results; better ones follow.")
      : RANKED[results.stage];
    return [foundWords(length, documents), ranked, ...next].join(" ");
  }

  /** Whether better results follow by themselves. @param {Found} results */
  #isPreliminary({ stage, pending = 0, unread }) {
    if (unread) return true;
    const isNext = stage !== "full" && !this.#isHeldBack(this.#question);
    return this.#library.full() === "ready" && (isNext || (this.#library.isReading() && pending > 0));
  }

  /**
   * Whether anything fits. Too little is known to say no while better results follow.
   * @param {Found} results
   */
  #verdict(results) {
    if (!results.hits.length) return this.#isHeldBack(this.#question) ? "fits" : "nothing";
    const isEarly = this.#isPreliminary(results) || this.#isHeldBack(this.#question);
    return isEarly ? "fits" : results.state;
  }

  /** Results without those that are merely near; the best one is never left out. @param {Found} results */
  #near({ hits }) {
    return hits.filter(({ distant }, index) => index === 0 || !distant);
  }

  #draw() {
    const results = this.#shown?.results;
    const verdict = results && this.#verdict(results);
    const isHidden = verdict === "nothing" && !this.#nearest;
    this.#nothing.hidden = !isHidden;
    const searched = results?.searched ?? "";
    this.#searched.hidden = searched === (this.#shown?.question ?? "");
    byId("searched-for", "span").textContent = t("Searched for: {words}", { words: searched });
    this.#unsure.hidden = verdict !== "perhaps";
    byId("nearest", "button").hidden = !results?.hits.length;
    byId("nothing-fits-words", "p").textContent = results ? nothingWords(results) : "";
    this.#unsure.textContent = results ? nothingWords(results) : "";
    const hits = results && !isHidden ? (this.#nearest ? results.hits : this.#near(results)) : [];
    const left = results && !isHidden ? results.hits.length - hits.length : 0;
    this.#results.show(hits, this.#seconds);
    this.#distant.hidden = !left;
    this.#distant.textContent = tn(
      left,
      "Show {n} more, though it is distant in meaning",
      "Show {n} more, though they are distant in meaning",
    );
    this.#limits.hidden = !results;
    this.#drawActions();
    this.#offerQuestions();
  }

  /** Offers questions to try, as long as nothing is asked. */
  #offerQuestions() {
    const questions = this.#question ? [] : (this.#library.sample?.()?.questions ?? []);
    this.#try.hidden = !questions.length;
    const buttons = questions.map((question) => {
      const ask = () => {
        this.#field.value = question;
        this.#typed();
        this.#field.focus();
      };
      return element("button", { type: "button", onclick: ask }, question);
    });
    this.#try.replaceChildren(element("span", { class: "note" }, t("Try")), ...buttons);
  }

  #drawActions() {
    const found = this.#shown?.results;
    this.#copyLink.hidden = !found;
    this.#reword.hidden = !this.#results.hits.length;
    const state = this.#library.full();
    this.#better.hidden = !found || state === "ready";
    this.#better.disabled = state === "loading";
    this.#better.textContent =
      state === "loading" ? t("Getting better answers…") : betterWords(this.#library.embedder());
  }

  /** @param {Hit} hit */
  async #open(hit) {
    this.#toOpen = "";
    const { results } = this.#shown ?? {};
    const question = results?.searched ?? "";
    try {
      const full = await this.#library.run("document_text", { document: hit.document });
      this.#reader.show({ ...full, name: hit.name }, hit);
      writeLink({ ...this.#link, document: hit.name });
      const stage = results?.stage === "full" ? "full" : "static";
      const args = { question, count: WITHIN, stage: /** @type {Stage} */ (stage), within: hit.document };
      const { hits } = await this.#library.ask(args);
      this.#reader.add(
        hit.name,
        hits.filter((/** @type {Hit} */ one) => fits(one, hit)),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #closed() {
    writeLink(this.#link);
  }

  async #openRewording() {
    const section = byId("rewording", "section");
    if (!section.hidden) return this.#closeRewording();
    this.#reword.setAttribute("aria-expanded", "true");
    this.#rewording ??= this.#startRewording();
    try {
      const rewording = await this.#rewording;
      section.hidden = false;
      this.#offerRewording();
      rewording.focus();
    } catch (error) {
      this.#rewording = null;
      this.#closeRewording();
      this.#fail(error);
    }
  }

  #closeRewording() {
    byId("rewording", "section").hidden = true;
    this.#reword.setAttribute("aria-expanded", "false");
    this.#reword.focus();
  }

  /** Its code is fetched when it is first wanted. */
  async #startRewording() {
    const { startRewording } = await import("./rewording.js");
    return await startRewording(this.#library, {
      close: () => this.#closeRewording(),
      open: (/** @type {Hit} */ hit) => this.#open(hit),
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || this.#reader.open) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const inList = target.closest?.("#results") !== null;
    if (event.key === "/" && !isTyping(target)) {
      event.preventDefault();
      this.#field.focus();
      this.#field.select();
    } else if (event.key === "ArrowDown" && target === this.#field) {
      if (this.#results.focus(0)) event.preventDefault();
    } else if (event.key === "ArrowUp" && inList) {
      event.preventDefault(); // from the first result; the list has handled the others
      this.#field.focus();
    } else if (event.key === "Escape" && inList) {
      this.#field.focus();
    }
  }
}

/**
 * What brings the collection's embedder.
 * @param {{choice: Choice, missing: string, host: string}} embedder
 */
export function betterWords({ choice, missing, host }) {
  if (missing === "files") return t("Choose the files of {model}…", { model: titleOf(choice) });
  if (missing === "address") return t("Enter the server of {model}…", { model: titleOf(choice) });
  if (missing === "key") return t("Enter the key for {host}…", { host });
  return choice.kind === "model" ? t("Load {name}", { name: choice.title }) : t("Better answers");
}

/** @param {number} documents */
function noneFits(documents) {
  return tn(documents, "No match in {n} document.", "No match in {n} documents.");
}

/** @param {number} documents */
function noneHas(documents) {
  return tn(
    documents,
    "No word of your question occurs in {n} document.",
    "No word of your question occurs in {n} documents.",
  );
}

/** @param {number} count of results @param {number} documents */
function foundWords(count, documents) {
  const values = { from: tn(documents, "from {n} document", "from {n} documents"), count };
  if (count >= COUNT) return t("The {count} best results {from}.", values);
  return tn(count, "{n} result {from}.", "{n} results {from}.", values);
}

/** @param {Found} results */
function nothingWords({ hits, likelihood }) {
  if (!hits.length) return t("The collection has no passage to compare with your question.");
  const why = t("No passage is close enough to your question to be a likely answer.");
  if (typeof likelihood !== "number") return why;
  const chance = Math.max(1, Math.round(100 * likelihood));
  const how = t("Matches this weak are right about {chance}% of the time.", {
    chance,
  });
  return `${why} ${how}`;
}

/**
 * Whether a passage is close enough, compared with the best one of its document, to be worth marking.
 * @param {Hit} one
 * @param {Hit} best
 */
function fits(one, best) {
  return one.start === best.start || (one.cosine ?? 0) >= 0.75 * (best.cosine ?? 0);
}
