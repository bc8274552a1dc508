/** The visitor's files: folders, hidden files, and what the jobs yield. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { distinct, droppedFiles, filesOf, readFile, tableColumns } from "../../../site/collections/files.js";
import { linesOf } from "../../../site/collections/pdf.js";
import { pluck } from "../pluck.js";

async function all(run, file) {
  const found = [];
  for await (const item of readFile(run, file)) found.push(item);
  return found;
}

const named = (path) =>
  Object.assign(new File(["x"], path.split("/").at(-1)), {
    webkitRelativePath: path.includes("/") ? path : "",
  });

test("a picked folder's files keep their paths, and hidden ones are left out", () => {
  const list = ["a.txt", "docs/b.md", "docs/.git/c", "docs/__MACOSX/d", ".hidden"].map(named);
  assert.deepEqual(pluck(filesOf(list), "name"), ["a.txt", "docs/b.md"]);
});

test("files of one name from different folders are numbered before their ending", () => {
  const list = ["a.txt", "d/a.txt", "a.txt", "a (2).txt", "a.txt", "README", "README", "d.x/b", "d.x/b"];
  const renamed = distinct(list.map((name) => ({ name, more: 1 }))).map(({ name }) => name);
  assert.equal(
    renamed.join(" "),
    "a.txt d/a.txt a (3).txt a (2).txt a (4).txt README README (2) d.x/b d.x/b (2)",
  );
  const many = Array.from({ length: 20_000 }, () => ({ name: "a.csv" }));
  assert.equal(new Set(distinct(many).map(({ name }) => name)).size, many.length);
});

/** An entry of a dropped folder. */
function entry(path, inside = null) {
  const parts = inside ? [inside.slice(0, 1), inside.slice(1), []] : [];
  return {
    name: path.split("/").at(-1),
    fullPath: `/${path}`,
    isFile: !inside,
    isDirectory: Boolean(inside),
    file: (done, fail) => (path.endsWith("gone") ? fail() : done(new File([path], path))),
    createReader: () => ({ readEntries: (done) => done(parts.shift() ?? []) }),
  };
}

test("a dropped folder is walked, in as many parts as the browser gives it", async () => {
  const inner = [entry("d/a.txt"), entry("d/.b"), entry("d/e", [entry("d/e/f.md")]), entry("d/gone")];
  const items = [entry("d", inner), entry("g.txt")].map((each) => ({
    kind: "file",
    webkitGetAsEntry: () => each,
    getAsFile: () => new File([each.name], each.name),
  }));
  const found = await droppedFiles({ items: [...items, { kind: "string" }] });
  assert.deepEqual(pluck(found, "name"), ["d/a.txt", "d/e/f.md", "g.txt"]);
  assert.equal(await found[1].blob.text(), "d/e/f.md");
});

test("a dropped file whose entry cannot be read is read itself", async () => {
  const unreadable = { ...entry("a.txt"), file: (_done, fail) => fail() }; // as in WebKit
  const getAsFile = () => new File(["text"], "a.txt");
  const items = [{ kind: "file", webkitGetAsEntry: () => unreadable, getAsFile }];
  const [{ name, blob }] = await droppedFiles({ items });
  assert.deepEqual([name, await blob.text()], ["a.txt", "text"]);
});

test("what a job yields and what it skipped come in its order", async () => {
  const asked = [];
  const document = { source: "a.zip/b.md", hash: "00", name: "a.zip/b.md", text: "Text." };
  const skipped = { name: "a.zip/c", code: "document-binary", message: "m", remedy: "r" };
  async function* run(job, args) {
    asked.push([job, args]);
    yield document;
    yield { source: "a.zip/d", hash: "11", unchanged: true };
    yield { documents: 1, skipped: [skipped] };
  }
  const file = { name: "a.zip", blob: new Blob(["abc"]), options: { column: "x" } };
  assert.deepEqual(await all(run, file), [
    document,
    { source: "a.zip/d", hash: "11", unchanged: true },
    { skipped },
  ]);
  const args = { name: "a.zip", data: new Uint8Array([97, 98, 99]), options: { column: "x", size: 3 } };
  assert.deepEqual(asked, [["read_documents", args]]);
});

test("of a huge file only the size is sent, and a file that vanished is skipped", async () => {
  const sizes = [];
  async function* run(_, { data, options }) {
    sizes.push([data.length, options.size]);
    yield { documents: 0, skipped: [] };
  }
  const huge = { size: 2 ** 40, arrayBuffer: () => assert.fail("read") };
  assert.deepEqual(await all(run, { name: "a", blob: huge }), []);
  assert.deepEqual(sizes, [[0, 2 ** 40]]);
  const gone = { size: 1, arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) };
  const [{ skipped }] = await all(run, { name: "b.txt", blob: gone });
  assert.equal(skipped.code, "file-missing");
  assert.match(skipped.message, /b\.txt/);
});

test("lines of a PDF are divided into paragraphs by gaps and by the height of letters", () => {
  const item = (str, y, height = 10, hasEOL = true) => ({
    str,
    hasEOL,
    height,
    transform: [1, 0, 0, 1, 0, y],
  });
  const items = [item("Title", 100, 20), item("One ", 70, 10, false), item("line", 70), item("two", 58)];
  assert.equal(linesOf([...items, item("far", 20)]), "Title\n\nOne line\ntwo\n\nfar\n");
});

test("the columns of a table are asked for with the beginning of the file, and of nothing else", async () => {
  const asked = [];
  const run = async (job, { name, data }) => {
    asked.push([job, name, data.length]);
    return ["a", "b"];
  };
  const blob = new Blob(["x".repeat(100_000)]);
  assert.deepEqual(await tableColumns(run, { name: "A.CSV", blob }), ["a", "b"]);
  assert.deepEqual(await tableColumns(run, { name: "a.txt", blob }), []);
  assert.deepEqual(asked, [["table_columns", "A.CSV", 65_536]]);
});
