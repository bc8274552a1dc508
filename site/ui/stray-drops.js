/**
 * Keeps a page open when a file is dropped where nothing takes it: browsers would leave the page and show the
 * file. Every page has this rule; drop.js, which takes files, and file fields come before it.
 */

/** @param {DragEvent} event */
function refuse(event) {
  if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
  const [target] = event.composedPath();
  if (target instanceof HTMLInputElement && target.type === "file" && !target.disabled) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}

addEventListener("dragover", refuse);
addEventListener("drop", refuse);
