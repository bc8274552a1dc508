import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptStates } from "../../../site/chat/kept-states.js";

/** @import { Message } from "../../../site/collections/conversation-tree.js" */

/** A model whose conversations only remember what they read, and how much all of them did. */
class FakeModel {
  read = 0;
  open = 0;

  /** @param {{state?: Uint8Array}} options */
  async converse({ state }) {
    return this.#conversation(state ? ["saved"] : []);
  }

  /** @param {string[]} messages @returns {any} */
  #conversation(messages) {
    this.open++;
    return {
      messages,
      branch: async () => this.#conversation([...messages]),
      append: async (/** @type {{content: string}[]} */ more) => {
        messages.push(...more.map(({ content }) => content));
        this.read += more.length;
        return more.length;
      },
      close: async () => void this.open--,
    };
  }
}

const SETTINGS = { system: "", format: "" };

/** @param {string} texts a letter each @returns {Message[]} */
function path(texts) {
  return [...texts].map((text, at) => ({
    id: texts.slice(0, at + 1),
    parent: at ? texts.slice(0, at) : null,
    role: at % 2 ? "assistant" : "user",
    text,
    rank: null,
    fields: {},
  }));
}

function start() {
  const model = /** @type {any} */ (new FakeModel());
  const states = new KeptStates();
  /** @param {string} texts @param {any} [settings] */
  const at = async (texts, settings = SETTINGS) => {
    const { conversation, read } = await states.at(model, settings, path(texts));
    const { messages } = conversation;
    await conversation.close();
    return { said: messages.join(""), read };
  };
  return { model, states, at };
}

test("what was read once is not read again, whatever branches off it", async () => {
  const { at } = start();
  assert.deepEqual(await at("abc"), { said: "abc", read: 3 });
  assert.deepEqual(await at("abc"), { said: "abc", read: 0 }, "another draft");
  assert.deepEqual(await at("abcde"), { said: "abcde", read: 2 }, "the next turn");
  assert.deepEqual(await at("abcx"), { said: "abcx", read: 1 }, "an edit");
  assert.deepEqual(await at("xyz"), { said: "xyz", read: 3 }, "another beginning");
});

test("a reply that was written is where the next turn begins", async () => {
  const { model, states, at } = start();
  const { conversation } = await states.at(model, SETTINGS, path("a"));
  await conversation.append([{ role: "assistant", content: "b" }]);
  states.keep(/** @type {Message} */ (path("ab").at(-1)), conversation);
  assert.deepEqual(await at("abc"), { said: "abc", read: 1 });
});

test("other settings, another model or a saved state start again", async () => {
  const { at } = start();
  await at("abc");
  assert.equal((await at("abc", { ...SETTINGS, system: "Be brief." })).read, 3);
  assert.equal((await at("abc", { ...SETTINGS, format: "g1" })).read, 3);
  const state = new Uint8Array(1);
  assert.deepEqual(await at("abc", { ...SETTINGS, state }), { said: "savedbc", read: 2 });
});

test("a bounded number of states is kept, and the others are closed", async () => {
  const { model, at, states } = start();
  for (let length = 1; length < 30; length++) await at("abcdefghijklmnopqrstuvwxyzabcd".slice(0, length));
  assert.ok(model.open <= 6, `${model.open} are open`);
  states.clear();
  await new Promise(setImmediate);
  assert.equal(model.open, 0);
});

test("reading that fails closes what it began, and the next try reads again", async () => {
  const { model, states, at } = start();
  await at("a");
  const broken = path("ab");
  Object.defineProperty(broken[1], "text", {
    get() {
      throw new Error("broken");
    },
  });
  await assert.rejects(states.at(model, SETTINGS, broken), /broken/);
  assert.deepEqual(await at("ab"), { said: "ab", read: 1 });
});
