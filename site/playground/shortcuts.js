/**
 * The playground's keyboard shortcuts: Ctrl+Enter generates, with Shift from the caret or the selected token,
 * Esc stops, Ctrl+Z and Ctrl+Y undo and redo outside text fields, where they are the browser's own.
 */

/**
 * @param {{
 *   generate: () => void, fromHere: () => void, stop: () => void,
 *   travel: (way: "undo" | "redo") => void, skip: () => void
 * }} actions `skip` is where the skip link leads
 */
export function listenToKeys({ generate, fromHere, stop, travel, skip }) {
  document.addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && control) {
      event.preventDefault();
      if (event.shiftKey) fromHere();
      else generate();
    } else if (event.key === "Escape") {
      stop();
    } else if (control && !isTyping(event.target)) {
      const key = event.key.toLowerCase();
      const way = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
      if (!way) return;
      event.preventDefault();
      travel(way);
    }
  });
  document.querySelector(".skip-link")?.addEventListener("click", (event) => {
    event.preventDefault(); // its target would replace the state in the address
    skip();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}
