"use client";

/** A conversation as a hook of React, which the program imports itself: see react-hook.d.ts. */

import { useEffect, useState, useSyncExternalStore } from "react";

/** One conversation with its branches; a component shows `state`. */
class Talk {
  options = {};
  state = { input: "", status: "ready", error: undefined };
  #branches;
  #at = 0;
  #listeners = new Set();
  #writing;
  #stopped = false;

  constructor(messages = []) {
    this.#branches = [{ messages }];
    this.#show();
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = () => this.state;

  #set(changes) {
    this.state = { ...this.state, ...changes };
    for (const listener of this.#listeners) listener();
  }

  #show(changes = {}) {
    const branches = this.#branches.map(({ messages }) => messages);
    this.#set({ messages: branches[this.#at], branches, current: this.#at, ...changes });
  }

  get #busy() {
    return ["submitted", "streaming"].includes(this.state.status);
  }

  setInput = (input) => this.#set({ input });

  send = async (text = this.state.input) => {
    if (this.#busy || !String(text).trim()) return;
    const branch = this.#branches[this.#at];
    const { model, system, messages: _, ...options } = this.options;
    const before = branch.messages;
    const asked = [...before, { role: "user", content: text }];
    let reply = { role: "assistant", content: "" };
    this.#stopped = false;
    this.#set({ messages: asked, input: "", status: "submitted", error: undefined });
    try {
      // A branch whose conversation is gone, such as with its worker, is read again.
      branch.conversation ??= await begun(model, { system, messages: before });
      const { conversation } = branch;
      this.#writing = this.#stopped ? [] : conversation.say(text, options);
      for await (const { text: more, thought } of this.#writing) {
        const thoughts = thought ? { thought: (reply.thought ?? "") + thought } : {};
        reply = { ...reply, content: reply.content + more, ...thoughts };
        this.#set({ messages: [...asked, reply], status: "streaming" });
      }
      branch.messages = conversation.messages;
      const unread = branch.messages.length === before.length; // it was stopped before the first token
      this.#show({ status: "ready", ...(unread && { input: text }) });
    } catch (error) {
      this.#close(branch);
      this.#show({ status: "error", error, input: text });
    } finally {
      this.#writing = undefined;
      if (!this.#listeners.size) this.release(); // the component left meanwhile
    }
  };

  stop = () => {
    this.#stopped = true;
    this.#writing?.cancel?.();
  };

  branch = (at) => {
    const { messages } = this.#branches[this.#at];
    if (this.#busy || messages[at]?.role !== "user") return;
    this.#branches.push({ messages: messages.slice(0, at) });
    this.#at = this.#branches.length - 1;
    this.#show({ input: messages[at].content, status: "ready", error: undefined });
  };

  choose = (number) => {
    if (this.#busy || !this.#branches[number]) return;
    this.#at = number;
    this.#show({ status: "ready", error: undefined });
  };

  /** What is written ends, and the model's memory is freed; `send` begins again with what was said. */
  release = () => {
    this.stop();
    for (const branch of this.#branches) this.#close(branch);
  };

  #close(branch) {
    branch.conversation?.close().catch(() => {}); // its engine may have ended
    branch.conversation = undefined;
  }
}

const begun = async (model, options) =>
  (await (typeof model === "function" ? model() : model)).converse(options);

export function useGoosequill(options = {}) {
  const [talk] = useState(() => new Talk(options.messages));
  const state = useSyncExternalStore(talk.subscribe, talk.snapshot, talk.snapshot);
  useEffect(() => {
    talk.options = options;
  });
  useEffect(() => talk.release, [talk]);
  const { setInput, send, stop, branch, choose } = talk;
  return { ...state, setInput, send, stop, branch, choose };
}
