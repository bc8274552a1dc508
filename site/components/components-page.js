/**
 * The page of components: every example is made by the code that the pages use. An example of HTML is a
 * template, shown as it works and as its source; one of a script is made below, by the line beside it.
 */

import { chart, loadPlot } from "../ui/chart.js";
import { Controls } from "../ui/controls.js";
import { element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { showFieldProblem } from "../ui/field-problem.js";
import { ProgressView } from "../ui/progress.js";
import { problem, StatusLine } from "../ui/status.js";

/** @typedef {(box: HTMLElement) => void | Promise<void>} Maker */

/** @type {import("../ui/control-kinds.js").Parameter} */
const TEMPERATURE = {
  name: "temperature",
  label: "Temperature",
  sentence: "Higher values make unlikely words likelier; 0 always takes the likeliest.",
  kind: "number",
  default: 0.8,
  minimum: 0,
  maximum: 2,
  step: 0.05,
  choices: [],
};

/** @type {import("../ui/control-kinds.js").Parameter} */
const SEED = {
  ...TEMPERATURE,
  name: "seed",
  label: "Seed",
  sentence: "The same seed gives the same text.",
  kind: "integer",
  default: 7,
  maximum: 1e9,
  step: 1,
};

const onChange = () => {};
const file = "model.safetensors";

/** Parts of a progress view, whose phases are announced in a status line. @param {HTMLElement} box */
function progressIn(box) {
  const status = element("p", { role: "status" });
  const bar = element("progress", { "aria-label": "Progress of an example" });
  const label = element("p", { class: "note" });
  const progressBox = element("div", { class: "progress-box", hidden: true }, bar, label);
  box.append(status, progressBox);
  return new ProgressView({ box: progressBox, bar, label }, new StatusLine(status).say);
}

/** @type {Record<string, Maker>} */
const MAKERS = {
  control(box) {
    const controls = new Controls({ prefix: "example", onChange });
    box.append(controls.add(TEMPERATURE), controls.add(SEED));
  },
  folded(box) {
    const controls = new Controls({ prefix: "folded", folded: true, onChange });
    box.append(controls.add(TEMPERATURE));
  },
  fieldProblem(box) {
    const field = element("input", { type: "url", id: "example-address", value: "htp:/example" });
    box.append(element("label", { for: field.id }, "Address of a model"), field);
    showFieldProblem(field, "Enter an address that begins with https://");
  },
  drops(box) {
    const said = element("p", { class: "note", role: "status" }, "No file was dropped yet.");
    box.append(said);
    acceptDrops({
      onFiles: (files) => {
        said.textContent = files.map(({ name }) => name).join(", ");
      },
      onDrag: (dragging) => document.body.toggleAttribute("data-dragging", dragging),
    });
  },
  complaint(box) {
    const line = element("p", { role: "status" });
    box.append(line);
    const status = new StatusLine(line);
    status.complain(problem("The model could not be loaded.", "Check the connection, then try again."));
  },
  progress(box) {
    progressIn(box).show({ status: "model", file, loaded: 3_100_000, total: 4_900_000 });
  },
  waiting(box) {
    progressIn(box).show({ status: "engine", file, loaded: 0, total: 0 });
  },
  async picture(box) {
    const x = Array.from({ length: 21 }, (_, index) => 5 * index);
    const series = [0.55, 0.3].map((rate, index) => ({
      name: index ? "with a warm-up" : "without",
      x,
      y: x.map((step) => 1 + 4 * Math.exp((-rate * step) / 10)),
    }));
    await loadPlot();
    box.append(chart({ title: "Loss", x: { label: "step" }, y: { label: "bits" }, series }));
  },
};

/** @param {string} source */
function codeOf(source) {
  return element("pre", { tabindex: 0, "aria-label": "Code" }, element("code", {}, source));
}

for (const figure of document.querySelectorAll(".example")) {
  const box = element("div", { class: "example-box" });
  figure.querySelector("figcaption")?.after(box);
  const template = figure.querySelector("template");
  if (template) {
    box.append(template.content.cloneNode(true));
    figure.append(codeOf(template.innerHTML.trim().replaceAll('=""', "")));
  }
  MAKERS[figure.getAttribute("data-makes") ?? ""]?.(box);
}

for (const [index, item] of document.querySelectorAll(".sizes > li").entries()) {
  /** @type {HTMLElement} */ (item).style.fontSize = `var(--size-${index + 1})`;
}
for (const item of document.querySelectorAll(".swatches > li")) {
  const swatch = /** @type {HTMLElement} */ (item.firstElementChild);
  swatch.style.background = `var(${item.textContent})`;
}
