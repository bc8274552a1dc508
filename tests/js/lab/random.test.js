import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../../site/lab/random.js";

// What numpy.random.default_rng draws.
for (const [seed, uniform, normal] of [
  [0, [0.6369616873214543, 0.2697867137638703], [0.6404226504432821, 0.10490011715303971]],
  [1, [0.5118216247002567, 0.9504636963259353], [0.33043707618338714, -1.303157231604361]],
  [2 ** 31 - 1, [0.27085409914511427, 0.9338994503936809], [0.7117045087761301, 0.093663490498292]],
]) {
  test(`the numbers of seed ${seed} are numpy's`, () => {
    const random = new Random(seed);
    assert.deepEqual([random.random(), random.random()], uniform);
    for (const value of normal) assert.ok(Math.abs(random.normal() - value) < 1e-14);
  });
}

test("among many normal numbers, those of the ziggurat's edges and tail are numpy's too", () => {
  const random = new Random(3);
  let sum = 0;
  for (let index = 0; index < 300_000; index++) sum += random.normal() * (1 + (index % 7));
  assert.ok(Math.abs(sum - 2235.8909502175725) < 1e-8, String(sum));
});
