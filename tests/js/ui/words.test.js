import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  decimal,
  inEnglish,
  listed,
  megabytes,
  number,
  percent,
  phrase,
  probability,
  setWords,
  significant,
  t,
  tn,
  translated,
} from "../../../site/ui/words.js";

afterEach(() => setWords(null));

function speak(words, language = "de") {
  setWords({ language, words });
}

test("without a catalogue the English text is shown, with its values", () => {
  assert.equal(t("Copy link"), "Copy link");
  assert.equal(t("{count} results from {of}", { count: 1200, of: "here" }), "1,200 results from here");
});

test("a translation takes the place of the text, and a missing or empty one does not", () => {
  speak({ "Copy link": "Link kopieren", Undo: "" });
  assert.equal(t("Copy link"), "Link kopieren");
  assert.equal(t("Undo"), "Undo");
  assert.equal(t("Redo"), "Redo");
  assert.equal(t("constructor"), "constructor");
});

test("values are inserted once, in any order, and only those that are given", () => {
  speak({ "{a} of {b}": "{b}: {a}" });
  assert.equal(t("{a} of {b}", { a: "{b}", b: "$&" }), "$&: {b}");
  assert.equal(t("{a} of {b}", { a: "x" }), "{b}: x");
  assert.equal(t("{toString}", {}), "{toString}");
});

test("elements take their place in a translated sentence", () => {
  const link = { nodeType: 1 };
  assert.deepEqual(phrase("See {link}, {n} times.", { link, n: 1200 }), [
    "See ",
    link,
    ", ",
    "1,200",
    " times.",
  ]);
  speak({ "See {link}, {n} times.": "{n}-mal {link} ansehen" });
  assert.deepEqual(phrase("See {link}, {n} times.", { link, n: 2 }), ["", "2", "-mal ", link, " ansehen"]);
});

test("a count selects the language's plural form, and is written as the language writes it", () => {
  const files = (n) => tn(n, "{n} file", "{n} files");
  assert.deepEqual([0, 1, 2, 1500].map(files), ["0 files", "1 file", "2 files", "1,500 files"]);
  speak({ "{n} file|{n} files": "{n} Datei|{n} Dateien" });
  assert.deepEqual([0, 1, 2, 1500].map(files), ["0 Dateien", "1 Datei", "2 Dateien", "1.500 Dateien"]);
  speak({ "{n} file|{n} files": "{n} plik|{n} pliki|{n} plików|{n} pliku" }, "pl");
  assert.deepEqual([1, 3, 5, 22, 0.5].map(files), ["1 plik", "3 pliki", "5 plików", "22 pliki", "0,5 pliku"]);
});

test("a translation with the wrong number of plural forms is not used", () => {
  speak({ "{n} file|{n} files": "{n} Dateien" });
  assert.equal(tn(2, "{n} file", "{n} files"), "2 files");
});

test("a probability that is not quite 0 or 1 does not look like it", () => {
  const shares = [0, 1e-9, 0.0009, 0.001, 0.5, 0.999, 0.99949, 0.99995, 1, 1.0000001];
  const shown = shares.map((share) => probability(share));
  assert.deepEqual(shown, [
    "0%",
    "< 0.1%",
    "< 0.1%",
    "0.1%",
    "50.0%",
    "99.9%",
    "> 99.9%",
    "> 99.9%",
    "100%",
    "> 99.9%",
  ]);
  const whole = [0.004, 0.123, 0.996].map((share) => probability(share, 0));
  assert.deepEqual(whole, ["< 1%", "12%", "> 99%"]);
});

test("numbers, shares, sizes and lists are written as the language writes them", () => {
  assert.deepEqual(
    [number(1234.5), decimal(1, 2), percent(0.125, 1), significant(0.42169, 4), listed(["a", "b", "c"])],
    ["1,234.5", "1.00", "12.5%", "0.4217", "a, b, and c"],
  );
  assert.deepEqual([megabytes(1.26e6), megabytes(12.6e6), megabytes(1.26e9)], ["1.3 MB", "13 MB", "1.3 GB"]);
  speak({});
  assert.deepEqual(
    [number(1234.5), decimal(1, 2), percent(0.125, 1), significant(0.42169, 4), listed(["a", "b", "c"])],
    ["1.234,5", "1,00", "12,5\u00a0%", "0,4217", "a, b und c"],
  );
  assert.equal(megabytes(1.26e6), "1,3 MB");
});

test("what is made for a file is in English, whatever the page's language, also after an error", () => {
  speak({ "{n} file|{n} files": "{n} Datei|{n} Dateien" });
  const files = () => `${tn(1500, "{n} file", "{n} files")} (${percent(0.5)})`;
  assert.equal(inEnglish(files), "1,500 files (50%)");
  assert.throws(() =>
    inEnglish(() => {
      throw new Error("too large");
    }),
  );
  assert.equal(files(), "1.500 Dateien (50\u00a0%)");
});

test("a message of the engine is translated with its names and numbers", () => {
  speak({
    "{0} is empty.": "{0} ist leer.",
    "The tensor {0} has the shape {1}, but should have {2}.": "{1} statt {2} hat der Tensor {0}.",
    "The file is empty.": "Die Datei ist leer.",
    "The tensor {0} is empty.": "Der Tensor {0} ist leer.",
  });
  assert.equal(translated("The file is empty."), "Die Datei ist leer.");
  assert.equal(translated("a.txt is empty."), "a.txt ist leer.");
  assert.deepEqual(["1,024 is empty.", "p = 0.031 is empty.", "12.5% is empty."].map(translated), [
    "1.024 ist leer.",
    "p = 0,031 ist leer.",
    "12,5\u00a0% ist leer.",
  ]);
  assert.equal(translated("The tensor w is empty."), "Der Tensor w ist leer.");
  const shapes = "The tensor w has the shape (2, 3), but should have (3, 2).";
  assert.equal(translated(shapes), "(2, 3) statt (3, 2) hat der Tensor w.");
  assert.equal(translated("Something else."), "Something else.");
});

test("a name in a message that looks like a placeholder or a text stays as it is", () => {
  speak({ "“{0}” is too large.": "„{0}“ ist zu groß.", Storage: "Speicher" });
  assert.equal(translated("“{0} $1 Storage” is too large."), "„{0} $1 Storage“ ist zu groß.");
});

test("parts of a template must not overlap in the message", () => {
  speak({ "ab{0}ba": "x{0}x" });
  assert.equal(translated("aba"), "aba");
  assert.equal(translated("abba"), "xx");
});

test("a hostile message costs no more than its length for each template", () => {
  speak({ "a{0}a{1}a{2}a{3}b": "{0}{1}{2}{3}" });
  let searches = 0;
  const { indexOf } = String.prototype;
  String.prototype.indexOf = function (...args) {
    searches++;
    return indexOf.apply(this, args);
  };
  try {
    const hostile = "a".repeat(3_000);
    assert.equal(translated(hostile), hostile);
    assert.equal(translated(`${hostile}b`), `${"a".repeat(2_996)}`.replace(/^/, ""));
    const long = `${"a".repeat(5_000)}b`;
    assert.equal(translated(long), long);
  } finally {
    String.prototype.indexOf = indexOf;
  }
  assert.ok(searches <= 8, `${searches} searches`);
});
