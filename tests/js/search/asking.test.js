import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Asking } from "../../../site/search/asking.js";
import { window } from "../dom.js";
import { textsOf } from "../pluck.js";
import { address, byTestId, hit, kept, openPage, press, settle, type } from "./page.js";

/** What the library was asked. */
let asked;
let answers;
let library;
let asking;

const TEXT = `${"x".repeat(98)}\n\nFirst one. Second one.\n\nThe end.`;

const names = () =>
  [...window.document.querySelectorAll("[data-testid=result]")].map((item) => item.dataset.document);
const question = () => byTestId("question");

async function open(hash) {
  openPage(hash);
  asking = new Asking(library);
  await asking.start();
}

async function ask(text = "why") {
  type(question(), text);
  await settle();
}

async function openAndAsk() {
  await open();
  await ask();
}

beforeEach(() => {
  asked = [];
  answers = {
    search: ({ stage, within }) => ({
      hits:
        within !== undefined
          ? [hit("a", { start: 124, end: 132, text: "The end.", sentences: [], matched: [] })]
          : stage === "full"
            ? [hit("b", { document: 1 }), hit("a")]
            : [hit("a"), hit("b", { document: 1 })],
      state: "fits",
      likelihood: 0.6,
      stage,
      seconds: 0,
    }),
    document_text: () => ({ title: "A", name: "a", address: "", text: TEXT, blocks: [] }),
  };
  library = {
    state: "ready",
    isReady: true,
    open_: { name: "Notes", documents: 2, passages: 9 },
    collection: () => library.open_,
    collections: async () => ["Notes", "Other"],
    open: async (name) => {
      asked.push(["open", name]);
      library.open_ = { name, documents: 1, passages: 1 };
    },
    prepare: async (options) => {
      asked.push(["prepare", options.ask]);
      if (!options.ask && !library.consented) throw new DOMException("no", "AbortError");
      library.isReady = true;
    },
    ready: () => library.isReady,
    full: () => library.state,
    isReading: () => library.reads ?? false,
    wantFull: () => asked.push(["wantFull"]),
    embedder: () => ({ choice: { kind: "minilm" }, missing: "", host: "", ...library.embedder_ }),
    ask: async (args) => ({ searched: args.question, ...(await library.run("search", args)) }),
    run: async (job, args) => {
      asked.push([job, args]);
      return answers[job](args);
    },
  };
});

test("results come from the static stage, then in the order of MiniLM", async () => {
  await openAndAsk();
  const jobs = asked.map(([job, { stage }]) => `${job} ${stage}`);
  assert.deepEqual(jobs, ["search static", "search full"]);
  assert.deepEqual(names(), ["b", "a"]);
  assert.match(
    byTestId("asked").textContent,
    /2 results from 2 documents\. Ranked by the meaning of whole passages/,
  );
  assert.deepEqual(kept(), { q: "why", collection: "Notes" });
  assert.equal(address.hash, "");
  assert.ok(byTestId("better").hidden);
});

test("first results are marked until better ones are there, and say nothing about what is missing", async () => {
  const said = [];
  const watched = new window.MutationObserver(() => said.push(byTestId("asked").textContent));
  const { search } = answers;
  answers.search = (args) => ({ ...search(args), state: "nothing", pending: 5 });
  library.reads = true; // while passages are read
  await open();
  watched.observe(byTestId("asked"), { childList: true });
  await ask();
  assert.match(
    byTestId("asked").textContent,
    /2 results from 2 documents\. First results; better ones follow\./,
  );
  assert.ok(byTestId("nothing-fits").hidden);
  assert.equal(said.filter((words) => words.startsWith("2 results")).length, 1, "it is announced once");
  library.reads = false;
  asking.changed();
  await settle();
  assert.ok(!byTestId("nothing-fits").hidden);
  watched.disconnect();
});

test("a question that follows another is searched for with it, unless only its own words are wanted", async () => {
  const { search } = answers;
  const joined = (args) => (args.former ? `install ${args.question}` : args.question);
  answers.search = (args) => ({ ...search(args), searched: joined(args) });
  const formers = () =>
    asked
      .splice(0)
      .flatMap(([job, { former, stage }]) => (job === "search" && stage === "static" ? [former] : []));
  await open();
  for (const text of ["how", "how do I install?", "how do I", "how", ""]) await ask(text);
  assert.deepEqual(formers(), ["", "", "", ""]);
  assert.ok(byTestId("searched").hidden);
  for (const text of ["a", "and on Mac?"]) await ask(text);
  assert.match(byTestId("searched").textContent, /Searched for: install and on Mac\?/);
  assert.deepEqual(
    asked.filter(([job, { stage }]) => job === "search" && stage === "full").map(([, args]) => args.question),
    ["install a", "install and on Mac?"],
  );
  const link = window.document.querySelector("[data-testid=result] a").href;
  assert.match(
    decodeURIComponent(link),
    /q=install\+and\+on\+Mac/,
    "others have not seen the question before",
  );
  await ask("what about Windows?");
  assert.deepEqual(formers(), Array(3).fill("how do I install?"), "not what followed it");
  byTestId("only-new").click();
  await settle();
  assert.ok(byTestId("searched").hidden);
  await ask("and?");
  assert.deepEqual(formers(), ["", "what about Windows?"]);
  library.open_ = { name: "Other", documents: 1, passages: 1 };
  asking.changed();
  await ask("and now?");
  assert.equal(formers().at(-1), "");
});

test("the keyboard goes from the question to a result, into its document and back", async () => {
  await open();
  press("/", window.document.body);
  assert.equal(window.document.activeElement, question());
  await ask();
  press("ArrowDown");
  press("ArrowDown");
  assert.equal(window.document.activeElement?.textContent, "A");
  window.document.activeElement.click(); // what Enter does to a link
  await settle();
  assert.ok(byTestId("reader").open);
  assert.deepEqual(kept(), { q: "why", collection: "Notes", document: "a" });
  byTestId("reader").close(); // what Escape does to a dialog
  press("Escape"); // before the page has heard that it is closed
  assert.equal(window.document.activeElement, question());
  await settle();
  assert.deepEqual(kept(), { q: "why", collection: "Notes" });
  press("ArrowDown");
  press("ArrowDown");
  press("ArrowUp");
  press("ArrowUp");
  assert.equal(window.document.activeElement, question());
  press("ArrowDown");
  press("Escape");
  assert.equal(window.document.activeElement, question());
});

test("a slash in the question is a slash", async () => {
  await open();
  question().focus();
  assert.equal(press("/"), false);
});

test("a document opens at its passage, with the others of the document marked", async () => {
  await openAndAsk();
  window.document
    .querySelectorAll("[data-document=a] a")[0]
    .dispatchEvent(new window.MouseEvent("click", { bubbles: true, cancelable: true }));
  await settle();
  const text = byTestId("reader-text");
  assert.equal(textsOf(text.querySelectorAll(".current")).join(""), "First one. Second one.");
  assert.equal(text.querySelector(".current.best")?.textContent, "Second one.");
  assert.equal(text.querySelector(".passage")?.textContent, "The end.");
  assert.equal(byTestId("reader-count").textContent, "Passage 1 of 2");
  press("n", text);
  assert.equal(text.querySelector(".current")?.textContent, "The end.");
  press("n", text);
  assert.equal(byTestId("reader-count").textContent, "Passage 1 of 2");
});

test("nothing fits is said as a likelihood, and the nearest are behind a click", async () => {
  answers.search = (args) => ({
    hits: [hit("b", { distant: true }), hit("a", { distant: true })],
    state: "nothing",
    likelihood: 0.034,
    stage: args.stage,
  });
  await openAndAsk();
  assert.equal(byTestId("nothing-fits").hidden, false);
  assert.match(byTestId("nothing-fits").textContent, /right about 3% of the time/);
  assert.deepEqual(names(), []);
  assert.ok(byTestId("reword").hidden);
  byTestId("nearest").click();
  assert.deepEqual(names(), ["b", "a"]);
  assert.ok(byTestId("nothing-fits").hidden);
  asking.changed();
  await settle();
  assert.deepEqual(names(), ["b", "a"], "they stay while documents are added");
  await ask("why not");
  assert.deepEqual(names(), [], "but not for another question");
});

test("what is neither likely nor unlikely is shown under a notice", async () => {
  const { search } = answers;
  answers.search = (args) => ({ ...search(args), state: "perhaps", likelihood: 0.39 });
  await openAndAsk();
  assert.deepEqual(names(), ["b", "a"]);
  assert.ok(byTestId("nothing-fits").hidden);
  assert.match(byTestId("unsure").textContent, /39% of the time/);
});

test("distant results are behind a click, the best one never", async () => {
  const hits = ["a", "b", "c"].map((name) => hit(name, { distant: name !== "b" }));
  answers.search = ({ stage }) => ({ hits, state: "fits", likelihood: 0.6, stage, seconds: 0.0123 });
  await openAndAsk();
  assert.deepEqual(names(), ["a", "b"]);
  assert.match(byTestId("asked").textContent, /^2 results/);
  assert.match(byTestId("distant").textContent, /^Show 1 more/);
  byTestId("distant").click();
  assert.deepEqual(names(), ["a", "b", "c"]);
  assert.equal(window.document.activeElement?.textContent, "C", "the first of them has the focus");
  assert.ok(byTestId("distant").hidden);
  const why = window.document.querySelector(".figures")?.textContent ?? "";
  assert.match(why, /by single words’ meaning12 ms.*by whole passages’ meaning12 ms/);
});

test("the first stage leaves the verdict to the second, if there is one", async () => {
  answers.search = (args) => ({
    hits: [hit("a", { distant: args.stage === "static" })],
    state: args.stage === "static" ? "nothing" : "fits",
    likelihood: 0.01,
    stage: args.stage,
  });
  await openAndAsk();
  assert.ok(byTestId("nothing-fits").hidden);
  library.state = "off";
  await ask("why?");
  assert.equal(byTestId("nothing-fits").hidden, false);
});

test("an address asks its question, of its collection, and opens its document", async () => {
  await open("#q=why&collection=Other&document=b");
  await settle();
  assert.deepEqual(asked[0], ["open", "Other"]);
  assert.equal(question().value, "why");
  assert.ok(byTestId("reader").open);
});

test("what was typed before the script ran is asked, whatever the address asks", async () => {
  openPage("#q=why&collection=Other&document=b");
  question().value = "because";
  asking = new Asking(library);
  await asking.start();
  assert.equal(question().value, "because");
  const questions = asked.map(([, { question }]) => question);
  assert.deepEqual(questions, ["because", "because"]);
  assert.deepEqual(kept(), { q: "because", collection: "Notes" });
});

test("an address of an unknown collection says so and asks nothing", async () => {
  await open("#q=why&collection=Gone");
  assert.match(byTestId("asked").textContent, /not in this browser: “Gone”/);
  assert.deepEqual(asked, []);
});

test("typing does not ask for a download; Search does", async () => {
  library.isReady = false;
  await openAndAsk();
  assert.deepEqual(asked, [["prepare", false]]);
  assert.match(byTestId("asked").textContent, /Press Search/);
  byTestId("question").form.dispatchEvent(new window.Event("submit", { cancelable: true }));
  await settle();
  assert.deepEqual(asked[1], ["prepare", true]);
  assert.deepEqual(names(), ["b", "a"]);
});

test("a server gets no question before Search is pressed, and its missing key is asked for", async () => {
  const choice = { kind: "endpoint", address: "https://example.org/v1", model: "m", hasKey: true };
  library.embedder_ = { choice, host: "example.org" };
  answers.search = ({ stage }) => ({
    hits: [hit("a")],
    state: "fits",
    likelihood: null,
    stage: stage === "full" ? "full" : "words",
  });
  await openAndAsk();
  const stages = asked.map(([, { stage }]) => stage);
  assert.deepEqual(stages, ["static"]);
  assert.match(byTestId("asked").textContent, /by the words they share.* send your question to example\.org/);
  byTestId("question").form.dispatchEvent(new window.Event("submit", { cancelable: true }));
  await settle();
  assert.equal(asked.at(-1)[1].stage, "full");
  assert.match(byTestId("asked").textContent, /by the meaning of whole passages\.$/);
  [library.state, library.embedder_.missing] = ["off", "key"];
  asking.changed();
  await settle();
  assert.equal(byTestId("better").textContent, "Enter the key for example.org…");
  byTestId("better").click();
  assert.deepEqual(asked.at(-1), ["wantFull"]);
});

test("without a collection it says what to do first", async () => {
  library.open_ = null;
  await openAndAsk();
  assert.match(byTestId("asked").textContent, /Add documents first/);
  assert.deepEqual(asked, []);
});

test("an emptied question clears everything", async () => {
  await openAndAsk();
  await ask("");
  assert.deepEqual(names(), []);
  assert.equal(address.hash, "");
  assert.equal(byTestId("asked").textContent, "");
});

test("a failure is shown with its remedy, and goes away with the next answer", async () => {
  const { search } = answers;
  answers.search = () => {
    throw Object.assign(new Error("Broken."), { remedy: "Mend it." });
  };
  await openAndAsk();
  assert.equal(byTestId("asking-problem").textContent, "Broken. Mend it.");
  answers.search = search;
  await ask("why?");
  assert.ok(byTestId("asking-problem").hidden);
  assert.deepEqual(names(), ["b", "a"]);
});

test("an example's questions are offered until one is asked", async () => {
  library.sample = () => ({ questions: ["One?", "Two?"] });
  await open();
  const box = window.document.getElementById("try");
  assert.equal(box.hidden, false);
  box.querySelectorAll("button")[1].click();
  await settle();
  assert.equal(question().value, "Two?");
  assert.ok(box.hidden);
  assert.deepEqual(names(), ["b", "a"]);
});

test("results of another collection go away when it is opened, and its own come", async () => {
  library.consented = true;
  await openAndAsk();
  assert.equal(names().length, 2);
  library.open_ = { name: "Other", documents: 1, passages: 1 };
  library.isReady = false;
  answers.search = () => ({ hits: [hit("z")], state: "fits", likelihood: 0.6, stage: "full", seconds: 0 });
  asking.changed();
  assert.deepEqual(names(), []);
  assert.deepEqual(kept(), { q: "why", collection: "Other" });
  await settle();
  assert.deepEqual(names(), ["z"]);
});
