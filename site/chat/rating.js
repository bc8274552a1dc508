/** Asks why a reply is good or bad, and for Open Assistant's labels. */

import { element } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { Message } from "../collections/conversation-tree.js" */
/** @typedef {Record<string, {value: number, count: number}>} Labels */

/** What is asked with a slider, and what with a tick. */
const SCALES = ["quality", "helpfulness", "creativity", "humor", "toxicity", "violence"];
export const TICKS = [
  ...["spam", "fails_task", "lang_mismatch", "pii", "not_appropriate", "hate_speech", "sexual_content"],
  ...["moral_judgement", "political_content"],
];

/** @returns {Record<string, string>} */
const NAMES = () => ({
  spam: t("spam"),
  fails_task: t("fails the task"),
  lang_mismatch: t("in the wrong language"),
  pii: t("personal data"),
  not_appropriate: t("inappropriate"),
  hate_speech: t("hate speech"),
  sexual_content: t("sexual content"),
  moral_judgement: t("moral judgement"),
  political_content: t("political content"),
  quality: t("quality"),
  helpfulness: t("helpfulness"),
  creativity: t("creativity"),
  humor: t("humour"),
  toxicity: t("toxicity"),
  violence: t("violence"),
});

/**
 * @param {Message} message
 * @param {number} rating 1 or -1
 * @returns {Promise<{reason: string, labels?: Labels} | null>} null if it was closed
 */
export function askForReason(message, rating) {
  const chips = rating > 0 ? GOOD() : BAD();
  const text = element("textarea", {
    rows: 2,
    class: "wide",
    "aria-label": t("In your own words"),
    "data-testid": "rate-reason",
  });
  text.value = typeof message.fields.reason === "string" ? message.fields.reason : "";
  const reasons = element(
    "div",
    { class: "row reasons" },
    ...chips.map((chip) =>
      element("button", { type: "button", class: "quiet", onclick: () => add(text, chip) }, chip),
    ),
  );
  const labels = labelsForm(message.fields.labels ?? {});
  const dialog = element(
    "dialog",
    { "aria-label": t("Why?"), "data-testid": "rate-dialog" },
    element("h2", {}, rating > 0 ? t("What is good about it?") : t("What is wrong with it?")),
    reasons,
    text,
    element("details", {}, element("summary", {}, t("Labels")), labels.box),
    element(
      "form",
      { method: "dialog", class: "action-bar" },
      element("button", { class: "primary", value: "save", "data-testid": "rate-save" }, t("Save")),
      element("button", { class: "quiet", value: "" }, t("Skip")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "save" ? { reason: text.value.trim(), labels: labels.read() } : null);
    });
  });
}

/** @param {HTMLTextAreaElement} field @param {string} chip */
function add(field, chip) {
  if (!field.value.includes(chip)) field.value = [field.value.trim(), chip].filter(Boolean).join(", ");
}

const GOOD = () => [t("true"), t("helpful"), t("well written"), t("in the right manner"), t("original")];
const BAD = () => [t("wrong"), t("off topic"), t("repeats itself"), t("too long"), t("too short"), t("rude")];

/** Ticks and sliders; a slider counts once it was moved. @param {Labels} known */
export function labelsForm(known) {
  /** @type {Map<string, HTMLInputElement>} */
  const fields = new Map();
  const rows = [...TICKS, ...SCALES].map((name) => {
    const scale = SCALES.includes(name);
    const field = scale
      ? element("input", { type: "range", min: 0, max: 1, step: 0.25, value: known[name]?.value ?? 0.5 })
      : element("input", { type: "checkbox" });
    if (!scale) field.checked = known[name]?.value === 1;
    field.dataset.set = String(name in known);
    field.addEventListener("input", () => {
      field.dataset.set = "true";
    });
    fields.set(name, field);
    return element("label", {}, field, ` ${NAMES()[name]}`);
  });
  const read = () => {
    const set = [...fields].filter(([, field]) => field.dataset.set === "true");
    if (!set.length) return undefined;
    return Object.fromEntries(
      set.map(([name, field]) => {
        const value = field.type === "range" ? field.valueAsNumber : Number(field.checked);
        return [name, { value, count: 1 }];
      }),
    );
  };
  return { box: element("div", { class: "reasons" }, ...rows), read };
}
