import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_QUESTION, linkTo, readLink } from "../../../site/search/permalink.js";

const page = { pathname: "/search/", search: "" };

function address(link) {
  const old = globalThis.location;
  Object.defineProperty(globalThis, "location", { value: page, configurable: true });
  const found = linkTo(link);
  Object.defineProperty(globalThis, "location", { value: old, configurable: true });
  return found;
}

test("a link leads back to its question, collection and document", () => {
  const link = { question: "why & how? #1 ü 😀", collection: "My files", document: "a folder/b.md" };
  const [, hash] = address(link).split("#");
  assert.deepEqual(readLink({ search: "", hash: `#${hash}` }), link);
});

test("nothing is written for what is not named", () => {
  assert.equal(address({ question: "", collection: "", document: "" }), "/search/");
  assert.equal(address({ question: "a b", collection: "", document: "" }), "/search/#q=a+b");
});

test("an address from elsewhere is cut, and unknown names are ignored", () => {
  const hash = `#q=${"x".repeat(5000)}&__proto__=y&theme=z`;
  const link = readLink({ search: "", hash });
  assert.equal(link.question.length, LONGEST_QUESTION);
  assert.deepEqual(Object.keys(link), ["question", "collection", "document"]);
});
