/** Keys that write: in fields, and with input methods, for Chinese, Japanese, Korean and others. */

/** The code of a key that an input method has handled. */
const HANDLED = 229;

/**
 * Whether a key belongs to an input method, such as the Enter that takes its suggestion. Safari sends that
 * key when the composition has ended already, and marks it only by its code.
 * @param {KeyboardEvent} event
 */
export function isComposing(event) {
  return event.isComposing || event.keyCode === HANDLED;
}

/** Whether keys write there, so that they are not commands. @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "file"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}
