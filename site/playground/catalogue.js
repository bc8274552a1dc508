/**
 * The list of public models. It is fetched from this site when it is opened, and contacts no publisher.
 */

import { ROOT } from "../engine/root.js";
import { element } from "../ui/dom.js";
import { megabytes, t } from "../ui/words.js";

/**
 * @typedef {{
 *   name: string, version: string, bytes_about: number, licence: string,
 *   published: string, file: string | null
 * }} PublicModel
 */

const CATALOGUE = new URL("models/catalogue.json", ROOT).href;

/** Bytes of weights in 8 bits that do not fit into a page's memory. */
const TOO_LARGE = 4 * 2 ** 30;

/**
 * @param {{details: HTMLDetailsElement, list: HTMLElement}} parts
 * @param {{useAddress: (address: string) => void, complain: (error: unknown) => void}} host
 */
export function offerCatalogue({ details, list }, { useAddress, complain }) {
  const show = async () => {
    try {
      const response = await fetch(CATALOGUE);
      if (!response.ok)
        throw new Error(
          t("The list could not be loaded: the server answered {status}.", {
            status: String(response.status),
          }),
        );
      /** @type {{models: PublicModel[]}} */
      const { models } = await response.json();
      list.replaceChildren(...models.map((model) => entry(model, useAddress)));
    } catch (error) {
      complain(error);
    }
  };
  details.addEventListener("toggle", show, { once: true });
}

/** @param {PublicModel} model @param {(address: string) => void} useAddress */
function entry({ name, version, bytes_about, licence, published, file }, useAddress) {
  const fits = bytes_about / 2 < TOO_LARGE;
  const facts = `RWKV-${version}, ${megabytes(bytes_about)}, ${licence}`;
  const publisher = element("a", { href: published, rel: "noreferrer" }, t("published here"));
  const item = element("li", {}, element("strong", {}, name), element("br"), `${facts}, `, publisher);
  if (!file || !fits) {
    item.append(fits ? ". " : `. ${t("Too large for a web page.")} `);
    return item;
  }
  const label = t("Use link to {name}", { name });
  const button = element("button", { type: "button", class: "quiet", "aria-label": label }, t("Use link"));
  button.addEventListener("click", () => useAddress(file));
  item.append(" ", button);
  return item;
}
