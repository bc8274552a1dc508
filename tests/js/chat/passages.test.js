import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";

const { attachedTo, passagesBox, passagesOf, readAs } = await import("../../../site/chat/passages.js");

/** @param {Record<string, any>} fields @returns {any} */
const message = (fields) => ({ id: "a", parent: null, role: "user", text: "Well?", rank: null, fields });

test("a message with passages is read with them, another one as it is", async () => {
  const asked = /** @type {any[]} */ ([]);
  const engine = /** @type {any} */ ({
    run: async (/** @type {string} */ job, /** @type {any} */ args) => {
      asked.push([job, args.question, args.passages.length, args.budget]);
      return { prompt: "the prompt" };
    },
  });
  assert.equal(await readAs(engine, message({})), "Well?");
  assert.equal(await readAs(engine, message({ passages: [] })), "Well?");
  const passages = [{ name: "a", text: "One." }];
  assert.equal(await readAs(engine, message({ passages, passage_tokens: 90 })), "the prompt");
  assert.deepEqual(asked, [["answer_prompt", "Well?", 1, 90]]);
});

test("passages of a file of somebody's are bounded, and never more than text", () => {
  const evil = {
    name: 3,
    title: null,
    text: "x".repeat(1e6),
    address: "javascript:alert(1)",
    collection: {},
  };
  const found = passagesOf(message({ passages: [evil, null, ...Array(500).fill(evil)] })) ?? [];
  assert.equal(found.length, 20);
  assert.deepEqual([found[0].name, found[0].text.length, found[1].text], ["", 20_000, ""]);
  const box = passagesBox([{ ...found[0], title: "<img src=x onerror=alert(1)>", text: "<b>" }], "");
  assert.equal(box.querySelectorAll("a, img, b").length, 0);
  assert.equal(passagesOf(message({ passages: "no" })), null);
  assert.deepEqual(
    attachedTo({ fields: { documents: [null, 3, { kind: "file", name: "a", hash: 4 }] } }),
    [],
  );
});

test("a passage names its source, with a link where there is a place", () => {
  const passage = {
    name: "a.md",
    title: "Geese",
    heading: "Flight",
    address: "https://example.org/a",
    text: "They fly.",
  };
  const kept = { ...passage, address: "", collection: "Birds & co" };
  const links = [...passagesBox([passage, kept], "Well?").querySelectorAll("a")].map((one) =>
    one.getAttribute("href"),
  );
  assert.deepEqual(links, [
    "https://example.org/a",
    "../search/#collection=Birds+%26+co&q=Well%3F&document=a.md",
  ]);
  assert.match(
    passagesBox([passage], "Well?").textContent ?? "",
    /1 passage was used.*Geese · Flight · a\.md.*They fly\./s,
  );
});
