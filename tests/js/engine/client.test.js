import assert from "node:assert/strict";
import test from "node:test";

import { Engine, loadModel, Model } from "../../../site/engine/client.js";
import { tie } from "../../../site/engine/model.js";

/** A worker that the test controls. */
class FakeWorker {
  sent = [];
  terminated = false;
  onmessage = () => {};
  onerror = () => {};

  postMessage(message) {
    this.sent.push(structuredClone(message)); // as the browser does, which throws for what cannot be sent
    this.react?.(message);
  }

  react;

  terminate() {
    this.terminated = true;
  }

  reply(data) {
    this.onmessage({ data });
  }
}

function start() {
  const worker = new FakeWorker();
  const engine = new Engine({ createWorker: () => worker });
  return { worker, engine };
}

const chunk = (index) => ({ text: `t${index}`, token: index, logprob: -1, index });
const end = { text: "", finish_reason: "length", usage: { prompt_tokens: 1, completion_tokens: 3 }, seed: 7 };

test("a loop receives every chunk and the end last", async () => {
  const { worker, engine } = start();
  worker.react = ({ id, type }) => {
    if (type !== "run") return;
    worker.reply({ type: "part", id, parts: [chunk(0), chunk(1)] });
    worker.reply({ type: "part", id, parts: [chunk(2)] });
    worker.reply({ type: "done", id, result: end });
  };
  const items = [];
  for await (const item of new Model(engine, 1, {}).generate("a", { temperature: 0 })) items.push(item);
  assert.deepEqual(items, [chunk(0), chunk(1), chunk(2), end]);
  assert.deepEqual(worker.sent, [
    { type: "run", job: "generate", args: { model: 1, prompt: "a", settings: { temperature: 0 } }, id: 1 },
  ]);
});

test("a text, one that ends in a reply's opening, and messages are jobs of their own", () => {
  const { worker, engine } = start();
  const model = new Model(engine, 1, {});
  const tools = [{ type: "function", function: { name: "now" } }];
  model.generate("a", { given: [7], top_k: 1 }).next();
  model.generate("User: a\n\nAssistant:", { opening: "" }).next();
  model.generate("A <think", { opening: " <think", stop: "x" }).next();
  model.chat([{ role: "user", content: "a" }], { tools, reasoning_effort: "low", seed: 3 }).next();
  assert.deepEqual(
    worker.sent.map(({ job, args: { model: _, ...args } }) => ({ job, ...args })),
    [
      { job: "generate", prompt: "a", given: [7], settings: { top_k: 1 } },
      { job: "continue_reply", prompt: "User: a\n\nAssistant:", opening: "", settings: {} },
      { job: "continue_reply", prompt: "A <think", opening: " <think", settings: { stop: "x" } },
      {
        job: "answer",
        messages: [{ role: "user", content: "a" }],
        tools,
        effort: "low",
        settings: { seed: 3 },
      },
    ],
  );
});

test("leaving the loop cancels", async () => {
  const { worker, engine } = start();
  worker.react = ({ id, type }) => {
    if (type === "run") worker.reply({ type: "part", id, parts: [chunk(0), chunk(1)] });
  };
  for await (const item of new Model(engine, 1, {}).generate("a", {})) if (item) break;
  assert.deepEqual(worker.sent.at(-1), { type: "cancel", id: 1 });
});

test("an aborted signal ends the loop with an AbortError, and cancels", async () => {
  const { worker, engine } = start();
  const controller = new AbortController();
  worker.react = ({ id, type }) => {
    if (type === "run") worker.reply({ type: "part", id, parts: [chunk(0)] });
  };
  const loop = async () => {
    for await (const item of new Model(engine, 1, {}).generate("a", { signal: controller.signal })) {
      if (item) controller.abort();
    }
  };
  await assert.rejects(loop, { name: "AbortError" });
  assert.deepEqual(worker.sent.at(-1), { type: "cancel", id: 1 });
});

test("after cancel() only the end arrives", async () => {
  const { worker, engine } = start();
  worker.react = ({ id, type }) => {
    if (type === "run") worker.reply({ type: "part", id, parts: [chunk(0)] });
    if (type === "cancel") {
      worker.reply({ type: "part", id, parts: [chunk(1)] });
      worker.reply({ type: "done", id, result: { ...end, finish_reason: "abort" } });
    }
  };
  const writing = new Model(engine, 1, {}).generate("a", {});
  const items = [];
  for await (const item of writing) {
    items.push(item);
    if (items.length === 1) writing.cancel();
  }
  assert.deepEqual(items, [chunk(0), { ...end, finish_reason: "abort" }]);
});

test("an error arrives with its code and remedy, and the next request is answered", async () => {
  const { worker, engine } = start();
  worker.react = ({ id, type }) => {
    const error = { code: "file-truncated", message: "It is truncated.", remedy: "Download it again." };
    if (type === "load") worker.reply({ type: "error", id, error });
    else worker.reply({ type: "status", id, status: { state: "ready" } });
  };
  const loading = engine.load({ kind: "folder", url: "http://x/" });
  await assert.rejects(loading, {
    name: "EngineError",
    code: "file-truncated",
    message: "It is truncated.",
    remedy: "Download it again.",
  });
  assert.deepEqual(await engine.status(), { state: "ready" });
});

test("two concurrent texts are kept apart", async () => {
  const { worker, engine } = start();
  const texts = [new Model(engine, 1, {}).generate("a", {}), new Model(engine, 1, {}).generate("b", {})].map(
    async (writing) => {
      let text = "";
      for await (const item of writing) text += item.text;
      return text;
    },
  );
  await Promise.resolve();
  worker.reply({ type: "part", id: 2, parts: [chunk(5)] });
  worker.reply({ type: "part", id: 1, parts: [chunk(1)] });
  worker.reply({ type: "done", id: 1, result: end });
  worker.reply({ type: "done", id: 2, result: end });
  assert.deepEqual(await Promise.all(texts), ["t1", "t5"]);
});

test("a dead worker rejects every pending and every later request", async () => {
  const { worker, engine } = start();
  const waiting = [
    engine.load({ kind: "folder", url: "http://x/" }),
    engine.status(),
    engine.call("describe_decoding", {}),
    new Model(engine, 1, {}).generate("a", {}).next(),
  ];
  worker.onerror({ message: "out of memory" });
  for (const promise of waiting) await assert.rejects(promise, { code: "worker-died" });
  await assert.rejects(engine.status(), { code: "worker-died" });
  await assert.rejects(new Model(engine, 1, {}).generate("a", {}).next(), { code: "worker-died" });
  assert.ok(worker.terminated && engine.ended);
});

test("a model whose worker died is loaded again when it is used, unless it was disposed of", async () => {
  const [died, alive] = [start(), start()];
  died.worker.reply({ type: "alive" });
  died.worker.onerror({ message: "a fault" });
  await assert.rejects(died.engine.status(), { code: "worker-died" });
  alive.worker.react = ({ id, type, job }) => {
    if (type !== "run") return;
    if (job === "generate") alive.worker.reply({ type: "part", id, parts: [chunk(0)] });
    alive.worker.reply({ type: "done", id, result: job === "generate" ? end : [] });
  };
  const use = {
    generate: (model) => model.generate("a").next(),
    "generate with cancel": async (model) => {
      const writing = model.generate("a");
      writing.cancel();
      for await (const item of writing) assert.equal(item, end);
    },
    tokenize: (model) => model.tokenize("a"),
    converse: (model) => model.converse().catch(() => {}),
    stream: (model) => model.stream("teach").next(),
  };
  for (const [name, work] of Object.entries(use)) {
    const model = new Model(died.engine, 1, { title: "before" });
    let loads = 0;
    const revive = async () => {
      loads++;
      return new Model(alive.engine, 5, { title: "after" });
    };
    tie(model, { revive });
    alive.worker.sent.length = 0;
    await work(model);
    assert.deepEqual([loads, model.info.title, model.engine], [1, "after", alive.engine], name);
    assert.equal(alive.worker.sent[0].args.model, 5);
  }
  const given = new Model(died.engine, 1, {});
  tie(given, { revive: () => assert.fail("it was loaded again") });
  given.dispose();
  await assert.rejects(given.generate("a").next(), { code: "worker-died" });
});

test("progress goes to the request it belongs to, and dispose rejects pending requests", async () => {
  const { worker, engine } = start();
  const reported = [];
  const progress = { status: "model", file: "m", loaded: 1, total: 2 };
  worker.react = ({ id }) => worker.reply({ type: "progress", id, progress });
  const loading = engine.load({ kind: "folder", url: "http://x/" }, { onProgress: (p) => reported.push(p) });
  engine.dispose();
  await assert.rejects(loading, { name: "AbortError" });
  assert.deepEqual(reported, [progress]);
  assert.ok(worker.terminated);
});

test("an aborted load rejects at once and is cancelled in the worker", async () => {
  const { worker, engine } = start();
  const controller = new AbortController();
  const loading = engine.load({ kind: "folder", url: "http://x/" }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(loading, { name: "AbortError" });
  assert.deepEqual(worker.sent.at(-1), { type: "cancel", id: 1 });
});

test("a finished request removes its abort listener", async () => {
  const { worker, engine } = start();
  const { signal } = new AbortController();
  let listening = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given) => {
    listening++;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given) => {
    listening--;
    removeEventListener.apply(signal, given);
  };
  worker.react = ({ id, type }) => {
    if (type === "run") worker.reply({ type: "done", id, result: 1 });
    if (type === "load") worker.reply({ type: "error", id, error: { code: "x", message: "", remedy: "" } });
  };
  await engine.call("describe_decoding", {}, { signal });
  await assert.rejects(engine.load({ kind: "folder", url: "http://x/" }, { signal }), { code: "x" });
  assert.equal(listening, 0);
});

test("a model with an adapter is one more model, which is freed by itself", async () => {
  const { worker, engine } = start();
  worker.react = ({ id, type }) => {
    const result = { handle: 5, adapter: { name: "Pirate" } };
    if (type === "run") worker.reply({ type: "done", id, result });
    if (type === "unload") worker.reply({ type: "done", id, result: null });
  };
  const model = new Model(engine, 1, { title: "A" });
  const adapted = await model.withAdapter(new Blob(["x"]), { strength: 0.5 });
  const { job, args } = worker.sent[0];
  assert.deepEqual([job, args.model, args.strength, args.files.kind], ["adapt", 1, 0.5, "files"]);
  assert.deepEqual(adapted.info, { title: "A", adapter: { name: "Pirate" } });
  assert.deepEqual(model.info, { title: "A" });
  await model.withAdapter(null);
  assert.deepEqual(worker.sent[1].args, { model: 1, strength: 1 });
  adapted.dispose();
  assert.deepEqual(worker.sent.at(-1), { type: "unload", model: 5, id: 3 });
  assert.equal(worker.terminated, false);
});

test("a model that is loaded with an adapter is freed whole, also when the adapter is refused", async () => {
  const { worker, engine } = start();
  let refuses = false;
  worker.react = ({ id, type }) => {
    if (type === "load") worker.reply({ type: "loaded", id, model: 1, info: {} });
    else if (type === "unload") worker.reply({ type: "done", id, result: null });
    else if (refuses) worker.reply({ type: "error", id, error: { code: "adapter-mismatch", message: "" } });
    else worker.reply({ type: "done", id, result: { handle: 5, adapter: {} } });
  };
  const model = await loadModel({ engine, adapter: new Uint8Array(1), strength: 0.5 });
  assert.equal(worker.sent.at(-1).args.strength, 0.5);
  await model.unload();
  assert.deepEqual(worker.sent.at(-1), { type: "unload", model: 1, id: 3 });
  refuses = true;
  const refused = loadModel({ engine, adapter: new Uint8Array(1) });
  await assert.rejects(refused, { code: "adapter-mismatch" });
  assert.deepEqual(worker.sent.at(-1), { type: "unload", model: 1, id: 6 });
  assert.equal(worker.terminated, false);
});

test("a model that is loaded after its request was aborted is unloaded", async () => {
  const { worker, engine } = start();
  const controller = new AbortController();
  const loading = engine.load({ kind: "folder", url: "http://x/" }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(loading, { name: "AbortError" });
  worker.reply({ type: "loaded", id: 1, model: 7, info: {} });
  assert.deepEqual(worker.sent.at(-1), { type: "unload", model: 7, id: 2 });
});

test("cancel() before the loop starts takes effect", async () => {
  const { worker, engine } = start();
  worker.react = ({ id, type }) => {
    if (type === "cancel") worker.reply({ type: "done", id, result: { ...end, finish_reason: "abort" } });
  };
  const writing = new Model(engine, 1, {}).generate("a", {});
  writing.cancel();
  const items = [];
  for await (const item of writing) items.push(item);
  assert.deepEqual(items, [{ ...end, finish_reason: "abort" }]);
});

test("an option that cannot be sent throws, and the engine continues", async () => {
  const { worker, engine } = start();
  worker.react = ({ id }) => worker.reply({ type: "status", id, status: { state: "idle" } });
  await assert.rejects(new Model(engine, 1, {}).generate("a", { stop: () => {} }).next(), {
    name: "DataCloneError",
  });
  assert.deepEqual(await engine.status(), { state: "idle" });
});

test("a worker that never responds, or that says it is gone, ends the engine", async () => {
  const silent = new Engine({ createWorker: () => new FakeWorker(), patience: 1 });
  await assert.rejects(silent.status(), { code: "worker-died" });
  const { worker, engine } = start();
  worker.react = () => worker.reply({ type: "gone", reason: "a fault" });
  await assert.rejects(engine.status(), { code: "worker-died", message: /a fault/ });
  assert.ok(silent.ended && engine.ended && worker.terminated);
});

test("a machine that sleeps while a worker starts does not end it", async (context) => {
  let [now, due] = [0, () => {}];
  context.mock.method(Date, "now", () => now);
  context.mock.method(globalThis, "setTimeout", (/** @type {any} */ action, /** @type {number} */ wait) => {
    if (wait === 60_000) due = action; // how long a worker may be silent
    return 0;
  });
  const { engine } = start();
  now += 8 * 3_600_000; // the lid is opened again
  due();
  assert.ok(!engine.ended);
  now += 60_000;
  due();
  await assert.rejects(engine.status(), { code: "worker-died" });
});

test("a conversation has its messages, also when the loop was left", async () => {
  const { worker, engine } = start();
  const said = [{ role: "user", content: "Hi" }];
  const whole = [...said, { role: "assistant", content: "t0" }];
  worker.react = ({ id, type, job }) => {
    if (job === "converse") worker.reply({ type: "done", id, result: { handle: 5, messages: [] } });
    if (job === "say") worker.reply({ type: "part", id, parts: [chunk(0)] });
    if (type === "cancel") worker.reply({ type: "done", id, result: { ...end, messages: whole } });
    if (job === "undo") worker.reply({ type: "done", id, result: { message: "Hi", messages: [] } });
    if (type === "forget") worker.reply({ type: "done", id, result: null });
  };
  const model = new Model(engine, 3, {});
  model.state.bytes = new Uint8Array(2);
  const talk = await model.converse({ system: "Be kind." });
  for await (const item of talk.say("Hi", { temperature: 0, reasoning_effort: "low" })) if (item) break;
  assert.deepEqual(talk.messages, whole);
  assert.equal(await talk.undo(), "Hi");
  assert.deepEqual(talk.messages, []);
  await talk.close();
  const options = { system: "Be kind.", messages: [], chat_format: "", state: new Uint8Array(2) };
  assert.deepEqual(worker.sent, [
    { type: "run", job: "converse", args: { model: 3, ...options }, id: 1 },
    {
      type: "run",
      job: "say",
      args: { conversation: 5, message: "Hi", settings: { temperature: 0 }, effort: "low" },
      id: 2,
    },
    { type: "cancel", id: 2 },
    { type: "run", job: "undo", args: { conversation: 5 }, id: 3 },
    { type: "forget", handle: 5, id: 4 },
  ]);
});

test("a conversation's branches are rated and ranked by their handles, and what Python lacks is null", async () => {
  const { worker, engine } = start();
  const message = { id: "a", role: "user", text: "Hi", fields: {} };
  const tree = { id: "t", title: "", system: "", fields: {}, messages: [message] };
  const results = { conversation_tree: tree, siblings: [{ ...message, parent: "b", rank: 1 }] };
  let handle = 0;
  worker.react = ({ id, job }) => {
    const isNew = job === "converse" || job === "branch";
    worker.reply({ type: "done", id, result: isNew ? { handle: ++handle, messages: [] } : results[job] });
  };
  const talk = await new Model(engine, 9, {}).converse();
  const [second, third] = [await talk.branch(), await talk.branch()];
  await talk.rank([third, [talk, second]]);
  await second.rate(-1, { reason: "too long" });
  assert.deepEqual(worker.sent.slice(-2), [
    { type: "run", job: "rank_replies", args: { conversation: 1, branches: [3, [1, 2]] }, id: 4 },
    { type: "run", job: "rate_reply", args: { conversation: 2, rating: -1, reason: "too long" }, id: 5 },
  ]);
  assert.deepEqual((await talk.tree()).messages, [{ ...message, parent: null, rank: null }]);
  assert.deepEqual(await talk.siblings(), [{ ...message, parent: "b", rank: 1 }]);
});

test("run hands out progress and parts and returns the end; late replies are ignored", async () => {
  const { worker, engine } = start();
  const progress = { status: "index", file: "", loaded: 1, total: 2 };
  const seen = [];
  const options = { onProgress: (p) => seen.push(p), onPart: (p) => seen.push(p) };
  worker.react = ({ id, type }) => {
    if (type !== "run") return;
    worker.reply({ type: "progress", id, progress });
    worker.reply({ type: "part", id, parts: [1, 2] });
    if (id === 1) worker.reply({ type: "done", id, result: "end" });
  };
  assert.equal(await engine.run("index", { a: 1 }, options), "end");
  assert.deepEqual(worker.sent, [{ type: "run", job: "index", args: { a: 1 }, id: 1 }]);
  assert.deepEqual(seen.splice(0), [progress, 1, 2]);
  const controller = new AbortController();
  const running = engine.run("index", {}, { ...options, signal: controller.signal });
  seen.length = 0;
  controller.abort();
  worker.reply({ type: "part", id: 2, parts: [3] });
  worker.reply({ type: "done", id: 2, result: "late" });
  await assert.rejects(running, { name: "AbortError" });
  assert.deepEqual([seen, worker.sent.at(-1)], [[], { type: "cancel", id: 2 }]);
});

test("a stream of any job gives its parts and its end; one that cannot end by itself is over when cancelled", async () => {
  const { worker, engine } = start();
  const error = { code: "aborted", message: "The request was cancelled.", remedy: "" };
  worker.react = ({ id, type }) => {
    if (type === "run") worker.reply({ type: "part", id, parts: ["a", null] });
    if (type === "run" && id === 1) worker.reply({ type: "done", id, result: 0 });
    if (type === "cancel") worker.reply({ type: "error", id, error });
  };
  const items = [];
  for await (const item of engine.stream("index")) items.push(item);
  assert.deepEqual(items, ["a", null, 0]);
  const second = engine.stream("index");
  for await (const item of second) {
    items.push(item);
    second.cancel();
  }
  assert.deepEqual(items, ["a", null, 0, "a", null]);
});
