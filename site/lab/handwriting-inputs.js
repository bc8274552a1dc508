/** The inputs of the experiment "handwriting": a pad to scribble on, and the visitor's own samples. */

import { fileText } from "../ui/bounded-file.js";
import { download, element } from "../ui/dom.js";
import { refuseInFrame } from "../ui/framed.js";
import { pad } from "../ui/pad.js";
import { added, LARGEST_FILE, load, placesOf, read, sampleOf, save } from "./handwriting-samples.js";

/** @import { InputOptions } from "./frame.js" */

/** @param {InputOptions} options */
export function inputs({ element: place, run, problem }) {
  let samples = load();
  const list = element("ul", { class: "hand-samples", "data-testid": "samples" });
  const label = element("input", {
    maxlength: 1,
    "aria-label": "The letter on the pad",
    autocomplete: "off",
  });
  const chooser = element("input", { type: "file", accept: ".json", "aria-label": "A file of samples" });
  const many = element("p", { class: "note", role: "status" });

  const compute = () => {
    const strokes = surface.strokes.map(placesOf);
    const data = { ...(strokes.length ? { strokes } : {}), ...(samples.length ? { samples } : {}) };
    run({ data: Object.keys(data).length ? data : null });
  };
  const surface = pad({
    label: "Scribble up to eight letters here",
    ratio: 2.6,
    onStrokes: (_, { isDrawing }) => isDrawing || compute(),
  });
  const attempt = async (/** @type {() => void | Promise<void>} */ act) => {
    try {
      await act();
    } catch (error) {
      problem(error);
    }
  };
  const show = () => {
    many.textContent = samples.length
      ? `You have ${samples.length} of your own.`
      : "You have none of your own yet.";
    list.replaceChildren(
      ...samples.map((sample, index) =>
        element(
          "li",
          {},
          element(
            "button",
            {
              type: "button",
              class: "quiet",
              "aria-label": `Delete sample ${index + 1}, ${sample.label}`,
              onclick: () => remove(samples.filter((each) => each !== sample)),
            },
            `${sample.label} ×`,
          ),
        ),
      ),
    );
  };
  const change = (/** @type {typeof samples} */ next) => {
    samples = next;
    show();
    compute();
    attempt(() => save(samples));
  };
  const remove = (/** @type {typeof samples} */ rest) =>
    attempt(() => {
      refuseInFrame();
      change(rest);
    });
  const keep = () =>
    attempt(() => {
      change(added(samples, [sampleOf(label.value.trim(), surface.strokes)]));
      label.value = "";
    });
  chooser.addEventListener("change", async () => {
    const file = chooser.files?.[0];
    if (!file) return;
    chooser.value = "";
    attempt(async () => change(added(samples, read(await fileText(file, LARGEST_FILE, "")))));
  });
  const button = (/** @type {string} */ words, /** @type {() => void} */ act) =>
    element("button", { type: "button", onclick: act }, words);
  const own = element(
    "details",
    { "data-testid": "own-samples" },
    element("summary", {}, "Teach it your own letters"),
    element(
      "p",
      {},
      "Draw one letter on the pad, type which it is, and keep it. It is then a template like those of the fonts. " +
        "Your samples stay in this browser.",
    ),
    element("div", { class: "lab-actions hand-keep" }, label, button("Keep this letter", keep)),
    many,
    list,
    element(
      "div",
      { class: "lab-actions" },
      button("Save as JSON", () => download("letters.json", JSON.stringify(samples), "application/json")),
      button("Delete all", () => remove([])),
    ),
    element("p", { class: "note" }, "Samples that you have saved:"),
    chooser,
  );
  place.append(
    element("p", { class: "note" }, "Scribble here, or let the sample below be written for you."),
    surface,
    own,
  );
  show();
  if (samples.length) run({ data: { samples } });
  return {
    reset: () => {
      surface.clear();
      if (samples.length) queueMicrotask(compute); // the frame has forgotten the data
    },
  };
}
