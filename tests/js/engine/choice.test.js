/** What loadModel accepts, and what it says of everything else. */

import assert from "node:assert/strict";
import test from "node:test";
import { Assets, assetsIn } from "../../../site/engine/assets.js";
import { adapterSource, defaultModel } from "../../../site/engine/choice.js";
import { loadModel, modelSource } from "../../../site/engine/client.js";
import { engineFrom } from "../../../site/engine/holder.js";
import { nearest } from "../../../site/engine/nearest.js";
import { pluck } from "../pluck.js";

const HASH = "ca9c72226b1ca67e0d3a75776ff0d9497b31911729a052c360ab302176efbfd2";
const AT = "https://goose.test/";

test("without a model it is the default one, in the folder of the engine's files", () => {
  assert.equal(modelSource({ root: AT }).url, `${AT}models/default/`);
  assert.equal(modelSource({}).url, assetsIn().locate("models/default/"));
});

test("where a bundler has moved the files, each has its own address", () => {
  const assets = new Assets(AT, {
    "models/default/config.json": `${AT}a/config-1f.json`,
    "a.js": `${AT}a-2e.js`,
  });
  assert.deepEqual(assets.folder("models/default/"), {
    url: "models/default/",
    addresses: { "config.json": `${AT}a/config-1f.json` },
  });
  assert.equal(assets.locate("a.js"), `${AT}a-2e.js`);
  assert.equal(assets.locate("b.js"), `${AT}b.js`);
});

test("the package's entry without the default model says so", () => {
  const addresses = { "engine/worker.js": `${AT}worker-1f.js` };
  assert.throws(() => defaultModel(new Assets(AT, addresses)), { code: "not-found", remedy: /goosequill/ });
  addresses["models/default/config.json"] = `${AT}config-1f.json`;
  assert.equal(defaultModel(new Assets(AT, addresses)).url, "models/default/");
});

test("an adapter is an address, an id, or the bytes of a file", async () => {
  assert.deepEqual(adapterSource(`${AT}a#sha256=${HASH}`), { kind: "url", url: `${AT}a`, sha256: HASH });
  assert.deepEqual(adapterSource("a/b:c.safetensors", AT), { kind: "id", id: "a/b:c.safetensors", host: AT });
  const file = new File(["x"], "m.pth");
  assert.deepEqual(adapterSource(file), { kind: "files", files: [file], names: ["m.pth"] });
  const { files, names } = adapterSource(new Uint8Array([1, 2]));
  assert.deepEqual(names, ["adapter"]);
  assert.deepEqual([...new Uint8Array(await files[0].arrayBuffer())], [1, 2]);
});

test("a model is an address of weights or of a folder, an id, or files", () => {
  const source = (choice) => modelSource(choice);
  assert.deepEqual(source({ model: `${AT}m/` }), {
    kind: "folder",
    url: `${AT}m/`,
    tokenizer: undefined,
    quantize: undefined,
  });
  assert.equal(source({ model: new URL(`${AT}m.gguf`) }).kind, "url");
  assert.equal(source({ model: `${AT}m/`, tables: "server" }).tables, "server");
  const { url, sha256 } = source({ model: `${AT}m#sha256=${HASH.toUpperCase()}` });
  assert.deepEqual({ url, sha256 }, { url: `${AT}m`, sha256: HASH });
  const hub = { model: `a/b:c.pth@v1#sha256=${HASH}`, host: AT, tokenizer: "a/b:t.json" };
  assert.deepEqual(source(hub), {
    kind: "id",
    id: hub.model,
    host: AT,
    tokenizer: { id: "a/b:t.json", host: AT },
    quantize: undefined,
  });
  const file = new File(["x"], "m.pth");
  assert.deepEqual(source({ model: [file], tokenizer: file }).names, ["m.pth"]);
  assert.equal(source({ model: file, tokenizer: file }).tokenizer, file);
  assert.equal(source({ model: file, tokenizer: "world" }).tokenizer, "world");
});

test("what is wrong is an error before a worker is started, with the nearest right name", async () => {
  const wrong = [
    [{ modle: "x" }, /no option “modle”/, /“model”/],
    [{ onprogress: () => {} }, /no option “onprogress”/, /“onProgress”/],
    [{ zzzzzzzz: 1 }, /no option/, /The options are model, /],
    [{ adapter: 7 }, /“adapter” cannot be/, /a File or bytes/],
    [{ adapter: new Uint8Array(), strength: 2 }, /“strength” cannot be 2/, /from 0 to 1.5/],
    [{ quantize: 5 }, /“quantize” cannot be 5/, /8, 4 or “auto”/],
    [{ tables: "disk" }, /“tables” cannot be “disk”/, /“server”, or nothing/],
    [{ threads: 0 }, /“threads” cannot be 0/, /whole number/],
    [{ model: "" }, /“model” cannot be “”/, /an address/],
    [{ model: null }, /“model” cannot be/, /an address, the id/],
    [{ model: [] }, /“model” cannot be/, /a list of Files/],
    [{ model: { url: "x" } }, /“model” cannot be/, /a list of Files/],
    [{ model: `${AT}m/`, tokenizer: 7 }, /“tokenizer” cannot be 7/, /a name, an address or a File/],
  ];
  for (const [options, message, remedy] of wrong) {
    await assert.rejects(loadModel(options), { name: "EngineError", code: "option", message, remedy });
  }
  await assert.rejects(loadModel({ model: "a/b:../c" }), { code: "model-id" });
});

test("the nearest name is a similar one", () => {
  const names = ["temperature", "top_p", "top_k", "max_new_tokens"];
  assert.equal(nearest("temprature", names), "temperature");
  assert.equal(nearest("TOP_P", names), "top_p");
  assert.equal(nearest("gosling", names), "");
});

test("one folder of the engine's files has one holder on a page", () => {
  assert.equal(engineFrom(AT), engineFrom(AT.slice(0, -1)));
  assert.equal(engineFrom(), engineFrom(assetsIn().root));
  assert.notEqual(engineFrom(AT), engineFrom());
});

test("the models of a page share one worker, which ends with the last of them", async (t) => {
  const workers = [];
  class Worker extends EventTarget {
    sent = [];
    ended = false;

    constructor(url) {
      super();
      this.url = url;
      workers.push(this);
    }

    postMessage(message) {
      this.sent.push(message);
      const reply = { load: "loaded", unload: "done" }[String(message.type)];
      const data = { type: reply, id: message.id, model: message.id, info: {} };
      if (reply) queueMicrotask(() => this.onmessage({ data }));
    }

    terminate() {
      this.ended = true;
    }
  }
  const scope = globalThis;
  Object.assign(scope, { Worker, location: new URL(AT) });
  t.after(() => {
    delete scope.Worker;
    delete scope.location;
  });
  const [one, other] = [await loadModel({ root: AT }), await loadModel({ root: "/", model: `${AT}m/` })];
  assert.deepEqual(pluck(workers, "url"), [`${AT}engine/worker.js`, `${AT}engine/preparer.js`]);
  assert.equal(one.engine, other.engine);
  const prepared = () => workers[0].sent.filter(({ type }) => type === "prepared");
  assert.equal(prepared()[0].port.constructor, MessagePort);
  assert.equal(workers[1].sent[0].addresses, null, "it is beside the files");
  workers[1].onerror();
  assert.equal(prepared()[1].port, undefined, "it could not start");
  for (const { port } of [workers[1].sent[0], prepared()[0]]) port.close();
  one.dispose();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(workers[0].sent.at(-1).type, "unload");
  assert.ok(!workers[0].ended);
  other.dispose();
  assert.ok(workers[0].ended);
  (await loadModel({ root: AT })).dispose();
  workers[3].sent[0].port.close();
  assert.equal(workers.length, 4, "the next model starts a new one");
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name === "Timeout"),
    [],
    "no timer keeps the process",
  );
});
