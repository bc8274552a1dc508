/**
 * Files dropped onto the page. Text and links that are dragged keep their usual behaviour.
 */

/**
 * @param {{
 *   onFiles: (files: File[], transfer: DataTransfer) => void, onDrag?: (dragging: boolean) => void, target?:
 * Document | HTMLElement
 * }} options `onDrag` shows that files are over the target; `target` is the whole page unless given
 */
export function acceptDrops({ onFiles, onDrag = () => {}, target = document }) {
  const carriesFiles = (/** @type {DragEvent} */ event) =>
    event.dataTransfer?.types.includes("Files") ?? false;
  /** @param {string} type @param {(event: DragEvent) => void} handle */
  const listen = (type, handle) => target.addEventListener(type, /** @type {EventListener} */ (handle));
  listen("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    onDrag(true);
  });
  listen("dragleave", (event) => {
    if (event.relatedTarget === null) onDrag(false); // the pointer has left the page
  });
  listen("drop", (event) => {
    onDrag(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const transfer = /** @type {DataTransfer} */ (event.dataTransfer);
    onFiles([...transfer.files], transfer);
  });
}
