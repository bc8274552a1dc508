/**
 * The search at each stroke, as goosequill.lab.launcher_search and goosequill.lab.elastic have it, without
 * Python, so that it answers between two strokes. A test compares both.
 */

import { FEATURES, groupsUpTo, MOST_STROKES, POINTS, sequence, spacing } from "./launcher-strokes.js";

/** @import { Group, Stroke } from "./launcher-strokes.js" */
/** @typedef {{label: string, strokes: Stroke[]}} Letter */
/**
 * @typedef {{query: Float64Array, bounds: Float64Array, nearness: Float64Array, known: Uint8Array}} Costs of
 *   strokes: `bounds` for each template; `nearness` for each letter is a bound, too, unless it is `known`
 */
/**
 * @typedef {{
 *   order: number[], scores: number[], best: {group: Group, at: number}[], distances: number,
 *   comparisons: number, everything: number
 * }} Ranking `order`: the best names as indices; `best`: how the first is written; `distances`: those that
 *   this stroke has taken; `everything`: those of the full search
 */

export const LABELS = "abcdefghijklmnopqrstuvwxyz0123456789";
export const KEPT = 50;
/** Up to how far above the last of the best names another is settled, as it may be among them. */
const LEEWAY = 1.1;
const BAND = 3;
const SEGMENTS = 8;
const SLACK = 1e-9;
const LETTER_PRICE = 0.01;
const SPACING_PRICE = 0.1;
const WORD_PRICE = 0.01;
const INSIDE_PRICE = 0.04;
const LONGEST = 40;
const SIZE = FEATURES * POINTS;
/** Strokes of a scribble, at most. */
export const MOST = 24;
const WIDTH = LABELS.length;
const SPELLED = Object.entries({
  ß: "ss",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  æ: "ae",
  œ: "oe",
  ı: "i",
});
/** Comparisons of points in one distance. */
export const COMPARISONS = POINTS * (2 * BAND + 1) - BAND * (BAND + 1);

/** What of a name can be written: its letters, and whether a word begins with each. @param {string} name */
export function spelled(name) {
  const plain = SPELLED.reduce((text, [from, to]) => text.replaceAll(from, to), name.toLowerCase());
  /** @type {{letter: string, begins: boolean}[]} */
  const found = [];
  let begins = true;
  for (const character of plain.normalize("NFKD")) {
    if (/\p{Mn}/u.test(character)) continue;
    const isLetter = LABELS.includes(character);
    if (isLetter) found.push({ letter: character, begins });
    begins = !isLetter;
  }
  return found.slice(0, LONGEST);
}

/** Names as numbers: letters, and what it costs to jump to each. @param {readonly string[]} names */
export function spelledNames(names) {
  return names.map((name) => {
    const letters = spelled(name);
    return {
      labels: Uint8Array.from(letters, ({ letter }) => LABELS.indexOf(letter)),
      jumps: Float64Array.from(letters, ({ begins }) => (begins ? WORD_PRICE : INSIDE_PRICE)),
    };
  });
}

/** @typedef {ReturnType<typeof spelledNames>[0]} Name */

/** The means of equal segments. @param {Float64Array} values of one sequence */
function pooled(values) {
  const found = new Float64Array(FEATURES * SEGMENTS);
  const each = POINTS / SEGMENTS;
  for (let at = 0; at < SIZE; at++) {
    const segment = Math.floor(at / FEATURES / each);
    found[FEATURES * segment + (at % FEATURES)] += values[at] / each;
  }
  return found;
}

/** Letters that a scribble is compared with, and what their lower bounds need. */
export class Templates {
  /** @param {readonly Letter[]} letters */
  constructor(letters) {
    const ordered = letters
      .map(({ label, strokes }) => ({ label: LABELS.indexOf(label), strokes }))
      .sort((one, other) => one.label - other.label);
    this.count = ordered.length;
    this.sequences = new Float64Array(SIZE * this.count);
    this.low = new Float64Array(SIZE * this.count);
    this.high = new Float64Array(SIZE * this.count);
    const segments = FEATURES * SEGMENTS;
    this.lowMeans = new Float64Array(segments * this.count);
    this.highMeans = new Float64Array(segments * this.count);
    /** The first template of each label, and the one after the last. @type {[number, number][]} */
    this.places = Array.from(LABELS, () => [0, 0]);
    for (const [index, { label, strokes }] of ordered.entries()) {
      const own = sequence(strokes);
      this.sequences.set(own, SIZE * index);
      this.#surround(own, SIZE * index);
      const from = SIZE * index;
      this.lowMeans.set(pooled(this.low.subarray(from, from + SIZE)), segments * index);
      this.highMeans.set(pooled(this.high.subarray(from, from + SIZE)), segments * index);
      const place = this.places[label];
      if (!place[1]) place[0] = index;
      place[1] = index + 1;
    }
  }

  /** The envelope of one sequence. @param {Float64Array} own @param {number} from */
  #surround(own, from) {
    for (let at = 0; at < SIZE; at++) {
      let [low, high] = [own[at], own[at]];
      const first = Math.max(at % FEATURES, at - FEATURES * BAND);
      const last = Math.min(SIZE - 1, at + FEATURES * BAND);
      for (let other = first; other <= last; other += FEATURES) {
        low = Math.min(low, own[other]);
        high = Math.max(high, own[other]);
      }
      this.low[from + at] = low;
      this.high[from + at] = high;
    }
  }
}

/**
 * The squared distance between two points.
 * @param {Float64Array} one @param {number} i @param {Float64Array} other @param {number} j
 */
function between(one, i, other, j) {
  const x = one[i] - other[j];
  const y = one[i + 1] - other[j + 1];
  const dx = one[i + 2] - other[j + 2];
  const dy = one[i + 3] - other[j + 3];
  return x * x + y * y + dx * dx + dy * dy;
}

/**
 * How far points lie outside an envelope, squared; `rest`, if given, gets the sums from each point on.
 * @param {Float64Array} values @param {Float64Array} low @param {Float64Array} high @param {number} from
 * @param {Float64Array} [rest]
 */
function outside(values, low, high, from, rest) {
  let total = 0;
  for (let at = values.length - 1; at >= 0; at--) {
    const value = values[at];
    let away = 0;
    if (value < low[from + at]) away = low[from + at] - value;
    else if (value > high[from + at]) away = value - high[from + at];
    total += away * away;
    if (rest && at % FEATURES === 0) rest[at / FEATURES] = total;
  }
  return total;
}

const ROWS = [new Float64Array(POINTS + 1), new Float64Array(POINTS + 1)];
const REST = new Float64Array(POINTS + 1);

/**
 * The sums of the name that was aligned last, and where they came from: one row for each number of strokes.
 */
const SUMS = new Float64Array((MOST + 1) * LONGEST);
const ENTRIES = new Float64Array((MOST + 1) * LONGEST);
const ORIGINS = new Uint8Array((MOST + 1) * LONGEST);

/**
 * The cost of the strokes as a name, by its cheapest alignment; see Alignments in Python.
 * @param {Name} name @param {number} count of strokes @param {Float64Array} table see Search
 */
function align({ labels, jumps }, count, table) {
  const width = labels.length;
  let best = Number.POSITIVE_INFINITY;
  for (let at = 0; at < width; at++) ENTRIES[at] = at ? jumps[at] : 0;
  for (let end = 1; end <= count; end++) {
    const row = end * LONGEST;
    let least = Number.POSITIVE_INFINITY;
    ENTRIES[row] = Number.POSITIVE_INFINITY;
    for (let at = 0; at < width; at++) {
      let sum = Number.POSITIVE_INFINITY;
      let origin = 0;
      const first = end > MOST_STROKES ? end - MOST_STROKES : 0;
      for (let start = first; start < end; start++) {
        const cost = table[((end - 1) * MOST_STROKES + end - 1 - start) * WIDTH + labels[at]];
        const total = ENTRIES[start * LONGEST + at] + cost;
        if (total < sum) {
          sum = total;
          origin = start;
        }
      }
      SUMS[row + at] = sum;
      ORIGINS[row + at] = origin;
      if (sum < least) least = sum;
      if (at + 1 < width) {
        const jump = least + jumps[at + 1];
        ENTRIES[row + at + 1] = Math.min(sum, jump);
      }
    }
    if (end === count) best = least;
  }
  return best;
}

/** Where the least of some values is; the first of equal ones. @param {Float64Array} values */
function leastAt(values) {
  let found = 0;
  for (let at = 1; at < values.length; at++) if (values[at] < values[found]) found = at;
  return found;
}

/** How the name that was aligned last is written. @param {Name} name @param {number} count of strokes */
function path({ labels, jumps }, count) {
  const row = (/** @type {number} */ end) => SUMS.subarray(end * LONGEST, end * LONGEST + labels.length);
  /** @type {{group: Group, at: number}[]} */
  const found = [];
  let end = count;
  let at = leastAt(row(end));
  for (;;) {
    const start = ORIGINS[end * LONGEST + at];
    found.unshift({ group: { start, end }, at });
    if (!start) return found;
    const before = row(start).subarray(0, at);
    const farther = leastAt(before);
    at = before[at - 1] <= before[farther] + jumps[at] ? at - 1 : farther;
    end = start;
  }
}

/** A search that goes on with each stroke; see Search in Python. */
export class Search {
  #templates;
  #names;
  #kept;
  #isFull;
  /** @type {Stroke[]} */
  #strokes = [];
  /** For each stroke, the groups that end with it. @type {Map<number, Costs>[]} */
  #costs = [];
  #distances = 0;
  #comparisons = 0;

  /**
   * @param {Templates} templates @param {readonly Name[]} names
   * @param {{kept?: number, isFull?: boolean}} [options] `isFull`: compute every distance
   */
  constructor(templates, names, { kept = KEPT, isFull = false } = {}) {
    this.#templates = templates;
    this.#names = names;
    this.#kept = kept;
    this.#isFull = isFull;
  }

  /** Takes another stroke, and ranks the names anew. @param {Stroke} stroke @returns {Ranking} */
  add(stroke) {
    this.#strokes.push(stroke);
    this.#distances = 0;
    this.#comparisons = 0;
    const groups = groupsUpTo(this.#strokes.length);
    this.#costs.push(new Map(groups.map(({ start }) => [start, this.#begin(this.#strokes.slice(start))])));
    return this.#rank(groups.length * this.#templates.count);
  }

  /** Takes the last stroke back. */
  undo() {
    this.#strokes.pop();
    this.#costs.pop();
  }

  get strokes() {
    return this.#strokes;
  }

  /** Bounds of the distances from some strokes to each letter. @param {Stroke[]} strokes @returns {Costs} */
  #begin(strokes) {
    const { count, places, sequences, lowMeans, highMeans } = this.#templates;
    const query = sequence(strokes);
    const means = pooled(query);
    const bounds = new Float64Array(count);
    const last = SIZE - FEATURES;
    for (let index = 0; index < count; index++) {
      const from = SIZE * index;
      const ends = between(query, 0, sequences, from) + between(query, last, sequences, from + last);
      const coarse = outside(means, lowMeans, highMeans, means.length * index) * (POINTS / SEGMENTS);
      bounds[index] = Math.max(ends, coarse);
    }
    this.#comparisons += (2 + SEGMENTS) * count;
    const nearness = Float64Array.from(places, ([first, end]) => {
      let least = Number.POSITIVE_INFINITY;
      for (let index = first; index < end; index++) if (bounds[index] < least) least = bounds[index];
      return least * (1 - SLACK);
    });
    const known = Uint8Array.from(nearness, (value) => Number(value === Number.POSITIVE_INFINITY));
    const costs = { query, bounds, nearness, known };
    if (this.#isFull) for (let label = 0; label < WIDTH; label++) this.#refine(costs, label);
    return costs;
  }

  /** Computes what some strokes cost as a letter. @param {Costs} costs @param {number} label */
  #refine({ query, bounds, nearness, known }, label) {
    const { places, low, high } = this.#templates;
    const [first, end] = places[label];
    const order = Array.from({ length: end - first }, (_, at) => first + at);
    if (!this.#isFull) order.sort((one, other) => bounds[one] - bounds[other]);
    let best = Number.POSITIVE_INFINITY;
    for (const index of order) {
      const limit = this.#isFull ? Number.POSITIVE_INFINITY : best * (1 + SLACK);
      if (bounds[index] > limit) break;
      if (!this.#isFull) {
        this.#comparisons += POINTS;
        if (outside(query, low, high, SIZE * index, REST) > limit) continue;
      }
      const distance = this.#distance(query, index, limit);
      if (distance < best) best = distance;
    }
    nearness[label] = best;
    known[label] = 1;
  }

  /**
   * The elastic distance to a template; infinite as soon as it is certainly above the limit.
   * @param {Float64Array} query @param {number} index @param {number} limit
   */
  #distance(query, index, limit) {
    const { sequences } = this.#templates;
    const isLimited = limit < Number.POSITIVE_INFINITY;
    let last = ROWS[0];
    let row = ROWS[1];
    let compared = 0;
    last.fill(Number.POSITIVE_INFINITY);
    last[0] = 0;
    for (let i = 0; i < POINTS; i++) {
      const first = i > BAND ? i - BAND : 0;
      const end = Math.min(i + BAND + 1, POINTS);
      row[first] = Number.POSITIVE_INFINITY;
      if (end < POINTS) row[end + 1] = Number.POSITIVE_INFINITY;
      let least = Number.POSITIVE_INFINITY;
      let value = Number.POSITIVE_INFINITY;
      for (let j = first; j < end; j++) {
        if (last[j] < value) value = last[j];
        if (last[j + 1] < value) value = last[j + 1];
        value += between(query, FEATURES * i, sequences, SIZE * index + FEATURES * j);
        row[j + 1] = value;
        if (value < least) least = value;
      }
      compared += end - first;
      if (isLimited && least + REST[i + 1] > limit) {
        row[POINTS] = Number.POSITIVE_INFINITY;
        last = row;
        break;
      }
      const next = last;
      last = row;
      row = next;
    }
    this.#distances += 1;
    this.#comparisons += compared;
    return last[POINTS];
  }

  /** @param {number} everything @returns {Ranking} */
  #rank(everything) {
    const count = this.#strokes.length;
    if (!count) return { order: [], scores: [], best: [], distances: 0, comparisons: 0, everything: 0 };
    const prices = this.#prices();
    const names = this.#names;
    const table = this.#table(prices);
    // Scores only grow: an old one is a lower bound. Only those that seem best are brought up to date.
    const scores = Float64Array.from(names, (name) => align(name, count, table));
    for (;;) {
      const order = smallest(scores, this.#kept);
      const bar = order.length ? scores[order[order.length - 1]] * LEEWAY : 0;
      let isRight = true;
      for (const index of order) {
        const before = scores[index];
        scores[index] = this.#settle(names[index], table, prices, bar);
        if (scores[index] > before) isRight = false;
      }
      if (!isRight) continue;
      if (order.length) align(names[order[0]], count, table);
      return {
        order,
        scores: order.map((index) => scores[index]),
        best: order.length ? path(names[order[0]], count) : [],
        distances: this.#distances,
        comparisons: this.#comparisons,
        everything,
      };
    }
  }

  /**
   * The score of a name: right, or a lower bound above the bar.
   * @param {Name} name @param {Float64Array} table @param {Float64Array[]} prices @param {number} bar
   */
  #settle(name, table, prices, bar) {
    const count = this.#strokes.length;
    for (;;) {
      const score = align(name, count, table);
      if (score > bar) return score;
      let isKnown = true;
      for (const { group, at } of path(name, count)) {
        const { start, end } = group;
        const costs = /** @type {Costs} */ (this.#costs[end - 1].get(start));
        const label = name.labels[at];
        if (costs.known[label]) continue;
        this.#refine(costs, label);
        isKnown = false;
        const cost = costs.nearness[label] / POINTS + prices[end - 1][start];
        table[((end - 1) * MOST_STROKES + end - 1 - start) * WIDTH + label] = cost;
      }
      if (isKnown) return score;
    }
  }

  /** What each group costs beside its distance: by its end, and its start. */
  #prices() {
    const placed = spacing(this.#strokes);
    return this.#costs.map((ending, at) => {
      const found = new Float64Array(at + 1);
      for (const start of ending.keys())
        found[start] = LETTER_PRICE + SPACING_PRICE * placed({ start, end: at + 1 });
      return found;
    });
  }

  /**
   * What each group costs as each letter: by its end, the number of its strokes, and the letter.
   * @param {Float64Array[]} prices
   */
  #table(prices) {
    const found = new Float64Array(this.#costs.length * MOST_STROKES * WIDTH);
    for (const [at, ending] of this.#costs.entries())
      for (const [start, { nearness }] of ending) {
        const from = (at * MOST_STROKES + at - start) * WIDTH;
        const price = prices[at][start];
        for (let label = 0; label < WIDTH; label++) found[from + label] = nearness[label] / POINTS + price;
      }
    return found;
  }
}

/**
 * The indices of the smallest finite scores, in order; of equal ones the first.
 * @param {Float64Array} scores @param {number} count
 */
function smallest(scores, count) {
  const most = count < scores.length ? scores.slice().sort()[count - 1] : Number.MAX_VALUE;
  /** @type {number[]} */
  const found = [];
  for (let index = 0; index < scores.length; index++)
    if (scores[index] <= most && scores[index] <= Number.MAX_VALUE) found.push(index);
  return found.sort((one, other) => scores[one] - scores[other] || one - other).slice(0, count);
}
