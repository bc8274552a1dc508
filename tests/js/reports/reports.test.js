import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readText } from "../../../site/reports/bytes.js";
import { parseCsv } from "../../../site/reports/csv.js";
import * as formats from "../../../site/reports/formats.js";
import { readReports } from "../../../site/reports/index.js";
import { checkReports } from "../../../site/reports/limits.js";
import { salvage } from "../../../site/reports/salvage.js";
import { setWords } from "../../../site/ui/words.js";
import { pluck } from "../pluck.js";
import { sampling } from "./make.js";

const read = (value, fileName = "dir/file.json") =>
  readReports(typeof value === "string" ? value : JSON.stringify(value), { fileName });
const refusal = (value) => {
  try {
    read(value);
  } catch (error) {
    assert.equal(error.name, "ImportError", error.stack);
    return error.message;
  }
  return assert.fail("it was read");
};
const outputs = ({ entries }) =>
  entries.flatMap(({ results }) => results.flatMap((result) => result.outputs));

test("a sampling report, whatever its suffix, with extra members and null arguments", () => {
  const { reports, problems } = read(
    { ...sampling({ hello: { greedy: ["a"], k50: ["b", "c"] } }), datetime: "x" },
    "r.jsonl",
  );
  assert.deepEqual(problems, []);
  assert.equal(reports[0].model, "org/model");
  assert.deepEqual(reports[0].args, [["seed", null]]);
  assert.deepEqual(reports[0].entries, [
    {
      prompt: "hello",
      results: [
        {
          config: "greedy",
          params: [
            ["temperature", 0.8],
            ["top_k", null],
          ],
          outputs: ["a"],
        },
        {
          config: "k50",
          params: [
            ["temperature", 0.8],
            ["top_k", null],
          ],
          outputs: ["b", "c"],
        },
      ],
    },
  ]);
});

test("problems are written in the language of the page", () => {
  setWords({
    language: "de",
    words: {
      "{path} is {kind}, not {wanted}": "{path} ist {kind}; erwartet wird {wanted}",
      "a number": "eine Zahl",
      "a list": "eine Liste",
      "sampling reports": "Sampling-Berichte",
      "Known formats are {formats}.": "Formate: {formats}.",
    },
  });
  try {
    assert.equal(refusal({ prompts: 3 }), "prompts ist eine Zahl; erwartet wird eine Liste.");
    assert.match(refusal([]), /Formate: .*Sampling-Berichte/);
  } finally {
    setWords(null);
  }
});

test("null and missing members are named by their path and do not lose the rest", () => {
  const report = sampling({ a: { g: ["x"] }, b: { g: ["y"] }, c: { g: ["z"] } });
  delete report.prompts[1].results[0].outputs;
  report.prompts[2].results[0].outputs[0] = null;
  report.prompts.push(null, { prompt: 7, results: [] }, { prompt: "d" }, { prompt: "e", results: [null] });
  report.model_name = null;
  const { reports, problems } = read(report);
  assert.deepEqual(problems, [
    "prompts[1].results[0].outputs is missing",
    "prompts[2].results[0].outputs[0] is null, not text",
    "prompts[3] is null, not an object",
    "prompts[4].prompt is a number, not text",
    "prompts[5].results is missing",
    "prompts[6].results[0] is null, not an object",
    "model_name is null, not text; the file's name is shown instead",
  ]);
  assert.equal(reports[0].model, "file.json");
  assert.deepEqual(pluck(reports[0].entries, "prompt"), ["a", "b", "c", "d", "e"]);
});

test("members called __proto__ change nothing", () => {
  const text =
    '{"__proto__":{"polluted":1},"model_name":"m","args":{"__proto__":{"polluted":1}},"prompts":[{"prompt":"__proto__","results":[{"sampling_config":"__proto__","sampling_params":{"__proto__":1},"outputs":["x"]}]}]}';
  for (const variant of [text, text.slice(0, -1)]) {
    const [report] = read(variant).reports;
    assert.equal(report.entries[0].prompt, "__proto__");
    assert.deepEqual(report.entries[0].results[0].params, [["__proto__", 1]]);
    assert.equal({}.polluted, undefined);
  }
});

test("refusals say what the file is", () => {
  assert.match(refusal({ hello: 1, world: 2 }), /prompts is missing.*"hello", "world"/);
  assert.match(refusal({ prompts: {} }), /prompts is an object, not a list/);
  assert.match(refusal({ prompts: [{ prompt: "x", resultz: 1 }, null].slice(1) }), /prompts\[0\] is null/);
  assert.match(refusal("<!doctype html><title>404"), /web page/);
  assert.match(refusal(""), /empty/);
  assert.match(refusal("[]"), /empty list/);
  assert.match(refusal("42"), /single value/);
  assert.match(refusal("just some words\nand more"), /neither JSON nor a table/);
  assert.match(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:x"), /LFS/);
  assert.match(refusal("a,b\n1,2"), /line 2\.prompt is missing.*has a, b/);
});

test("a truncated report says where, and what could be saved is there", () => {
  const whole = JSON.stringify(
    sampling({ a: { g: ["1", "2"] }, b: { g: ["3", "4"] }, c: { g: ["5"] } }),
    null,
    2,
  );
  const cut = whole.slice(0, whole.indexOf('"4"') + 2);
  const { reports, problems } = read(cut);
  assert.deepEqual(outputs(reports[0]), ["1", "2", "3"]);
  assert.match(problems[0], /cut off at line \d+, column \d+.*2 prompts, 3 outputs/);
  assert.equal(problems.length, 1);
  assert.match(refusal('{"model_name":"m","prompts":['), /has no output/);
});

test("a truncation at any place is an answer, never another error", () => {
  const whole = JSON.stringify(sampling({ 'a\\"\u2028': { g: ["1\n2", "é"] } }));
  for (let end = 1; end < whole.length; end++) {
    try {
      read(whole.slice(0, end));
    } catch (error) {
      assert.equal(error.name, "ImportError", error.stack);
    }
  }
});

test("salvage reads NaN and raw line ends, and names a fault in the middle", () => {
  assert.deepEqual(salvage('{"a":[NaN,-Infinity,1.5e3],"b":"x\ny"}'), {
    value: { a: [null, null, 1500], b: "x\ny" },
    fault: null,
  });
  const { value, fault } = salvage('{"a":1,\n "b": <<<}');
  assert.deepEqual(value, { a: 1 });
  assert.deepEqual([fault.line, fault.column, fault.what], [2, 7, "a value was expected"]);
  assert.equal(salvage("[".repeat(100000)).fault.what, "the file ends here");
});

test("gzip is unpacked, UTF-16 read, and a bomb refused", async () => {
  assert.equal(await readText(new Blob([gzipSync("wörds")])), "wörds");
  assert.equal(await readText(new Blob([Buffer.from("\ufeffhi", "utf16le")])), "hi");
  await assert.rejects(
    readText(new Blob([gzipSync(Buffer.alloc(2000000))]), { largest: 1000000 }),
    /larger than 1 MiB/,
  );
  await assert.rejects(readText(new Blob(["PK\x03\x04xx"])), /zip archive/);
});

test("LLM Comparator JSON", () => {
  const file = {
    metadata: { source_path: "x" },
    models: [{ name: "one" }, { name: "two" }],
    examples: [
      { input_text: "q", output_text_a: "a", output_text_b: "b", score: 1.5 },
      { input_text: "r", output_text_a: "c" },
    ],
  };
  const { reports, problems } = read(file);
  assert.deepEqual(pluck(reports, "model"), ["one", "two"]);
  assert.deepEqual(reports.map(outputs), [
    ["a", "c"],
    ["b", null],
  ]);
  assert.deepEqual(problems, ["examples[1].output_text_b is missing"]);
});

test("a score that is an object is shown as JSON", () => {
  const score = { toString: "" };
  const params = (file) => read(file).reports[0].entries[0].results[0].params;
  const examples = [{ input_text: "q", output_text_a: "a", output_text_b: "b", score }];
  assert.deepEqual(params({ models: ["one", "two"], examples }), [["score of A over B", '{"toString":""}']]);
  const results = [{ prompt: { raw: "q" }, response: { output: "a" }, score }];
  assert.deepEqual(params({ results: { version: 3, results } }), [["score", '{"toString":""}']]);
});

test("promptfoo JSON", () => {
  const row = (id, output) => ({
    provider: { id },
    prompt: { raw: "q", label: "q" },
    response: { output },
    score: 1,
    success: true,
  });
  const { reports, problems } = read({
    results: {
      version: 3,
      timestamp: "2026",
      results: [
        row("one", "a"),
        row("two", { b: 1 }),
        { provider: "one", prompt: { raw: "r" }, error: "timed out" },
      ],
    },
  });
  assert.deepEqual(pluck(reports, "model"), ["one", "two"]);
  assert.deepEqual(reports.map(outputs), [["a", null], ['{\n  "b": 1\n}']]);
  assert.deepEqual(problems, ["results.results[2].response.output is missing (timed out)"]);
});

test("lm-evaluation-harness samples", () => {
  const line = (id, question, answer) =>
    JSON.stringify({
      doc_id: id,
      doc: { question },
      target: "4",
      arguments: { gen_args_0: { arg_0: question, arg_1: { until: [] } } },
      resps: [[answer]],
      filtered_resps: [answer],
      exact_match: 1,
    });
  const { reports, problems } = read(
    `${line(0, "2+2?", "4")}\n${line(1, "3+3?", "6")}\n{"doc_id": 2, "resps`,
    "samples_gsm8k_2026.jsonl",
  );
  assert.equal(reports[0].model, "gsm8k_2026");
  assert.deepEqual(pluck(reports[0].entries, "prompt"), ["2+2?", "3+3?"]);
  assert.deepEqual(outputs(reports[0]), ["4", "6"]);
  assert.match(problems[0], /line 3 is not complete JSON/);
});

test("FastChat answers", () => {
  const line = (id, model) =>
    JSON.stringify({
      question_id: id,
      answer_id: "x",
      model_id: model,
      choices: [{ index: 0, turns: ["first", "second"] }],
      tstamp: 1,
    });
  const { reports } = read(`${line(81, "one")}\n${line(82, "one")}\n${line(81, "two")}`);
  assert.deepEqual(pluck(reports, "model"), ["one", "two"]);
  assert.deepEqual(pluck(reports[0].entries, "prompt"), [
    "Question 81",
    "Question 81, turn 2",
    "Question 82",
    "Question 82, turn 2",
  ]);
  assert.match(refusal('{"question_id":1}\n{"question_id":2}'), /line 1\.choices is missing/);
});

test("CSV with quoted fields, and a column for each model", () => {
  assert.deepEqual(pluck(parseCsv('a,"b ""c"", d"\r\n"x\ny",\n\nz', ","), "cells"), [
    ["a", 'b "c", d'],
    ["x\ny", ""],
    ["z"],
  ]);
  const long = read('prompt,model,output\n"one\ntwo",m1,x\nthree,m2,"y, z"\n', "t.csv");
  const first = long.reports.map(({ model, entries }) => [model, entries[0].prompt]);
  assert.deepEqual(first, [
    ["m1", "one\ntwo"],
    ["m2", "three"],
  ]);
  const wide = read("id;question;alpha;beta\n1;q;a;b\n", "t.csv");
  const columns = wide.reports.map((report) => [report.model, ...outputs(report)]);
  assert.deepEqual(columns, [
    ["alpha", "a"],
    ["beta", "b"],
  ]);
});

test("JSONL with columns, lists of outputs, and several reports a file", () => {
  const { reports, problems } = read(
    '{"prompt":"p","outputs":["a","b"]}\n{"prompt":"q"}\n\n{"prompt":"r","outputs":"c"}',
    "x.jsonl",
  );
  assert.deepEqual(outputs(reports[0]), ["a", "b", null, "c"]);
  assert.deepEqual(problems, ["line 2.outputs is missing"]);
  const two = [sampling({ a: { g: ["1"] } }, "one"), sampling({ a: { g: ["2"] } }, "two")];
  const together = read(two.map((one) => JSON.stringify(one)).join("\n")).reports.map(({ model }) => model);
  assert.deepEqual(together, ["one", "two"]);
  assert.deepEqual(pluck(read(two).reports, "model"), ["one", "two"]);
});

test("a file matches at most one format", () => {
  const samples = {
    sampling: sampling({ p: { g: ["x"] } }),
    comparator: { models: [{ name: "a" }, { name: "b" }], examples: [] },
    promptfoo: { results: { version: 3, results: [] }, prompts: [] },
    harness: { doc_id: 0, resps: [["x"]], filtered_resps: ["x"], question: "q" },
    fastChat: { question_id: 1, choices: [{ turns: ["x"] }] },
  };
  assert.deepEqual(Object.keys(samples).sort(), Object.keys(formats).sort());
  for (const [name, value] of Object.entries(samples)) {
    const matching = Object.entries(formats).filter(([, format]) => format.matches(value));
    const names = matching.map(([one]) => one);
    assert.deepEqual(names, [name]);
  }
});

test("a quote that is never closed quotes the rest of the table, which is said", () => {
  for (const text of ['p,o\n"a', '"', 'a,b\n"']) assert.ok(refusal(text).length < 300, text); // the reading comes to an end
  const { reports, problems } = read('prompt,output\nx,"a\nb,c');
  assert.deepEqual(outputs(reports[0]), ["a\nb,c"]); // as Python's csv module
  assert.deepEqual(problems, ["the quote that opens in line 2 is never closed"]);
});

test("a table is refused before each of many rows gets each of many columns", () => {
  const columns = Array.from({ length: 2000 }, (_, index) => `c${index}`);
  const wide = `prompt,output,${columns}\n${"x,y\n".repeat(100_000)}`;
  assert.match(refusal(wide), /100,000 rows of 2,002 columns, which are 200,200,000 cells, .* 5,000,000/);
  const names = Object.fromEntries(columns.map((name) => [name, "y"]));
  assert.match(refusal([{ prompt: "x", ...names }]), /2,000 models, .* at most 100/);
});

test("what a page cannot hold is refused with both figures", () => {
  const results = (count) =>
    Array.from({ length: count }, (_, index) => ({
      sampling_config: `c${index}`,
      sampling_params: {},
      outputs: ["x"],
    }));
  const refused = (value) => {
    try {
      checkReports(read(value).reports);
    } catch (error) {
      return error.message;
    }
    return "";
  };
  const file = (prompts) => ({ model_name: "m", prompts });
  assert.match(refused(file([{ prompt: "p", results: results(20_000) }])), /20,000 .* at most 1,000\./);
  assert.equal(refused(file([{ prompt: "p", results: results(1000) }])), "");
  const outputs = [{ sampling_config: "g", outputs: Array(250_000).fill("") }];
  assert.match(refused(file([{ prompt: "p", results: outputs }])), /250,000 outputs, .* at most 200,000\./);
  const prompts = Array.from({ length: 100_001 }, (_, index) => ({ prompt: `${index}`, results: [] }));
  assert.match(refused(file(prompts)), /100,001 prompts, .* at most 100,000\./);
});

test("a question that is repeated for each turn cannot multiply a file's size", () => {
  const line = { question_id: 1, prompt: "x".repeat(5_000_000), choices: [{ turns: Array(60).fill("") }] };
  assert.match(refusal([line]), /characters of text, .* at most 134,217,728\./);
});

test("deeply nested values neither exhaust the stack nor grow by being indented", () => {
  const nest = (depth, inner) => `${"[".repeat(depth)}${inner}${"]".repeat(depth)}`;
  const [deep] = read(`[{"prompt":"x","output":{"a":${nest(50_000, 1)}}}]`).reports;
  assert.match(outputs(deep)[0], /nested too deeply/);
  const [wide] = read(`[{"prompt":"x","output":{"a":${nest(60, "1,1")}}}]`).reports;
  assert.ok(outputs(wide)[0].length < 200);
  const indented = outputs(read('[{"prompt":"x","output":{"a":[1]}}]').reports[0])[0];
  assert.equal(indented, '{\n  "a": [\n    1\n  ]\n}');
  assert.ok(read(`{"doc":{"question":"x"},"resps":${nest(50_000, 1)}}`).reports.length);
});

test("a message is one short line, whatever the file calls its members", () => {
  const name = `\u202e\u0000\n${"x".repeat(1000)}`;
  for (const value of [{ [name]: 1 }, [{ [name]: 1 }], [{ prompt: "x", [name]: null }]]) {
    let said = [];
    try {
      said = read(value).problems;
    } catch (error) {
      said = [error.message];
    }
    for (const text of said) assert.match(text, /^\P{Cc}{1,299}$/u);
    assert.ok(!said.some((text) => text.includes("\u202e")));
    assert.ok(said.length > 0);
  }
});
