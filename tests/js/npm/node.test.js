/**
 * The packed library under Node: the real engine in a thread, with the default model. The package is
 * assembled once from the built site.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { adapterFile } from "../adapters.js";
import { samples } from "../docs/samples.js";
import { testClients } from "./clients.js";

const root = new URL("../../../", import.meta.url);
const folder = new URL("build/npm/", root);
const built = new URL("dist/engine/parts.json", root);
assert.ok(existsSync(built), "dist/ is not built: run make build first");
execFileSync("python3", ["scripts/npm.py"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });

const library = await import(new URL("node.js", folder).href);
const { createChatCompletion, loadModel } = library;
const MODEL = new URL("site/models/default", root).pathname;

/** One model and its engine for all tests. */
const statuses = [];
const model = await loadModel({ model: MODEL, onProgress: (p) => statuses.push(p.status) });
after(() => model.dispose());
const { engine } = model;

async function read(writing) {
  let text = "";
  for await (const item of writing) {
    text += item.text;
    if ("finish_reason" in item) return { text, end: item };
  }
}

test("the library under Node", async (t) => {
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
    assert.equal(await model.detokenize(tokens.map((one) => one.token)), "A feather fell.");
    const found = await model.logprobs("A feather fell.", { top: 3 });
    assert.equal(found.length, tokens.length);
    assert.equal(found[0].logprob, null);
    assert.ok(found.slice(1).every((one) => one.logprob < 0 && one.top_logprobs.length === 3));
    assert.ok(found[1].top_logprobs[0].logprob >= found[1].top_logprobs[1].logprob);
  });

  await t.test("an adapter changes what one more model writes, and not the model", async () => {
    const before = await read(model.generate(prompt, greedy));
    const pirate = await model.withAdapter(adapterFile(3));
    const poet = await pirate.withAdapter(adapterFile(-3), { strength: 0.5 });
    const all = [model, pirate, poet];
    const write = () => Promise.all(all.map(async (one) => (await read(one.generate(prompt, greedy)))?.text));
    const texts = await write();
    assert.equal(texts[0], before?.text);
    assert.equal(new Set(texts).size, 3);
    assert.deepEqual(await write(), texts); // from kept states, by turns
    assert.deepEqual([pirate.info.adapter?.name, poet.info.adapter?.strength], ["Pirate", 0.5]);
    const plain = await poet.withAdapter(null);
    assert.equal((await read(plain.generate(prompt, greedy)))?.text, before?.text);
    const path = join(tmpdir(), "goosequill-adapter-test.safetensors");
    await writeFile(path, adapterFile(3));
    const loaded = await loadModel({ model: MODEL, adapter: path, engine: model.engine });
    assert.equal((await read(loaded.generate(prompt, greedy)))?.text, texts[1]);
    await Promise.all([loaded, plain, poet, pirate].map((one) => one.unload()));
    const other = adapterFile(3, { model: "rwkv-7-12x768-0", model_name: "Goose" });
    await assert.rejects(model.withAdapter(other), { code: "adapter-mismatch", message: /Goose/ });
    await assert.rejects(model.withAdapter(new Uint8Array(9)), { code: "not-an-adapter" });
    assert.equal((await read(model.generate(prompt, greedy)))?.text, before?.text);
  });

  await t.test("tools are called with valid arguments, in every way of asking", async () => {
    const parameters = { type: "object", properties: { n: { enum: [1, 2] } }, required: ["n"] };
    const tools = [{ type: "function", function: { name: "add", parameters } }];
    const messages = [{ role: "user", content: "Add one." }];
    const options = { tools, tool_choice: "required", parallel_tool_calls: false, temperature: 0 };
    const request = { messages, ...options, stream: true };
    let written = "";
    let reason = null;
    for await (const { choices } of await createChatCompletion(model, request)) {
      for (const call of choices[0].delta.tool_calls ?? []) written += call.function.arguments;
      reason = choices[0].finish_reason;
    }
    assert.equal(reason, "tool_calls");
    const wanted = JSON.parse(written);
    assert.ok([1, 2].includes(wanted.n), written);
    const calls = (found) => found.end.tool_calls.map((one) => [one.name, one.arguments]);
    assert.deepEqual(calls(await read(model.chat(messages, options))), [["add", wanted]]);
    const talk = await model.converse();
    assert.deepEqual(calls(await read(talk.say("Add one.", options))), [["add", wanted]]);
    assert.equal(talk.messages[1].tool_calls[0].name, "add");
    const result = { role: "tool", name: "add", content: "2" };
    const after = await read(talk.say([result], { tools, temperature: 0, max_new_tokens: 5 }));
    assert.deepEqual(after.end.tool_calls, []);
    assert.equal(talk.messages[2].role, "tool");
    await talk.close();
    const wrong = { messages, tools: [{ type: "function", function: { name: "a b" } }] };
    const refused = { code: "tools", type: "invalid_request_error", param: "tools" };
    await assert.rejects(createChatCompletion(model, wrong), refused);
  });

  await t.test("a call that is cut is not content, and ignored fields are named", async () => {
    const tools = [{ type: "function", function: { name: "now" } }];
    const messages = [{ role: "user", content: "What time is it?" }];
    const options = { tools, tool_choice: "required", reasoning_effort: "max", verbosity: "low" };
    const cut = { messages, ...options, max_tokens: 5 };
    const { choices, ignored_fields } = await createChatCompletion(model, cut);
    assert.deepEqual(ignored_fields, ["reasoning_effort", "verbosity"]);
    assert.deepEqual([choices[0].message.content ?? "", choices[0].finish_reason], ["", "length"]);
    await assert.rejects(createChatCompletion(model, { messages: [] }), { param: "messages" });
  });

  await t.test("a missing prompt, and missing messages, are an error that says so", async () => {
    const missing = { code: "chat-messages", message: /neither a text nor a list of messages/ };
    const prompt = { code: "setting-type", message: /neither a text nor a list of token ids/ };
    await assert.rejects(read(model.generate(undefined)), prompt);
    await assert.rejects(read(model.chat(7)), missing);
    await assert.rejects(createChatCompletion(model, {}), missing);
    await assert.rejects(createChatCompletion(model, undefined), missing);
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

  await t.test("branches are rated and ranked in one tree, which a file keeps", async () => {
    const { readConversations, writeConversations } = library;
    const talk = await model.converse({ system: "Be brief." });
    const other = await talk.branch();
    for (const [seed, branch] of [talk, other].entries()) {
      await read(branch.say("Good morning.", { temperature: 1, max_new_tokens: 6, seed }));
    }
    await talk.rate(-1, { reason: "dull" });
    await talk.rank([other, talk]);
    assert.deepEqual(
      (await other.siblings()).map(({ rank }) => rank),
      [1, 0],
    );
    const tree = await talk.tree();
    const [asked, ...replies] = tree.messages;
    assert.deepEqual([tree.system, asked.parent, asked.text], ["Be brief.", null, "Good morning."]);
    assert.deepEqual(
      replies.map(({ text, fields }) => [text, fields.reason]),
      [
        [talk.messages[1].content, "dull"],
        [other.messages[1].content, undefined],
      ],
    );
    const file = await writeConversations(model, [tree], "oasst-messages", { packed: true });
    assert.deepEqual(await readConversations(model, file), [tree]);
    const pairs = await writeConversations(model, [tree], "preferences");
    assert.equal(JSON.parse(new TextDecoder().decode(pairs)).chosen[0].content, replies[1].text);
    await assert.rejects(talk.rank([talk, talk]), { code: "chat-messages" });
  });

  await t.test("messages are appended, counted and answered, and a conversation is branched", async () => {
    const short = { temperature: 0, max_new_tokens: 6 };
    const asked = [
      { role: "system", content: "You are a goose." },
      { role: "user", content: "Good morning." },
    ];
    const talk = await model.converse();
    const tokens = await talk.append(asked);
    assert.equal(tokens, await talk.count(asked));
    assert.deepEqual(talk.messages, asked);
    const branch = await talk.branch();
    const { text, end } = await read(branch.say([], short));
    assert.equal(end.tokens, await talk.count([{ role: "assistant", content: text }]));
    assert.deepEqual(talk.messages, asked);
    const whole = await model.converse();
    assert.equal((await read(whole.say(asked, short)))?.text, text);
    const rest = await read(talk.say([], { ...short, max_new_tokens: 4, prefix: "Good" }));
    assert.equal(talk.messages[2].content, `Good${rest?.text}`.trim());
    const aborted = AbortSignal.abort();
    await assert.rejects(branch.append(asked, { signal: aborted }), { name: "AbortError" });
    assert.equal(branch.messages.length, 3);
  });
});

test("OpenAI API clients", async (t) => {
  await testClients(t, model, library);
});

/** Those that run under Node. */
const EXAMPLES = ["ai-sdk", "langchain"];

for (const name of EXAMPLES)
  test(`the example ${name} runs, with the versions that are tested`, async () => {
    const example = new URL(`examples/${name}/`, root);
    const { dependencies } = JSON.parse(readFileSync(new URL("package.json", example), "utf8"));
    const { devDependencies } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    const tested = { ...devDependencies, goosequill: "file:../../build/npm" };
    for (const [name, version] of Object.entries(dependencies)) assert.equal(version, tested[name], name);
    const project = await installation();
    await cp(new URL("main.js", example), join(project, "main.js"));
    const ran = spawnSync("node", ["main.js"], { cwd: project, encoding: "utf8", timeout: 120_000 });
    assert.equal(ran.status, 0, ran.stderr);
    assert.ok(ran.stdout.trim().split("\n").length > 1, ran.stdout);
    assert.equal(ran.stderr, "");
  });

test("the Prompt API under Node", async (t) => {
  const project = await installation();
  const load = (name) => import(new URL(name, folder).href);
  const { LanguageModel, LanguageModelToolSuccess } = await load("prompt-api-node.js");
  LanguageModel.configure({ model: MODEL, settings: { max_new_tokens: 8, seed: 1 }, languages: ["en"] });
  const initialPrompts = [{ role: "system", content: "You are a goose." }];
  assert.equal(await LanguageModel.availability(), "downloadable");
  const session = await LanguageModel.create({ samplingMode: "most-predictable", initialPrompts });
  assert.equal(await LanguageModel.availability(), "available");
  const begun = session.contextUsage;
  assert.equal(begun, await session.measureContextUsage(initialPrompts));
  const copy = await session.clone();

  await t.test("a reply, whole and in pieces, and the same from a copy", async () => {
    const reply = await session.prompt("Good morning.");
    assert.ok(reply);
    assert.equal(reply.trimStart(), reply);
    assert.ok(session.contextUsage > begun);
    assert.equal(copy.contextUsage, begun);
    const pieces = [];
    for await (const piece of copy.promptStreaming("Good morning.")) pieces.push(piece);
    assert.equal(pieces.join(""), reply);
    assert.ok(pieces.length > 1);
    assert.equal(copy.contextUsage, session.contextUsage);
  });

  await t.test("constraints, with and without a prefix", async () => {
    const message = { role: "user", content: "hello" };
    const start = (content) => [message, { role: "assistant", content, prefix: true }];
    const properties = { Rating: { type: "number", minimum: 0, maximum: 5 } };
    const responseConstraint = {
      type: "object",
      required: ["Rating"],
      additionalProperties: false,
      properties,
    };
    const options = { responseConstraint };
    LanguageModel.configure({ model: MODEL, settings: { max_new_tokens: 60, seed: 1 } });
    const rater = await LanguageModel.create();
    for (const prefix of ["", '{ "Rating": ']) {
      const rest = await rater.prompt(prefix ? start(prefix) : [message], options);
      const { Rating } = JSON.parse(prefix + rest);
      assert.ok(Rating >= 0 && Rating <= 5);
    }
    const csv = /^([^,\n]{1,9},){2}[^,\n]{1,9}$/;
    assert.match(await rater.prompt("Names", { responseConstraint: csv }), csv);
    const greetings = { responseConstraint: /^Greetings and salutations.{0,5}/ };
    assert.match(await rater.prompt(start("Greetings"), greetings), /^ and salutations/);
    const refused = { name: "NotSupportedError" };
    await assert.rejects(rater.prompt(start("invalid"), greetings), refused);
    await assert.rejects(rater.prompt("a", { responseConstraint: { type: "goose" } }), refused);
    await assert.rejects(rater.prompt("a", { responseConstraint: /(?=a)b/ }), refused);
    await assert.rejects(rater.prompt("a", { responseConstraint: /a{500}/ }), { name: "SyntaxError" });
    rater.destroy();
  });

  await t.test("calls of tools, which fit their schemas, and what they return", async () => {
    const settings = { max_new_tokens: 200, seed: 1, tool_choice: "required", parallel_tool_calls: false };
    LanguageModel.configure({ model: MODEL, settings });
    const properties = { location: { enum: ["Seattle", "Tokyo"] } };
    const inputSchema = { type: "object", properties, required: ["location"], additionalProperties: false };
    const caller = await LanguageModel.create({
      expectedInputs: [{ type: "tool-response" }],
      expectedOutputs: [{ type: "tool-call" }],
      tools: [{ name: "get_weather", description: "Get the weather.", inputSchema }],
    });
    const ask = async (input) => {
      const calls = (await caller.prompt(input)).filter((part) => part.type === "tool-call");
      assert.equal(calls.length, 1);
      assert.equal(calls[0].value.name, "get_weather");
      assert.ok(properties.location.enum.includes(calls[0].value.arguments.location));
      return calls[0].value;
    };
    const { callId, name } = await ask("What is the weather in Seattle?");
    const value = new LanguageModelToolSuccess({ callId, name, result: [{ type: "text", value: "55F" }] });
    const usage = caller.contextUsage;
    await ask([{ role: "user", content: [{ type: "tool-response", value }] }]);
    assert.ok(caller.contextUsage > usage);
    caller.destroy();
  });

  await t.test("an aborted prompt leaves no trace", async () => {
    const usage = session.contextUsage;
    const controller = new AbortController();
    const reader = session.promptStreaming("And then?", { signal: controller.signal }).getReader();
    await reader.read();
    controller.abort();
    await assert.rejects(reader.read(), { name: "AbortError" });
    assert.equal(session.contextUsage, usage);
    assert.equal(await session.prompt("And then?"), await copy.prompt("And then?"));
  });
  session.destroy();
  copy.destroy();

  await t.test("the script makes it global, and the process ends", async () => {
    const code = `
      import { install } from "goosequill/prompt-api/install";
      const before = globalThis.LanguageModel;
      globalThis.LanguageModel = "the browser's";
      console.log(install(), globalThis.LanguageModel, install({ force: true }));
      console.log(before === LanguageModel, new LanguageModelToolCall({ callId: "1", name: "x" }).callId);
      LanguageModel.configure({ settings: { max_new_tokens: 4 } });
      console.log(typeof (await (await LanguageModel.create()).prompt("Hi")));`;
    const options = { cwd: project, encoding: "utf8", timeout: 120_000 };
    const printed = execFileSync("node", ["--input-type=module", "--eval", code], options);
    assert.equal(printed, "false the browser's true\ntrue 1\nstring\n");
  });
});

test("the first sample of the README runs as it stands, loads the package's model, and the process ends", async () => {
  const readme = await readFile(new URL("npm/README.md", root), "utf8");
  const [, sample] = /```js\n(.*?)```/s.exec(readme);
  assert.ok(sample.trim().split("\n").length <= 5);
  const installed = await installation();
  const printed = execFileSync("node", ["--input-type=module", "--eval", sample], {
    cwd: installed,
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.match(printed, /\w+/);
});

/** The folder that samples name by its address in a site. */
const EMBEDDER = fileURLToPath(new URL("dist/models/minilm-static/", root));
/** What a sample needs that is not in Node, or not here. */
const ELSEWHERE = [
  "document.",
  '"/models/mine/',
  '"/pirate.safetensors"',
  '"https://esm.sh/',
  '"./engine/',
  '"../ui/',
  '"goosequill/search"',
  '"BlinkDL/',
];

test("every sample of the documentation that needs no page runs under Node", async () => {
  const args = { outputs: [{ prompt: "Once", text: " upon a time" }] };
  const { signal } = new AbortController();
  Object.assign(globalThis, { model, engine, name: "measure", args, signal, onProgress() {} });
  const project = await installation();
  const here = samples.filter(({ code }) => !ELSEWHERE.some((mark) => code.includes(mark)));
  assert.ok(here.length >= 4);
  for (const [at, { file, code }] of here.entries()) {
    const path = join(project, `sample-${at}.mjs`);
    await writeFile(path, code.replace('"models/minilm-static/"', JSON.stringify(EMBEDDER)));
    await assert.doesNotReject(import(pathToFileURL(path).href), file);
  }
});

/** A project in which the package is installed, and what is installed here. */
async function installation() {
  const project = await mkdtemp(fileURLToPath(new URL("build/project-", root)));
  after(() => rm(project, { recursive: true }));
  await mkdir(join(project, "node_modules"));
  await symlink(fileURLToPath(folder), join(project, "node_modules", "goosequill"));
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
  return project;
}

function tool(name, args, options) {
  const found = spawnSync(fileURLToPath(new URL(`node_modules/.bin/${name}`, root)), args, {
    encoding: "utf8",
    ...options,
  });
  return { ok: found.status === 0, said: found.stdout + found.stderr };
}

test("the types allow what there is, and nothing else", async () => {
  const project = await installation();
  await cp(new URL("tests/types", root), project, { recursive: true });
  for (const config of [project, join(project, "clients"), join(project, "prompt-api")]) {
    const { ok, said } = tool("tsc", ["-p", config]);
    assert.ok(ok, said);
  }
});

test("publint and Are The Types Wrong find nothing", () => {
  const published = tool("publint", ["--strict", fileURLToPath(folder)]);
  assert.ok(published.ok && /All good/.test(published.said), published.said);
  const { version } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  const packed = fileURLToPath(new URL(`build/goosequill-${version}.tgz`, root));
  const types = tool("attw", [packed, "--profile", "esm-only", "--no-emoji", "--format", "ascii"]);
  assert.ok(types.ok, types.said);
});

test("npx goosequill assets copies all that a page fetches, and nothing else is a command", async () => {
  const project = await installation();
  const command = fileURLToPath(new URL("goosequill.js", folder));
  execFileSync("node", [command, "assets", join(project, "public")], { stdio: "ignore" });
  const { ADDRESSES } = await import(new URL("engine/root.js", folder).href);
  await import(new URL("engine/default-model.js", folder).href);
  execFileSync("node", [command, "assets", "--no-model", join(project, "engine")], { stdio: "ignore" });
  for (const path of Object.keys(ADDRESSES)) {
    assert.equal(existsSync(join(project, "engine", path)), !path.startsWith("models/"), path);
  }
  for (const [path, url] of Object.entries(ADDRESSES)) {
    const [copied, own] = await Promise.all([
      readFile(join(project, "public", path)),
      readFile(new URL(url)),
    ]);
    assert.ok(copied.equals(own), path);
    assert.ok(own.length > 4096, `${path} is so small that Vite would make it a data: address`);
  }
  const { parts, rooms } = JSON.parse(await readFile(join(project, "public/engine/parts.json"), "utf8"));
  for (const { file, bytes } of parts) {
    assert.equal((await readFile(join(project, "public", file))).length, bytes, file);
  }
  for (const file of Object.values(rooms).flat()) assert.ok(file in ADDRESSES, file);
  for (const args of [[], ["asets", "x"], ["assets"], ["assets", "a", "b"], ["assets", "--all", "a"]]) {
    assert.equal(spawnSync("node", [command, ...args]).status, 2);
  }
  assert.deepEqual(Object.keys(JSON.parse(await readFile(new URL("package.json", folder), "utf8")).bin), [
    "goosequill",
  ]);
});

test("no module but the list of files makes an address from its own, and nothing imports what is not there", async () => {
  const own = ["index.js", "element.js", "engine/client.js", "engine/root.js", "widget/goose-quill.js"];
  for (const name of own) {
    const text = await readFile(new URL(name, folder), "utf8");
    assert.equal(text.includes("import.meta"), name === "engine/root.js", name);
  }
  for (const name of ["pyodide.mjs", "pyodide.asm.mjs"]) {
    assert.ok(!(await readFile(new URL(`vendor/pyodide/${name}`, folder), "utf8")).includes('import("ws")'));
  }
  const notices = await readFile(new URL("THIRD-PARTY-NOTICES.txt", folder), "utf8");
  assert.match(notices, /Changes: .*import\("ws"\) was replaced/s);
});

test("a tokenizer may be a path, an address, a name or a file", async () => {
  const path = `${MODEL}/tokenizer.json`;
  const weights = `${MODEL}/model.safetensors`;
  for (const tokenizer of [path, pathToFileURL(path), new Blob([readFileSync(path)])]) {
    const model = await loadModel({ model: weights, tokenizer, engine });
    assert.equal(model.info.tokenizer, "bpe");
    await model.unload();
  }
  await assert.rejects(loadModel({ model: weights, tokenizer: "./none.json", engine }), {
    code: "not-found",
  });
});

test("a file at an address must have the checksum that was given", async () => {
  const address = pathToFileURL(`${MODEL}/model.safetensors`);
  const right = createHash("sha256").update(readFileSync(address)).digest("hex");
  const wrong = right.replace(/./, (digit) => (digit === "0" ? "1" : "0"));
  const tokenizer = `${MODEL}/tokenizer.json`;
  await loadModel({ model: `${address}#sha256=${right}`, tokenizer, engine });
  await assert.rejects(loadModel({ model: `${address}#sha256=${wrong}`, tokenizer, engine }), {
    code: "checksum",
  });
});

test("an id is fetched from its host, and only then is the host contacted", async () => {
  const { createServer } = await import("node:http");
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const name = /\/a\/b\/resolve\/main\/(model\.safetensors|tokenizer\.json)$/.exec(request.url ?? "")?.[1];
    if (name) response.end(readFileSync(`${MODEL}/${name}`));
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  try {
    const host = `http://127.0.0.1:${server.address().port}`;
    const options = { model: "a/b:model.safetensors", tokenizer: "a/b:tokenizer.json", host, engine };
    await assert.rejects(loadModel({ ...options, quantize: 5 }), { code: "option" });
    assert.deepEqual(asked, []);
    await loadModel(options);
    assert.ok(asked.length >= 2 && asked.every((url) => url?.startsWith("/a/b/resolve/main/")));
    const missing = { ...options, model: "a/b:none.pth" };
    await assert.rejects(loadModel(missing), { code: "not-found", message: /resolve\/main\/none\.pth/ });
  } finally {
    server.close();
  }
});

test("the package has its vocabularies, and refuses one that does not fit the model", async () => {
  const weights = `${MODEL}/model.safetensors`;
  await assert.rejects(loadModel({ model: weights, tokenizer: "world", engine }), {
    code: "tokenizer-mismatch",
  });
});

test("a missing folder is an error", async () => {
  await assert.rejects(loadModel({ model: "/no/such/folder", engine }), { code: "not-found" });
});

test("the package lists its exports, types first, and has no dependencies", async () => {
  const text = await readFile(new URL("package.json", folder), "utf8");
  const { exports, dependencies, version, customElements } = JSON.parse(text);
  assert.equal(dependencies, undefined);
  for (const entry of [".", "./element", "./engine", "./engine/element"].map((name) => exports[name])) {
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
  assert.ok(element.attributes.some((one) => one.fieldName === "maxNewTokens"));
});
