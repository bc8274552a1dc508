/**
 * Copies text. The only module that uses the clipboard. A browser or a page's policy may refuse; the text is
 * then selected, if it is on the page, so that the visitor can copy it with the keyboard.
 */

import { shareAddress } from "./address.js";
import { element } from "./dom.js";
import { t } from "./words.js";

/** How long a button says that it has copied, in milliseconds. */
const FLASH = 1600;

/**
 * @param {string} text
 * @param {{say?: (words: string) => void, copied?: string, refused?: string, fallbackElement?: HTMLElement}}
 *   [options] `say` shows the outcome, `copied` and `refused` replace its words, `fallbackElement` has the
 *   text and is selected when copying is refused
 * @returns {Promise<boolean>} whether the text was copied
 */
export async function copyText(text, options = {}) {
  const { say = () => {}, copied = t("Copied."), fallbackElement } = options;
  const { refused = t("The browser did not allow copying.") } = options;
  try {
    await navigator.clipboard.writeText(text);
    say(copied);
    return true;
  } catch {
    if (!fallbackElement) {
      say(refused);
      return false;
    }
    getSelection()?.selectAllChildren(fallbackElement);
    fallbackElement.focus();
    say(t("The browser did not allow copying. The text is selected: copy it with Ctrl+C."));
    return false;
  }
}

/**
 * Copies a link to the page as it is, with what the visitor typed: the one way in which that gets into an
 * address. The address bar has the link, too, until the next change.
 * @param {Map<string, string>} values
 * @param {{say: (words: string) => void, copied?: string}} options
 */
export function copyLink(values, { say, copied = t("The link is copied.") }) {
  const refused = t("The browser did not allow copying. The link is in the address bar.");
  return copyText(shareAddress(values), { say, copied, refused });
}

/**
 * A button that copies a text and shows the outcome in its own label for a moment.
 * @param {() => string} getText
 * @param {{name: string, fallbackElement?: HTMLElement}} options `name` is the accessible name
 */
export function copyButton(getText, { name, fallbackElement }) {
  const button = element("button", { type: "button", "aria-label": name }, t("Copy"));
  button.addEventListener("click", async () => {
    const copied = await copyText(getText(), { fallbackElement });
    button.textContent = copied ? t("Copied") : fallbackElement ? t("Selected") : t("Not allowed");
    setTimeout(() => (button.textContent = t("Copy")), FLASH);
  });
  return button;
}
