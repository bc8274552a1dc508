/**
 * The builder: a form whose values make an element, shown beside its HTML (tag.js). Values stay in the page's
 * address. The preview contacts no site that an address names: it writes with this site's model.
 */

import { LONGEST_PROMPT, readAddress, writeAddress } from "../ui/address.js";
import { copyLink } from "../ui/clipboard.js";
import { byId } from "../ui/dom.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { t } from "../ui/words.js";
import { describeTag, htmlOf } from "./tag.js";

/** @import { Values } from "./tag.js" */

const ELSEWHERE = ["model", "adapter"];

/** @param {string} script the address of the element's script */
export function startBuilder(script) {
  const form = byId("builder", "form");
  const code = byId("builder-code", "pre");
  const preview = document.createElement("goose-quill"); // not in the HTML: it takes the page's language
  const note = byId("preview-note", "p");
  const linked = byId("builder-linked", "output");
  const own = byId("own-colours", "div");
  const defaults = valuesOf(form);
  const ofElement = { ...defaults, prompt: "" }; // the form begins with an example

  const show = () => {
    const values = valuesOf(form);
    const tag = describeTag(values, ofElement);
    code.textContent = htmlOf(tag, script);
    own.hidden = values.theme !== "own";
    note.hidden = !tag.attributes.some(([name]) => ELSEWHERE.includes(name));
    const here = new Map(tag.attributes.filter(([name]) => !ELSEWHERE.includes(name)));
    for (const name of preview.getAttributeNames()) if (!here.has(name)) preview.removeAttribute(name);
    for (const [name, value] of here) preview.setAttribute(name, value);
    for (const [name, value] of tag.style) preview.style.setProperty(name, value);
    return tag;
  };

  const settle = (/** @type {Map<string, string>} */ refused = new Map()) => {
    const { problems } = show();
    for (const field of fieldsOf(form)) {
      const isMended = field.type === "color" || refused.has(field.name);
      showFieldProblem(field, refused.get(field.name) ?? problems.get(field.name) ?? "", { isMended });
    }
  };

  byId("builder-preview", "div").append(preview);
  settle(restore(form, readAddress(), defaults));
  form.addEventListener("input", show);
  form.addEventListener("change", () => {
    settle();
    writeAddress(changes(form, defaults));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    setTimeout(() => {
      settle();
      writeAddress(new Map());
    });
  });
  byId("builder-link", "button").addEventListener("click", () =>
    copyLink(changes(form, defaults), { say: (words) => (linked.textContent = words), copied: t("Copied.") }),
  );
}

/** @param {HTMLFormElement} form @returns {(HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement)[]} */
function fieldsOf(form) {
  return [...form.querySelectorAll(/** @type {"input"} */ ("[id]:is(input, select, textarea)"))];
}

/** @param {HTMLFormElement} form @returns {Values} */
function valuesOf(form) {
  const entries = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries.map(([name, text]) => [name, name === "prompt" ? text : text.trim()]));
}

/** @param {HTMLFormElement} form @param {Values} defaults @returns {Map<string, string>} */
function changes(form, defaults) {
  return new Map(Object.entries(valuesOf(form)).filter(([name, value]) => value !== defaults[name]));
}

/**
 * Fills the form.
 * @param {HTMLFormElement} form @param {Map<string, string>} values @param {Values} defaults
 * @returns {Map<string, string>} why a field did not take its value, by name
 */
function restore(form, values, defaults) {
  const refused = new Map();
  for (const [name, text] of values) {
    const field = form.elements.namedItem(name);
    if (!Object.hasOwn(defaults, name) || !field || !("value" in field)) continue;
    const wanted = text.slice(0, LONGEST_PROMPT).replaceAll("\r", "");
    field.value = wanted;
    if (field.value === wanted) continue;
    field.value = defaults[name];
    refused.set(name, t("The address has “{text}” here, which this field does not take.", { text }));
  }
  return refused;
}
