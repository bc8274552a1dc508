/**
 * <goose-quill>: a language model that writes in a page. Nothing is downloaded before the visitor asks.
 *
 *     <script type="module" src="https://host/prefix/embed/goosequill.js"></script>
 *     <goose-quill prompt="Once upon a time" max-new-tokens="120"></goose-quill>
 *     <goose-quill mode="chat"></goose-quill>
 *
 * Attributes mirror properties (settings.js). Events, all bubbling and composed: progress, load, token, done,
 * error, abort. Slots: poster, progress, actions. Parts: input, output, send, stop and more. The elements of
 * a page share one engine (engine/holder.js); when the last one is removed, its worker ends.
 */

import { engineFrom } from "../engine/holder.js";
import { copyText } from "../ui/clipboard.js";
import { errorWords, isAbort } from "../ui/status.js";
import { t, tn, translated } from "../ui/words.js";
import { speak } from "./language.js";
import { ATTRIBUTES, DECODER, decoderOptions, OWN, parse, propertyName, write } from "./settings.js";
import { VERSION } from "./version.js";
import { View } from "./view.js";

/** @import { Conversation, End, Model, Progress, Turn, Writing } from "../engine/client.js" */
/** @typedef {"idle" | "loading" | "ready" | "writing" | "error"} State */

// Where there is no page, this file can be imported without harm.
const Base = /** @type {{new (): HTMLElement & import("./settings.js").Mirrored}} */ (
  globalThis.HTMLElement ?? class {}
);

export class GooseQuill extends Base {
  static version = VERSION;
  static observedAttributes = ATTRIBUTES;

  /**
   * More settings for the decoder, by the engine's names; they override attributes.
   * @type {Record<string, unknown>}
   */
  options = {};

  /** @type {View | null} */
  #view = null;
  /** @type {import("../engine/holder.js").Lease | null} */
  #lease = null;
  /** @type {Model | null} */
  #model = null;
  /** The same with the adapter, this element's own. @type {Model | null} */
  #adapted = null;
  /** @type {State} */
  #state = "idle";
  /** @type {AbortController | null} while loading or generating */
  #work = null;
  /** @type {Writing | null} */
  #writing = null;
  #text = "";
  /** @type {string | null} the prompt of the last completion */
  #lastPrompt = null;
  /** The conversation; a user message at the end awaits its reply. @type {Turn[]} */
  #messages = [];
  /** The same conversation in the engine, once it has started. @type {Conversation | null} */
  #conversation = null;
  /** @type {IntersectionObserver | null} */
  #observer = null;

  connectedCallback() {
    upgrade(this, ["value", "messages", ...ATTRIBUTES.map(propertyName)]);
    this.#ensureView();
    speak(this)?.then(() => this.#describe());
    this.#watchVisibility();
  }

  /**
   * With reveal="auto" the model loads when the element first comes into view; once stopped, it does not
   * start again by itself.
   */
  #watchVisibility() {
    this.#observer?.disconnect();
    if (this.reveal !== "auto" || !this.isConnected) return;
    this.#observer = new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      if (!this.#work) this.#ignoreRejection(this.load());
    });
    this.#observer.observe(this);
  }

  /** An element that is only moved is reconnected at once, and keeps what it has. */
  disconnectedCallback() {
    setTimeout(() => {
      if (!this.isConnected) this.#releaseAll();
    }, 0);
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.#view) return;
    if (name === "prompt" && this.#view.input.value === (before ?? "")) this.#view.input.value = now ?? "";
    if (name === "model" || name === "engine") this.#releaseAll();
    if (name === "adapter" || name === "strength") this.#dropAdapted();
    if (name === "mode") this.clear();
    if (name === "system") this.#dropConversation();
    if (name === "reveal") this.#watchVisibility();
    this.#describe();
  }

  // ---- Public interface ------------------------------------------------------------------------

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** The last generated text. */
  get text() {
    return this.#text;
  }

  /** The text in the input. */
  get value() {
    return this.#view?.input.value ?? this.prompt;
  }

  set value(text) {
    this.#ensureView().input.value = String(text);
  }

  /** The conversation so far. */
  get messages() {
    return this.#messages.map((message) => ({ ...message }));
  }

  set messages(list) {
    this.#dropConversation();
    this.#messages = list.map(({ role, content, thought }) => ({
      ...{ role, content: String(content) },
      ...(thought && { thought: String(thought) }),
    }));
    this.#ensureView().showMessages(this.#messages, false);
    this.#enable();
  }

  /** Facts about the loaded model, or null. */
  get info() {
    return (this.#adapted ?? this.#model)?.info ?? null;
  }

  /** Downloads and loads the model, without generating. @returns {Promise<void>} */
  async load() {
    await this.#perform(async (signal) => void (await this.#ready(signal)));
  }

  /**
   * Continues a prompt, or answers a message in chat mode.
   * @param {string} [text] by default the text in the input
   * @returns {Promise<string>} the generated text
   */
  async generate(text = this.value) {
    this.#refuseIfBusy();
    if (this.#chat) {
      if (!text.trim()) return "";
      this.#messages.push({ role: "user", content: text });
      this.#ensureView().input.value = "";
    } else {
      this.#lastPrompt = text;
    }
    return await this.#run();
  }

  /** Generates again for the same prompt or the last message. @returns {Promise<string>} */
  async retry() {
    this.#refuseIfBusy();
    if (this.#chat && this.#messages.at(-1)?.role === "assistant") this.#messages.pop();
    return this.#canRetry ? await this.#run() : "";
  }

  /** Stops loading or generating; the text so far stays. */
  abort() {
    if (this.#writing) this.#writing.cancel();
    else this.#work?.abort(new DOMException("Stopped.", "AbortError"));
  }

  /** Removes the text and the conversation. */
  clear() {
    this.abort();
    this.#text = "";
    this.#lastPrompt = null;
    this.#messages = [];
    this.#dropConversation();
    this.#ensureView().clear();
    this.#enable();
  }

  /** Copies the text with its prompt, or the whole conversation. @returns {Promise<boolean>} */
  async copy() {
    const view = this.#ensureView();
    const lines = this.#messages.map(
      ({ role, content }) => `${role === "user" ? "You" : "Model"}: ${content}`,
    );
    const text = this.#chat ? lines.join("\n\n") : (this.#lastPrompt ?? "") + this.#text;
    return await copyText(text, { say: (words) => view.say(words), fallbackElement: view.output });
  }

  // ---- Work ------------------------------------------------------------------------------------

  get #chat() {
    return this.mode === "chat";
  }

  get #canRetry() {
    return this.#chat ? this.#messages.some(({ role }) => role === "user") : this.#lastPrompt !== null;
  }

  /** @param {AbortSignal} signal @returns {Promise<Model>} */
  async #ready(signal) {
    const isLoaded = this.#model !== null && !this.#model.engine.ended;
    const known = this.adapter ? this.#adapted : this.#model;
    if (isLoaded && known) return known;
    const view = this.#ensureView();
    this.#state = "loading";
    const onProgress = (/** @type {Progress} */ progress) => {
      view.progress.show(progress);
      this.#emit("progress", progress);
    };
    if (!isLoaded) {
      const root = this.engine || undefined;
      const model = this.model || undefined;
      this.#lease = engineFrom(root).lease({ model, root }, model);
      this.#model = await this.#lease.load({ signal, onProgress });
    }
    const base = /** @type {Model} */ (this.#model);
    const found = this.adapter ? await this.#adapt(base, { signal, onProgress }) : base;
    view.progress.hide();
    view.showPoster(false);
    view.say([t("Ready."), ...(found.info.notices ?? []).map(translated)].join(" "));
    this.#emit("load", found.info);
    return found;
  }

  /**
   * The page's model with this element's adapter; other elements use it without.
   * @param {Model} model
   * @param {import("../engine/client.js").RequestOptions} options
   * @returns {Promise<Model>}
   */
  async #adapt(model, options) {
    const { adapter, strength } = this;
    const found = await model.withAdapter(adapter, { ...(strength !== null && { strength }), ...options });
    if (adapter !== this.adapter || strength !== this.strength) {
      found.dispose();
      return await this.#adapt(model, options);
    }
    this.#adapted = found;
    return found;
  }

  /** Lets go of the model with the adapter; what it writes now it writes to the end. */
  #dropAdapted() {
    this.#adapted?.dispose();
    this.#adapted = null;
  }

  /** @returns {Promise<string>} */
  async #run() {
    this.#text = "";
    await this.#perform(async (signal) => {
      const view = this.#ensureView();
      // At once, so that nothing moves later by itself.
      view.showPoster(false);
      if (this.#chat) view.showMessages(this.#messages, false);
      else view.beginText(this.#lastPrompt ?? "");
      const model = await this.#ready(signal);
      this.#state = "writing";
      const options = { ...decoderOptions((name) => this.getAttribute(name)), ...this.options, signal };
      view.say(t("Generating…"));
      if (this.#chat) return this.#finish(await this.#answer(model, options));
      this.#finish(await this.#stream(model.generate(this.#lastPrompt ?? "", options)));
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
    const messages = this.#messages;
    if (this.#conversation?.model !== model) this.#dropConversation();
    this.#conversation ??= await model.converse({ system: this.system, messages: messages.slice(0, -1) });
    const conversation = this.#conversation;
    const repeats = conversation.messages.length >= messages.length;
    if (repeats) await conversation.undo(); // the last turn is generated again
    this.#ensureView().showMessages(messages, true);
    try {
      return await this.#stream(conversation.say(messages[messages.length - 1].content, options));
    } finally {
      // Stopped before the first token there is no reply, and the message still waits for one.
      const answered = conversation.messages.length > messages.length;
      if (answered && conversation === this.#conversation) this.#messages = [...conversation.messages];
    }
  }

  #dropConversation() {
    this.#conversation?.close().catch(() => {}); // its engine may have ended
    this.#conversation = null;
  }

  /** @param {Writing} writing @returns {Promise<End>} */
  async #stream(writing) {
    const view = this.#ensureView();
    this.#writing = writing;
    let total = 0;
    try {
      for await (const item of writing) {
        if (total++ === 0) view.progress.hide();
        this.#text += item.text;
        view.append(item.text, item.thought);
        if ("finish_reason" in item) return item;
        this.#emit("token", item);
        view.say(item.thought && !this.#text ? t("Thinking…") : t("Generating…"));
      }
      throw new Error("the stream ended without a finish reason");
    } finally {
      this.#writing = null;
      view.endText();
    }
  }

  /** @param {End} end */
  #finish(end) {
    const count = end.usage.completion_tokens;
    const stopped = end.finish_reason === "abort";
    this.#ensureView().say(
      stopped
        ? tn(count, "Stopped after {n} token.", "Stopped after {n} tokens.")
        : tn(count, "Finished after {n} token.", "Finished after {n} tokens."),
    );
    this.#emit(stopped ? "abort" : "done", { ...end, text: this.#text });
  }

  /** One thing at a time: a second request is refused, and changes nothing. */
  #refuseIfBusy() {
    if (this.#work) throw new DOMException("The element is busy; stop it first.", "InvalidStateError");
  }

  /** @param {(signal: AbortSignal) => Promise<void>} task */
  async #perform(task) {
    const view = this.#ensureView();
    this.#refuseIfBusy();
    const work = new AbortController();
    this.#work = work;
    view.showError(null);
    this.#enable();
    try {
      await task(work.signal);
      this.#state = "ready";
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      if (this.#work === work) this.#work = null;
      view.progress.hide();
      this.#enable();
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#model?.engine.ended) this.#model = this.#adapted = null;
    if (isAbort(error)) {
      this.#state = this.#model ? "ready" : "idle";
      this.#view?.say(t("Stopped."));
      this.#emit("abort", { text: this.#text, finish_reason: "abort" });
      return;
    }
    const { code = "internal" } = /** @type {any} */ (error);
    const { message, remedy } = errorWords(error);
    this.#state = "error";
    this.#view?.showError({ message, remedy });
    this.#emit("error", { code, message, remedy });
  }

  /** Releases the model; the worker ends when no other element needs it. */
  #releaseAll() {
    this.#observer?.disconnect();
    this.#observer = null;
    this.abort();
    this.#work?.abort(new DOMException("The element was removed.", "AbortError"));
    this.#dropAdapted();
    this.#lease?.release();
    this.#lease = null;
    this.#model = null;
    this.#state = "idle";
    this.#view?.showPoster(true);
  }

  // ---- Small things ----------------------------------------------------------------------------

  /** The view, created when it is first needed. @returns {View} */
  #ensureView() {
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
    if (action === "send" && !this.#work) this.#ignoreRejection(this.generate());
    else if (action === "stop") this.abort();
    else if (action === "retry") this.#ignoreRejection(this.retry());
    else if (action === "copy") this.copy();
    else if (action === "clear") {
      this.clear();
      this.#view?.input.focus();
    }
  }

  /**
   * A failure is shown, and an event reports it, so nobody has to catch it.
   * @param {Promise<unknown>} promise
   */
  #ignoreRejection(promise) {
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
      retry: this.#canRetry,
    });
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
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
 * Lets properties that were set before the element was defined go through their setters.
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

/**
 * Defines the element, once per page: the first copy stays in use, and a later one logs a warning.
 * @param {string} [name]
 */
export function define(name = "goose-quill") {
  const registry = globalThis.customElements;
  if (!registry) return;
  const present = /** @type {any} */ (registry.get(name));
  if (!present) return registry.define(name, /** @type {any} */ (GooseQuill));
  if (present === GooseQuill || present.version === VERSION) return;
  const whose = present.version ? `version ${present.version} of Goosequill` : "another script";
  console.warn(
    `Goosequill: <${name}> is already defined on this page by ${whose}, which stays in use; ` +
      `version ${VERSION} is ignored. Load one version only.`,
  );
}

define();
