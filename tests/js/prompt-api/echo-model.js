/**
 * A model for tests of the Prompt API: it answers with what it was asked, a word at a time, and counts words
 * as tokens. `LanguageModel` uses it after `useEcho`.
 */

import { EngineHolder } from "../../../site/engine/holder.js";
import { environment } from "../../../site/prompt-api/host.js";
import { LanguageModel } from "../../../site/prompt-api/language-model.js";

/** A promise, and what fulfils it. */
export function deferred() {
  let resolve = () => {};
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

export async function readAll(stream) {
  const found = [];
  for await (const piece of stream) found.push(piece);
  return found.join("");
}

const count = (messages) =>
  messages.reduce((sum, { content }) => sum + 1 + content.split(/\s+/).filter(Boolean).length, 0);

class EchoConversation {
  constructor(world, messages) {
    this.world = world;
    this.messages = messages;
    world.open.add(this);
  }

  async branch() {
    return new EchoConversation(this.world, [...this.messages]);
  }

  async close() {
    if (!this.world.open.delete(this)) throw new Error("closed twice");
  }

  async count(messages) {
    return count(messages);
  }

  async append(messages, { signal = undefined } = {}) {
    this.#check();
    await this.world.pause();
    signal?.throwIfAborted();
    this.messages = [...this.messages, ...messages];
    return count(messages);
  }

  async *say(messages, { signal, prefix = "", reasoning_effort: effort, ...settings }) {
    this.#check();
    this.world.asked.push({ messages, prefix, effort, settings });
    if (this.world.error) throw this.world.error;
    const said = messages.at(-1)?.content ?? "nothing";
    const answer = this.world.answer ?? `You said: ${said}`;
    const thought = effort !== "none" ? { thought: "Hm." } : {};
    if (effort !== "none") yield { text: "", ...thought };
    for (const word of answer.split(/(?<= )/)) {
      await this.world.pause();
      signal?.throwIfAborted();
      yield { text: word };
    }
    const tool_calls = this.world.calls.shift() ?? [];
    const called = tool_calls.length ? { tool_calls } : {};
    const reply = { role: "assistant", content: prefix + answer, ...thought, ...called };
    this.messages = [...this.messages, ...messages, reply];
    const tokens = count([...messages, reply]);
    yield { text: "", finish_reason: "stop", messages: this.messages, tokens, ...called };
  }

  #check() {
    if (!this.world.open.has(this)) throw new Error("a closed conversation was used");
  }
}

/**
 * Configures `LanguageModel` with a model that answers `answer`, or what it was asked. Returns `asked`,
 * what it was asked; `calls`, those of its next replies; `open`, its conversations; `hold()`, which stops
 * it before its next word until what that returns is called; `error`, what it throws.
 */
export function useEcho({ answer = "", thinks = false, loading = Promise.resolve(), ...options } = {}) {
  let held = Promise.resolve();
  const world = {
    answer: answer || undefined,
    thinks,
    asked: [],
    calls: [],
    open: new Set(),
    error: null,
    loads: 0,
    pause: () => held,
    hold() {
      const { promise, resolve } = deferred();
      held = promise;
      return resolve;
    },
  };
  const engine = () => ({
    ended: false,
    async load(_source, { onProgress }) {
      world.loads++;
      await loading; // the lease listens by then
      for (const status of ["engine", "start", "model", "weights"]) {
        for (const loaded of [0, 50, 100]) onProgress({ status, file: "", loaded, total: 100 });
      }
      const info = { chat_format: { reasons: thinks } };
      return {
        engine: this,
        info,
        converse: async () => new EchoConversation(world, []),
        unload: async () => {},
      };
    },
    dispose() {
      this.ended = true;
    },
  });
  const holder = new EngineHolder(engine);
  environment.holderOf = () => holder;
  LanguageModel.configure(options);
  return Object.assign(world, { holder });
}
