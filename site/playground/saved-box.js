/**
 * The list of texts that are saved in this browser: save what is here under a name, open another, delete one.
 * What would be lost by opening is asked about first; what is deleted can be brought back.
 */

import { ask } from "../ui/dialog.js";
import { byId, element } from "../ui/dom.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { isRemembering } from "../ui/memory.js";
import { deleteSaved, listSaved, readSaved, save } from "../ui/saved-texts.js";
import { problem } from "../ui/status.js";
import { moment, t } from "../ui/words.js";

const WORDS_OF_A_NAME = 5;

/** @typedef {{toValue: () => any, fromValue: (value: any) => void, prompt: () => string}} Host */

export class SavedBox {
  #session;
  #host;
  /** What is here, as it was saved or opened. */
  #last = "";
  /** @type {{name: string, value: unknown} | null} what was deleted last */
  #deleted = null;
  #box = byId("saved-box", "details");
  #name = byId("saved-name", "input");
  #list = byId("saved-list", "ul");
  #undo = byId("saved-undo", "button");

  /** @param {import("./session.js").PlaygroundSession} session @param {Host} host */
  constructor(session, host) {
    this.#session = session;
    this.#host = host;
    byId("saved-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try(() => this.#save());
    });
    this.#undo.addEventListener("click", () => this.#try(() => this.#restore()));
    this.#box.addEventListener("toggle", () => {
      if (!this.#box.open) return;
      if (!this.#name.value) this.#name.value = host.prompt().split(/\s+/, WORDS_OF_A_NAME).join(" ");
      this.#show();
    });
  }

  /** @param {() => Promise<void>} work */
  async #try(work) {
    try {
      await work();
      await this.#show();
    } catch (error) {
      this.#session.complain(error);
    }
  }

  async #show() {
    const entries = await listSaved();
    this.#list.replaceChildren(
      ...entries.map(({ name, time }) => {
        const open = () => this.#try(() => this.#open(name));
        const remove = () => this.#try(() => this.#delete(name));
        const label = t("Delete {name}", { name });
        return element(
          "li",
          { class: "row" },
          element("button", { type: "button", class: "quiet name", onclick: open }, name),
          element("span", { class: "note grow" }, moment(time)),
          element(
            "button",
            { type: "button", class: "quiet", "aria-label": label, onclick: remove },
            t("Delete"),
          ),
        );
      }),
    );
    this.#undo.hidden = !this.#deleted;
  }

  async #save() {
    const name = this.#name.value.trim();
    if (!name) {
      this.#name.focus();
      return showFieldProblem(this.#name, t("Give the text a name."));
    }
    if (!isRemembering()) {
      throw problem(
        t("Nothing that you type is kept now."),
        t("Allow it at the foot of the page, or save a file of branches."),
      );
    }
    const value = this.#host.toValue();
    const isNew = (await readSaved(name)) === undefined;
    await save(name, value);
    this.#last = JSON.stringify(value);
    this.#session.say(
      isNew
        ? t("“{name}” is saved.", { name })
        : t("“{name}” is saved. It replaces the earlier text of that name.", { name }),
    );
  }

  /** @param {string} name */
  async #open(name) {
    const { texts, busy, say } = this.#session;
    if (busy) return;
    const value = await readSaved(name);
    if (value === undefined) return; // another tab has deleted it
    if (texts.all.length && JSON.stringify(this.#host.toValue()) !== this.#last) {
      const confirmed = await ask({
        title: t("Open “{name}”?", { name }),
        text: t("It takes the place of the texts that are here, which have changed since they were saved."),
        confirm: t("Open"),
        cancel: t("Cancel"),
      });
      if (!confirmed) return;
    }
    this.#host.fromValue(value);
    this.#last = JSON.stringify(this.#host.toValue());
    this.#name.value = name;
    say(t("“{name}” is open.", { name }));
  }

  /** @param {string} name */
  async #delete(name) {
    this.#deleted = { name, value: await readSaved(name) };
    await deleteSaved(name);
    this.#session.say(t("“{name}” is deleted.", { name }));
    this.#undo.hidden = false;
    this.#undo.focus(); // the button is gone
  }

  async #restore() {
    if (!this.#deleted) return;
    const { name, value } = this.#deleted;
    await save(name, value);
    this.#deleted = null;
    this.#session.say(t("“{name}” is back.", { name }));
    this.#name.focus();
  }
}
