/**
 * Asks by what a collection's passages are read: MiniLM, an RWKV model or a server; with what each costs, how
 * well it finds, and who receives the texts. Closing it (Esc) is no.
 */

import { hostOf, MINILM, MINILM_MULTIPLIED, titleOf } from "../collections/embedders.js";
import { bitsThatFit } from "../engine/available.js";
import { ROOT } from "../engine/root.js";
import { element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { forecastWords } from "../ui/forecast.js";
import { ServerFields } from "../ui/server-fields.js";
import { megabytes, percent, t } from "../ui/words.js";
import { sizes } from "./consent.js";
import { field, show } from "./dialogs.js";
import { figuresOf } from "./quality.js";

/** @import { Choice, Secrets } from "../collections/embedders.js" */
/** @import { PublicModel } from "../decoder/catalogue.js" */
/** @import { Needs } from "../engine/forecast.js" */
/**
 * What the dialog begins with: a name to change or null, a choice, and names of models to suggest.
 * @typedef {{title: string, confirm: string, name?: string | null, given?: Choice, models?: string[],
 *   note?: string, only?: Choice["kind"]}} Question `only` leaves no other kind
 */
/** @typedef {{name: string, choice: Choice, secrets: Secrets}} Answer */

const DEFAULT = {
  title: t("This site’s default model"),
  address: new URL("models/default/", ROOT).href,
  bytes: 5e6,
  /** @type {Needs | undefined} */
  needs: undefined,
};
const FILES = "files";
const LONGEST_NAME = 100;

/** @param {Question} question @returns {Promise<Answer | null>} */
export async function askEmbedder({
  title,
  confirm,
  name = null,
  given = MINILM,
  models = [],
  note = "",
  only,
}) {
  const kinds = [minilmKind(), await modelKind(given), endpointKind(given, models)];
  const shown = only ? kinds.filter(({ kind }) => kind === only) : kinds;
  const button = element(
    "button",
    { class: "primary", value: "confirm", "data-testid": "embedder-confirm" },
    confirm,
  );
  const chosen = () => shown.find(({ radio }) => radio.checked) ?? shown[0];
  const update = () => {
    for (const { radio, details } of shown) {
      details.hidden = !radio.checked;
      details.disabled = !radio.checked; // what is hidden is not required
    }
    const host = hostOf(chosen().answer().choice);
    button.textContent = host ? t("{action} and send texts to {host}", { action: confirm, host }) : confirm;
  };
  for (const { radio, kind } of shown) radio.checked = kind === (only ?? given.kind);
  const group = element(
    "fieldset",
    { class: "search-kinds", onchange: update, oninput: update },
    element("legend", {}, t("Embedding model")),
    ...shown.flatMap(({ label, details }) => [only ? "" : label, details]),
  );
  const input = element("input", {
    id: "collection-name",
    required: true,
    maxlength: LONGEST_NAME,
    value: name ?? "",
  });
  const about = note ? element("p", {}, note) : null;
  update();
  const named = name === null ? null : field(t("Name"), input);
  const isGiven = await show({ title, confirm: button }, about, named, group);
  return isGiven ? { name: input.value.trim(), ...chosen().answer() } : null;
}

/**
 * Brings the open collection's embedder, and asks for what it lacks.
 * @param {import("./library.js").Library} library
 */
export async function supplyEmbedder(library) {
  const { choice, missing } = library.embedder();
  if (!missing) return await library.offerFull();
  const title =
    missing === "key"
      ? t("The key is missing")
      : t("Choose the embedding model for “{name}”", { name: library.current().name });
  const model = titleOf(choice);
  const note = {
    key: t("Keys are not kept when the page is closed."),
    files: t("Its passages were embedded by {model}, whose files are not stored. Choose them again.", {
      model,
    }),
    address: t("Its passages were embedded by the model {model} on a server. Enter the same one.", { model }),
  }[missing];
  const answer = await askEmbedder({ title, confirm: t("Use it"), given: choice, note, only: choice.kind });
  if (answer) await library.supply(answer.choice, answer.secrets);
}

/**
 * @typedef {{
 *   kind: Choice["kind"], radio: HTMLInputElement, label: HTMLElement, details: HTMLFieldSetElement,
 *   answer: () => {choice: Choice, secrets: Secrets}
 * }} Kind
 */

/**
 * @param {Choice["kind"]} kind
 * @param {string} words
 * @param {() => {choice: Choice, secrets: Secrets}} answer
 * @param {...(Node | string)} details
 * @returns {Kind}
 */
function kindOf(kind, words, answer, ...details) {
  const id = `embedder-${kind}`;
  const radio = element("input", { type: "radio", name: "embedder", id, value: kind, "data-testid": id });
  const label = element("label", { class: "search-check", for: id }, radio, element("span", {}, words));
  const box = element("fieldset", { class: "search-kind", "aria-label": words }, ...details);
  return { kind, radio, label, details: box, answer };
}

function minilmKind() {
  const note = element(
    "p",
    { class: "note" },
    [t("About 22 MB, from this site. Trained for search."), found(t("MiniLM alone"))].join(" ").trim(),
  );
  const here = element("p", { class: "note" });
  sizes().then(({ embedder }) => showForecast(here, { download: embedder, multiplied: MINILM_MULTIPLIED }));
  return kindOf(
    "minilm",
    t("MiniLM (the usual choice)"),
    () => ({ choice: MINILM, secrets: {} }),
    note,
    here,
  );
}

/** @param {HTMLElement} line @param {Needs} needs */
async function showForecast(line, needs) {
  line.textContent = await forecastWords(needs);
}

/** @param {Choice} given */
async function modelKind(given) {
  const models = await catalogue();
  const address = given.kind === "model" ? given.address : DEFAULT.address;
  const options = models.map((model) =>
    element(
      "option",
      { value: model.address, selected: model.address === address },
      `${model.title} (${megabytes(model.bytes)})`,
    ),
  );
  const files = element("option", { value: FILES, selected: address === "" }, t("Files on this machine"));
  const select = element(
    "select",
    { id: "embedder-rwkv", "data-testid": "embedder-rwkv" },
    ...options,
    files,
  );
  const input = element("input", {
    type: "file",
    id: "embedder-files",
    multiple: true,
    "data-testid": "embedder-files",
  });
  const picker = field(t("Weights, with their tokenizer if they need one"), input);
  const from = element("p", { class: "note" });
  const here = element("p", { class: "note" });
  const showFiles = () => {
    const needs = models.find((each) => each.address === select.value)?.needs;
    here.hidden = !needs;
    if (needs) showForecast(here, needs);
    picker.hidden = select.value !== FILES;
    input.required = !picker.hidden;
    const isAbroad = !picker.hidden || select.value.startsWith(ROOT) ? "" : new URL(select.value).host;
    from.textContent = isAbroad
      ? t("The model is downloaded from {host}. Your texts stay in this page.", { host: isAbroad })
      : t("Your texts stay in this page.");
  };
  select.addEventListener("change", showFiles);
  showFiles();
  const answer = () => {
    const model = models.find((each) => each.address === select.value);
    const picked = [...(input.files ?? [])];
    /** @type {Choice} */
    const choice = model
      ? { kind: "model", title: model.title, address: model.address }
      : { kind: "model", title: largest(picked)?.name ?? t("A model in files"), address: "" };
    return { choice, secrets: model ? {} : { files: picked } };
  };
  const warning = [
    t(
      "The average of a language model’s outputs. It is not trained for search, and finds much less than MiniLM.",
    ),
    found(t("Experiment: the default RWKV model’s outputs, averaged")),
  ];
  return kindOf(
    "model",
    t("An RWKV language model (an experiment)"),
    answer,
    element("p", { class: "note" }, warning.join(" ").trim()),
    field(t("Model"), select),
    picker,
    here,
    from,
  );
}

/** @param {Choice} given @param {string[]} models */
function endpointKind(given, models) {
  const { address, model } = given.kind === "endpoint" ? given : { address: "", model: models[0] ?? "" };
  const server = new ServerFields({ prefix: "embedder-server", address, model, models, required: true });
  const who = element("p", { class: "note", "data-testid": "embedder-host" });
  const answer = () => {
    const { base, model: name, key } = server.values;
    /** @type {Choice} */
    const choice = { kind: "endpoint", address: base, model: name, hasKey: key !== "" };
    return { choice, secrets: { key } };
  };
  const say = () => {
    const host = hostOf(answer().choice) || t("The server");
    who.textContent = t(
      "{host} receives the text of every passage of this collection, and each question for which you press " +
        "Search. The key is kept in memory only, until you close this page.",
      { host },
    );
  };
  const box = element("div", { class: "server", oninput: say }, ...server.nodes);
  say();
  return kindOf("endpoint", t("A server with an OpenAI-compatible API"), answer, box, who);
}

/** The measured figures of a row of the page's table of quality, in a sentence. @param {string} name */
function found(name) {
  const figures = figuresOf(name);
  if (!figures) return "";
  const { set, first, ten } = figures;
  return t(
    "On the {set}, it put the answer first for {first} of the questions, and among the first ten for {ten}.",
    { set, first: percent(first), ten: percent(ten) },
  );
}

/** The site's model, and the public ones that fit into a page. */
async function catalogue() {
  const { models = [] } = await fetchDescription(new URL("models/catalogue.json", ROOT));
  const fitting = /** @type {PublicModel[]} */ (models).filter(
    ({ file, memory }) => file && bitsThatFit(memory) === 8,
  );
  return [
    DEFAULT,
    ...fitting.map(({ name, file, bytes, memory, read }) => ({
      title: name,
      address: String(file),
      bytes: bytes["16"],
      needs: { download: bytes["16"], memory: memory["8"], multiplied: read["8"] },
    })),
  ];
}

/** @param {File[]} files */
function largest(files) {
  return files.reduce(
    (found, file) => (found && found.size >= file.size ? found : file),
    /** @type {File | null} */ (null),
  );
}
