// <goose-quill>: a language model that writes in a page. Nothing is downloaded before the visitor asks.
//
//   <script type="module" src="https://host/prefix/embed/goosequill.js"></script>
//   <goose-quill prompt="Once upon a time" max-new-tokens="120"></goose-quill>
//   <goose-quill mode="chat"></goose-quill>
//
// Attributes mirror properties (settings.js). Events, all bubbling and composed: progress, load, token,
// done, error, abort. Slots: poster, progress, actions. Parts: input, output, send, stop and more.
// Elements on one page share one engine (pool.js), and the last one to leave ends its worker.

import { ROOT } from "../engine/start.js";
import { copyText } from "../ui/clipboard.js";
import { poolOf } from "./pool.js";
import { ATTRIBUTES, DECODER, decoderOptions, OWN, parse, propertyName, write } from "./settings.js";
import { VERSION } from "./version.js";
import { View } from "./view.js";

/** @typedef {import("../engine/client.js").Model} Model */
/** @typedef {import("../engine/client.js").Progress} Progress */
/** @typedef {import("../engine/client.js").Writing} Writing */
/** @typedef {import("../engine/client.js").End} End */
/** @typedef {import("../engine/client.js").Conversation} Conversation */
/** @typedef {import("../engine/client.js").Turn} Turn */
/** @typedef {"idle" | "loading" | "ready" | "writing" | "error"} State */

// Importing this file where there is no page does no harm.
const Base = /** @type {{new (): HTMLElement & import("./settings.js").Mirrored}} */ (
  globalThis.HTMLElement ?? class {}
);

export class GooseQuill extends Base {
  static version = VERSION;
  static source = import.meta.url;
  static observedAttributes = ATTRIBUTES;

  /** Further settings for the decoder, by the engine's names; they win over attributes. @type {Record<string, unknown>} */
  options = {};

  /** @type {View | null} */
  #view = null;
  /** @type {ReturnType<import("./pool.js").Pool["lease"]> | null} */
  #lease = null;
  /** @type {Model | null} */
  #model = null;
  /** @type {State} */
  #state = "idle";
  /** @type {AbortController | null} while loading or writing */
  #work = null;
  /** @type {Writing | null} */
  #writing = null;
  #text = "";
  /** @type {string | null} the last prompt of a completion */
  #tried = null;
  /** What was said; a message of the visitor's at the end awaits its reply. @type {Turn[]} */
  #messages = [];
  /** The same as the engine holds it, once it was asked. @type {Conversation | null} */
  #conversation = null;
  /** @type {IntersectionObserver | null} */
  #observer = null;

  connectedCallback() {
    upgrade(this, ["value", "messages", ...ATTRIBUTES.map(propertyName)]);
    this.#see();
    this.#watch();
  }

  /** With reveal="auto" it loads when it first comes into view; who stops that is not asked twice. */
  #watch() {
    this.#observer?.disconnect();
    if (this.reveal !== "auto" || !this.isConnected) return;
    this.#observer = new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      if (!this.#work) this.#quietly(this.load());
    });
    this.#observer.observe(this);
  }

  /** An element that is only moved is connected again at once, and keeps what it has. */
  disconnectedCallback() {
    setTimeout(() => {
      if (!this.isConnected) this.#leave();
    }, 0);
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.#view) return;
    if (name === "prompt" && this.#view.input.value === (before ?? "")) this.#view.input.value = now ?? "";
    if (name === "model" || name === "engine") this.#leave();
    if (name === "mode") this.clear();
    if (name === "system") this.#dropConversation();
    if (name === "reveal") this.#watch();
    this.#describe();
  }

  // ---- What a page may ask ---------------------------------------------------------------------

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** What was written last. */
  get text() {
    return this.#text;
  }

  /** What stands in the input. */
  get value() {
    return this.#view?.input.value ?? this.prompt;
  }

  set value(text) {
    this.#see().input.value = String(text);
  }

  /** The conversation so far. */
  get messages() {
    return this.#messages.map((message) => ({ ...message }));
  }

  set messages(list) {
    this.#dropConversation();
    this.#messages = list.map(({ role, content }) => ({ role, content: String(content) }));
    this.#see().showMessages(this.#messages, false);
    this.#enable();
  }

  /** What is known of the loaded model, or null. */
  get info() {
    return this.#model?.info ?? null;
  }

  /** Downloads and loads, but writes nothing. @returns {Promise<void>} */
  async load() {
    await this.#working(async (signal) => void (await this.#ready(signal)));
  }

  /**
   * Writes on from a prompt, or answers a message; without one, what stands in the input is taken.
   * @param {string} [text]
   * @returns {Promise<string>} what was written
   */
  async generate(text = this.value) {
    this.#refuseIfBusy();
    if (this.#chat) {
      if (!text.trim()) return "";
      this.#messages.push({ role: "user", content: text });
      this.#see().input.value = "";
    } else {
      this.#tried = text;
    }
    return await this.#write();
  }

  /** The same prompt, or the last message, once more. @returns {Promise<string>} */
  async retry() {
    this.#refuseIfBusy();
    if (this.#chat && this.#messages.at(-1)?.role === "assistant") this.#messages.pop();
    return this.#canRetry ? await this.#write() : "";
  }

  /** Stops loading or writing; what was written stays. */
  abort() {
    if (this.#writing) this.#writing.cancel();
    else this.#work?.abort(new DOMException("It was stopped.", "AbortError"));
  }

  /** Forgets what was written, and the conversation. */
  clear() {
    this.abort();
    this.#text = "";
    this.#tried = null;
    this.#messages = [];
    this.#dropConversation();
    this.#see().clear();
    this.#enable();
  }

  /** Copies what was written, or the whole conversation. @returns {Promise<boolean>} */
  async copy() {
    const view = this.#see();
    const lines = this.#messages.map(
      ({ role, content }) => `${role === "user" ? "You" : "Model"}: ${content}`,
    );
    const text = this.#chat ? lines.join("\n\n") : (this.#tried ?? "") + this.#text;
    return await copyText(text, { say: (words) => view.say(words), fallbackElement: view.output });
  }

  // ---- Work ------------------------------------------------------------------------------------

  get #chat() {
    return this.mode === "chat";
  }

  get #canRetry() {
    return this.#chat ? this.#messages.some(({ role }) => role === "user") : this.#tried !== null;
  }

  /** @param {AbortSignal} signal @returns {Promise<Model>} */
  async #ready(signal) {
    if (this.#model && !this.#model.engine.ended) return this.#model;
    const view = this.#see();
    this.#enter("loading");
    const root = this.engine ? new URL(this.engine, document.baseURI).href : ROOT;
    const model = this.model
      ? new URL(this.model, document.baseURI).href
      : new URL("models/default/", root).href;
    this.#lease = poolOf(root).lease(model);
    const onProgress = (/** @type {Progress} */ progress) => {
      view.showProgress(progress);
      this.#tell("progress", progress);
    };
    this.#model = await this.#lease.load({ signal, onProgress });
    view.hideProgress();
    view.showPoster(false);
    view.say(["Ready.", ...notices(this.#model.info)].join(" "));
    this.#tell("load", this.#model.info);
    return this.#model;
  }

  /** @returns {Promise<string>} */
  async #write() {
    this.#text = "";
    await this.#working(async (signal) => {
      const view = this.#see();
      if (this.#chat) view.showMessages(this.#messages, false);
      const model = await this.#ready(signal);
      this.#enter("writing");
      const options = { ...decoderOptions((name) => this.getAttribute(name)), ...this.options, signal };
      view.say("Writing…");
      if (this.#chat) return this.#finish(await this.#answer(model, options));
      view.beginText(this.#tried ?? "");
      this.#finish(await this.#stream(model.generate(this.#tried ?? "", options)));
    });
    return this.#text;
  }

  /**
   * Lets the model answer the last message.
   * @param {Model} model
   * @param {Record<string, unknown>} options
   * @returns {Promise<End>}
   */
  async #answer(model, options) {
    const said = this.#messages;
    if (this.#conversation?.model !== model) this.#dropConversation();
    this.#conversation ??= await model.converse({ system: this.system, messages: said.slice(0, -1) });
    const conversation = this.#conversation;
    if (conversation.messages.length >= said.length) await conversation.undo(); // it is asked once more
    this.#see().showMessages(said, true);
    try {
      return await this.#stream(conversation.say(said[said.length - 1].content, options));
    } finally {
      // Stopped before its first token, the conversation has no reply, and the message waits on.
      const answered = conversation.messages.length > said.length;
      if (answered && conversation === this.#conversation) this.#messages = [...conversation.messages];
    }
  }

  #dropConversation() {
    this.#conversation?.close().catch(() => {}); // its engine may have ended
    this.#conversation = null;
  }

  /** @param {Writing} writing @returns {Promise<End>} */
  async #stream(writing) {
    const view = this.#see();
    this.#writing = writing;
    let total = 0;
    try {
      for await (const item of writing) {
        if (total++ === 0) view.hideProgress();
        this.#text += item.text;
        view.append(item.text);
        if ("finish_reason" in item) return item;
        this.#tell("token", item);
        view.say(item.thought && !this.#text ? "Thinking…" : "Writing…");
      }
      throw new Error("the text ended without saying why");
    } finally {
      this.#writing = null;
      view.endText();
    }
  }

  /** @param {End} end */
  #finish(end) {
    const count = end.usage.completion_tokens;
    const tokens = `${count} ${count === 1 ? "token" : "tokens"}`;
    const stopped = end.finish_reason === "abort";
    this.#see().say(stopped ? `Stopped after ${tokens}.` : `Finished after ${tokens}.`);
    this.#tell(stopped ? "abort" : "done", { ...end, text: this.#text });
  }

  /** One thing at a time; a second request waits for nothing, changes nothing and is refused. */
  #refuseIfBusy() {
    if (this.#work) throw new DOMException("It is busy; stop it first.", "InvalidStateError");
  }

  /** @param {(signal: AbortSignal) => Promise<void>} task */
  async #working(task) {
    const view = this.#see();
    this.#refuseIfBusy();
    const work = new AbortController();
    this.#work = work;
    view.showError(null);
    this.#enable();
    try {
      await task(work.signal);
      this.#enter("ready");
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      if (this.#work === work) this.#work = null;
      view.hideProgress();
      this.#enable();
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const aborted = error instanceof Error && error.name === "AbortError";
    if (this.#model?.engine.ended) this.#model = null;
    if (aborted) {
      this.#enter(this.#model ? "ready" : "idle");
      this.#view?.say("Stopped.");
      this.#tell("abort", { text: this.#text, finish_reason: "abort" });
      return;
    }
    const { code = "internal", message, remedy = "" } = /** @type {any} */ (error);
    this.#enter("error");
    this.#view?.showError({ message, remedy });
    this.#tell("error", { code, message, remedy });
  }

  /** Gives everything back: the worker ends when no other element needs it. */
  #leave() {
    this.#observer?.disconnect();
    this.#observer = null;
    this.abort();
    this.#work?.abort(new DOMException("The element was taken away.", "AbortError"));
    this.#lease?.release();
    this.#lease = null;
    this.#model = null;
    this.#enter("idle");
    this.#view?.showPoster(true);
  }

  // ---- Small things ----------------------------------------------------------------------------

  /** The view, built when it is first needed. @returns {View} */
  #see() {
    if (this.#view) return this.#view;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.#view = new View(root, (action) => this.#act(action));
    this.#view.input.value = this.prompt;
    this.#describe();
    this.#enable();
    return this.#view;
  }

  /** @param {import("./view.js").Action} action */
  #act(action) {
    if (action === "send" && !this.#work) this.#quietly(this.generate());
    else if (action === "stop") this.abort();
    else if (action === "retry") this.#quietly(this.retry());
    else if (action === "copy") this.copy();
    else if (action === "clear") {
      this.clear();
      this.#view?.input.focus();
    }
  }

  /** A failure is shown, and told by an event; a page need not catch it too. @param {Promise<unknown>} promise */
  #quietly(promise) {
    promise.catch(() => {});
  }

  #describe() {
    const { label, placeholder } = this;
    this.#view?.describe({ mode: this.#chat ? "chat" : "completion", label, placeholder });
  }

  #enable() {
    this.#view?.enable({
      busy: this.#work !== null,
      written: this.#chat ? this.#messages.length > 0 : this.#text !== "",
      tried: this.#canRetry,
    });
  }

  /** @param {State} state */
  #enter(state) {
    this.#state = state;
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

for (const [name, kind] of Object.entries({ ...OWN, ...DECODER })) {
  Object.defineProperty(GooseQuill.prototype, propertyName(name), {
    configurable: true,
    enumerable: true,
    get() {
      return parse(this.getAttribute(name), kind);
    },
    set(value) {
      const text = write(value, kind);
      if (text === null) this.removeAttribute(name);
      else this.setAttribute(name, text);
    },
  });
}

/**
 * Properties that were set before the element was defined go through their setters now.
 * @param {Record<string, any>} element
 * @param {string[]} names
 */
function upgrade(element, names) {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value = element[name];
    delete element[name];
    element[name] = value;
  }
}

/** What the visitor should know of the way it runs here. @param {any} info @returns {string[]} */
function notices(info) {
  return Array.isArray(info.notices) ? info.notices.map(String) : [];
}

/**
 * Makes the element known to the page, once: the copy that comes first stays, and another says that it
 * stands back.
 * @param {string} [name]
 */
export function define(name = "goose-quill") {
  const registry = globalThis.customElements;
  if (!registry) return;
  const present = /** @type {any} */ (registry.get(name));
  if (!present) return registry.define(name, /** @type {any} */ (GooseQuill));
  if (present === GooseQuill || present.source === GooseQuill.source) return;
  const whose = present.version ? `version ${present.version} of Goosequill` : "another script";
  console.warn(
    `Goosequill: <${name}> is already defined on this page by ${whose}, which stays in use; ` +
      `version ${VERSION} from ${GooseQuill.source} stands back. Load one version only.`,
  );
}

define();
