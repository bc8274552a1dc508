import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { startRewording } from "../../../site/search/rewording.js";
import { window } from "../dom.js";
import { textsOf } from "../pluck.js";
import { byTestId, hit, openPage, press, settle, type } from "./page.js";

/** What the library was asked. */
let asked;
let library;
/** What was opened. */
let opened;
/** What the server streams. */
let pieces;
let rewording;

const delta = (content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

/** Requests to the server. */
let requests;

beforeEach(async () => {
  [asked, opened, requests] = [[], [], []];
  pieces = ["Sleep ", "upright."];
  globalThis.fetch = async (url, options) => {
    if (!String(url).endsWith("/chat/completions")) return new Response("", { status: 404 });
    requests.push({ url, ...options, body: JSON.parse(options.body) });
    return new Response(pieces.map(delta).join(""));
  };
  library = {
    run: async (job, args) => {
      asked.push([job, args]);
      if (job === "answer_prompt")
        return { prompt: `Prompt: ${args.question}`, used: 1, tokens: 5, opening: "", stop: [] };
      if (job === "extract_answer")
        return {
          text: "Second one.\nFirst one.",
          sentences: [
            { start: 0, end: 11, passage: 0, score: 1, unsupported: [] },
            { start: 12, end: 22, passage: 1, score: 1, unsupported: [] },
          ],
        };
      return [{ start: 0, end: args.text.length, passage: 1, score: 0.5, unsupported: [[6, 13]] }];
    },
    holder: async () => ({ lease: () => assert.fail("no model is loaded") }),
  };
  openPage();
  byTestId("rewording").hidden = false;
  rewording = await startRewording(library, { close: () => {}, open: ({ name }) => opened.push(name) });
  rewording.offer("why?", [hit("a"), hit("b")]);
});

/** Lets pass what an offer waits, so that one typing is not answered at each key. */
const later = () => new Promise((resolve) => setTimeout(resolve, 250));

/** What is known of a loaded model. */
const INFO = {
  ...{ title: "M", architecture: "rwkv7", layers: 1, width: 1, vocab_size: 1, tokenizer: "world" },
  ...{ threads: 1, load_seconds: 1, heap_bytes: 1, shared_bytes: 1, kernel: "plain" },
};

/** Loads a model from an address. */
async function loadAddress() {
  type(byTestId("model-url"), "https://example.org/model.safetensors");
  byTestId("load-url").click();
  await settle();
  byTestId("consent-yes").click();
  await settle();
}

/** Chooses the server and presses Generate. */
async function generate() {
  byTestId("with-server").checked = true;
  byTestId("with-server").dispatchEvent(new window.Event("change", { bubbles: true }));
  byTestId("server-address").value = "http://localhost:1/v1";
  await settle();
  byTestId("write").click();
  await settle();
  await settle();
}

test("with the default model the best sentences are quoted with their sources, and nothing is written", async () => {
  await later();
  const quoted = byTestId("quoted");
  assert.equal(window.document.getElementById("rewording-title").textContent, "Extractive answer");
  assert.equal(quoted.querySelector("blockquote").textContent, "Second one.1\nFirst one.2");
  assert.deepEqual(textsOf(quoted.querySelectorAll("li")), ["A Part › Section", "B Part › Section"]);
  for (const button of quoted.querySelectorAll(".reference, li button")) button.click();
  assert.deepEqual(opened, ["a", "b", "a", "b"]);
  const [, { question, passages }] = asked.find(([job]) => job === "extract_answer");
  assert.deepEqual([question, passages.length], ["why?", 2]);
  assert.ok(byTestId("write").closest("[hidden]"), "the model writes nonsense");
  press("Enter", byTestId("rewording"), { ctrlKey: true });
  await settle();
  assert.ok(byTestId("consent").hidden, "nothing is loaded");
  assert.ok(!asked.some(([job]) => job === "answer_prompt"));
  [...quoted.querySelectorAll("button")].at(-1).click();
  assert.ok(byTestId("catalogue").open);
});

test("what is merely near is not quoted", async () => {
  rewording.offer("why not?", [hit("a", { distant: true }), hit("b", { distant: true })]);
  assert.ok(byTestId("quoted").hidden, "what was quoted for the question before");
  await later();
  assert.ok(!asked.some(([job]) => job === "extract_answer"));
  assert.match(byTestId("quoted").textContent, /No sentence is close enough/);
  assert.ok(byTestId("quoted").querySelector("blockquote").hidden);
});

test("sentences of a question that was asked before are not shown", async () => {
  const run = library.run;
  const waiting = [];
  library.run = (job, args) => new Promise((resolve) => waiting.push(() => resolve(run(job, args))));
  await later();
  rewording.offer("how?", [hit("c")]);
  await later();
  for (const answer of waiting.reverse()) answer();
  await settle();
  assert.equal(byTestId("quoted").querySelector("li").textContent, "C Part › Section");
});

test("a server's answer is streamed, checked and linked to its passages", async () => {
  await generate();
  assert.equal(requests[0].body.messages[0].content, "Prompt: why?");
  assert.equal(byTestId("answer").textContent, "Sleep upright.2");
  assert.equal(byTestId("answer").querySelector(".unsupported").textContent, "upright");
  byTestId("answer").querySelector("button").click();
  assert.deepEqual(opened, ["b"]);
  const [, { passages, question }] = asked.find(([job]) => job === "attribute_answer");
  assert.equal(question, "why?");
  assert.deepEqual(passages[0], { title: "A", heading: "Part › Section", text: "First one. Second one." });
  assert.ok(byTestId("quoted").hidden);
});

test("a model in the page guesses from the passages, which a server is not asked to do", async () => {
  const options = [];
  const model = {
    engine: { ended: false },
    info: { ...INFO, parameters: 2e8 },
    call: (job, args) => library.run(job, args),
    async *generate(_, given) {
      options.push(given);
      yield { text: "Sleep upright." };
    },
  };
  library.holder = async () => ({ lease: () => ({ load: async () => model, release() {} }) });
  openPage();
  byTestId("rewording").hidden = false;
  const other = await startRewording(library, { close: () => {}, open: () => {} });
  other.offer("why?", [hit("a"), hit("b")]);
  await loadAddress();
  assert.equal(byTestId("write").closest("[hidden]"), null);
  byTestId("write").click();
  await settle();
  assert.equal(byTestId("answer").dataset.text, "Sleep upright.");
  assert.ok(options[0].prompt_lookup_num_tokens > 0);
  await generate();
  assert.equal(requests[0].body.prompt_lookup_num_tokens, undefined);
});

test("a model that turns out to be too small when it is loaded again writes nothing", async () => {
  byTestId("with-server").checked = false;
  const model = (parameters) => ({
    engine: { ended: false },
    info: { ...INFO, parameters },
    call: (job, args) => library.run(job, args),
    generate: () => assert.fail("it is too small"),
  });
  const models = [model(2e8), model(1e8)];
  const [first] = models;
  library.holder = async () => ({ lease: () => ({ load: async () => models.shift(), release() {} }) });
  openPage();
  byTestId("rewording").hidden = false;
  const other = await startRewording(library, { close: () => {}, open: () => {} });
  other.offer("why?", [hit("a"), hit("b")]);
  await loadAddress();
  first.engine.ended = true; // its worker has died
  byTestId("write").click();
  await settle();
  await later();
  assert.ok(byTestId("write").closest("[hidden]"));
  assert.match(byTestId("quoted").textContent, /Second one/);
  assert.equal(byTestId("rewording-status").textContent, "");
});

test("an edited prompt is the one that is sent, until it is undone or another question is asked", async () => {
  byTestId("with-server").checked = true;
  byTestId("with-server").dispatchEvent(new window.Event("change", { bubbles: true }));
  await settle();
  type(byTestId("prompt"), "My own words");
  assert.equal(byTestId("prompt-reset").hidden, false);
  rewording.offer("why?", [hit("b"), hit("a")]); // the same question, refined
  await generate();
  assert.equal(
    requests[0].body.messages[0].content,
    "Prompt: why?",
    "choosing who writes makes a new prompt",
  );
  type(byTestId("prompt"), "My own words");
  byTestId("write").click();
  await settle();
  assert.equal(requests[1].body.messages[0].content, "My own words");
  byTestId("prompt-reset").click();
  await settle();
  assert.equal(byTestId("prompt").value, "Prompt: why?");
  type(byTestId("prompt"), "My own words");
  rewording.offer("how?", [hit("a")]);
  await generate();
  assert.equal(requests[2].body.messages[0].content, "Prompt: how?");
});

test("Stop keeps what was written, and checks it", async () => {
  globalThis.fetch = async (_, { signal }) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(delta("Half of")));
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      }),
    );
  await generate();
  assert.equal(byTestId("answer").textContent, "Half of");
  byTestId("stop").click();
  await settle();
  await settle();
  assert.equal(byTestId("rewording-status").textContent, "Stopped.");
  assert.equal(byTestId("answer").textContent, "Half of2");
  assert.equal(byTestId("write").disabled, false);
});

test("an error is shown in its place, and nothing else changes", async () => {
  globalThis.fetch = async () => new Response("{}", { status: 500 });
  await generate();
  assert.match(byTestId("rewording-status").textContent, /refused: 500/);
  assert.ok(byTestId("answer").hidden);
  byTestId("server-address").value = "";
  byTestId("write").click();
  await settle();
  assert.match(byTestId("rewording-status").textContent, /address is missing/);
});

test("the key is nowhere but in its field and the request", async () => {
  byTestId("server-key").value = "secret-key";
  await generate();
  assert.equal(requests[0].headers.Authorization, "Bearer secret-key");
  assert.ok(!window.document.body.innerHTML.includes("secret-key"));
  assert.ok(!JSON.stringify(asked).includes("secret-key"));
});

test("without passages there is nothing to reword", async () => {
  rewording.offer("", []);
  assert.ok(byTestId("write").disabled);
  assert.ok(byTestId("quoted").hidden);
  assert.match(byTestId("rewording-status").textContent, /nothing to reword/);
});
