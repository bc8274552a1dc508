/**
 * The packed library under Node: the real engine in a thread, with the default model. The package is
 * assembled once from the built site.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import test from "node:test";

const root = new URL("../../../", import.meta.url);
const folder = new URL("build/npm/", root);
const built = new URL("dist/engine/parts.json", root);
assert.ok(existsSync(built), "dist/ is not built: run make build first");
execFileSync("python3", ["scripts/npm.py"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });

const { createChatCompletion, loadModel } = await import(new URL("node.js", folder).href);
const MODEL = new URL("site/models/default", root).pathname;

/** @param {any} writing */
async function read(writing) {
  let text = "";
  for await (const item of writing) {
    text += item.text;
    if ("finish_reason" in item) return { text, end: item };
  }
}

test("the library under Node", async (t) => {
  /** @type {any[]} */
  const statuses = [];
  const model = await loadModel({
    model: MODEL,
    onProgress: (/** @type {any} */ p) => statuses.push(p.status),
  });
  t.after(() => model.dispose());
  const greedy = { temperature: 0, max_new_tokens: 6 };
  const prompt = "It was a fine morning, and";

  await t.test("it reports progress and generates text", async () => {
    assert.ok(statuses.includes("model"));
    const found = await read(model.generate(prompt, greedy));
    assert.ok(found?.text);
    assert.equal(found.end.finish_reason, "length");
    assert.equal(found.end.usage.completion_tokens, 6);
  });

  await t.test("a saved state continues as the text itself does", async () => {
    const whole = await read(model.generate(prompt, greedy));
    const cut = prompt.indexOf(" morning"); // between two words, so that both ways read the same tokens
    const state = await model.state.save(prompt.slice(0, cut));
    assert.ok(state instanceof Uint8Array);
    await model.state.load(state);
    const continued = await read(model.generate(prompt.slice(cut), greedy));
    await model.state.load(null);
    assert.equal(continued?.text, whole?.text);
    await assert.rejects(model.state.load(new Uint8Array(100)), { name: "EngineError" });
  });

  await t.test("texts are tokenized and detokenized, with log-probabilities", async () => {
    const tokens = await model.tokenize("A feather fell.");
    assert.equal(
      await model.detokenize(tokens.map((/** @type {any} */ one) => one.token)),
      "A feather fell.",
    );
    const found = await model.logprobs("A feather fell.", { top: 3 });
    assert.equal(found.length, tokens.length);
    assert.equal(found[0].logprob, null);
    assert.ok(
      found.slice(1).every((/** @type {any} */ one) => one.logprob < 0 && one.top_logprobs.length === 3),
    );
    assert.ok(found[1].top_logprobs[0].logprob >= found[1].top_logprobs[1].logprob);
  });

  await t.test("a chat completion has the common shape, whole and streamed", async () => {
    const request = { messages: [{ role: "user", content: "Good morning." }], max_tokens: 6, temperature: 0 };
    const whole = await createChatCompletion(model, request);
    assert.equal(whole.object, "chat.completion");
    assert.equal(whole.choices[0].message.role, "assistant");
    assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);
    let text = "";
    let reason = null;
    for await (const piece of await createChatCompletion(model, { ...request, stream: true })) {
      assert.equal(piece.object, "chat.completion.chunk");
      text += piece.choices[0].delta.content ?? "";
      reason = piece.choices[0].finish_reason;
    }
    assert.equal(text.trim(), whole.choices[0].message.content);
    assert.equal(reason, whole.choices[0].finish_reason);
  });

  await t.test("a conversation is continued, undone, saved and loaded", async () => {
    const short = { temperature: 0, max_new_tokens: 6 };
    const talk = await model.converse();
    await read(talk.say("Good morning.", short));
    const state = await talk.save("morning");
    const second = await read(talk.say("And how are you?", short));
    assert.equal(talk.messages.length, 4);
    assert.equal(talk.messages[3].content, second?.text);
    const request = { messages: talk.messages.slice(0, 3), max_tokens: 6, temperature: 0 };
    const whole = await createChatCompletion(model, request);
    assert.equal(whole.choices[0].message.content, second?.text);
    assert.equal(await talk.undo(), "And how are you?");
    await talk.close();
    const again = await model.converse({ state });
    assert.deepEqual(again.messages, talk.messages);
    assert.equal((await read(again.say("And how are you?", short)))?.text, second?.text);
    await assert.rejects(model.converse({ format: "goose" }), { code: "chat-format" });
  });
});

test("the first sample of the package's README runs as it stands, but for the address of a browser's files", async () => {
  const readme = await readFile(new URL("npm/README.md", root), "utf8");
  const [, sample] = /** @type {RegExpExecArray} */ (/```js\n(.*?)```/s.exec(readme));
  const moved = sample
    .replace('"goosequill"', JSON.stringify(new URL("node.js", folder).href))
    .replace(', root: "/goosequill/"', "");
  assert.notEqual(moved, sample);
  const options = { cwd: new URL("site/", root), encoding: /** @type {const} */ ("utf8") };
  const printed = execFileSync("node", ["--input-type=module", "--eval", moved], options);
  assert.match(printed, /\w+[\s\S]*\nlength\n$/);
});

test("the package has its vocabularies, and refuses one that does not fit the model", async () => {
  const weights = `${MODEL}/model.safetensors`;
  await assert.rejects(loadModel({ model: weights, tokenizer: "world" }), { code: "tokenizer-mismatch" });
});

test("a missing folder is an error", async () => {
  await assert.rejects(loadModel({ model: "/no/such/folder" }), { code: "not-found" });
});

test("the package lists its exports, types first, and has no dependencies", async () => {
  const text = await readFile(new URL("package.json", folder), "utf8");
  const { exports, dependencies, version, customElements } = JSON.parse(text);
  assert.equal(dependencies, undefined);
  for (const entry of [exports["."], exports["./element"]]) {
    assert.equal(Object.keys(entry)[0], "types");
    for (const path of Object.values(entry))
      assert.ok(existsSync(new URL(String(path), folder)), String(path));
  }
  const python = await readFile(new URL("py/goosequill/__init__.py", root), "utf8");
  const widget = await readFile(new URL("site/widget/version.js", root), "utf8");
  assert.match(python, new RegExp(`__version__ = "${version}"`));
  assert.match(widget, new RegExp(`"${version}"`));
  const manifest = JSON.parse(await readFile(new URL(customElements, folder), "utf8"));
  const [element] = manifest.modules[0].declarations;
  assert.equal(element.tagName, "goose-quill");
  assert.ok(element.attributes.some((/** @type {any} */ one) => one.fieldName === "maxNewTokens"));
});
