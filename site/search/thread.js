/**
 * Which question came before the one that is typed, for "and on Windows?". Whether a question follows another
 * is decided in Python (goosequill.search.thread); here is which one that is: the last that was answered, was
 * not typed on, and did not itself follow another.
 */

export class Thread {
  /** What is being typed, as far as it was answered, and not what is left of it while it is deleted. */
  #current = "";
  #follows = false;
  former = "";

  /** The field has other words. @param {string} question */
  typed(question) {
    if (question && (question.startsWith(this.#current) || this.#current.startsWith(question))) return;
    if (this.#current && !this.#follows) this.former = this.#current;
    this.#current = "";
  }

  /** @param {string} question @param {string} searched the same with what it follows */
  answered(question, searched) {
    if (this.#current.startsWith(question)) return;
    this.#current = question;
    this.#follows = searched !== question;
  }

  /** The question that is there follows nothing. */
  cut() {
    this.former = "";
    this.#follows = false;
  }
}
