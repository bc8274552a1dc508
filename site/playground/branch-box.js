/**
 * The tree of texts with its buttons: bookmark the text that is shown, save all texts with their branches,
 * open such a file. Opening adds to what is there.
 */

import { fileText } from "../ui/bounded-file.js";
import { byId, download } from "../ui/dom.js";
import { problem } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { BranchTree } from "./branches.js";
import { LARGEST_FILE } from "./texts-file.js";

/** @import { Text } from "./texts.js" */

export class BranchBox {
  #session;
  #choose;
  #tree;
  #mark = byId("mark", "button");
  #save = byId("save-branches", "button");
  #open = byId("open-branches", "button");
  #note = byId("branch-note", "span");
  #file = byId("branches-file", "input");

  /**
   * @param {import("./session.js").PlaygroundSession} session
   * @param {(text: Text) => void} choose shows a text
   */
  constructor(session, choose) {
    this.#session = session;
    this.#choose = choose;
    const { texts } = session;
    this.#tree = new BranchTree(byId("branches", "ul"), {
      choose,
      mark: (text) => this.#toggle(text),
    });
    this.#mark.addEventListener("click", () => {
      if (texts.current) this.#toggle(texts.current);
    });
    this.#save.addEventListener("click", () => {
      download("branches.json", JSON.stringify(texts.toValue()), "application/json");
    });
    this.#open.addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => this.#read());
    session.on(["text", "texts", "busy"], () => this.#show());
  }

  /** Shows the texts as they are now. */
  #show() {
    const { texts, busy } = this.#session;
    const { current } = texts;
    this.#tree.show(texts.all.length ? texts.tree() : [], current);
    this.#note.hidden = texts.all.length < 2;
    this.#mark.disabled = this.#mark.hidden = !current;
    this.#mark.setAttribute("aria-pressed", String(current?.marked === true));
    this.#mark.textContent = current?.marked ? t("★ Bookmarked") : t("☆ Bookmark");
    this.#save.disabled = this.#save.hidden = !texts.all.length;
    this.#open.disabled = busy;
  }

  /** @param {Text} text */
  #toggle(text) {
    text.marked = !text.marked;
    this.#session.announce("texts");
    this.#session.say(text.marked ? t("Bookmarked.") : t("Bookmark removed."));
  }

  async #read() {
    const [file] = this.#file.files ?? [];
    this.#file.value = "";
    if (!file || this.#session.busy) return;
    const { texts, say, complain } = this.#session;
    try {
      const before = texts.all.length;
      const text = texts.addValue(await parse(file));
      const added = texts.all.length - before;
      if (!text)
        throw problem(t("{name} contains no texts.", { name: file.name }), t("Choose another file."));
      this.#choose(text);
      this.#session.announce("texts");
      say(tn(added, "{n} text from {name}.", "{n} texts from {name}.", { name: file.name }));
    } catch (error) {
      complain(error);
    }
  }
}

/** @param {File} file */
async function parse(file) {
  const remedy = t("Choose a file that “Save branches” wrote.");
  const text = await fileText(file, LARGEST_FILE, remedy);
  try {
    return JSON.parse(text);
  } catch {
    throw problem(t("{name} is not valid JSON.", { name: file.name }), remedy);
  }
}
