/** The buttons to vote with on the page for decoders side by side, and what the votes add up to. */

import { byId, download, element } from "../ui/dom.js";
import { keepFocus } from "../ui/keep-focus.js";
import { t } from "../ui/words.js";
import { letterOf } from "./decoder-column.js";

/** @import { Best, SideVotes } from "./side-votes.js" */

export class VoteBox {
  #box = byId("vote", "div");
  #tally = byId("tally", "p");
  #save = byId("save-votes", "button");
  #votes;
  #options;

  /**
   * @param {SideVotes} votes
   * @param {{onVote: (best: Best) => void, onUndo: () => void, titleOf: (name: string) => string}} options
   */
  constructor(votes, options) {
    this.#votes = votes;
    this.#options = options;
    this.#save.addEventListener("click", () =>
      download("goosequill-votes.json", votes.file(), "application/json"),
    );
  }

  /** @param {{visible: boolean, count: number}} options count: how many texts there are to choose from */
  show({ visible, count }) {
    const { onVote, onUndo } = this.#options;
    this.#box.hidden = !visible;
    const texts = Array.from({ length: count }, (_, at) =>
      button(t("Text {letter}", { letter: letterOf(at) }), () => onVote(at)),
    );
    const undo = element("button", { type: "button", class: "quiet", onclick: onUndo }, t("Undo"));
    const draw = () =>
      this.#box.replaceChildren(
        element("strong", {}, t("Which reads best?")),
        ...texts,
        button(t("Tie"), () => onVote("tie")),
        button(t("All are bad"), () => onVote("both_bad")),
        ...(this.#votes.canUndo ? [undo] : []),
      );
    keepFocus(this.#box, draw, byId("generate", "button"));
    if (this.#votes.blind) return; // the tally would show which decoder a vote was for
    this.#tally.textContent = this.#votes.tally(this.#options.titleOf);
    this.#save.hidden = !this.#votes.any;
  }
}

/** @param {string} label @param {() => void} onclick */
function button(label, onclick) {
  return element("button", { type: "button", onclick }, label);
}
