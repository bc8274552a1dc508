/** What a result shows of a passage: a few lines around the first words that match. */

const LENGTH = 260; // UTF-16 units
const BEFORE = 60;

/** Rows that Python's reader of Markdown makes of a table. */
const ROW = /^\|.*\|$/gm;

/**
 * The cells of tables with points between them; nothing changes its place.
 * @param {string} whole
 * @param {[number, number][]} matched
 * @returns {{text: string, matched: boolean}[]} pieces of the excerpt, in order
 */
export function excerpt(whole, matched) {
  const text = whole.replace(ROW, (row) => ` ${row.slice(1, -1).replaceAll("|", "·")} `);
  const first = matched[0]?.[0] ?? 0;
  let start = first > LENGTH - BEFORE ? first - BEFORE : 0;
  if (start > 0) start = text.indexOf(" ", start) + 1;
  const cut = text.length - start > LENGTH ? text.lastIndexOf(" ", start + LENGTH) : text.length;
  const end = cut > first ? cut : Math.min(text.length, start + LENGTH);
  const pieces = [{ text: start > 0 ? "… " : "", matched: false }];
  let at = start;
  for (const [from, to] of matched) {
    if (from < at || to > end) continue;
    pieces.push(
      { text: text.slice(at, from), matched: false },
      { text: text.slice(from, to), matched: true },
    );
    at = to;
  }
  pieces.push({ text: text.slice(at, end) + (end < text.length ? " …" : ""), matched: false });
  return pieces.filter((piece) => piece.text);
}

/** Text for an address; encodeURIComponent throws at half a character. @param {string} text */
export function encoded(text) {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, "\ufffd"));
}

/**
 * A link that also marks the passage in the page, where the browser can.
 * @param {string} url
 * @param {string} text
 */
export function linkTo(url, text) {
  const words = text.split(/\s+/).filter(Boolean);
  if (!url || words.length < 4) return url;
  const encode = (/** @type {string[]} */ some) => encoded(some.join(" ")).replace(/-/g, "%2D");
  const ends = words.length > 12 ? `${encode(words.slice(0, 5))},${encode(words.slice(-5))}` : encode(words);
  return `${url}${url.includes("#") ? "" : "#"}:~:text=${ends}`;
}
