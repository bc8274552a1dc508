/** Chance that can be repeated: what it gives follows from a seed and from words, on every machine. */

/**
 * A number from 0 to 1 that depends on the words alone (FNV-1a, then an avalanche).
 * @param {...(string | number)} words
 */
export function chance(...words) {
  let hash = 0x811c9dc5;
  for (const unit of words.join("\u001f")) {
    hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * The items in an order that depends on the seed and the words alone.
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string | number} keyOf
 * @param {{seed: number, words: string[]}} options
 * @returns {T[]}
 */
export function shuffled(items, keyOf, { seed, words }) {
  const ranks = new Map(items.map((item) => [item, chance(seed, ...words, keyOf(item))]));
  return [...items].sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}

/** A seed for a new round. */
export function drawSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
}
