// The part of the playground that chooses a model: picked files, an address, the list of public ones,
// and a look into a model's files. Another origin is contacted only after the visitor has said so.

import { EngineError } from "../engine/client.js";
import { fileName } from "../engine/sources.js";
import { byId, element, megabytes } from "../ui/dom.js";

/** @typedef {import("../ui/engine.js").Choice & {title: string, model: string | File[]}} Source */
/**
 * @typedef {{
 *   name: string, version: string, parameters_about: number, bytes_about: number, licence: string,
 *   published: string, file: string | null
 * }} PublicModel
 */
/**
 * What the page does for this panel.
 * @typedef {{
 *   choose: (source: Source) => Promise<void>, inspect: (source: Source) => Promise<any>,
 *   current: () => Source, busy: () => boolean, complain: (error: unknown) => void
 * }} Host
 */

const CATALOGUE = new URL("../models/catalogue.json", import.meta.url).href;
const TOO_LARGE = 4 * 2 ** 30; // bytes of weights in 8 bits that no tab can hold

const panel = {
  tokenizer: byId("tokenizer", "select"),
  quantize: byId("quantize", "select"),
  address: byId("address", "input"),
  consent: byId("consent", "div"),
  question: byId("consent-question", "p"),
  agree: byId("consent-yes", "button"),
  refuse: byId("consent-no", "button"),
  loadAddress: byId("load-address", "button"),
  lookAtAddress: byId("look-address", "button"),
  look: byId("look", "button"),
  inside: byId("inside", "div"),
  catalogue: byId("catalogue", "details"),
  list: byId("catalogue-list", "ul"),
};

/** Origins that the visitor lets the page contact, until it is closed. */
const allowed = new Set([location.origin]);

/** How the visitor wants weights to be held. @returns {8 | 4 | "auto" | undefined} */
export function rounding() {
  const value = panel.quantize.value;
  if (value === "auto" || value === "") return value || undefined;
  return value === "8" ? 8 : 4;
}

/** @param {Host} host */
export function offerModels(host) {
  const load = () => withAddress(host, (source) => host.choose(source));
  panel.loadAddress.addEventListener("click", load);
  panel.address.addEventListener("keydown", (event) => {
    if (event.key === "Enter") load();
  });
  panel.lookAtAddress.addEventListener("click", () => withAddress(host, (source) => lookInto(host, source)));
  panel.look.addEventListener("click", () => lookInto(host, host.current()));
  for (const button of [panel.loadAddress, panel.lookAtAddress, panel.look]) button.disabled = false;
  panel.catalogue.addEventListener("toggle", () => showCatalogue(host), { once: true });
}

/** @param {Host} host @param {(source: Source) => Promise<void>} use */
async function withAddress(host, use) {
  if (host.busy()) return;
  const url = typedAddress();
  if (!url) {
    panel.address.focus();
    return host.complain(
      new EngineError({
        code: "address",
        message: "That is no address of a model.",
        remedy: "Give one that begins with https://, of a file of weights or of a model folder.",
      }),
    );
  }
  if (await consent(url)) await use(sourceAt(url));
}

/** A model that an address names, as if it had been typed; null for what is no address. @param {string} address */
export function modelAt(address) {
  panel.address.value = address;
  const url = typedAddress();
  return url && sourceAt(url);
}

/** Sets the choices of tokenizer and rounding; what they do not offer is left out. @param {{tokenizer: string, quantize: string}} choice */
export function showChoice(choice) {
  for (const name of /** @type {("tokenizer" | "quantize")[]} */ (["tokenizer", "quantize"])) {
    const offered = [...panel[name].options].some(({ value }) => value === choice[name]);
    if (offered) panel[name].value = choice[name];
  }
}

/** @returns {URL | null} */
function typedAddress() {
  const text = panel.address.value.trim();
  if (!text || !URL.canParse(text, location.href)) return null;
  const url = new URL(text, location.href);
  return /^https?:$/.test(url.protocol) ? url : null;
}

/** @param {URL} url @returns {Source} */
function sourceAt(url) {
  const title = fileName(url.href.replace(/\/+$/, ""));
  return { title, model: url.href, tokenizer: panel.tokenizer.value || undefined, quantize: rounding() };
}

/** Asks before another origin is contacted. @param {URL} url @returns {Promise<boolean>} */
export function consent(url) {
  if (allowed.has(url.origin)) return Promise.resolve(true);
  const own = panel.consent.closest("details");
  if (own) own.open = true;
  panel.question.textContent = `This contacts ${url.host}, which will see your address on the internet and which file you want. Nothing that you write is sent.`;
  panel.agree.textContent = `Contact ${url.host}`;
  panel.consent.hidden = false;
  panel.agree.focus();
  return new Promise((resolve) => {
    /** @param {boolean} answer */
    const close = (answer) => {
      if (answer) allowed.add(url.origin);
      panel.consent.hidden = true;
      panel.address.focus();
      resolve(answer);
    };
    panel.agree.onclick = () => close(true);
    panel.refuse.onclick = () => close(false);
  });
}

// ---- Public models -----------------------------------------------------------------------------

/** @param {Host} host */
async function showCatalogue(host) {
  try {
    const response = await fetch(CATALOGUE);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    /** @type {{models: PublicModel[]}} */
    const { models } = await response.json();
    panel.list.replaceChildren(...models.map(entry));
  } catch (error) {
    host.complain(error);
  }
}

/** @param {PublicModel} model */
function entry({ name, version, bytes_about, licence, published, file }) {
  const fits = bytes_about / 2 < TOO_LARGE;
  const facts = `RWKV-${version}, ${megabytes(bytes_about)}, ${licence}`;
  const publisher = element("a", { href: published, rel: "noreferrer" }, "published here");
  const item = element("li", {}, element("strong", {}, name), element("br"), `${facts}, `, publisher);
  if (!file || !fits) {
    item.append(fits ? ". " : ". Too large for a page. ");
    return item;
  }
  const button = element("button", { type: "button", class: "quiet" }, "Take its address");
  button.setAttribute("aria-label", `Take the address of ${name}`);
  button.addEventListener("click", () => {
    panel.address.value = file;
    panel.address.focus();
  });
  item.append(" ", button);
  return item;
}

// ---- What is in a model's files ----------------------------------------------------------------

/** @param {Host} host @param {Source} source */
async function lookInto(host, source) {
  if (host.busy()) return;
  try {
    const found = await host.inspect(source);
    panel.inside.replaceChildren(...facts(source.title, found), tensorTable(found.tensors));
    panel.inside.hidden = false;
  } catch (error) {
    host.complain(error);
  }
}

/** @param {string} title @param {any} found what goosequill.loading.inspect tells */
function facts(title, { format, config, problem, tokenizer, types, parameters, memory }) {
  const list = element("dl", { class: "facts" });
  /** @param {string} name @param {string} value */
  const add = (name, value) => list.append(element("dt", {}, name), element("dd", {}, value));
  add("File", title);
  add("Format", format);
  if (config) {
    add("Version", `RWKV-${config.version}`);
    const heads = config.version === "4" ? "" : `, ${config.heads} heads of ${config.head_size}`;
    add("Sizes", `${config.layers} layers of width ${config.width}, channel mix ${config.ffn_width}${heads}`);
    add("Vocabulary", `${config.vocab_size.toLocaleString("en")} tokens`);
  }
  add("Tokenizer", tokenizer ?? "unknown");
  const held = Object.entries(types).map(([type, count]) => `${count.toLocaleString("en")} ${type}`);
  add("Parameters", `${parameters.toLocaleString("en")} (${held.join(", ")})`);
  if (memory) {
    const forms = Object.entries(memory).map(([form, bytes]) => `${megabytes(bytes)} ${form}`);
    add("Memory needed", forms.join(", "));
  }
  if (!problem) return [list];
  return [element("p", { class: "error-box" }, `${problem.message} ${problem.remedy}`), list];
}

/** @param {{name: string, type: string, shape: number[]}[]} tensors */
function tensorTable(tensors) {
  const head = element("tr");
  head.append(...["Tensor", "Type", "Shape"].map((name) => element("th", { scope: "col" }, name)));
  const rows = tensors.map(({ name, type, shape }) =>
    element("tr", {}, element("td", {}, name), element("td", {}, type), element("td", {}, shape.join(" × "))),
  );
  const table = element("table", {}, element("caption", {}, `${tensors.length} tensors`));
  table.append(element("thead", {}, head), element("tbody", {}, ...rows));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Tensors" }, table);
}
