/**
 * The form for a model of the visitor's own: an address, the tokenizer, how weights are stored in memory, and
 * the consent without which no other origin is contacted.
 */

import { looksLikeId, resolveId } from "../engine/model-ids.js";
import { fileName } from "../engine/storage/sources.js";
import { withoutSlash } from "../ui/address.js";
import { byId } from "../ui/dom.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";

/**
 * A model to choose.
 * @typedef {import("../engine/holder.js").Choice & {title: string, model: string | File[]}} Source
 */
/**
 * @typedef {{
 *   load: (source: Source) => void, inspect: (source: Source) => void, busy: () => boolean,
 *   complain: (error: unknown) => void, reveal: () => void
 * }} Host
 */

/** @param {string} id */
function addressOf(id) {
  const { address, sha256 } = resolveId(id);
  return sha256 ? `${address}#sha256=${sha256}` : address;
}

export class ModelAddress {
  #host;
  #tokenizer = byId("tokenizer", "select");
  #quantize = byId("quantize", "select");
  #address = byId("address", "input");
  #consent = byId("consent", "div");
  #question = byId("consent-question", "p");
  #agree = byId("consent-yes", "button");
  #refuse = byId("consent-no", "button");
  /** Origins that the visitor lets the page contact, until it is closed. */
  #allowed = new Set([location.origin]);

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    const loadButton = byId("load-address", "button");
    const inspectButton = byId("look-address", "button");
    loadButton.addEventListener("click", () => this.load());
    this.#address.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.load();
    });
    inspectButton.addEventListener("click", () => this.#useTyped(host.inspect));
    for (const button of [loadButton, inspectButton]) button.disabled = false;
  }

  /** The chosen tokenizer and quantization. @returns {{tokenizer?: string, quantize?: 8 | 4 | "auto"}} */
  get options() {
    const tokenizer = this.#tokenizer.value || undefined;
    const value = this.#quantize.value;
    if (value === "auto" || value === "") return { tokenizer, quantize: value || undefined };
    return { tokenizer, quantize: value === "8" ? 8 : 4 };
  }

  /** @param {boolean} off */
  set disabled(off) {
    this.#tokenizer.disabled = off;
  }

  /** Fills the field with an address, for the visitor to load. @param {string} address */
  fill(address) {
    this.open();
    this.#address.value = address;
    this.#address.focus();
  }

  /** Loads what is in the field. */
  load() {
    this.#useTyped(this.#host.load);
  }

  /** Unfolds the form. */
  open() {
    const details = this.#address.closest("details");
    if (details) details.open = true;
  }

  /**
   * The model that a page's address names, as if the visitor had filled in the form; null for an invalid
   * address.
   * @param {string} address
   * @param {{tokenizer: string, quantize: string}} options values that the form does not offer are ignored
   */
  restore(address, { tokenizer, quantize }) {
    this.#address.value = address;
    for (const [select, value] of /** @type {[HTMLSelectElement, string][]} */ ([
      [this.#tokenizer, tokenizer],
      [this.#quantize, quantize],
    ])) {
      if ([...select.options].some((option) => option.value === value)) select.value = value;
    }
    const url = this.#typed();
    return url && this.#sourceAt(url);
  }

  /** Asks before another origin is contacted. @param {URL} url @returns {Promise<boolean>} */
  consent(url) {
    if (this.#allowed.has(url.origin)) return Promise.resolve(true);
    this.#host.reveal();
    this.open();
    this.#question.textContent = t(
      "This contacts {host}, which will see your IP address and which file you request. " +
        "Nothing that you write is sent.",
      { host: url.host },
    );
    this.#agree.textContent = t("Contact {host}", { host: url.host });
    this.#consent.hidden = false;
    this.#agree.focus();
    return new Promise((resolve) => {
      /** @param {boolean} answer */
      const close = (answer) => {
        if (answer) this.#allowed.add(url.origin);
        this.#consent.hidden = true;
        this.#address.focus();
        resolve(answer);
      };
      this.#agree.onclick = () => close(true);
      this.#refuse.onclick = () => close(false);
    });
  }

  /** @param {(source: Source) => void} use */
  async #useTyped(use) {
    if (this.#host.busy()) return;
    const url = this.#typed();
    if (url) {
      if (await this.consent(url)) use(this.#sourceAt(url));
      return;
    }
    this.#address.focus();
    showFieldProblem(this.#address, t("Enter an address that starts with https://, or owner/repo:file"));
    const remedy = t(
      "Enter one that starts with https:// and leads to a file of weights or a model folder, or an id of the form owner/repo:file.",
    );
    this.#host.complain(problem(t("This is not the address of a model."), remedy));
  }

  /** The address in the field, of an id the one on the hub. @returns {URL | null} */
  #typed() {
    const text = this.#address.value.trim();
    try {
      const url = new URL(looksLikeId(text) ? addressOf(text) : text, location.href);
      return text && /^https?:$/.test(url.protocol) ? url : null;
    } catch {
      return null;
    }
  }

  /** @param {URL} url @returns {Source} */
  #sourceAt(url) {
    const { href, hash } = url;
    return {
      title: fileName(withoutSlash(href.slice(0, href.length - hash.length))),
      model: href,
      ...this.options,
    };
  }
}
