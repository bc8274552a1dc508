/**
 * The line ends of texts from files: Windows' CR LF, and a lone CR, become LF, since no corpus of the models
 * has them. A textarea does the same with what is typed or pasted into it. The Python package has the same
 * rule for every prompt (py/goosequill/support/line_ends.py). Pure.
 */

/** @param {string} text */
export function unixLines(text) {
  return text.replace(/\r\n?/g, "\n");
}

/** Whether `unixLines` changes a text. @param {string} text */
export function hasWindowsLines(text) {
  return text.includes("\r");
}
