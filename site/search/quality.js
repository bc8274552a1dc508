/**
 * Reads the table of quality that stands on the page: the same figures as in the documentation, put there
 * when the site is built.
 */

/**
 * The shares, in percent, of a set's questions whose answer comes first, or among the first ten; null without
 * such a row.
 * @param {RegExp} name of the row
 * @returns {{set: string, first: number, ten: number} | null}
 */
export function figuresOf(name) {
  const table = document.querySelector("#quality table");
  const rows = [...(table?.querySelectorAll("tbody tr") ?? [])];
  const row = rows.find(({ firstElementChild }) => name.test(firstElementChild?.textContent ?? ""));
  const set = table?.querySelectorAll("th")[1]?.textContent?.replace(/ \(.*/, "") ?? "";
  const [, first, ten] = /^([\d.]+) \/ ([\d.]+)/.exec(row?.children[1]?.textContent ?? "") ?? [];
  return ten ? { set, first: percent(first), ten: percent(ten) } : null;
}

/** @param {string} share */
function percent(share) {
  return Math.round(100 * Number(share));
}
