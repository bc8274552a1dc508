/** The switch at the foot of each page: whether this browser remembers what the visitor types. */

import { refuseInFrame } from "./framed.js";
import { isRemembering, setRemembering } from "./memory.js";
import { errorWords } from "./status.js";
import { t } from "./words.js";

const box = /** @type {HTMLInputElement | null} */ (document.getElementById("remember-typed"));
const said = document.getElementById("remember-said");

function show() {
  if (box) box.checked = isRemembering();
}

box?.addEventListener("change", () => {
  try {
    if (!box.checked) refuseInFrame();
  } catch (error) {
    show();
    const { message, remedy } = errorWords(error);
    if (said) said.textContent = `${message} ${remedy}`;
    return;
  }
  const isKept = setRemembering(box.checked);
  show();
  if (!said) return;
  if (!isKept) said.textContent = t("This browser stores nothing, so nothing is kept.");
  else if (isRemembering())
    said.textContent = t("Your prompts, texts and chats are kept from the next change on.");
  else said.textContent = t("Your prompts, texts and chats are deleted.");
});
addEventListener("storage", show); // another tab
addEventListener("pageshow", show); // browsers restore checkboxes, and whole pages
show();
