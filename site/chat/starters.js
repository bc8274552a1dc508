/** What an empty conversation offers to begin with: only what the model can do. */

import { t } from "../ui/words.js";

/** @param {{trained: boolean}} model whether it was trained for conversations @returns {string[]} */
export function starters({ trained }) {
  if (trained) {
    return [
      t("Explain how geese find their way, in three sentences."),
      t("Write a short poem about rain."),
      t("What are the advantages and disadvantages of working at night?"),
    ];
  }
  return [t("Good morning."), t("Who are you?"), t("What can you talk about?")];
}
