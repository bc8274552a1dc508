/** Reports that another page of this site, such as Teach, wrote to be judged here. */

import { TabStore } from "../ui/tab-store.js";

/** The page's name in the tab's store. */
const REPORTS = "reports";

/**
 * The reports, once: they are forgotten here.
 * @returns {Promise<{name: string, blob: Blob}[]>}
 */
export async function givenReports() {
  const store = new TabStore(REPORTS);
  const given = /** @type {any} */ (await store.read())?.reports;
  await store.write(null);
  if (!Array.isArray(given)) return [];
  return given
    .filter((one) => typeof one?.text === "string")
    .map(({ name, text }) => ({ name: String(name), blob: new Blob([text]) }));
}
