/**
 * Pen strokes as sequences that can be compared, as goosequill.lab.strokes and goosequill.lab.segmentation
 * have them: a test compares both.
 */

/**
 * @typedef {[number, number]} Place
 * @typedef {Place[]} Stroke
 * @typedef {{start: number, end: number}} Group strokes from the first to the one after the last
 */

export const POINTS = 32;
export const FEATURES = 4;
/** Strokes of one letter, at most. */
export const MOST_STROKES = 4;
const DIRECTION = 0.25;
const MOST_PARTS = 3;

/** @param {Stroke} stroke */
function steps(stroke) {
  return stroke.slice(1).map(([x, y], at) => Math.hypot(x - stroke[at][0], y - stroke[at][1]));
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** Places at equal distances along a stroke. @param {Stroke} stroke @param {number} count */
export function resample(stroke, count) {
  const lengths = steps(stroke);
  const whole = sum(lengths);
  /** @type {Stroke} */
  const found = [];
  let at = 0;
  let before = 0;
  for (let index = 0; index < count; index++) {
    const wanted = (whole * index) / (count - 1);
    while (at < lengths.length - 1 && before + lengths[at] <= wanted) before += lengths[at++];
    const [from, to] = [stroke[at], stroke[Math.min(at + 1, stroke.length - 1)]];
    const share = lengths[at] ? Math.min(1, (wanted - before) / lengths[at]) : 0;
    found.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
  }
  return found;
}

/**
 * How many points each stroke gets: at least 2, else in proportion to its length.
 * @param {number[]} lengths
 */
function shares(lengths) {
  const free = POINTS - 2 * lengths.length;
  const whole = Math.max(sum(lengths), 1e-12);
  let along = 0;
  let last = 0;
  const counts = lengths.map((length) => {
    along += length;
    const end = roundToEven((along / whole) * free);
    const count = 2 + end - last;
    last = end;
    return count;
  });
  counts[counts.length - 1] += POINTS - sum(counts); // if all lengths are 0
  return counts;
}

/** As numpy rounds. @param {number} value */
function roundToEven(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}

/** The strokes centred at 0, with a larger side of 1. @param {readonly Stroke[]} strokes */
function normalized(strokes) {
  const { left, right, top, bottom } = extentOf(strokes);
  const size = Math.max(right - left, bottom - top, 1e-9);
  const [x0, y0] = [(left + right) / 2, (top + bottom) / 2];
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => /** @type {Place} */ ([(x - x0) / size, (y - y0) / size])),
  );
}

/** @param {readonly Stroke[]} strokes */
export function extentOf(strokes) {
  const [x, y] = [0, 1].map((axis) => strokes.flat().map((place) => place[axis]));
  return { left: Math.min(...x), right: Math.max(...x), top: Math.min(...y), bottom: Math.max(...y) };
}

/**
 * A letter as one sequence: x, y and the pen's direction of each of 32 points in turn.
 * @param {readonly Stroke[]} strokes
 */
export function sequence(strokes) {
  const found = new Float64Array(FEATURES * POINTS);
  const parts = normalized(strokes);
  const counts = shares(parts.map((part) => sum(steps(part))));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const points = resample(part, counts[index]);
    const last = points.length - 1;
    for (const [point, [x, y]] of points.entries()) {
      const [from, to] = [points[Math.max(0, point - 1)], points[Math.min(last, point + 1)]];
      const wide = point && point < last ? 2 : 1;
      const [dx, dy] = [(to[0] - from[0]) / wide, (to[1] - from[1]) / wide];
      const scale = DIRECTION / Math.max(Math.hypot(dx, dy), 1e-9);
      found.set([x, y, dx * scale, dy * scale], FEATURES * at++);
    }
  }
  return found;
}

/** @template T @param {readonly T[]} items @returns {T[][]} in the order of the positions */
function permutations(items) {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  );
}

/** Each stroke in both directions. @param {Stroke[]} strokes @returns {Stroke[][]} */
function directions([first, ...rest]) {
  if (!first) return [[]];
  const others = directions(rest);
  return [first, [...first].reverse()].flatMap((each) => others.map((other) => [each, ...other]));
}

/** The strokes; while they are too many, two that meet at their ends become one. @param {Stroke[]} strokes */
function joined(strokes) {
  let left = strokes;
  while (left.length > MOST_PARTS) {
    const next = joinTwo(left);
    if (!next) break;
    left = next;
  }
  return left;
}

/** @param {Stroke[]} strokes */
function joinTwo(strokes) {
  for (const [i, one] of strokes.entries())
    for (const [j, other] of strokes.entries()) {
      if (i === j) continue;
      for (const first of [one, [...one].reverse()])
        for (const second of [other, [...other].reverse()]) {
          const [end, start] = [first[first.length - 1], second[0]];
          if (Math.hypot(end[0] - start[0], end[1] - start[1]) >= 1e-9) continue;
          const whole = [...first, ...second.slice(1)];
          return strokes.map((each, at) => (at === i ? whole : each)).filter((_, at) => at !== j);
        }
    }
  return null;
}

/** The ways to write a letter: its strokes in every order and direction. @param {Stroke[]} strokes */
export function orders(strokes) {
  if (strokes.length <= MOST_PARTS) return permutations(strokes).flatMap(directions);
  if (strokes.length > MOST_PARTS + 1) return [strokes];
  const fewer = joined(strokes);
  /** @type {Stroke[][]} */
  const others = fewer.length <= MOST_PARTS ? orders(fewer) : [];
  return [...permutations(strokes), ...others];
}

/** The groups that end with one of the strokes. @param {number} end @returns {Group[]} */
export function groupsUpTo(end) {
  const first = Math.max(0, end - MOST_STROKES);
  return Array.from({ length: end - first }, (_, at) => ({ start: first + at, end }));
}

/**
 * How unlikely each group is by its place alone, in heights of the scribble.
 * @param {readonly Stroke[]} strokes
 * @returns {(group: Group) => number}
 */
export function spacing(strokes) {
  const extents = strokes.map((stroke) => extentOf([stroke]));
  const { left, right, top, bottom } = extentOf(strokes);
  const height = Math.max(bottom - top, (right - left) / 8, 1e-9);
  return ({ start, end }) => {
    const own = extents.slice(start, end);
    let [reach, gaps] = [own[0].right, 0];
    for (const each of own.slice(1)) {
      gaps += Math.max(0, each.left - reach);
      reach = Math.max(reach, each.right);
    }
    const lefts = own.map((each) => each.left);
    const least = Math.min(...lefts);
    const before = start ? Math.max(0, Math.max(...extents.slice(0, start).map((e) => e.right)) - least) : 0;
    return (gaps + Math.min(before, Math.max(...lefts) - least + height)) / height;
  };
}
