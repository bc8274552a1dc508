/** The adapters that this browser keeps: rename, put to use with a strength, show, download, delete. */

import { adapterFileName } from "../ui/adapters.js";
import { byId, download, element } from "../ui/dom.js";
import { keepFocus, redraw } from "../ui/keep-focus.js";
import { decimal, moment, percent, t } from "../ui/words.js";

/** @import { Kept } from "../ui/adapters.js" */
/** @import { TeachSession } from "./session.js" */

export class KeptView {
  #session;
  #box = byId("kept", "div");
  #undo = byId("undo", "button");
  #host;

  /**
   * @param {TeachSession} session
   * @param {{say: (words: string) => void, complain: (error: unknown) => void,
   *   show: (adapter: Kept) => void}} host
   */
  constructor(session, host) {
    this.#session = session;
    this.#host = host;
    this.#undo.addEventListener("click", () => this.#try(() => this.#restore()));
    session.on(["kept", "busy"], () => this.#show());
  }

  #show() {
    const { kept, canRestore } = this.#session;
    const empty = t("What a model learns here is kept in this browser and listed here.");
    const parts = kept.length
      ? element("ul", { class: "kept-list" }, ...kept.map((adapter) => this.#row(adapter)))
      : element("p", { class: "note" }, empty);
    keepFocus(this.#box, () => redraw(this.#box, [parts]), this.#box);
    this.#undo.hidden = !canRestore;
  }

  /** @param {Kept} adapter */
  #row(adapter) {
    const { id, name, facts: about, bytes, kept } = adapter;
    const { used, busy } = this.#session;
    const isUsed = used?.id === id;
    const { before, after } = about;
    const facts = [
      about.model_name,
      before != null && after != null
        ? t("{before} → {after} bits per byte", { before: decimal(before, 2), after: decimal(after, 2) })
        : "",
      t("{count} kB", { count: Math.ceil(bytes / 1000) }),
      moment(kept),
    ];
    const field = element("input", {
      type: "text",
      value: name,
      maxlength: 80,
      id: `name-${id}`,
      "aria-label": t("Name"),
      "data-testid": "adapter-name",
    });
    field.addEventListener("change", () => this.#try(() => this.#rename(adapter, field)));
    const use = isUsed
      ? this.#button("use", t("Switch off"), adapter, () => this.#session.use("", 1), "adapter-off")
      : this.#button("use", t("Use"), adapter, () => this.#session.use(id, 1), "adapter-on");
    const save = async () => {
      const file = await this.#session.fileOf(adapter);
      download(adapterFileName(name, file), file, "application/octet-stream");
    };
    const remove = this.#button(
      "delete",
      t("Delete"),
      adapter,
      () => this.#remove(adapter),
      "adapter-delete",
    );
    const show = this.#button("show", t("Show"), adapter, () => this.#host.show(adapter), "adapter-show");
    show.disabled = remove.disabled = busy;
    return element(
      "li",
      { "data-testid": "adapter" },
      field,
      element("span", { class: "note grow" }, facts.filter(Boolean).join(" · ")),
      use,
      show,
      this.#button("save", t("Download"), adapter, save, "adapter-download"),
      remove,
      isUsed ? this.#strength(id, used.strength) : null,
    );
  }

  /** @param {string} id @param {number} strength */
  #strength(id, strength) {
    const field = element("input", {
      type: "range",
      id: `strength-${id}`,
      min: 0,
      max: 1.5,
      step: 0.05,
      value: strength,
      "data-testid": "strength",
    });
    const shown = element("output", {}, percent(strength));
    field.addEventListener("input", () => {
      shown.textContent = percent(field.valueAsNumber);
    });
    field.addEventListener("change", () => this.#session.use(id, field.valueAsNumber));
    return element("label", { class: "strength note" }, t("Strength"), field, shown);
  }

  /**
   * @param {string} action
   * @param {string} words
   * @param {Kept} adapter
   * @param {() => unknown} job
   * @param {string} testid
   */
  #button(action, words, { id, name }, job, testid) {
    return element(
      "button",
      {
        type: "button",
        class: "quiet",
        id: `${action}-${id}`,
        "aria-label": `${words}: ${name}`,
        "data-testid": testid,
        onclick: () => this.#try(job),
      },
      words,
    );
  }

  /** @param {Kept} adapter @param {HTMLInputElement} field */
  #rename(adapter, field) {
    const name = field.value.trim();
    if (!name) field.value = adapter.name;
    return name && this.#session.rename(adapter.id, name);
  }

  /** @param {Kept} adapter */
  async #remove(adapter) {
    await this.#session.remove(adapter);
    this.#undo.focus();
    this.#host.say(t("“{title}” is deleted. Undo restores it.", { title: adapter.name }));
  }

  async #restore() {
    const restored = await this.#session.restore();
    if (!restored) return;
    byId(`name-${restored.id}`, "input").focus();
    this.#host.say(t("“{name}” is restored.", { name: restored.name }));
  }

  /** @param {() => unknown} job */
  async #try(job) {
    try {
      await job();
    } catch (error) {
      this.#host.complain(error);
    }
  }
}
