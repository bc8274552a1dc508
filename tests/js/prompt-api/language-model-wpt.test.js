/**
 * The cases about text of web-platform-tests, ai/language-model/, with a model that answers what it is asked.
 * Left out are cases about images, audio, video and frames, and those in which a context window is full: ours
 * never is.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { MODES } from "../../../site/prompt-api/input.js";
import { LanguageModel } from "../../../site/prompt-api/language-model.js";
import { deferred, readAll, useEcho } from "./echo-model.js";

const PROMPT = "Please write a sentence in English.";
const AVAILABILITIES = ["unavailable", "downloadable", "downloading", "available"];
const ABORT = { name: "AbortError" };
const create = (options) => LanguageModel.create(options);

test.beforeEach(() => useEcho());

/** As `testAbortPromise` in ai/resources/util.js. */
async function aborts(method) {
  const controller = new AbortController();
  const promise = method(controller.signal);
  controller.abort();
  await assert.rejects(promise, ABORT);
  await assert.rejects(method(controller.signal), ABORT);
  const error = new Error("test");
  const other = new AbortController();
  const second = method(other.signal);
  other.abort(error);
  await assert.rejects(second, (found) => found === error);
  await assert.rejects(method(other.signal), (found) => found === error);
}

test("language-model-availability", async (t) => {
  assert.ok(AVAILABILITIES.includes(await LanguageModel.availability()));
  const invalid = { expectedInputs: [{ type: "text", languages: ["en-abc-invalid"] }] };
  await assert.rejects(LanguageModel.availability(invalid), RangeError);
  await t.test("plausible options have a valid value", async () => {
    const topKs = [undefined, -2, 0, 1, 1.5, 3, 99];
    const temperatures = [undefined, -0.5, 0, 0.6, 1, 7];
    const types = [
      undefined,
      [],
      [{ type: "text" }],
      [{ type: "text" }, { type: "audio" }, { type: "image" }],
      [{ type: "text", languages: ["en", "ja", "ko"] }],
      [
        { type: "audio", languages: ["es"] },
        { type: "image", languages: ["fr"] },
      ],
    ];
    const system = (content) => ({ role: "system", content });
    const prompts = [undefined, [], [system("have fun")], [system("be good"), system("be bad")]];
    for (const topK of topKs)
      for (const temperature of temperatures)
        for (const expectedInputs of types)
          for (const expectedOutputs of types)
            for (const initialPrompts of prompts) {
              const options = { topK, temperature, expectedInputs, expectedOutputs };
              const found = await LanguageModel.availability({ ...options, initialPrompts });
              assert.ok(AVAILABILITIES.includes(found));
            }
  });
});

test("language-model-availability-available", async () => {
  for (const options of [
    { expectedInputs: [{ type: "text", languages: ["unk"] }] },
    { expectedOutputs: [{ type: "text", languages: ["unk"] }] },
    { expectedOutputs: [{ type: "image" }] },
    { expectedOutputs: [{ type: "audio" }] },
  ]) {
    assert.equal(await LanguageModel.availability(options), "unavailable");
    await assert.rejects(create(options), { name: "NotSupportedError" });
  }
  const soup = { expectedInputs: [{ type: "soup" }] };
  await assert.rejects(LanguageModel.availability(soup), TypeError);
});

test("language-model-availability-sampling-mode and -create-sampling-mode, where there is params()", async () => {
  for (const samplingMode of Object.keys(MODES)) {
    assert.ok(AVAILABILITIES.includes(await LanguageModel.availability({ samplingMode })));
    const session = await create({ samplingMode });
    assert.equal(session.samplingMode, samplingMode);
    assert.equal((await session.clone()).samplingMode, samplingMode);
  }
  assert.equal((await create()).samplingMode, "balanced");
  assert.equal((await create({ temperature: 0.8, topK: 10 })).samplingMode, null);
  for (const raw of [{ temperature: 0.8 }, { topK: 10 }, { temperature: 0.8, topK: 10 }]) {
    const both = { samplingMode: "balanced", ...raw };
    await assert.rejects(LanguageModel.availability(both), TypeError);
    await assert.rejects(create(both), TypeError);
  }
});

test("language-model-create", async (t) => {
  const session = await create();
  assert.ok(session instanceof LanguageModel);
  for (const name of ["prompt", "promptStreaming", "append", "measureContextUsage", "clone", "destroy"])
    assert.equal(typeof session[name], "function");
  assert.equal(typeof session.contextUsage, "number");
  assert.ok(Number.isSafeInteger(session.contextWindow)); // which pages print, and divide by
  assert.equal(typeof session.onquotaoverflow, "object");

  await t.test("the monitor is told of the download", async () => {
    const events = [];
    let isCreated = false;
    useEcho();
    await create({
      monitor: (monitor) =>
        monitor.addEventListener("downloadprogress", (event) => {
          assert.equal(isCreated, false);
          events.push(event);
        }),
    });
    isCreated = true;
    assert.equal(events[0].loaded, 0);
    assert.equal(events.at(-1).loaded, 1);
    let last = -1;
    for (const { lengthComputable, total, loaded } of events) {
      assert.equal(lengthComputable, true);
      assert.equal(total, 1);
      assert.equal(loaded % (1 / 0x10000), 0);
      assert.ok(loaded > last);
      last = loaded;
    }
  });

  for (const at of [0, 1])
    await t.test(`nothing is fired after an abort at ${at}`, async () => {
      const controller = new AbortController();
      const error = new Error("test");
      const { promise, resolve } = deferred();
      let isAborted = false;
      const creating = create({
        signal: controller.signal,
        monitor: (monitor) =>
          monitor.addEventListener("downloadprogress", (event) => {
            assert.equal(isAborted, false);
            if (event.loaded === at) resolve();
          }),
      });
      await promise;
      isAborted = true;
      controller.abort(error);
      await assert.rejects(creating, (found) => found === error);
    });

  await t.test("sampling parameters", async () => {
    await assert.rejects(create({ topK: 3, temperature: -0.5 }), RangeError);
    await assert.rejects(create({ topK: 0, temperature: 0.5 }), RangeError);
    await assert.rejects(create({ topK: -2, temperature: 0.5 }), RangeError);
    assert.equal((await create({ topK: 1.5, temperature: 0.5 })).topK, 1);
  });

  await t.test("initial prompts", async () => {
    const [user, assistant] = ["user", "assistant"].map((role) => ({ role, content: "hello" }));
    const system = { role: "system", content: "you are a robot" };
    for (const initialPrompts of [[system, user, assistant], [], [user, assistant]])
      assert.ok(await create({ initialPrompts }));
    for (const initialPrompts of [
      [user, assistant, system],
      [system, { ...system, content: "you are a kitten" }, user],
    ])
      await assert.rejects(create({ initialPrompts }), TypeError);
  });

  const text = (tag) => ({ expectedInputs: [{ type: "text", languages: [tag] }] });
  await assert.rejects(create(text("en-abc-invalid")), RangeError);
  assert.ok(await create(text("EN")));
});

test("prompt/monitor-callback-exception", async () => {
  const error = new Error("test");
  const monitor = () => {
    throw error;
  };
  await assert.rejects(create({ monitor }), (found) => found === error);
});

test("language-model-abort", async () => {
  await aborts((signal) => create({ signal }));
  const session = await create();
  await aborts((signal) => session.clone({ signal }));
  await aborts((signal) => session.prompt(PROMPT, { signal }));
  await aborts((signal) => session.append(PROMPT, { signal }));
  const controller = new AbortController();
  const stream = session.promptStreaming(PROMPT, { signal: controller.signal });
  controller.abort();
  await assert.rejects(stream.pipeTo(new WritableStream()), ABORT);
  assert.throws(() => session.promptStreaming(PROMPT, { signal: controller.signal }), ABORT);
  const error = new DOMException("test", "VersionError");
  const other = new AbortController();
  const second = session.promptStreaming(PROMPT, { signal: other.signal });
  other.abort(error);
  await assert.rejects(second.pipeTo(new WritableStream()), (found) => found === error);
  assert.throws(
    () => session.promptStreaming(PROMPT, { signal: other.signal }),
    (found) => found === error,
  );
});

test("language-model-destroy, with the specification's AbortError, and testCreateAbort", async () => {
  const methods = [
    (one) => one.prompt(PROMPT),
    (one) => one.append(PROMPT),
    (one) => one.clone(),
    (one) => one.measureContextUsage(PROMPT),
  ];
  const session = await create();
  const promises = methods.map((method) => method(session));
  session.destroy();
  for (const promise of [...promises, ...methods.map((method) => method(session))])
    await assert.rejects(promise, ABORT);
  assert.equal(typeof session.inputQuota, "number");
  assert.equal(typeof session.inputUsage, "number");
  const controller = new AbortController();
  const bound = await create({ signal: controller.signal });
  const error = new Error("The create abort signal was aborted.");
  const waiting = methods.map((method) => method(bound));
  controller.abort(error);
  for (const promise of [...waiting, ...methods.map((method) => method(bound))])
    await assert.rejects(promise, (found) => found === error);
});

test("language-model-append, and prompt/context", async () => {
  let session = await create();
  assert.equal(await session.append(PROMPT), undefined);
  session = await create();
  assert.equal(session.contextUsage, 0);
  const usage = await session.measureContextUsage(PROMPT);
  assert.ok(usage > 0);
  await session.append(PROMPT);
  assert.equal(session.contextUsage, usage);
  session = await create();
  await session.append([]);
  assert.equal(session.contextUsage, 0);
  await session.append({});
  assert.ok(session.contextUsage > 0);
  session = await create();
  const result = await session.prompt(PROMPT);
  assert.equal(session.contextUsage, usage + (await session.measureContextUsage(result)));
  const initialPrompts = [
    { role: "system", content: [{ type: "text", value: "The word is regurgitation." }] },
  ];
  session = await create({ initialPrompts });
  assert.equal(session.contextUsage, await session.measureContextUsage(initialPrompts));
});

test("language-model-measure-context-usage: any roles, even after prompts were added", async () => {
  const prompts = ["system", "user", "assistant"].map((role) => ({ role, content: "foo" }));
  const session = await create({ initialPrompts: prompts });
  assert.ok((await session.measureContextUsage(prompts)) > 0);
});

test("language-model-clone", async () => {
  const session = await create({ topK: 3, temperature: 0.6 });
  await session.prompt(PROMPT);
  const clone = await session.clone();
  for (const name of ["inputQuota", "inputUsage", "topK", "temperature"])
    assert.equal(clone[name], session[name]);
  await clone.prompt(PROMPT);
  assert.ok(clone.inputUsage > session.inputUsage);
});

test("prompt/empty-inputs and prompt/streaming: empty and coerced input", async () => {
  const model = await create();
  assert.match(await model.prompt(null), /null/);
  assert.match(await model.prompt(undefined), /undefined/);
  assert.match(await model.prompt({}), /\[object Object\]/);
  const user = (content) => [{ role: "user", content }];
  for (const empty of ["", [], user([]), user([{ type: "text", value: "" }])]) {
    assert.equal(typeof (await model.prompt(empty)), "string");
    assert.equal(await model.append(empty), undefined);
    const stream = model.promptStreaming(empty);
    assert.equal(Object.prototype.toString.call(stream), "[object ReadableStream]");
    assert.ok((await readAll(stream)).length > 0);
  }
});

test("prompt/rejections", async () => {
  const session = await create();
  const [user, system] = [
    { role: "user", content: "foo" },
    { role: "system", content: "bar" },
  ];
  await assert.rejects(session.prompt([user, system]), TypeError);
  await assert.rejects(session.prompt([system, system]), TypeError);
  const coerced = session.prompt(system);
  await assert.rejects(session.prompt([system]), TypeError);
  await coerced;
  const begun = await create({ initialPrompts: [user] });
  await assert.rejects(begun.prompt([system]), TypeError);
});

test("prompt/multimodal/prompt-multimodal: rejections", async () => {
  const session = await create();
  const value = new Blob(["not text"]);
  const message = (role, type) => [{ role, content: [{ type, value }] }];
  await assert.rejects(session.prompt(message("user", "text")), TypeError);
  for (const type of ["image", "audio"]) {
    await assert.rejects(session.prompt(message("assistant", type)), { name: "NotSupportedError" });
    await assert.rejects(session.prompt(message("user", type)), { name: "NotSupportedError" });
  }
});

test("prompt/prompt-concurrent and prompt/streaming/prompt-streaming-concurrent", async () => {
  const session = await create();
  const prompts = [PROMPT, PROMPT, "Something else."];
  const answers = await Promise.all(prompts.map((prompt) => session.prompt(prompt)));
  assert.deepEqual(
    answers,
    prompts.map((prompt) => `You said: ${prompt}`),
  );
  for (const text of await Promise.all(prompts.map((prompt) => readAll(session.promptStreaming(prompt)))))
    assert.ok(text);
});

test("prompt/prompt-post-abort and prompt/streaming/prompt-streaming-post-abort", async () => {
  const session = await create();
  const controller = new AbortController();
  const promise = session.prompt(PROMPT, { signal: controller.signal });
  controller.abort();
  await assert.rejects(promise, ABORT);
  assert.ok(await session.prompt(PROMPT));
  const other = new AbortController();
  const stream = session.promptStreaming(PROMPT, { signal: other.signal });
  other.abort();
  await assert.rejects(stream.pipeTo(new WritableStream()), ABORT);
  assert.ok(await readAll(session.promptStreaming(PROMPT)));
});

test("language-model-response-json-schema and -regex: constraints that are refused", async () => {
  const session = await create();
  const circular = {};
  circular.self = circular;
  const refused = { name: "NotSupportedError" };
  await assert.rejects(session.prompt(PROMPT, { responseConstraint: circular }), refused);
});
