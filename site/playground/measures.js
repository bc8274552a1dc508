// Measures of a text that need no judge, for decoders side by side. Pure.

/** Words and punctuation marks. @param {string} text */
function wordsOf(text) {
  return text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
}

/**
 * The share of runs of n words that are different ones; null for a shorter text.
 * @param {string} text
 * @param {number} n
 */
export function distinct(text, n) {
  const words = wordsOf(text);
  if (words.length < n) return null;
  const runs = words.slice(n - 1).map((_, at) => words.slice(at, at + n).join(" "));
  return new Set(runs).size / runs.length;
}

/** How many words the longest run has that occurs twice. @param {string} text */
export function longestRepeat(text) {
  const words = wordsOf(text);
  // lengths[j]: how long the runs that end before i and before j are equal
  let lengths = new Uint32Array(words.length + 1);
  let longest = 0;
  for (let i = 1; i <= words.length; i++) {
    const next = new Uint32Array(words.length + 1);
    for (let j = i + 1; j <= words.length; j++) {
      if (words[i - 1] !== words[j - 1]) continue;
      next[j] = lengths[j - 1] + 1;
      longest = Math.max(longest, next[j]);
    }
    lengths = next;
  }
  return longest;
}

/** Mean surprise in bits a token. @param {number[]} logprobs natural */
export function meanSurprise(logprobs) {
  if (!logprobs.length) return null;
  return -logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length / Math.LN2;
}
