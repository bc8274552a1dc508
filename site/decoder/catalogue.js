/**
 * The list of public models, with what each takes here. It is fetched from this site when it is opened, and
 * contacts no publisher.
 */

import { bitsThatFit } from "../engine/available.js";
import { ROOT } from "../engine/root.js";
import { element } from "../ui/dom.js";
import { forecastWords } from "../ui/forecast.js";
import { table } from "../ui/table.js";
import { megabytes, t } from "../ui/words.js";

/** @import { Sizes } from "../engine/available.js" */
/**
 * @typedef {{
 *   name: string, version: string, bytes: Sizes, memory: Sizes, read: Sizes,
 *   licence: string, published: string, file: string | null, address_tried?: boolean
 * }} PublicModel
 */

const CATALOGUE = new URL("models/catalogue.json", ROOT).href;

const BITS = /** @type {const} */ (["16", "8", "4"]);

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
  if (details.open)
    show(); // before this script ran
  else details.addEventListener("toggle", show, { once: true });
}

/** @param {PublicModel} model @param {(address: string) => void} useAddress */
function entry(model, useAddress) {
  const { name, version, licence, published, file } = model;
  const publisher = element("a", { href: published, rel: "noreferrer" }, t("published here"));
  const untried = file && model.address_tried === false ? `, ${t("not yet tested")}` : "";
  const facts = `RWKV-${version}, ${licence}, `;
  const line = element("p", {}, facts, publisher, untried);
  const here = element("p", {}, "…"); // until this machine's speed is known
  forecastWords(needsOf(model)).then((words) => here.replaceChildren(words));
  const item = element("li", {}, element("strong", {}, name), line, here, sizes(model));
  const bits = bitsThatFit(model.memory);
  if (bits === 0) return item;
  if (bits === 4) item.append(element("p", {}, t("Choose 4 bits under “Weights in memory”.")));
  if (!file) return item;
  const label = t("Use link to {name}", { name });
  const button = element("button", { type: "button", class: "quiet", "aria-label": label }, t("Use link"));
  button.addEventListener("click", () => useAddress(file));
  item.append(button);
  return item;
}

/** What it takes with the most bits that fit, or with the fewest. @param {PublicModel} model */
export function needsOf({ bytes, memory, read }) {
  const bits = bitsThatFit(memory) || 4;
  return { download: bytes["16"], memory: memory[bits], read: read[bits] };
}

/** @param {PublicModel} model */
function sizes({ name, bytes, memory }) {
  return table({
    caption: t("Sizes of {name}", { name }),
    hideCaption: true,
    className: "sizes",
    columns: [t("Size"), ...BITS.map((bits) => t("{bits} bits", { bits }))],
    rows: [
      [t("File"), ...BITS.map((bits) => megabytes(bytes[bits]))],
      [t("Memory"), ...BITS.map((bits) => megabytes(memory[bits]))],
    ],
    rowHead: 0,
  });
}
