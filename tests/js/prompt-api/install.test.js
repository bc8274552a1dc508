/** What becomes of the browser's own interfaces when ours are installed. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { install } from "../../../site/prompt-api/install.js";
import { LanguageModel, LanguageModelToolCall } from "../../../site/prompt-api/language-model.js";
import { SemanticEmbedder } from "../../../site/prompt-api/semantic-embedder.js";
import { deferred, useEcho } from "./echo-model.js";

const scope = globalThis;
const NAMES = [
  "LanguageModel",
  "LanguageModelToolCall",
  "LanguageModelToolError",
  "LanguageModelToolSuccess",
  "SemanticEmbedder",
];
const atImport = NAMES.filter((name) => Object.hasOwn(scope, name));
const forget = () => {
  for (const name of NAMES) delete scope[name];
};
afterEach(forget);

/** A browser's interface. */
const browsers = (availability) =>
  class extends EventTarget {
    static availability = availability;
    static create = async () => "the browser's session";
  };

test("where the browser has none, all of them are global with the import", () => {
  assert.deepEqual(atImport, NAMES);
  forget();
  assert.equal(install(), true);
  assert.equal(scope.SemanticEmbedder, SemanticEmbedder);
});

test("a browser's LanguageModel that is unavailable is replaced, also under a page that uses it at once", async () => {
  useEcho();
  forget();
  const { promise, resolve } = deferred();
  scope.LanguageModel = browsers(() => promise.then(() => "unavailable"));
  assert.equal(install(), false);
  const before = scope.LanguageModel;
  const creating = before.create();
  const asking = before.availability();
  assert.equal(install(), false); // a second script of the page
  resolve();
  assert.equal(await (await creating).prompt("Hi"), "You said: Hi");
  assert.ok(["downloading", "downloadable"].includes(await asking));
  assert.equal(scope.LanguageModel, LanguageModel);
  assert.equal(scope.LanguageModelToolCall, LanguageModelToolCall);
  assert.equal(install(), true);
});

test("one that may not be used in the document is replaced", async () => {
  forget();
  scope.SemanticEmbedder = browsers(() => Promise.reject(new DOMException("No.", "NotAllowedError")));
  assert.equal(install(), true);
  await scope.SemanticEmbedder.availability();
  assert.equal(scope.SemanticEmbedder, SemanticEmbedder);
});

test("one that can run stays, and answers what it was asked in between", async () => {
  for (const availability of ["downloadable", "available"]) {
    forget();
    const native = browsers(async () => availability);
    scope.LanguageModel = native;
    install();
    assert.equal(scope.LanguageModel.prototype, native.prototype);
    assert.equal(await scope.LanguageModel.create(), "the browser's session");
    assert.equal(scope.LanguageModel, native);
    assert.equal(scope.LanguageModelToolCall, undefined);
    assert.equal(scope.SemanticEmbedder, SemanticEmbedder);
  }
});

test("force replaces it, even while the browser is asked", async () => {
  forget();
  const { promise, resolve } = deferred();
  scope.LanguageModel = browsers(() => promise.then(() => "available"));
  install();
  const asked = scope.LanguageModel.availability();
  assert.equal(install({ force: true }), true);
  resolve();
  await asked;
  assert.equal(scope.LanguageModel, LanguageModel);
});
