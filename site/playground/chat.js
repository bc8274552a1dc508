// Chat in the playground: turns with the loaded model, in the format that it knows. The engine keeps the
// conversation's state, so every message is read once. What belongs to writing is in playground.js.

import { EngineError } from "../engine/client.js";
import { copyText } from "../ui/clipboard.js";
import { byId, download, element } from "../ui/dom.js";
import { Pace } from "./pace.js";

/** @typedef {import("../engine/client.js").Model} Model */
/** @typedef {import("../engine/client.js").Turn} Turn */
/** @typedef {import("../engine/client.js").Conversation} Conversation */
/** @typedef {import("../engine/client.js").Writing} Writing */
/**
 * What the page does for this panel.
 * @typedef {{
 *   ready: () => Promise<Model>, settings: () => Record<string, any>, busy: () => boolean,
 *   track: (writing: Writing | null) => void, onProgress: (progress: any) => void, hideProgress: () => void,
 *   say: (text: string) => void, complain: (error: unknown) => void, changed: () => void
 * }} Host
 */

const page = {
  modes: byId("modes", "fieldset"),
  system: byId("system", "textarea"),
  format: byId("chat-format", "select"),
  persona: byId("persona", "input"),
  personaName: byId("persona-name", "p"),
  noPersona: byId("no-persona", "button"),
  note: byId("chat-note", "p"),
  log: byId("messages", "div"),
  message: byId("message", "textarea"),
  send: byId("send", "button"),
  again: byId("again", "button"),
  undo: byId("undo", "button"),
  copy: byId("chat-copy", "button"),
  clear: byId("chat-clear", "button"),
  measures: byId("chat-measures", "p"),
  save: byId("chat-save", "div"),
};
/** Bytes; the largest models have states of about 60 MB. */
const MOST_OF_A_STATE = 250_000_000;
const parts = document.querySelectorAll("[data-mode]");
const names = { system: "System", user: "You", assistant: "Model" };

/** @typedef {{messages: Turn[], talk: Conversation | null, persona: Persona | null}} Kept */
/** @typedef {{name: string, bytes: Uint8Array}} Persona */

export class Chat {
  #host;
  /** @type {Turn[]} */
  #messages = [];
  /** The same as the engine holds it, once it was asked. @type {Conversation | null} */
  #talk = null;
  /** @type {Persona | null} */
  #persona = null;
  /** What was cleared last, to bring it back. @type {Kept | null} */
  #cleared = null;
  #working = false;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    page.modes.addEventListener("change", () => {
      this.#showMode();
      host.changed();
      (this.active ? page.message : byId("prompt", "textarea")).focus();
    });
    page.message.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    page.send.addEventListener("click", () => this.send());
    page.again.addEventListener("click", () => this.#again());
    page.undo.addEventListener("click", () => this.#undo());
    page.copy.addEventListener("click", () => this.#copy());
    page.clear.addEventListener("click", () => this.#clear());
    page.save.addEventListener("click", ({ target }) => {
      if (target instanceof HTMLElement && target.dataset.chat) this.#save(target.dataset.chat);
    });
    for (const control of [page.system, page.format]) {
      control.addEventListener("change", () => {
        this.#forget(); // the next message has the conversation read once more, told otherwise
        host.changed();
      });
    }
    page.persona.addEventListener("click", () => {
      page.persona.value = ""; // to pick the same once more is a change too
    });
    page.persona.addEventListener("change", () => this.#take(page.persona.files?.[0]));
    page.noPersona.addEventListener("click", () => {
      this.#begin(null);
      host.say("The next message begins a conversation from nothing.");
    });
  }

  /** Whether the visitor chats rather than writes. */
  get active() {
    return page.modes.querySelector("input:checked")?.getAttribute("value") === "chat";
  }

  /** What the address and the memory hold of it. @returns {[string, string][]} */
  values() {
    /** @type {[string, string][]} */
    const values = [];
    if (this.active) values.push(["mode", "chat"]);
    if (page.system.value.trim()) values.push(["system", page.system.value]);
    if (page.format.value) values.push(["format", page.format.value]);
    return values;
  }

  /** Takes what `values` gave. @param {Map<string, string>} values */
  restore(values) {
    const mode = values.get("mode") === "chat" ? "chat" : "write";
    byId(`mode-${mode}`, "input").checked = true;
    page.system.value = values.get("system") ?? "";
    const format = values.get("format") ?? "";
    page.format.value = [...page.format.options].some(({ value }) => value === format) ? format : "";
    this.#forget();
    this.#showMode();
  }

  /** Says what the visitor should know of the model's conversations. @param {import("../engine/client.js").ModelInfo} info */
  describe(info) {
    page.note.hidden = info.chat !== null;
  }

  /** Which buttons can be pressed now. */
  showButtons() {
    const busy = this.#busy;
    const said = this.#messages.length > 0;
    page.send.disabled = busy;
    for (const control of [page.system, page.format, page.persona, page.noPersona]) control.disabled = busy;
    for (const button of [page.again, page.copy, page.clear]) button.disabled = busy || !said;
    page.undo.disabled = busy || !(said || this.#cleared);
    page.undo.textContent = !said && this.#cleared ? "Bring back" : "Undo last turn";
    page.save.hidden = busy || !said;
    page.noPersona.hidden = this.#persona === null;
    page.log.setAttribute("aria-busy", String(busy)); // a reply is read out when it is whole
    for (const radio of page.modes.querySelectorAll("input")) radio.disabled = busy;
  }

  /** Sends what stands in the field. */
  async send() {
    if (this.#busy) return;
    const message = page.message.value;
    if (message.trim()) return await this.#answer(message);
    page.message.focus();
    this.#host.complain(problem("The message is empty.", "Type something to say to the model."));
  }

  get #busy() {
    return this.#working || this.#host.busy();
  }

  // ---- Turns -----------------------------------------------------------------------------------

  /** Lets the model answer; a message without any answer goes back into the field. @param {string} message */
  async #answer(message) {
    const before = this.#messages;
    this.#working = true;
    page.message.value = "";
    this.#show([...before, { role: "user", content: message }]);
    const reply = new Bubble(page.log);
    try {
      const model = await this.#host.ready();
      const talk = await this.#open(model);
      this.#host.say("Reading the message…");
      await this.#stream(
        talk.say(message, { ...this.#host.settings(), onProgress: this.#host.onProgress }),
        reply,
      );
      this.#messages = talk.messages;
      this.#cleared = null;
    } catch (error) {
      this.#forget();
      if (reply.text) this.#messages = [...before, { role: "user", content: message }, reply.turn()];
      this.#host.complain(error);
    } finally {
      this.#working = false;
      this.#host.hideProgress();
      this.#host.track(null);
      if (this.#messages.length <= before.length) page.message.value ||= message;
      this.#show(this.#messages);
    }
  }

  /** The conversation as the engine holds it, begun anew where model, format or system prompt changed. @param {Model} model */
  async #open(model) {
    if (this.#talk?.model === model) return this.#talk;
    const state = this.#persona?.bytes;
    const talk = await model.converse({ system: page.system.value, format: page.format.value, state });
    const messages = this.#messages.slice(talk.messages.length); // a saved state brings its own
    if (!messages.length) {
      this.#talk = talk;
      return talk;
    }
    await talk.close();
    const options = { system: page.system.value, format: page.format.value, state, messages };
    this.#talk = await model.converse(options);
    return this.#talk;
  }

  /** @param {Writing} writing @param {Bubble} reply */
  async #stream(writing, reply) {
    this.#host.track(writing);
    const pace = new Pace(page.measures);
    for await (const item of writing) {
      const following = isAtEnd(page.log);
      reply.add(item.text, item.thought ?? "");
      if (following) page.log.scrollTop = page.log.scrollHeight;
      if ("finish_reason" in item) return this.#tellEnd(item, pace);
      if (pace.tokens === 0) this.#host.hideProgress();
      pace.add();
      this.#host.say(reply.text || !item.thought ? "Writing…" : "Thinking…");
    }
  }

  /** @param {import("../engine/client.js").End} end @param {Pace} pace */
  #tellEnd({ finish_reason, usage }, pace) {
    const count = `${usage.completion_tokens} ${usage.completion_tokens === 1 ? "token" : "tokens"}`;
    const reasons = { stop: "Answered", length: "Length reached", abort: "Stopped" };
    this.#host.say(`${reasons[finish_reason]} after ${count}.`);
    pace.show(` · ${usage.prompt_tokens.toLocaleString("en")} tokens read`);
  }

  async #again() {
    const message = await this.#takeBack();
    if (message !== null) await this.#answer(message);
  }

  async #undo() {
    if (!this.#messages.length && this.#cleared) {
      this.#forget();
      ({ messages: this.#messages, talk: this.#talk, persona: this.#persona } = this.#cleared);
      this.#cleared = null;
      this.#show(this.#messages);
      return this.#host.say("The conversation is back.");
    }
    const message = await this.#takeBack();
    if (message === null) return;
    page.message.value ||= message;
    page.message.focus();
    this.#host.say("The last turn is taken back.");
  }

  /** Takes the last turn back; returns its message, or null where there is none to take. */
  async #takeBack() {
    if (this.#busy) return null;
    this.#work(true);
    try {
      const model = await this.#host.ready();
      const talk = await this.#open(model);
      const message = await talk.undo();
      this.#messages = talk.messages;
      return message;
    } catch (error) {
      this.#host.complain(error);
      return null;
    } finally {
      this.#work(false);
      this.#show(this.#messages);
    }
  }

  /** @param {boolean} on */
  #work(on) {
    this.#working = on;
    this.showButtons();
  }

  #clear() {
    this.#begin(this.#persona);
    this.#host.say("Cleared. “Bring back” undoes it.");
    page.message.focus();
  }

  /** Lets the engine forget the conversation; what was said stays, and is read once more. */
  #forget() {
    this.#talk?.close().catch(() => {}); // its engine may have ended
    this.#talk = null;
  }

  /** A new conversation; the one before it can be brought back. @param {Persona | null} persona @param {Turn[]} [messages] */
  #begin(persona, messages = []) {
    if (this.#messages.length) {
      this.#cleared?.talk?.close().catch(() => {});
      this.#cleared = { messages: this.#messages, talk: this.#talk, persona: this.#persona };
      this.#talk = null;
    }
    this.#forget();
    this.#persona = persona;
    this.#messages = messages;
    page.measures.textContent = "";
    if (!persona) page.persona.value = "";
    this.#show(messages);
  }

  // ---- Files -----------------------------------------------------------------------------------

  /** Begins from a state file, once the model has said that it is one of its own. @param {File} [file] */
  async #take(file) {
    if (!file || this.#busy) return;
    if (file.size > MOST_OF_A_STATE) {
      page.persona.value = "";
      const megabytes = (MOST_OF_A_STATE / 1e6).toLocaleString("en");
      const why = `${file.name} is no state: none is larger than ${megabytes} MB.`;
      return this.#host.complain(problem(why, "Models are chosen under “Use a model of your own”."));
    }
    this.#work(true);
    try {
      const persona = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
      const model = await this.#host.ready();
      const options = { system: page.system.value, format: page.format.value, state: persona.bytes };
      const talk = await model.converse(options);
      this.#begin(persona, talk.messages);
      this.#talk = talk;
      this.#host.say(`The conversation goes on from ${file.name}.`);
    } catch (error) {
      page.persona.value = "";
      this.#host.complain(error);
    } finally {
      this.#work(false);
    }
  }

  /** @param {string} kind */
  async #save(kind) {
    const texts = this.#messages.map(({ role, content }) => ({ who: names[role], content }));
    if (kind === "txt") download("chat.txt", transcript(texts), "text/plain");
    if (kind === "md") {
      const turns = texts.map(({ who, content }) => `**${who}:**\n\n${content}\n`);
      download("chat.md", turns.join("\n"), "text/markdown");
    }
    if (kind === "json") download("chat.json", JSON.stringify(this.#messages, null, 2), "application/json");
    if (kind !== "state") return;
    try {
      const talk = await this.#open(await this.#host.ready());
      download("chat.safetensors", await talk.save("chat"), "application/octet-stream");
      this.#host.say(
        "The state is saved; what was said is in it. A conversation with this model can begin from it.",
      );
    } catch (error) {
      this.#host.complain(error);
    }
  }

  #copy() {
    const texts = this.#messages.map(({ role, content }) => ({ who: names[role], content }));
    copyText(transcript(texts), { say: this.#host.say, fallbackElement: page.log });
  }

  // ---- Showing ---------------------------------------------------------------------------------

  #showMode() {
    for (const part of parts) {
      if (part instanceof HTMLElement) part.hidden = (part.dataset.mode === "chat") !== this.active;
    }
    this.showButtons();
  }

  /** @param {Turn[]} messages */
  #show(messages) {
    page.log.replaceChildren();
    for (const { role, content, thought = "" } of messages) new Bubble(page.log, role).add(content, thought);
    page.log.scrollTop = page.log.scrollHeight;
    page.personaName.textContent = this.#persona ? `Begun from ${this.#persona.name}.` : "";
    this.showButtons();
  }
}

/** One message in the log, written whole or as it comes. */
class Bubble {
  text = "";
  thought = "";
  #said = element("div", { class: "said" });
  #thought = element("div", { class: "said" });
  #fold = element("details", { class: "thought" }, element("summary", {}, "Thought"), this.#thought);

  /** @param {HTMLElement} log @param {Turn["role"]} [role] */
  constructor(log, role = "assistant") {
    this.#fold.hidden = true;
    const who = element("p", { class: "who" }, names[role]);
    log.append(element("div", { class: `message ${role}` }, who, this.#fold, this.#said));
    log.scrollTop = log.scrollHeight;
  }

  /** @param {string} text @param {string} thought */
  add(text, thought) {
    this.text += text;
    this.thought += thought;
    if (text) this.#said.append(text);
    if (thought) this.#thought.append(thought);
    this.#fold.hidden = this.thought === "";
    if (thought || this.text === text) this.#fold.open = this.text === ""; // folded when the answer begins
  }

  /** @returns {Turn} */
  turn() {
    return { role: "assistant", content: this.text, ...(this.thought && { thought: this.thought }) };
  }
}

/** @param {HTMLElement} log */
function isAtEnd(log) {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
}

/** @param {{who: string, content: string}[]} texts */
function transcript(texts) {
  return texts.map(({ who, content }) => `${who}: ${content}`).join("\n\n");
}

/** @param {string} message @param {string} remedy */
function problem(message, remedy) {
  return new EngineError({ code: "chat", message, remedy });
}
