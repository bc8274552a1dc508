/**
 * The settings of the live column. Decoder settings, presets and chat templates come from ui/decoding.json,
 * and their controls are those of the playground; both are fetched when the form is first opened.
 */

import { ROOT } from "../engine/root.js";
import { byId, element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { t, translated } from "../ui/words.js";

/** @import { Template } from "./live-report.js" */
/**
 * @typedef {{config: string, settings: Record<string, any>, template: Template, samples: number, limit:
 *   number}} LiveSettings
 */

const PLAIN = "plain";
const INITIAL = "greedy";

export class LiveForm {
  #form = byId("live-form", "form");
  /** @type {import("../decoder/choice.js").DecoderChoice | null} */
  #choice = null;
  /** @type {Template[]} */
  #templates = [];
  /** Once it was chosen. @type {import("./live-server.js").LiveServer | null} */
  #server = null;
  #templateSelect = byId("live-template", "select");

  /** @param {{onRun: () => void, onReady: () => void, onProblem: (error: unknown) => void}} options */
  constructor({ onRun, onReady, onProblem }) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      onRun();
    });
    const showSource = () => this.#showSource().catch(onProblem);
    this.#form.addEventListener("change", ({ target }) => {
      if (/** @type {HTMLInputElement} */ (target).name === "from") showSource();
    });
    showSource(); // it may have been chosen before this script ran
    const fill = () => this.#fill().then(onReady, onProblem);
    byId("live", "details").addEventListener("toggle", fill); // again, if it failed
    fill();
  }

  /** Whether the decoder settings have arrived. */
  get ready() {
    return this.#choice !== null;
  }

  /** The server, if it is to write. */
  get server() {
    return this.#field("from").value === "server" ? this.#server : null;
  }

  /** Address of the model folder. */
  get model() {
    return new URL(this.#field("model").value, document.baseURI).href;
  }

  /** @returns {LiveSettings} */
  get settings() {
    const { name = "", settings = {} } = this.#choice ?? {};
    const chosen = this.#field("template").value;
    const template = /** @type {Template} */ (this.#offered.find((one) => one.name === chosen));
    const number = (/** @type {string} */ field) => Number(this.#field(field).value);
    return {
      config: template.name === PLAIN ? name : `${name}, ${template.name}`,
      settings: { ...settings, max_new_tokens: number("max_new_tokens"), seed: number("seed") },
      template,
      samples: number("samples"),
      limit: number("limit"),
    };
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }

  /** Shows the fields of what is to write. */
  async #showSource() {
    const isServer = this.#field("from").value === "server";
    const box = byId("live-server", "div");
    if (isServer && !this.#server) {
      const { LiveServer } = await import("./live-server.js");
      this.#server ??= new LiveServer(box);
    }
    box.hidden = !isServer;
    byId("live-folder", "div").hidden = isServer;
    this.#field("model").disabled = isServer; // what is hidden is not required
    this.#showTemplates();
  }

  /** The templates that what is to write can use. */
  get #offered() {
    return this.server ? [this.server.template, ...this.#templates] : this.#templates;
  }

  #showTemplates() {
    const options = this.#offered.map(({ name, title }) =>
      element("option", { value: name }, translated(title)),
    );
    this.#templateSelect.replaceChildren(...options);
  }

  async #fill() {
    if (this.#choice) return;
    const [{ DecoderChoice }, decoding] = await Promise.all([
      import("../decoder/choice.js"),
      fetchDescription(new URL("ui/decoding.json", ROOT).href),
    ]);
    if (this.#choice) return;
    if (!decoding.parts) throw new Error(t("The decoder settings could not be loaded. Reload the page."));
    this.#templates = decoding.templates;
    this.#showTemplates();
    this.#field("max_new_tokens").max = decoding.limits.max_new_tokens;
    const choice = new DecoderChoice(decoding, {
      id: "live-preset",
      label: t("Decoder"),
      onChange: () => {},
    });
    choice.value = INITIAL;
    const { select, summary, settingsBox } = choice;
    byId("live-decoder", "div").replaceChildren(select, summary, settingsBox);
    this.#choice = choice;
  }
}
