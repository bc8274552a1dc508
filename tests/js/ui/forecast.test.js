/** The line beside a model that is offered: what it takes, how fast it would be here, and what is lacking. */

import assert from "node:assert/strict";
import test from "node:test";

/** @type {any} */
const page = globalThis;
/** Reads at 20 GB/s, as measured on an earlier page. */
const kept = new Map([["goosequill.reading-rate", "20000000000"]]);
page.localStorage = { getItem: (/** @type {string} */ key) => kept.get(key) ?? null };
/** @param {{quota?: number, usage?: number, deviceMemory?: number}} machine */
function runOn({ quota = 10e9, usage = 0, deviceMemory = 4 } = {}) {
  const navigator = { deviceMemory, storage: { estimate: async () => ({ quota, usage }) } };
  Object.defineProperty(page, "navigator", { value: navigator, configurable: true });
}
runOn();
const { forecastWords, learningWords } = await import("../../../site/ui/forecast.js");

const LARGE = { download: 382e6, memory: 485e6, read: 142e6 };

test("size, memory and speed are said in one line, by the speed that was kept", async () => {
  const words = "382 MB to download · 485 MB of memory · writes about 130 tokens per second here";
  assert.equal(await forecastWords(LARGE), words);
  const rest = "485 MB of memory · writes about 130 tokens per second here";
  assert.equal(await forecastWords(LARGE, { withDownload: false }), rest);
  const reader = { download: 22e6, multiplied: 10.4e6 };
  assert.equal(await forecastWords(reader), "22 MB to download · reads about 2,500 tokens per second here");
});

test("how long learning takes is said in round numbers, or not at all", async () => {
  const given = { examples: 50, bytes: 9000 };
  assert.match(
    await learningWords(given, 10.6e6),
    /^Learning takes up to about \d*[05] seconds on this machine\.$/,
  );
  assert.match(
    await learningWords(given, 190e6),
    /^Learning takes up to about \d+ minutes on this machine\.$/,
  );
  assert.equal(await learningWords(given, 0), "");
});

test("what does not fit is explained instead", async () => {
  runOn({ deviceMemory: 0.5 });
  assert.match(await forecastWords(LARGE), /^Too large for a web page, which can use 387 MB\.$/);
  runOn({ quota: 400e6, usage: 100e6 });
  assert.match(await forecastWords(LARGE), /Only 300 MB can be stored here, so it is downloaded again/);
  runOn();
});
