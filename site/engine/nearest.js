/** The name that somebody meant who wrote another one. */

/**
 * The most similar name, if one is similar enough.
 * @param {string} given
 * @param {Iterable<string>} names
 */
export function nearest(given, names) {
  const word = given.slice(0, 100).toLowerCase();
  let found = "";
  let least = Math.max(2, word.length / 3) + 1;
  for (const name of names) {
    const distance = edits(word, name.toLowerCase());
    if (distance < least) [found, least] = [name, distance];
  }
  return found;
}

/** The Levenshtein distance of two lists. @param {ArrayLike<unknown>} a @param {ArrayLike<unknown>} b */
export function edits(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j] + Number(a[i] !== b[j]), row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[b.length];
}
