/**
 * Tools of the Prompt API. The first tests are the cases of web-platform-tests,
 * ai/language-model/language-model-tool-use.tentative.https.window.js.
 */

import assert from "node:assert/strict";
import test from "node:test";
import {
  LanguageModel,
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
} from "../../../site/prompt-api/language-model.js";
import { MOST_ROUNDS } from "../../../site/prompt-api/tools.js";
import { pluck } from "../pluck.js";
import { deferred, useEcho } from "./echo-model.js";

const inputSchema = { type: "object", properties: { location: { type: "string" } }, required: ["location"] };
const weather = { name: "get_weather", description: "Get the weather.", inputSchema };
const expectedOutputs = [{ type: "tool-call" }];
const expectedInputs = [{ type: "tool-response" }, ...expectedOutputs];
const call = (id, given = { location: "Seattle" }) => ({ id, name: "get_weather", arguments: given });
const create = (tools, more) => LanguageModel.create({ tools, expectedInputs, expectedOutputs, ...more });
const response = (value) => [{ role: "user", content: [{ type: "tool-response", value }] }];
const success = (...result) => new LanguageModelToolSuccess({ callId: "1", name: "get_weather", result });

test("tools that are not described as they have to be are refused", async () => {
  useEcho();
  const circular = { type: "object" };
  circular.self = circular;
  for (const wrong of [
    { inputSchema: null },
    { inputSchema: undefined },
    { inputSchema: {} },
    { inputSchema: "not an object" },
    { inputSchema: { properties: {} } },
    { inputSchema: { type: "string" } },
    { inputSchema: { type: "object", properties: "not an object" } },
    { inputSchema: { type: "object", required: "not an array" } },
    { inputSchema: circular },
    { name: "" },
    { description: "" },
    { execute: "not a function" },
  ])
    await assert.rejects(create([{ ...weather, ...wrong }]), TypeError);
  await assert.rejects(create([weather, weather]), TypeError);
  const error = new Error("thrown");
  const throwing = {
    type: "object",
    toJSON() {
      throw error;
    },
  };
  await assert.rejects(
    create([weather, { ...weather, name: "b", inputSchema: throwing }]),
    (found) => found === error,
  );
  await assert.rejects(create([weather], { expectedOutputs: undefined }), TypeError);
  await assert.rejects(create([weather], { expectedOutputs: [{ type: "text" }] }), TypeError);
  assert.equal(await (await create([])).prompt("Hello"), "You said: Hello");
});

test("without execute, calls are returned, and what they return is sent back", async () => {
  const world = useEcho();
  const session = await create([weather]);
  world.calls = [[call("1"), call("2", { location: "Tokyo" })]];
  const found = await session.prompt("Weather?");
  assert.deepEqual(pluck(found, "type"), ["text", "tool-call", "tool-call"]);
  const { value } = found[1];
  assert.ok(value instanceof LanguageModelToolCall);
  const fields = [value.callId, value.callID, value.name, value.arguments];
  assert.deepEqual(fields, ["1", "1", "get_weather", { location: "Seattle" }]);
  assert.deepEqual(world.asked[0].settings.tools, [
    {
      type: "function",
      function: { name: "get_weather", description: "Get the weather.", parameters: inputSchema },
    },
  ]);
  assert.equal(
    await session.prompt(
      response(success({ type: "object", value: { t: 55 } }, { type: "text", value: "F" })),
    ),
    'You said: {"t":55}\nF',
  );
  assert.deepEqual(world.asked[1].messages, [{ role: "tool", name: "get_weather", content: '{"t":55}\nF' }]);
  const failure = new LanguageModelToolError({
    callId: "2",
    name: "get_weather",
    errorMessage: "No network.",
  });
  assert.equal(await session.prompt(response(failure)), "You said: Error: No network.");
  const copy = await session.clone();
  world.calls = [[call("3")]];
  const pieces = [];
  for await (const piece of copy.promptStreaming("And now?")) pieces.push(piece);
  assert.equal(pieces.at(-1).value.callId, "3");
});

/** An inputSchema of as many schemas within each other. */
function nested(depth) {
  let schema = { type: "object" };
  for (let at = 1; at < depth; at++) {
    schema = { type: "object", properties: { a: schema } };
  }
  return schema;
}

test("a schema that is nested too deeply to be sent or written is not supported", async () => {
  const world = useEcho();
  const session = await LanguageModel.create();
  const refused = { name: "NotSupportedError", message: /150 brackets/ };
  for (const depth of [76, 2_000, 10_000]) {
    await assert.rejects(create([{ ...weather, inputSchema: nested(depth) }]), refused);
    await assert.rejects(session.prompt("Hi", { responseConstraint: nested(depth) }), refused);
  }
  assert.deepEqual(world.asked, []);
  world.answer = "{}";
  assert.equal(await session.prompt("Hi", { responseConstraint: nested(75) }), "{}");
});

test("calls with arguments that are not an object of JSON are refused", async () => {
  const world = useEcho();
  const session = await create([weather]);
  const circular = {};
  circular.self = circular;
  for (const given of [circular, ["Seattle"], { big: 1n }, nested(2_000), nested(10_000)]) {
    const value = new LanguageModelToolCall({ callId: "1", name: "get_weather", arguments: given });
    const earlier = [{ role: "assistant", content: [{ type: "tool-call", value }] }];
    const refused = { name: "DataError" };
    await assert.rejects(session.append(earlier), refused);
    await assert.rejects(session.measureContextUsage(earlier), refused);
    await assert.rejects(create([weather], { initialPrompts: earlier }), refused);
  }
  assert.equal(world.open.size, 1);
});

test("results that are no JSON, or not text, are refused", async () => {
  const world = useEcho();
  const session = await create([weather]);
  const circular = {};
  circular.self = circular;
  for (const value of [circular, () => {}, 12345678901234567890n, new Blob([])])
    await assert.rejects(session.prompt(response(success({ type: "object", value }))), { name: "DataError" });
  for (const type of ["image", "audio"])
    await assert.rejects(session.prompt(response(success({ type, value: 1 }))), {
      name: "NotSupportedError",
    });
  await assert.rejects(session.prompt(response(success({ type: "goose", value: 1 }))), TypeError);
  await assert.rejects(session.prompt(response("4")), TypeError);
  assert.throws(() => new LanguageModelToolSuccess({ name: "x", result: [] }), TypeError);
  const asAssistant = [{ ...response(success())[0], role: "assistant" }];
  await assert.rejects(session.prompt(asAssistant), TypeError);
  await assert.rejects((await LanguageModel.create()).prompt(asAssistant), TypeError);
  assert.deepEqual(world.asked, []);
});

test("earlier calls are read as the assistant's", async () => {
  const world = useEcho();
  const session = await create([weather]);
  const value = new LanguageModelToolCall({
    callId: "1",
    name: "get_weather",
    arguments: { location: "Seattle" },
  });
  await session.append([
    { role: "user", content: "Weather?" },
    { role: "assistant", content: [{ type: "tool-call", value }] },
    ...response(success({ type: "text", value: "55F" })),
  ]);
  const [{ messages }] = world.open;
  assert.deepEqual(messages.slice(1), [
    { role: "assistant", content: "", tool_calls: [call("1")] },
    { role: "tool", name: "get_weather", content: "55F" },
  ]);
  const asUser = [{ role: "user", content: [{ type: "tool-call", value }] }];
  await assert.rejects(session.append(asUser), TypeError);
});

test("with execute, tools run at once until there is an answer", async () => {
  const world = useEcho();
  const ran = [];
  const execute = async (given) => {
    ran.push(given);
    if (given.location === "Atlantis") throw new Error("It sank.");
    return "55F";
  };
  const session = await create([{ ...weather, execute }]);
  world.answer = "Warm.";
  world.calls = [[call("1"), call("2", { location: "Atlantis" })], [call("3")]];
  assert.equal(await session.prompt("Weather?"), "Warm.Warm.Warm.");
  assert.equal(ran.length, 3);
  assert.deepEqual(world.asked[1].messages, [
    { role: "tool", name: "get_weather", content: "55F" },
    { role: "tool", name: "get_weather", content: "Error: It sank." },
  ]);
  assert.equal(world.open.size, 1);
});

test("whatever a tool throws or returns becomes a text for the model", async () => {
  const world = useEcho();
  const thrown = (error) => () => {
    throw error;
  };
  const circular = {};
  circular.self = circular;
  const unreadable = Object.defineProperty({}, "message", { get: thrown(new Error("no")) });
  const noJson = "Error: A tool's result cannot be written as JSON.";
  for (const [execute, told] of [
    [thrown(new Error("It sank.")), "Error: It sank."],
    [() => Promise.reject("gone"), "Error: gone"],
    [thrown(undefined), "Error: undefined"],
    [thrown(Symbol("goose")), "Error: Symbol(goose)"],
    [thrown(Object.create(null)), "Error: the tool failed."],
    [thrown(unreadable), "Error: the tool failed."],
    [() => circular, noJson],
    [() => ({ big: 1n }), noJson],
    [() => nested(100_000), noJson],
    [() => ({ toJSON: thrown(new Error("no")) }), noJson],
    [() => Promise.reject(new Error("no")), "Error: no"],
    [() => {}, "null"],
  ]) {
    const session = await create([{ ...weather, execute }]);
    world.calls = [[call("1")]];
    assert.equal(await session.prompt("Weather?"), `You said: Weather?You said: ${told}`);
  }
});

test("a tool that never returns holds nothing up once its prompt is given up", async () => {
  const world = useEcho();
  let runs = deferred();
  const execute = () => new Promise(() => runs.resolve());
  const session = await create([{ ...weather, execute }]);
  for (const giveUp of ["abort", "cancel", "destroy"]) {
    world.calls = [[call("1")]];
    runs = deferred();
    const controller = new AbortController();
    const stream = session.promptStreaming("Weather?", { signal: controller.signal }).getReader();
    const reading = (async () => {
      while (!(await stream.read()).done);
    })();
    const waiting = session.prompt("Hi");
    await runs.promise;
    if (giveUp === "abort") controller.abort();
    else if (giveUp === "cancel") await stream.cancel();
    else session.destroy();
    if (giveUp === "cancel") await reading;
    else await assert.rejects(reading, { name: "AbortError" });
    if (giveUp === "destroy") await assert.rejects(waiting, { name: "AbortError" });
    else assert.equal(await waiting, "You said: Hi");
  }
  while (world.open.size) await new Promise(setImmediate);
});

test("tools run in a bounded number of rounds, and an abort leaves no trace of them", async () => {
  const world = useEcho();
  const controller = new AbortController();
  let runs = 0;
  let signal = false;
  const execute = () => {
    runs++;
    return signal ? new Promise(() => controller.abort()) : "again";
  };
  const session = await create([{ ...weather, execute }]);
  world.calls = Array.from({ length: 100 }, () => [call("1")]);
  await assert.rejects(session.prompt("Weather?"), { name: "OperationError" });
  assert.equal(runs, MOST_ROUNDS);
  signal = true;
  await assert.rejects(session.prompt("Weather?", { signal: controller.signal }), { name: "AbortError" });
  assert.equal(session.contextUsage, 0);
  world.calls = [];
  assert.equal(await session.prompt("Hi"), "You said: Hi");
});
