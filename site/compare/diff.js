/**
 * Word-level difference of two texts, bounded in time. `Intl.Segmenter` finds the words, also in Chinese and
 * Japanese.
 */

/** @typedef {{kind: "same" | "added" | "removed", text: string}} Piece */
/**
 * @typedef {(before: string[], after: string[], options: {timeout: number}) => {added: boolean, removed:
 *   boolean, value: string[]}[] | undefined} DiffArrays
 */

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/** @param {string} text @returns {string[]} */
export function words(text) {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/**
 * @param {string} before
 * @param {string} after
 * @param {{diffArrays: DiffArrays, timeout?: number}} options timeout in milliseconds
 * @returns {{pieces: Piece[], complete: boolean}} incomplete if the time ran out: what lies between the
 *   common head and tail is then one replacement
 */
export function wordDiff(before, after, { diffArrays, timeout = 150 }) {
  const old = words(before);
  const now = words(after);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail))
    tail++;
  const middle = [old.slice(head, old.length - tail), now.slice(head, now.length - tail)];
  const changes = diffArrays(middle[0] ?? [], middle[1] ?? [], { timeout });
  const pieces = [
    piece("same", old.slice(0, head)),
    ...(
      changes ?? [
        { added: false, removed: true, value: middle[0] ?? [] },
        { added: true, removed: false, value: middle[1] ?? [] },
      ]
    ).map(({ added, removed, value }) => piece(added ? "added" : removed ? "removed" : "same", value)),
    piece("same", old.slice(old.length - tail)),
  ];
  return { pieces: joined(pieces.filter(({ text }) => text !== "")), complete: changes !== undefined };
}

/** @param {Piece["kind"]} kind @param {string[]} list @returns {Piece} */
function piece(kind, list) {
  return { kind, text: list.join("") };
}

/**
 * Joins changes that only have space between them: one removal, then one addition, which is easier to read.
 * @param {Piece[]} pieces
 */
function joined(pieces) {
  /** @type {Piece[]} */
  const result = [];
  let [removed, added, space] = ["", "", ""];
  const flush = () => {
    if (removed) result.push({ kind: "removed", text: removed });
    if (added) result.push({ kind: "added", text: added });
    if (space) result.push({ kind: "same", text: space });
    [removed, added, space] = ["", "", ""];
  };
  for (const { kind, text } of pieces) {
    if (kind === "same") {
      const between = (removed || added) && !space && text.trim() === "" && !text.includes("\n");
      if (between) space = text;
      else {
        flush();
        result.push({ kind, text });
      }
      continue;
    }
    if (space) {
      removed += space;
      added += space;
      space = "";
    }
    if (kind === "removed") removed += text;
    else added += text;
  }
  flush();
  return result;
}

/** The share of the text that is the same, from 0 to 1. @param {Piece[]} pieces */
export function likeness(pieces) {
  let same = 0;
  let all = 0;
  for (const { kind, text } of pieces) {
    const weight = text.length * (kind === "same" ? 2 : 1);
    all += weight;
    if (kind === "same") same += weight;
  }
  return all === 0 ? 1 : same / all;
}
