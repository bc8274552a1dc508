import assert from "node:assert/strict";
import { test } from "node:test";
import { leastSquares, simplexLeastSquares } from "../../../site/lab/least-squares.js";

function near(found, expected) {
  assert.equal(found.length, expected.length);
  expected.forEach((value, index) => {
    assert.ok(Math.abs(found[index] - value) < 1e-12, `${Array.from(found)}`);
  });
}

test("of all weights that come as near, the shortest are found", () => {
  near(
    leastSquares(
      [
        [1, 0, 0],
        [1, 1, 1],
      ],
      [3, 1, 3],
    ),
    [1, 2],
  );
  near(leastSquares([[1], [2]], [5]), [1, 2]);
  near(
    leastSquares(
      [
        [1, 1],
        [1, 1],
      ],
      [2, 4],
    ),
    [1.5, 1.5],
  );
  near(
    leastSquares(
      [
        [0, 0],
        [0, 2],
      ],
      [1, 1],
    ),
    [0, 0.5],
  );
  near(leastSquares([], [1]), []);
});

test("a column that differs by rounding alone does not count", () => {
  near(
    leastSquares(
      [
        [1, 1],
        [1, 1 + 2 ** -52],
      ],
      [2, 2],
    ),
    [1, 1],
  );
});

test("weights on the simplex are at least 0 and sum to 1", () => {
  near(
    simplexLeastSquares(
      [
        [1, 0],
        [0, 1],
      ],
      [0.25, 0.75],
    ),
    [0.25, 0.75],
  );
  near(
    simplexLeastSquares(
      [
        [1, 0],
        [0, 1],
      ],
      [-3, 2],
    ),
    [0, 1],
  );
  near(
    simplexLeastSquares(
      [
        [0, 0],
        [4, 0],
        [0, 4],
        [4, 4],
      ],
      [1, 5],
    ),
    [0, 0, 0.75, 0.25],
  );
});
