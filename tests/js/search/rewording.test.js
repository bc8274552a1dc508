import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { startRewording } from "../../../site/search/rewording.js";
import { window } from "../dom.js";
import { byTestId, hit, openPage, settle, type } from "./page.js";

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
      return [{ start: 0, end: args.text.length, passage: 1, score: 0.5, unsupported: [[6, 13]] }];
    },
    holder: async () => ({ lease: () => assert.fail("no model is loaded") }),
  };
  openPage();
  byTestId("rewording").hidden = false;
  rewording = await startRewording(library, { close: () => {}, open: ({ name }) => opened.push(name) });
  rewording.offer("why?", [hit("a"), hit("b")]);
});

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

test("with the default model the passage is quoted, and larger ones are offered", () => {
  const quoted = byTestId("quoted");
  assert.equal(quoted.hidden, false);
  assert.equal(quoted.querySelector("blockquote").textContent, "First one. Second one.");
  assert.equal(quoted.querySelector(".best").textContent, "Second one.");
  const [source, choose] = quoted.querySelectorAll("button");
  source.click();
  assert.deepEqual(opened, ["a"]);
  choose.click();
  assert.ok(byTestId("catalogue").open);
  assert.equal(byTestId("write").textContent, "Try it anyway");
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
  const info = { title: "M", architecture: "rwkv7", parameters: 2e8, layers: 1, width: 1, vocab_size: 1 };
  const sizes = { threads: 1, load_seconds: 1, heap_bytes: 1, shared_bytes: 1 };
  const options = [];
  const model = {
    engine: { ended: false },
    info: { ...info, ...sizes, tokenizer: "world", kernel: "plain" },
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
  byTestId("write").click();
  await settle();
  window.document.getElementById("consent-yes").click(); // its file is of another origin here
  await settle();
  assert.equal(byTestId("answer").dataset.text, "Sleep upright.");
  assert.ok(options[0].prompt_lookup_num_tokens > 0);
  await generate();
  assert.equal(requests[0].body.prompt_lookup_num_tokens, undefined);
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
