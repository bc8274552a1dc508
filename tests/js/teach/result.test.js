import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { empty } from "../collections/indexed-db.js";
import "../dom.js";
import { textsOf } from "../pluck.js";

globalThis.CSS = /** @type {any} */ ({ escape: (/** @type {string} */ name) => name });
const { ResultView } = await import("../../../site/teach/result.js");
const { TeachSession } = await import("../../../site/teach/session.js");

beforeEach(() => {
  empty();
  document.body.innerHTML = `<section id="result" hidden><p id="verdict"></p><p id="harm"></p>
    <button id="write"></button><p id="before"></p><p id="after"></p>
    <details id="words-box"><div id="words"></div></details>
    <div id="judge-row"><button id="judge"></button></div></section>`;
});

const at = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** Shows a result with these facts. @param {any} facts @param {any} [more] */
function show(facts, more = {}) {
  const session = new TeachSession();
  const view = new ResultView(session);
  const kept = { id: "a", facts: { recipe: {}, counts: {}, before: null, after: null, ...facts } };
  session.show(
    /** @type {any} */ ({ kept, file: new Uint8Array(), heldBack: [], harm: null, chats: false, ...more }),
  );
  return { session, view };
}

test("what was reached is said in words, and what is not known is not", () => {
  const cases = /** @type {[any, RegExp][]} */ ([
    [{ before: 3.3, after: 2.49 }, /^−25% bits .* 3\.30 → 2\.49 bits per byte\.$/],
    [{ before: 2, after: 2 }, /does not help/],
    [{ before: 2, after: 2.5 }, /does not help/],
    [{}, /is not known/],
    [{ recipe: { held_back_right: 0.75 } }, /^It agrees with 75% of the preferences/],
    [{ recipe: { held_back_right: 0 } }, /^It agrees with 0%/],
  ]);
  for (const [facts, words] of cases) {
    show(facts);
    assert.match(at("verdict").textContent, words);
  }
});

test("the harm to other text is shown with its sign, where it was measured", () => {
  show({ counts: { held_back: 2 } }, { harm: 0.031 });
  assert.equal(
    at("harm").textContent,
    "Measured on 2 examples that were held back. While it is on, other English text costs +3% bits.",
  );
  show({}, { harm: -0.02 });
  assert.equal(at("harm").textContent, "While it is on, other English text costs −2% bits.");
  show({});
  assert.equal(at("harm").textContent, "");
});

test("words and judging are offered where texts were held back only, and nothing without a result", () => {
  const { session } = show({}, { heldBack: [{ prompt: "", text: "Arr" }] });
  assert.deepEqual([at("words-box").hidden, at("judge-row").hidden], [false, false]);
  session.busy = true;
  assert.deepEqual([at("write").disabled, at("judge").disabled], [true, true]);
  session.show(null);
  assert.equal(at("result").hidden, true);
  show({});
  assert.deepEqual([at("words-box").hidden, at("judge-row").hidden], [true, true]);
});

test("words are marked from half a bit on, in the direction that they went", () => {
  const { view } = show({});
  const tokens = (/** @type {(number | null)[]} */ ...bits) =>
    bits.map((bit, index) => ({ text: ` w${index}`, logprob: bit === null ? null : bit * Math.LN2 }));
  view.showWords([tokens(null, -5, -5, -5)], [tokens(null, -4, -6.5, -4.6)]);
  const box = at("words").querySelector(".compared");
  assert.deepEqual(textsOf(box.querySelectorAll(".likelier")), [" w1"]);
  assert.deepEqual(textsOf(box.querySelectorAll(".unlikelier")), [" w2"]);
  assert.equal(box.querySelector(".likelier").title, "+1.0 bits");
  assert.equal(box.querySelector(".unlikelier").title, "−1.5 bits");
  assert.equal(box.textContent, " w0 w1 w2 w3");
});

test("what is written is text, whatever it says", async () => {
  const { view } = show({});
  const pieces = (async function* () {
    yield { text: "<img src=x onerror=alert(1)>" };
    yield { text: "\u202e</p>" };
  })();
  await view.write("after", "<b>Well?</b>", pieces);
  assert.equal(at("after").querySelectorAll("img, b").length, 0);
  assert.match(at("after").textContent, /<b>Well\?<\/b><img src=x/);
});
