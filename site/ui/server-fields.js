/**
 * The fields for a server with an OpenAI-compatible API: its address, the name of a model, with a list of
 * those that it has, and a key, which is kept in its field only. What is wrong is shown at its field.
 */

import { element } from "./dom.js";
import { showFieldProblem } from "./field-problem.js";
import { checkAddress, listModels } from "./openai-server.js";
import { errorWords, problem } from "./status.js";
import { t, tn } from "./words.js";

/** @import { Server } from "./openai-server.js" */

const EXAMPLE = "http://localhost:11434/v1";

export class ServerFields {
  /** @type {Record<"address" | "model" | "key", HTMLInputElement>} */
  #inputs;
  #list;
  #note;
  /** While the models are being listed. @type {AbortController | null} */
  #listing = null;
  /** To be put into a form. */
  nodes;

  /**
   * @param {{prefix: string, address?: string, model?: string, models?: string[],
   *   required?: boolean}} options `prefix` of the ids; what the fields begin with, and names to suggest
   */
  constructor({ prefix, address = "", model = "", models = [], required = false }) {
    const input = (/** @type {string} */ name, /** @type {Record<string, any>} */ properties) => {
      const id = `${prefix}-${name}`;
      return element("input", { id, "data-testid": id, autocomplete: "off", ...properties });
    };
    const plain = { spellcheck: "false", required };
    this.#list = element("datalist", { id: `${prefix}-models` });
    this.#inputs = {
      address: input("address", { ...plain, type: "url", placeholder: EXAMPLE, value: address }),
      model: input("model", { ...plain, type: "text", list: this.#list.id, value: model }),
      key: input("key", { type: "password" }),
    };
    this.#note = element("p", { class: "note", role: "status" });
    const list = element(
      "button",
      { type: "button", "data-testid": `${prefix}-list`, onclick: () => this.#fetch() },
      t("List its models"),
    );
    const labels = { address: t("Address"), model: t("Model"), key: t("Key, if it needs one") };
    const field = (/** @type {"address" | "model" | "key"} */ name) =>
      element(
        "div",
        {},
        element("label", { for: this.#inputs[name].id }, labels[name]),
        this.#inputs[name],
        name === "model" ? this.#list : null,
      );
    this.#suggest(models);
    this.nodes = [
      element("div", { class: "server-fields" }, field("address"), field("model"), field("key")),
      element("div", { class: "row" }, list, this.#note),
    ];
  }

  /** What was entered, whether or not it is right. @returns {Server} */
  get values() {
    const { address, model, key } = this.#inputs;
    return { base: address.value.trim(), model: model.value.trim(), key: key.value.trim() };
  }

  /** What was entered; throws if it cannot be a server, and shows why. @returns {Server} */
  get server() {
    for (const input of Object.values(this.#inputs)) showFieldProblem(input, "");
    try {
      const { values } = this;
      if (!values.base) throw missing();
      checkAddress(values.base);
      return values;
    } catch (error) {
      this.explain(/** @type {Error} */ (error), "address");
      throw error;
    }
  }

  /**
   * Shows an error at the field that caused it, if one did.
   * @param {unknown} error
   * @param {string} [field]
   */
  explain(error, field = /** @type {any} */ (error)?.field) {
    const input = this.#inputs[/** @type {"address"} */ (field)];
    const { message, remedy } = errorWords(error);
    if (input) showFieldProblem(input, `${message} ${remedy}`.trim());
    return Boolean(input);
  }

  /** @param {string[]} names */
  #suggest(names) {
    this.#list.replaceChildren(...names.map((value) => element("option", { value })));
  }

  async #fetch() {
    this.#listing?.abort();
    const listing = new AbortController();
    this.#listing = listing;
    try {
      const { server } = this;
      this.#note.textContent = t("Asking…");
      const names = await listModels(server, listing);
      if (listing.signal.aborted) return;
      this.#suggest(names);
      const { model } = this.#inputs;
      if (!model.value) model.value = names[0] ?? "";
      this.#note.textContent = tn(names.length, "{n} model: {names}", "{n} models: {names}", {
        names: shown(names),
      });
    } catch (error) {
      if (listing.signal.aborted) return;
      const isShown = this.explain(error);
      this.#note.textContent = isShown ? "" : errorWords(error).message;
    }
  }
}

function missing() {
  return problem(t("The server's address is missing."), t("Enter it."));
}

/** @param {string[]} names */
function shown(names) {
  const some = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${some}, …` : some || t("none");
}
