import assert from "node:assert/strict";
import test from "node:test";

import { openIndex } from "../../../../site/search/static/search.js";
import { pluck } from "../../pluck.js";
import { server, tinyIndex } from "./tiny-index.js";

const ADDRESS = "https://a.example/site/search-index/";

const open = (served) => openIndex(ADDRESS, { fetch: served.fetch });

/** The results of the last stage. */
async function last(index, options) {
  let found;
  for await (const results of index.search("lamp", options)) found = results;
  return found;
}

test("a tiny index is searched in two stages", async () => {
  const index = await open(server(tinyIndex([{ title: "One" }, { title: "Two" }])));
  const { stage, hits } = await last(index);
  assert.equal(stage, "meaning");
  const pages = hits.map(({ title, url }) => `${title} ${url}`);
  assert.deepEqual(pages, ["One https://a.example/site/p/", "Two https://a.example/site/p/"]);
});

test("a page has further passages below its best, under other headings", async () => {
  const sections = ["a", "b", "b", "c", "d"].map((id) => ({ heading: id, address: `p/#${id}` }));
  const others = Array.from({ length: 40 }, () => ({ text: "a torch", address: "q/" }));
  const index = await open(server(tinyIndex([...sections, ...others], { documents: [5, 40] })));
  const listed = async (count) =>
    (await last(index, { count })).hits.map(({ url, more }) => [url, ...pluck(more, "url")]);
  const [all, one] = [await listed(8), await listed(1)];
  assert.deepEqual(
    all.map((urls) => urls.map((url) => url.slice("https://a.example/site/".length))),
    [["p/#a", "p/#b", "p/#c"], ["q/"]],
  );
  assert.deepEqual(one, all.slice(0, 1));
  for await (const { stage, hits } of index.search("lamp"))
    if (stage === "words") assert.ok(hits.every(({ more }) => more.length === 0));
});

test("a further passage is not so far that nothing would fit", async () => {
  const change = (facts) => (facts.stages.meaning.threshold = 2);
  const passages = [{ heading: "A" }, { heading: "B" }];
  const index = await open(server(tinyIndex(passages, { documents: [2], change })));
  assert.deepEqual((await last(index)).hits[0].more, []);
});

test("addresses that are not of a page are none", async () => {
  const hostile = ["javascript:alert(1)", "data:text/html,x", "http://[", "\u0001java\nscript:alert(1)", ""];
  const index = await open(server(tinyIndex(hostile.map((address) => ({ address })))));
  for (const { url } of (await last(index)).hits) assert.equal(url, "");
});

test("an address that is none is named", async () => {
  await assert.rejects(openIndex("http://["), { code: "index-unreachable", message: /http:\/\/\[ is not/ });
});

test("a typed question fetches each file once from a server without range requests", async () => {
  const served = server(tinyIndex(Array.from({ length: 8 }, () => ({}))));
  const asked = [];
  const fetch = (url) => {
    asked.push(url);
    return served.fetch(url);
  };
  const index = await openIndex(ADDRESS, { fetch });
  const typed = Array.from("two lamps", (_, at) => "two lamps".slice(0, at + 1));
  const search = async (question) => {
    let found;
    for await (const results of index.search(question, { completing: true })) found = results;
    return found?.hits.length;
  };
  assert.deepEqual(new Set(await Promise.all(typed.map(search))), new Set([8]));
  assert.equal(asked.length, 6);
  assert.equal(new Set(asked).size, 6);
});

test("an index that is replaced during use is opened again", async () => {
  const served = server(tinyIndex([{ title: "Old" }]));
  const index = await open(served);
  served.files = tinyIndex([{ title: "New" }, { title: "Newer" }], { stamp: "b" });
  assert.deepEqual(pluck((await last(index)).hits, "title"), ["New", "Newer"]);
  assert.equal(index.contents.facts.stamp, "b");
});

test("two searches during a replacement open the new index", async () => {
  const served = server(tinyIndex([{ title: "Old" }]));
  const index = await open(served);
  served.files = tinyIndex([{ title: "New" }], { stamp: "b" });
  for (const { hits } of await Promise.all([last(index), last(index)])) assert.equal(hits[0].title, "New");
});

test("a file that is missing from the same index is an error, once", async () => {
  const files = tinyIndex([{}]);
  files.delete("words-a.bin");
  const index = await open(server(files));
  await assert.rejects(last(index), { code: "index-unreachable", message: /words-a\.bin: HTTP 404/ });
});

test("a name that a passage contains fits, however far its meaning", async () => {
  const change = (facts) => (facts.stages.meaning.threshold = 2);
  const fits = async (shown, question = "lamp") => {
    const index = await open(server(tinyIndex([{ text: shown }], { change })));
    let found;
    for await (const { nothingFits } of index.search(question)) found = nothingFits;
    return !found;
  };
  assert.ok(await fits("the (LAMPS)."));
  assert.ok(!(await fits("a torch")));
  assert.ok(!(await fits("a lamp", "lamp shade")), "a word is missing");
  assert.ok(!(await fits("a lamp is in the old mill", "lamp in the old mill")), "a sentence, not a name");
});

test("whether anything fits has three states, however many results are asked for", async () => {
  const passages = Array.from({ length: 12 }, () => ({ text: "a torch" }));
  const stateOf = async (edges, count) => {
    const change = (facts) => Object.assign(facts.stages.meaning, edges);
    const index = await open(server(tinyIndex(passages, { change })));
    const { state, nothingFits, likelihood } = await last(index, { count });
    assert.equal(nothingFits, state === "nothing");
    return `${state} ${likelihood?.toFixed(6)}`;
  };
  for (const [edges, state] of [
    [{ fits: -1, threshold: -1 }, "fits"],
    [{ fits: 2, threshold: -1 }, "perhaps"],
    [{ fits: 2, threshold: 2 }, "nothing"],
    [{ middle: -1, threshold: -1 }, "fits"], // an index that was made before there were three
    [{ middle: 2, threshold: -1 }, "perhaps"],
  ]) {
    const found = await Promise.all([1, 8, 12].map((count) => stateOf(edges, count)));
    assert.equal(new Set(found).size, 1);
    assert.match(found[0], new RegExp(`^${state} `));
  }
});

const DAMAGES = {
  "more passages than there are": (facts) => (facts.passages = 3),
  "fewer passages than there are": (facts) => (facts.passages = 1),
  "passages without number": (facts) => (facts.passages = 1e300),
  "a missing stage": (facts) => delete facts.stages.meaning,
  "a stage without numbers": (facts) => (facts.stages.meaning.slope = "x"),
  "no files": (facts) => delete facts.files,
  "a file elsewhere": (facts) => (facts.files.texts.name = "../../x.bin"),
  "a file of another site": (facts) => (facts.files.head.name = "//b.example/x"),
  "sections that are missing": (facts) => delete facts.head.texts,
  "sections beyond the end": (facts) => (facts.head.words = [900, 999]),
  "texts of another length": (facts) => facts.files.texts.bytes++,
  "odd dimensions": (facts) => (facts.dimensions = 3),
  "vectors in 8 bits": (facts) => (facts.vectors.bits = 8),
  "vectors that end within a byte": (facts) => (facts.vectors.bits = 2),
  "a grid without numbers": (facts) => (facts.table.steps = [null, 1]),
  "a site that is no address": (facts) => (facts.site = "http://["),
  "stop words that are none": (facts) => (facts.words.stop = 5),
};
for (const [name, change] of Object.entries(DAMAGES)) {
  test(`search.json with ${name} is refused`, async () => {
    const opening = open(server(tinyIndex([{}, {}], { change: (facts) => change(facts) })));
    await assert.rejects(opening, { name: "StaticSearchError", code: "index-corrupt" });
  });
}

test("a part of search.json that is missing or null is damage, whichever it is", async () => {
  const whole = JSON.parse(new TextDecoder().decode(tinyIndex([{}, {}]).get("search.json")));
  const own = (/** @type {any} */ value) => (value && typeof value === "object" ? Object.keys(value) : []);
  const paths = own(whole).flatMap((key) => [[key], ...own(whole[key]).map((inner) => [key, inner])]);
  for (const path of paths.filter(([key]) => !["format", "version"].includes(key))) {
    for (const value of [null, undefined, "x"]) {
      const facts = structuredClone(whole);
      const [key, inner] = path;
      if (inner === undefined) facts[key] = value;
      else facts[key][inner] = value;
      const files = new Map(tinyIndex([{}, {}]));
      files.set("search.json", new TextEncoder().encode(JSON.stringify(facts)));
      const code = await open(server(files)).then(
        (index) =>
          last(index).then(
            () => "works",
            ({ code, message }) => code ?? message,
          ),
        ({ code, message }) => code ?? message,
      );
      assert.match(String(code), /^(index-corrupt|works)$/, `${path.join(".")} ${value}: ${code}`);
    }
  }
});

test("another format or version says so", async () => {
  for (const change of [{ version: 1 }, { version: 99 }, { format: "x" }]) {
    const files = tinyIndex([{}], { change: (facts) => Object.assign(facts, change) });
    await assert.rejects(open(server(files)), { code: "index-version", remedy: /version of Goosequill/ });
  }
  for (const text of ["null", "[]", '"x"', "5"]) {
    const files = new Map([["search.json", new TextEncoder().encode(text)]]);
    await assert.rejects(open(server(files)), { code: "index-version" });
  }
});

test("texts that are not what they should be are damage", async () => {
  for (const title of [null, 5, { toString: 1 }, ["a"]]) {
    const index = await open(server(tinyIndex([{ title }])));
    await assert.rejects(last(index), { code: "index-corrupt" });
  }
});

test("a number of results that cannot be is put right", async () => {
  const index = await open(server(tinyIndex([{}, {}])));
  for (const [count, found] of [
    [1, 1],
    [-5, 1],
    [Number.NaN, 2],
    [1e9, 2],
    [1.5, 1],
  ])
    assert.equal((await last(index, { count })).hits.length, found);
});

test("a model that did not make the index is refused", async () => {
  const change = (facts) => {
    facts.stages.full = facts.stages.meaning;
    facts.model = { name: "m", dimensions: 2, fingerprint: "f" };
  };
  const index = await open(server(tinyIndex([{}], { change })));
  const embed = async () => Float32Array.of(1, 0, 0);
  await assert.rejects(last(index, { full: { embed } }), { code: "index-model" });
  const other = { embed: async () => Float32Array.of(1, 0), fingerprint: "g" };
  await assert.rejects(last(index, { full: other }), { code: "index-model" });
});
