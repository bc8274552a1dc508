/**
 * A button that starts something beside one that stops it: only one of them works at a time, and the focus
 * goes from the one to the other, so that it is not lost.
 */

/**
 * @param {{start: HTMLButtonElement, stop: HTMLButtonElement}} buttons
 * @param {{busy: boolean, ready?: boolean}} state `ready`: whether it could be started
 */
export function showStartOrStop({ start, stop }, { busy, ready = true }) {
  const [from, to] = busy ? [start, stop] : [stop, start];
  const hadFocus = document.activeElement === from;
  start.disabled = busy || !ready;
  stop.disabled = !busy;
  if (hadFocus) to.focus();
}
