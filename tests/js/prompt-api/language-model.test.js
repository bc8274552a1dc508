/**
 * The rules of the Prompt API that web-platform-tests do not test; those are in language-model-wpt.test.js.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { EngineError } from "../../../site/engine/protocol.js";
import { environment, ModelHost, REST } from "../../../site/prompt-api/host.js";
import { LanguageModel } from "../../../site/prompt-api/language-model.js";
import { pluck } from "../pluck.js";
import { deferred, readAll, useEcho } from "./echo-model.js";

const user = (content) => ({ role: "user", content });
const assistant = (content, more = {}) => ({ role: "assistant", content, ...more });

test("only create() makes sessions", () => {
  assert.throws(() => new LanguageModel(), TypeError);
  assert.equal(Object.prototype.toString.call(LanguageModel.prototype), "[object LanguageModel]");
});

test("prompts are answered one after the other, and an aborted one is left out", async () => {
  const world = useEcho();
  const session = await LanguageModel.create();
  const go = world.hold();
  const stop = new AbortController();
  const first = session.prompt("one");
  const second = session.prompt("two", { signal: stop.signal });
  const third = session.prompt("three");
  const added = session.append("four");
  stop.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.equal(session.contextUsage, 0);
  go();
  assert.deepEqual(await Promise.all([first, third]), ["You said: one", "You said: three"]);
  await added;
  const heard = world.asked.map((one) => one.messages[0].content);
  assert.deepEqual(heard, ["one", "three"]);
  const [{ messages }] = world.open;
  assert.deepEqual(pluck(messages, "content"), ["one", "You said: one", "three", "You said: three", "four"]);
});

test("an aborted, failed or cancelled prompt leaves the session as it was", async () => {
  const world = useEcho({ answer: "some words of an answer" });
  const session = await LanguageModel.create({ initialPrompts: [user("before")] });
  const usage = session.contextUsage;
  const stop = new AbortController();
  const reader = session.promptStreaming("question", { signal: stop.signal }).getReader();
  assert.equal((await reader.read()).value, "some ");
  stop.abort();
  await assert.rejects(reader.read(), { name: "AbortError" });
  const other = session.promptStreaming("question").getReader();
  await other.read();
  await other.cancel();
  world.error = new EngineError({ code: "model-nan", message: "NaN.", remedy: "Choose another." });
  const failed = { name: "UnknownError", message: "NaN. Choose another.", cause: world.error };
  await assert.rejects(session.prompt("question"), failed);
  await assert.rejects(readAll(session.promptStreaming("question")), failed);
  world.error = null;
  assert.equal(session.contextUsage, usage);
  assert.equal(await session.prompt("question"), "some words of an answer");
  assert.equal(world.open.size, 1);
  const [{ messages }] = world.open;
  assert.equal(messages.length, 3);
});

test("a copy has what was answered, and continues on its own", async () => {
  const world = useEcho();
  const session = await LanguageModel.create();
  await session.prompt("one");
  const go = world.hold();
  const pending = session.prompt("two");
  const copy = await session.clone();
  assert.equal(copy.contextUsage, session.contextUsage);
  go();
  await pending;
  await copy.prompt("three");
  const said = [...world.open].map((one) => one.messages.map((m) => m.content));
  assert.deepEqual(said.map((texts) => texts[2]).sort(), ["three", "two"]);
  assert.equal(world.loads, 1);
  session.destroy();
  await assert.rejects(session.prompt("four"), { name: "AbortError" });
  assert.equal(await copy.prompt("four"), "You said: four");
});

test("messages are converted and checked in the specification's order", async () => {
  const world = useEcho();
  const session = await LanguageModel.create();
  for (const [input, error] of [
    [[{ role: "user", content: "a", prefix: true }], { name: "SyntaxError" }],
    [[assistant("a", { prefix: true }), user("b")], { name: "SyntaxError" }],
    [[user("a"), { role: "system", content: "b", prefix: true }], { name: "SyntaxError" }],
    [[{ role: "goose", content: "a" }], TypeError],
    [[{ role: "tool", content: "a" }], TypeError],
    [[{ content: "a" }], TypeError],
    [[{ role: "user" }], TypeError],
    [[7], TypeError],
    [[{ role: "user", content: [{ type: "text" }] }], TypeError],
    [[{ role: "user", content: [{ type: "video", value: "a" }] }], TypeError],
    [[{ role: "user", content: [{ type: "text", value: new Uint8Array(2) }] }], TypeError],
    [[{ role: "user", content: [{ type: "tool-response", value: "a" }] }], { name: "NotSupportedError" }],
  ]) {
    await assert.rejects(session.prompt(input), error);
    await assert.rejects(session.append(input), error);
    await assert.rejects(session.measureContextUsage(input), error);
    await assert.rejects(async () => readAll(session.promptStreaming(input)), error);
  }
  assert.deepEqual(world.asked, []);
  const parts = ["two ", "parts ", 3].map((value) => ({ type: "text", value }));
  const input = [user("one"), assistant(""), { role: "user", content: parts }];
  const prompting = session.prompt(input);
  input.length = 0; // converted when it was called
  assert.equal(await prompting, "You said: two parts 3");
  assert.deepEqual(world.asked[0].messages, [user("one"), user("two parts 3")]);
});

test("a reply continues a prefix", async () => {
  const world = useEcho({ answer: "name = 1" });
  const session = await LanguageModel.create();
  const prefix = assistant("```toml\n", { prefix: true });
  assert.equal(await session.prompt([user("A sheet"), prefix]), "name = 1");
  assert.deepEqual(world.asked[0].messages, [user("A sheet")]);
  assert.equal(world.asked[0].prefix, "```toml\n");
  const usage = await session.measureContextUsage([user("A sheet"), prefix]);
  assert.ok(usage > (await session.measureContextUsage("A sheet")));
});

test("sampling modes and parameters become settings of the decoder", async () => {
  const world = useEcho({ settings: { presence_penalty: 0.5 } });
  for (const [options, settings] of [
    [{}, { temperature: 0.8, top_k: 40 }],
    [{ samplingMode: "most-predictable" }, { temperature: 0, top_k: 1 }],
    [
      { temperature: Infinity, topK: Infinity },
      { temperature: 2, top_k: 128 },
    ],
    [{ topK: 7.9 }, { temperature: 0.8, top_k: 7 }],
  ]) {
    const session = await LanguageModel.create(options);
    await session.prompt("Hi");
    const asked = world.asked.at(-1).settings;
    assert.deepEqual(asked, { max_new_tokens: 1024, presence_penalty: 0.5, ...settings });
    assert.equal(session.temperature, settings.temperature);
    assert.equal(session.topK, settings.top_k);
  }
  await assert.rejects(LanguageModel.create({ temperature: NaN }), RangeError);
  await assert.rejects(LanguageModel.create({ samplingMode: "default" }), TypeError);
  const { defaultTopK, maxTopK, defaultTemperature, maxTemperature } = await LanguageModel.params();
  assert.deepEqual([defaultTopK, maxTopK, defaultTemperature, maxTemperature], [40, 128, 0.8, 2]);
});

test("a model that thinks does so when asked, and the thought is forgotten", async () => {
  const world = useEcho({ answer: "Yes.", thinks: true, model: "https://example.org/g1/" });
  const session = await LanguageModel.create();
  assert.equal(await session.prompt("Late?"), "Yes.");
  assert.equal(world.asked[0].effort, "none");
  assert.equal(await session.prompt("Late?", { thinking: { effort: "low" } }), "Yes.");
  assert.equal(world.asked[1].effort, "low");
  const loud = await LanguageModel.create({ thinking: { effort: "high", includeThoughts: true } });
  const whole = [
    { type: "thought", value: "Hm." },
    { type: "text", value: "Yes." },
  ];
  assert.deepEqual(await loud.prompt("Late?"), whole);
  const pieces = [];
  for await (const piece of loud.promptStreaming("Late?")) pieces.push(piece);
  assert.deepEqual(pieces, whole);
  for (const { messages } of world.open) assert.ok(messages.every((one) => !one.thought));
  assert.equal(loud.contextUsage, 2 * (await loud.measureContextUsage([user("Late?"), assistant("Yes.")])));
  await assert.rejects(loud.prompt("Late?", { thinking: { effort: "max" } }), TypeError);
});

test("a model that does not think is refused where it should", async () => {
  useEcho({ model: "https://example.org/world/" });
  const thinking = { effort: "low" };
  await assert.rejects(LanguageModel.create({ thinking }), { name: "NotSupportedError" });
  useEcho();
  assert.equal(await LanguageModel.availability({ thinking }), "unavailable");
});

test("languages are those of the model", async () => {
  const of = (tag) => LanguageModel.availability({ expectedOutputs: [{ type: "text", languages: [tag] }] });
  useEcho();
  assert.equal(await of("en-GB"), "downloadable");
  assert.equal(await of("ja"), "unavailable");
  useEcho({ model: "https://example.org/world/" });
  assert.equal(await of("ja"), "downloadable");
  useEcho({ model: "https://example.org/world/", languages: ["de"] });
  assert.equal(await of("de-AT"), "downloadable");
  assert.equal(await of("en"), "unavailable");
});

test("availability follows the model", async () => {
  const { promise, resolve } = deferred();
  useEcho({ loading: promise });
  assert.equal(await LanguageModel.availability(), "downloadable");
  const creating = LanguageModel.create();
  assert.equal(await LanguageModel.availability(), "downloading");
  resolve();
  await creating;
  assert.equal(await LanguageModel.availability(), "available");
});

test("the model stays loaded for a while after the last session", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = useEcho();
  const session = await LanguageModel.create();
  session.destroy();
  const second = await LanguageModel.create();
  assert.equal(world.loads, 1);
  second.destroy();
  await new Promise(setImmediate);
  assert.equal(await LanguageModel.availability(), "available");
  t.mock.timers.tick(REST);
  assert.equal(await LanguageModel.availability(), "downloadable");
  assert.equal(world.open.size, 0);
  await LanguageModel.create();
  assert.equal(world.loads, 2);
});

test("nothing more is fired after an abort, even if the engine reports more at once", async () => {
  useEcho();
  const controller = new AbortController();
  const fired = [];
  const creating = LanguageModel.create({
    signal: controller.signal,
    monitor: (monitor) =>
      monitor.addEventListener("downloadprogress", ({ loaded }) => {
        fired.push(loaded);
        if (loaded > 0) controller.abort();
      }),
  });
  await assert.rejects(creating, { name: "AbortError" });
  assert.equal(fired.length, 2);
});

test("creation fails with the exception for the cause", async () => {
  for (const [code, name] of [
    ["network", "NetworkError"],
    ["out-of-memory", "OperationError"],
  ]) {
    const error = new EngineError({ code, message: "No.", remedy: "Try again." });
    useEcho({ loading: Promise.reject(error) });
    await assert.rejects(LanguageModel.create(), { name, message: "No. Try again.", cause: error });
    assert.equal(await LanguageModel.availability(), "downloadable");
  }
});

test("options that no model has are refused at once", () => {
  assert.throws(() => LanguageModel.configure({ modell: "x" }), { code: "option" });
  assert.ok(new ModelHost({ model: "https://example.org/x/" }).holder === environment.holderOf());
});

test("event handlers are attributes, called in their place", async () => {
  useEcho();
  const session = await LanguageModel.create();
  const called = [];
  assert.equal(session.oncontextoverflow, null);
  const first = () => called.push("first");
  session.oncontextoverflow = first;
  session.addEventListener("contextoverflow", () => called.push("listener"));
  assert.equal(session.oncontextoverflow, first);
  session.oncontextoverflow = function () {
    assert.equal(this, session);
    called.push("second");
  };
  session.dispatchEvent(new Event("contextoverflow"));
  assert.deepEqual(called, ["second", "listener"]);
  session.oncontextoverflow = null;
  session.dispatchEvent(new Event("contextoverflow"));
  assert.deepEqual(called, ["second", "listener", "listener"]);
});

test("constraints become settings, and a reply that does not comply is refused", async () => {
  const world = useEcho({ answer: '{"rating": 3}' });
  const session = await LanguageModel.create();
  const schema = { type: "object", properties: { rating: { type: "number" } } };
  assert.equal(await session.prompt("Rate", { responseConstraint: schema }), '{"rating": 3}');
  assert.deepEqual(world.asked[0].settings.json_schema, schema);
  const usage = session.contextUsage;
  world.answer = '{"rating": ';
  await assert.rejects(session.prompt("Rate", { responseConstraint: schema }), { name: "SyntaxError" });
  world.answer = "hello";
  await session.prompt("Hi", { responseConstraint: /hel+o/g });
  assert.equal(world.asked.at(-1).settings.regex, "hel+o");
  await assert.rejects(session.prompt("Hi", { responseConstraint: /bye/ }), { name: "SyntaxError" });
  world.answer = " and salutations";
  const input = [user("hello"), assistant("Greetings", { prefix: true })];
  assert.equal(await session.prompt(input, { responseConstraint: /^Greetings and .*/ }), world.answer);
  assert.ok(session.contextUsage > usage);
  for (const wrong of ["x", 7, null, true, [], () => {}])
    for (const call of ["prompt", "promptStreaming", "measureContextUsage"])
      await assert.rejects(async () => session[call]("Hi", { responseConstraint: wrong }), TypeError);
  await assert.rejects(session.prompt("Hi", { omitResponseConstraintInput: true }), TypeError);
  await assert.rejects(session.measureContextUsage("Hi", { omitResponseConstraintInput: true }), TypeError);
  for (const [code, name] of [
    ["json-schema", "NotSupportedError"],
    ["regex-too-large", "NotSupportedError"],
    ["all-tokens-removed", "NotSupportedError"],
    ["regex-empty", "SyntaxError"],
  ]) {
    world.error = new EngineError({ code, message: "No.", remedy: "" });
    await assert.rejects(session.prompt("Hi", { responseConstraint: /x/ }), { name });
  }
});
