/**
 * What a reader may be given, for a fuzzer: texts and bytes near to what each one reads. A reader may refuse,
 * with a message that a person can read, and nothing else: `check` throws for any other error.
 */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { readPrompts } from "../../../site/compare/prompts.js";
import { read as readSamples } from "../../../site/lab/handwriting-samples.js";
import { readLetters } from "../../../site/lab/letters-file.js";
import { readText } from "../../../site/reports/bytes.js";
import { readReports } from "../../../site/reports/index.js";
import { checkReports } from "../../../site/reports/limits.js";
import { fromAddress, toAddress } from "../../../site/reports/view.js";
import { fromFile, toFile } from "../../../site/reports/votes.js";
import { readLink } from "../../../site/search/permalink.js";
import { ByteReader } from "../../../site/search/static/bytes.js";
import { complete } from "../../../site/ui/openai-server.js";

/** A message that fits a line: no control character, nothing that turns the writing direction. */
const READABLE = /^[^\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,299}$/u;
const BUILT_IN = [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError];

/** Members that the formats know, so that random objects are often nearly right. */
const NAMES = (
  "prompts prompt results sampling_config sampling_params outputs model_name args date models examples " +
  "input_text output_text_a output_text_b score version provider response output raw label resps arguments " +
  "doc filter question_id choices turns content text model question votes left right name choice note " +
  "format rater scope seed strokes __proto__ constructor toString"
).split(" ");
const WORDS = [
  "",
  "a",
  "goosequill-votes",
  "tie",
  "left",
  "\u0000\u001b",
  "\u202eabc",
  "=1+1",
  "{",
  '"',
  "\ud800",
];

const scalar = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const member = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ maxLength: 6 }));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalar, tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 5 }),
  object: fc
    .array(fc.tuple(member, tie("value")), { maxLength: 6 })
    .map((pairs) => Object.fromEntries(pairs)),
}));

const output = fc.oneof({ weight: 4, arbitrary: fc.string({ maxLength: 20 }) }, value);
const listOf = (arbitrary) =>
  fc.oneof({ weight: 6, arbitrary: fc.array(arbitrary, { maxLength: 4 }) }, { weight: 1, arbitrary: value });
const record = (shape) => fc.oneof({ weight: 6, arbitrary: fc.record(shape, { requiredKeys: [] }) }, value);
const nest = fc.integer({ min: 1, max: 20_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));

/** Objects that are nearly reports of each format. */
const reports = fc.oneof(
  record({
    model_name: output,
    args: value,
    prompts: listOf(
      record({
        prompt: output,
        results: listOf(record({ sampling_config: output, sampling_params: value, outputs: listOf(output) })),
      }),
    ),
  }),
  record({
    models: listOf(record({ name: output })),
    examples: listOf(
      record({ input_text: output, output_text_a: output, output_text_b: output, score: value }),
    ),
  }),
  record({
    results: record({ results: listOf(record({ prompt: output, provider: output, response: value })) }),
  }),
  record({ resps: value, arguments: value, doc: value, filter: output, target: value }),
  record({ question_id: value, choices: listOf(record({ turns: listOf(output) })), model_id: output }),
  fc.array(record({ prompt: output, output: value, model: output, config: value }), { maxLength: 4 }),
);

/** Text of a report, also damaged: cut, with a piece put in, or several on lines of their own. */
const reportText = fc
  .record({
    values: fc.array(fc.oneof(reports, value), { minLength: 1, maxLength: 4 }),
    indent: fc.constantFrom(0, 2),
    cut: fc.option(fc.nat(400)),
    inserted: fc.option(fc.tuple(fc.nat(200), fc.oneof(fc.constantFrom(...WORDS, "NaN", "\n", "]]"), nest))),
  })
  .map(({ values, indent, cut, inserted }) => {
    let text = values.map((one) => JSON.stringify(one, null, indent) ?? "").join("\n");
    if (inserted) text = text.slice(0, inserted[0]) + inserted[1] + text.slice(inserted[0]);
    return cut === null ? text : text.slice(0, cut);
  });
const table = fc
  .array(
    fc.constantFrom("prompt", "output", "model", ",", "\t", ";", '"', '""', "\n", "\r\n", "x", "\u0000", " "),
    { maxLength: 60 },
  )
  .map((parts) => `prompt,output\n${parts.join("")}`);
const anyText = fc.oneof(reportText, table, fc.string({ unit: "binary", maxLength: 80 }));
const fileName = fc.string({ unit: "binary", minLength: 1, maxLength: 400 });
const bytes = fc.uint8Array({ maxLength: 300 });

/** A valid file with a few bytes changed. */
const damaged = (whole) =>
  fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
    const copy = Uint8Array.from(whole);
    for (const [at, byte] of changes) copy[at] = byte;
    return copy;
  });

/** A zip archive with one stored file in it, so that few changed bytes reach the reader's depths. */
function archive(name, content) {
  const file = new TextEncoder().encode(name);
  const head = (signature, length) => {
    const view = new DataView(new ArrayBuffer(length));
    view.setUint32(0, signature, true);
    return view;
  };
  const [local, central, end] = [head(0x04034b50, 30), head(0x02014b50, 46), head(0x06054b50, 22)];
  local.setUint16(26, file.length, true);
  central.setUint32(20, content.length, true);
  central.setUint16(28, file.length, true);
  end.setUint16(10, 1, true);
  end.setUint32(16, 30 + file.length + content.length, true);
  const parts = [local, file, content, central, file, end];
  return new Uint8Array(
    parts.flatMap((part) => [...new Uint8Array(part.buffer, part.byteOffset, part.byteLength)]),
  );
}

/** A server that answers with these pieces. */
const server = (pieces) => async () => new Response(new Blob(pieces).stream());

export const READERS = {
  "reports, from text": {
    input: fc.tuple(anyText, fileName),
    read: ([text, name]) => {
      const { reports: found, problems } = readReports(text, { fileName: name });
      checkReports(found);
      for (const problem of problems) assert.match(problem, READABLE);
      for (const { model, entries } of found) {
        assert.equal(typeof model, "string");
        for (const { prompt, results } of entries) {
          assert.equal(typeof prompt, "string");
          for (const { config, outputs } of results)
            assert.ok(
              typeof config === "string" && outputs.every((one) => one === null || typeof one === "string"),
            );
        }
      }
    },
  },
  "text, from a file's bytes": {
    input: fc.oneof(
      bytes,
      bytes.chain((inner) => damaged(gzipSync(inner))),
    ),
    read: (data) => readText(new Blob([data]), { largest: 1000 }),
  },
  "files of votes": {
    input: fc.oneof(
      value,
      record({
        format: fc.constant("goosequill-votes"),
        rater: output,
        scope: fc.oneof(
          output,
          fc.string({ maxLength: 30 }).map((text) => `?${text}`),
        ),
        votes: listOf(
          record({
            prompt: fc.string(),
            left: record({ name: fc.string(), config: value, sample: value }),
            right: record({ name: fc.string() }),
            choice: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("left", "tie") }, value),
            note: value,
          }),
        ),
      }),
    ),
    read: (data) => {
      const round = fromFile(data);
      assert.deepEqual(
        fromFile(JSON.parse(JSON.stringify(toFile(round)))),
        JSON.parse(JSON.stringify(round)),
      );
    },
  },
  "the comparer's address": {
    input: fc.record({ search: fc.string({ unit: "binary" }), hash: fc.webQueryParameters() }),
    read: (address) => toAddress(fromAddress(address, { markdown: "x" })),
  },
  "the search page's address": {
    input: fc.record({ search: fc.string({ unit: "binary" }), hash: fc.webQueryParameters() }),
    read: (address) => readLink(address),
  },
  "lists of prompts": {
    input: fc.tuple(fc.tuple(fileName, fc.constantFrom(".json", ".jsonl", ".txt")), anyText),
    read: ([name, text]) => {
      for (const prompt of readPrompts(name.join(""), text).prompts) assert.equal(typeof prompt, "string");
    },
  },
  "samples of handwriting": {
    input: fc.oneof(
      value,
      listOf(record({ label: fc.constantFrom("a", "b"), strokes: listOf(listOf(value)) })),
    ),
    read: (data) => readSamples(JSON.stringify(data) ?? ""),
  },
  "the letters' file": {
    input: fc.oneof(bytes, damaged(archive("letters.npy", new Uint8Array(40)))),
    read: (data) => readLetters(Uint8Array.from(data).buffer),
  },
  "a static index": {
    input: fc.tuple(
      bytes,
      fc.array(fc.tuple(fc.constantFrom("varints", "bytes", "strings"), fc.nat(2 ** 31))),
    ),
    read: ([data, calls]) => {
      const reader = new ByteReader(data);
      for (const [name, count] of calls) reader[name](count % 50 === 0 ? count : count % 50);
    },
  },
  "a server's reply": {
    input: fc.array(
      fc.oneof(
        bytes,
        fc
          .oneof(value, record({ choices: listOf(record({ delta: record({ content: output }) })) }))
          .map((one) => new TextEncoder().encode(`data: ${JSON.stringify(one) ?? ""}\n\n`)),
      ),
      { maxLength: 5 },
    ),
    read: async (pieces) => {
      const request = { base: "http://a.example/v1", model: "m", key: "", prompt: "p", settings: {} };
      const { signal } = new AbortController();
      for await (const text of complete({ ...request, signal }, server(pieces)))
        assert.equal(typeof text, "string");
    },
  },
};

/** Lets a reader read one input; a refusal must be an error of ours with a readable message. */
export async function check(name, input) {
  try {
    await READERS[name].read(input);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    const ours = error instanceof Error && !BUILT_IN.some((kind) => error instanceof kind);
    assert.ok(ours, `${error?.stack ?? error}`);
    assert.match(error.message, READABLE);
  }
}

/**
 * Gives a reader inputs until it has had so many or the time is over, and returns how many; fails with the
 * smallest bad one.
 */
export async function fuzz(name, { seed, runs, milliseconds }) {
  let count = 0;
  const property = fc.asyncProperty(READERS[name].input, (input) => {
    count++;
    return check(name, input);
  });
  await fc.assert(property, { seed, numRuns: runs, interruptAfterTimeLimit: milliseconds });
  return count;
}
