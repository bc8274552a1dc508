/**
 * Reads the table of quality that stands on the page: the same figures as in the documentation, put there
 * when the site is built.
 */

/**
 * The shares of a set's questions whose answer comes first, or among the first ten; null without such a row.
 * @param {string} name of the row, in the page's language
 * @returns {{set: string, first: number, ten: number} | null}
 */
export function figuresOf(name) {
  const table = document.querySelector("#quality table");
  const rows = [...(table?.querySelectorAll("tbody tr") ?? [])];
  const row = rows.find(({ firstElementChild }) => firstElementChild?.textContent?.trim() === name);
  const set = table?.querySelectorAll("th")[1]?.textContent?.replace(/ \(.*/, "") ?? "";
  const [, first, ten] = /^([\d.]+) \/ ([\d.]+)/.exec(row?.children[1]?.textContent ?? "") ?? [];
  return ten ? { set, first: Number(first), ten: Number(ten) } : null;
}
