/** The hook for React, with the hooks of fake-react.js and a model that says what it is told. */

import assert from "node:assert/strict";
import { register } from "node:module";
import test from "node:test";
import { rendered } from "./fake-react.js";

const fake = new URL("fake-react.js", import.meta.url).href;
const resolver = `export const resolve = (name, context, next) =>
  name === "react" ? { url: "${fake}", shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(resolver)}`);
const { useGoosequill } = await import("../../../npm/react-hook.js");

/** A model whose replies are the words of `replies`; a promise among them holds it up. */
class Fake {
  replies = [];
  begun = [];
  open = 0;
  asked = [];

  async converse({ system, messages }) {
    this.begun.push({ system, messages });
    this.open++;
    const model = this;
    return {
      messages,
      say(text, options) {
        model.asked.push({ text, options });
        let cancelled = false;
        const writing = async function* () {
          let content = "";
          for (const word of model.replies.shift() ?? [`You said: ${text}`]) {
            if (word instanceof Error) throw word;
            if (word instanceof Promise) await word;
            if (cancelled) break;
            if (typeof word !== "string") continue;
            content += word;
            yield { text: word };
          }
          const said = [
            { role: "user", content: text },
            { role: "assistant", content: content.trim() },
          ];
          if (content) this.messages = [...this.messages, ...said];
          yield { text: "", finish_reason: cancelled ? "abort" : "stop" };
        }.call(this);
        return Object.assign(writing, { cancel: () => (cancelled = true) });
      },
      async close() {
        model.open--;
      },
    };
  }
}

const used = (options) => rendered(() => useGoosequill(options));
const user = (content) => ({ role: "user", content });
const assistant = (content) => ({ role: "assistant", content });

function held() {
  let go;
  const promise = new Promise((resolve) => (go = resolve));
  return { promise, go };
}

test("the input is sent, and the reply grows while it is written", async () => {
  const model = new Fake();
  let loads = 0;
  const load = async () => {
    loads++;
    return model;
  };
  const chat = used({ model: load, system: "Be kind.", temperature: 0 });
  assert.deepEqual([chat.now.messages, chat.now.status, chat.now.input, loads], [[], "ready", "", 0]);
  chat.now.setInput("Hi");
  assert.equal(chat.now.input, "Hi");
  const pause = held();
  model.replies = [[" Good", pause.promise, " morning."]];
  const sent = chat.now.send();
  assert.deepEqual([chat.now.messages, chat.now.status, chat.now.input], [[user("Hi")], "submitted", ""]);
  while (chat.now.status !== "streaming") await new Promise(setImmediate);
  assert.deepEqual(chat.now.messages, [user("Hi"), assistant(" Good")]);
  await chat.now.send("Not now");
  pause.go();
  await sent;
  assert.deepEqual(chat.now.messages, [user("Hi"), assistant("Good morning.")]);
  await chat.now.send("  ");
  await chat.now.send("Again");
  assert.equal(chat.now.messages.length, 4);
  assert.deepEqual(model.asked.at(-1), { text: "Again", options: { temperature: 0 } });
  assert.deepEqual([loads, model.begun], [1, [{ system: "Be kind.", messages: [] }]]);
});

test("stop ends a reply, whose text stays; before its first word, the message is the input again", async () => {
  const model = new Fake();
  const chat = used({ model });
  for (const [first, messages, input] of [
    [["A "], [user("Hi"), assistant("A")], ""],
    [[], [user("Hi"), assistant("A")], "Hi"],
  ]) {
    const pause = held();
    model.replies = [[...first, pause.promise, "goose"]];
    const sent = chat.now.send("Hi");
    while (model.replies.length) await new Promise(setImmediate);
    chat.now.stop();
    pause.go();
    await sent;
    assert.deepEqual([chat.now.messages, chat.now.status, chat.now.input], [messages, "ready", input]);
  }
  const loading = held();
  const late = used({ model: () => loading.promise.then(() => model) });
  const sent = late.now.send("Hi");
  late.now.stop();
  loading.go();
  await sent;
  assert.deepEqual([late.now.messages, late.now.status, late.now.input], [[], "ready", "Hi"]);
});

test("after an error the message is the input again, and the next one begins with what was said", async () => {
  const model = new Fake();
  const chat = used({ model });
  await chat.now.send("One");
  const said = chat.now.messages;
  const error = new Error("The worker died.");
  model.replies = [["A", error]];
  await chat.now.send("Two");
  const { now } = chat;
  assert.deepEqual([now.messages, now.status, now.error, now.input], [said, "error", error, "Two"]);
  await chat.now.send();
  assert.deepEqual(chat.now.messages, [...said, user("Two"), assistant("You said: Two")]);
  assert.deepEqual([chat.now.status, chat.now.error], ["ready", undefined]);
  assert.deepEqual(model.begun.at(-1).messages, said);
  assert.equal(model.open, 1);
});

test("a branch begins before a message, and the others can be chosen again", async () => {
  const model = new Fake();
  const earlier = [user("Hello"), assistant("Honk.")];
  const chat = used({ model, messages: earlier });
  await chat.now.send("One");
  const first = chat.now.messages;
  assert.deepEqual(first.slice(0, 2), earlier);
  chat.now.branch(1); // the assistant's
  chat.now.branch(9);
  assert.equal(chat.now.branches.length, 1);
  chat.now.branch(2);
  assert.deepEqual([chat.now.messages, chat.now.input, chat.now.current], [earlier, "One", 1]);
  await chat.now.send("Two");
  assert.deepEqual(chat.now.branches, [first, [...earlier, user("Two"), assistant("You said: Two")]]);
  chat.now.choose(0);
  chat.now.choose(7);
  assert.deepEqual([chat.now.messages, chat.now.current], [first, 0]);
  await chat.now.send("Three");
  assert.equal(model.begun.length, 2);
  assert.equal(chat.now.branches[0].length, 6);
});

test("a component that leaves ends what is written, and frees its conversations", async () => {
  const model = new Fake();
  const chat = used({ model });
  await chat.now.send("One");
  chat.now.branch(0);
  const pause = held();
  model.replies = [["A", pause.promise, "goose"]];
  const sent = chat.now.send("Two");
  while (chat.now.status !== "streaming") await new Promise(setImmediate);
  chat.leave();
  const { renders } = chat;
  pause.go();
  await sent;
  assert.deepEqual([model.open, chat.renders], [0, renders]);
  const loading = held();
  const late = used({ model: loading.promise.then(() => model) });
  const unread = late.now.send("Hi");
  late.leave();
  loading.go();
  await unread;
  assert.equal(model.open, 0);
});
