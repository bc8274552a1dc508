/** Input methods, with which Chinese, Japanese, Korean and others are typed. */

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
