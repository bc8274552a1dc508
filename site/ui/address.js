/**
 * The state in a page's address. One rule for all pages: state is written behind `#`, which browsers never
 * send to a server. Older links carry it behind `?`; they are read too, and `redirectQuery` rewrites them.
 * Options of the page that no control shows (`?kernel=`, `?threads=`) stay in the query. Anybody can write an
 * address, so readers check every value.
 */

const OPTIONS = ["kernel", "threads"];

/** Characters; an address does not carry a longer prompt. */
export const LONGEST_PROMPT = 4000;

/**
 * The state in an address, by name; where both parts name a value, the one behind `#` counts.
 * @param {{search: string, hash: string}} [address]
 * @returns {Map<string, string>}
 */
export function readAddress({ search, hash } = location) {
  const query = [...new URLSearchParams(search)].filter(([name]) => !OPTIONS.includes(name));
  return new Map([...query, ...new URLSearchParams(hash.replace(/^#/, ""))]);
}

/**
 * Replaces the state in the page's address, without a new entry in the history.
 * @param {Map<string, string>} values
 */
export function writeAddress(values) {
  history.replaceState(history.state, "", addressWith(values));
}

/** Moves the state of an older link from behind `?` to behind `#`. */
export function redirectQuery() {
  const hasState = [...new URLSearchParams(location.search).keys()].some((name) => !OPTIONS.includes(name));
  if (hasState) writeAddress(readAddress());
}

/**
 * This page's address with the given state.
 * @param {Map<string, string>} values
 * @param {{pathname: string, search: string}} [address]
 */
export function addressWith(values, { pathname, search } = location) {
  const options = [...new URLSearchParams(search)].filter(([name]) => OPTIONS.includes(name));
  const query = new URLSearchParams(options).toString();
  // "/" and ":" need no escape behind #, and links to files stay readable
  const text = new URLSearchParams([...values]).toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `${pathname}${query && `?${query}`}${text && `#${text}`}`;
}

/**
 * The engine's options in the page's query, `?kernel=plain&threads=1`, as loadModel takes them.
 * @param {string} [search]
 * @returns {{kernel?: string, threads?: number}}
 */
export function engineOptions(search = location.search) {
  const query = new URLSearchParams(search);
  const kernel = query.get("kernel");
  const threads = Number(query.get("threads"));
  return { ...(kernel && { kernel }), ...(threads && { threads }) };
}

/** An address without the slashes at its end. @param {string} address */
export function withoutSlash(address) {
  let end = address.length;
  while (address[end - 1] === "/") end--;
  return address.slice(0, end);
}
