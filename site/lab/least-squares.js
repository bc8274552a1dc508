/** Least squares, free and on the simplex, as numpy and py/goosequill/lab/constrained.py find them. */

/** @typedef {ArrayLike<number>} Vector */

const EPSILON = 2 ** -52;
const MOST_SWEEPS = 60;

/** @param {Vector} one @param {Vector} other */
export function dot(one, other) {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += one[index] * other[index];
  return sum;
}

/**
 * The sum of columns times weights.
 * @param {readonly Vector[]} columns
 * @param {Vector} weights
 */
export function combine(columns, weights) {
  const sum = new Float64Array(columns[0]?.length ?? 0);
  columns.forEach((column, index) => {
    for (let row = 0; row < sum.length; row++) sum[row] += weights[index] * column[row];
  });
  return sum;
}

/**
 * The shortest weights for which the columns come nearest to the target: by singular values, found by turning
 * pairs of columns until all are at right angles (one-sided Jacobi). Those that are only rounding do not
 * count.
 * @param {readonly Vector[]} columns
 * @param {Vector} target
 */
export function leastSquares(columns, target) {
  const count = columns.length;
  const left = columns.map((column) => Float64Array.from(column));
  const right = columns.map((_, index) => Float64Array.from(columns, (_, row) => Number(row === index)));
  const all = left.reduce((sum, column) => sum + dot(column, column), 0);
  for (let sweep = 0, isTurned = true; isTurned && sweep < MOST_SWEEPS; sweep++) {
    isTurned = false;
    for (let one = 0; one < count; one++) {
      for (let other = one + 1; other < count; other++) {
        const [a, b] = [dot(left[one], left[one]), dot(left[other], left[other])];
        const common = dot(left[one], left[other]);
        if (Math.abs(common) <= 1e-15 * Math.sqrt(a * b) + 1e-32 * all) continue;
        isTurned = true;
        const zeta = (b - a) / (2 * common);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, tangent);
        turn(left[one], left[other], cosine, cosine * tangent);
        turn(right[one], right[other], cosine, cosine * tangent);
      }
    }
  }
  const squares = left.map((column) => dot(column, column));
  const least = EPSILON * Math.max(target.length, count) * Math.sqrt(Math.max(0, ...squares));
  const parts = squares.map((square, index) =>
    square > least * least ? dot(left[index], target) / square : 0,
  );
  return combine(right, parts);
}

/** @param {Float64Array} one @param {Float64Array} other @param {number} cosine @param {number} sine */
function turn(one, other, cosine, sine) {
  for (let row = 0; row < one.length; row++) {
    const [x, y] = [one[row], other[row]];
    one[row] = cosine * x - sine * y;
    other[row] = sine * x + cosine * y;
  }
}

/**
 * Weights of at least 0, with sum 1, for which the columns come nearest to the target: Wolfe's algorithm, on
 * the products of the columns.
 * @param {readonly Vector[]} columns
 * @param {Vector} target
 */
export function simplexLeastSquares(columns, target) {
  const points = columns.map((column) => Float64Array.from(column, (value, row) => value - target[row]));
  const products = points.map((one) => points.map((other) => dot(one, other)));
  const lengths = products.map((row, index) => row[index]);
  const scale = Math.max(...lengths);
  const first = lengths.indexOf(Math.min(...lengths));
  let weights = lengths.map((_, index) => Number(index === first));
  let chosen = [first];
  for (let step = 0; step < 100 * columns.length; step++) {
    const nearest = products.map((row) => dot(row, weights));
    const best = nearest.indexOf(Math.min(...nearest));
    if (chosen.includes(best) || dot(nearest, weights) - nearest[best] <= 1e-12 * scale) break;
    chosen.push(best);
    ({ chosen, weights } = retreat(products, chosen, weights));
  }
  return weights;
}

/**
 * Moves to the least point of the chosen columns' affine hull, and drops those whose weight would turn
 * negative.
 * @param {number[][]} products
 * @param {number[]} chosen
 * @param {number[]} weights of all columns
 */
function retreat(products, chosen, weights) {
  for (;;) {
    const system = [...chosen.map((one) => [...chosen.map((other) => products[one][other]), 1])];
    system.push([...chosen.map(() => 1), 0]);
    const found = leastSquares(system, [...chosen.map(() => 0), 1]);
    const wanted = weights.map(() => 0);
    chosen.forEach((column, index) => {
      wanted[column] = found[index];
    });
    const falling = chosen.filter((column) => wanted[column] <= 1e-14);
    if (falling.length === 0) return { chosen, weights: wanted };
    const ratios = falling.map(
      (column) => weights[column] / Math.max(weights[column] - wanted[column], 1e-300),
    );
    const least = Math.min(...ratios);
    const step = Math.min(1, least);
    weights = weights.map((weight, column) => (1 - step) * weight + step * wanted[column]);
    weights[falling[ratios.indexOf(least)]] = 0;
    chosen = chosen.filter((column) => weights[column] > 0);
    weights = weights.map((weight, column) => (chosen.includes(column) ? weight : 0));
  }
}
