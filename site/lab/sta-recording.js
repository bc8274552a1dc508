/**
 * The visitor's own recording: one or two files, chosen, dropped or pasted. They are read in Python
 * (goosequill.lab.recordings), which says what is wrong with them; here only their number and size are
 * checked.
 */

import { fileBytes } from "../ui/bounded-file.js";
import { element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { problem as problemOf } from "../ui/status.js";

/** @import { InputOptions } from "./frame.js" */
/** @typedef {{name: string, bytes: Uint8Array}} Named */

/** Bytes of a file, at most; Python checks it again. */
const LARGEST_FILE = 64_000_000;

/**
 * The data of a run with these files.
 * @param {Named[]} files
 */
export function dataOf([first, second]) {
  return {
    stimulus: first.bytes,
    stimulus_name: first.name,
    ...(second ? { spikes: second.bytes, spikes_name: second.name } : {}),
  };
}

/**
 * Reads one or two files.
 * @param {File[]} files
 * @returns {Promise<Named[]>}
 */
export async function readFiles(files) {
  if (files.length > 2)
    throw problemOf(
      `These are ${files.length} files.`,
      "Give one with two columns, or two with one column each: the stimulus, and 0 or 1 for the spikes.",
    );
  const remedy = "Cut the recording, or save fewer digits.";
  const bytes = await Promise.all(files.map((file) => fileBytes(file, LARGEST_FILE, remedy)));
  return files.map(({ name }, index) => ({ name, bytes: bytes[index] }));
}

/** @param {InputOptions} options */
export function inputs({ element: place, run, problem }) {
  const note = element("p", { class: "note", role: "status", "data-testid": "own-recording" });
  const chooser = element("input", {
    type: "file",
    multiple: true,
    accept: ".csv,.tsv,.txt,.npy",
    "aria-label": "Files of a recording",
  });
  const field = element("textarea", {
    rows: 5,
    spellcheck: false,
    "aria-label": "Pasted recording",
    placeholder: "stimulus,spike\n0.31,0\n-1.2,0\n0.97,1",
  });
  const back = element(
    "button",
    { type: "button", class: "quiet", hidden: true },
    "Back to the built-in neurons",
  );
  let latest = 0;

  const clear = () => {
    latest++;
    note.textContent = "";
    chooser.value = "";
    field.value = "";
    back.hidden = true;
  };
  const use = (/** @type {Named[]} */ files) => {
    note.textContent = `Your recording: ${files.map(({ name }) => name).join(" and ")}. It stays in this page.`;
    back.hidden = false;
    run({ data: dataOf(files) });
  };
  const take = async (/** @type {File[]} */ files) => {
    if (!files.length) return;
    const mine = ++latest;
    try {
      const read = await readFiles(files);
      if (mine === latest) use(read);
    } catch (error) {
      if (mine === latest) problem(error);
    }
  };
  const paste = () => {
    if (!field.value.trim()) return problem("Nothing is pasted.", "Paste one row for each sample.");
    latest++;
    use([{ name: "pasted text", bytes: new TextEncoder().encode(field.value) }]);
  };
  chooser.addEventListener("change", () => take([...(chooser.files ?? [])]));
  back.addEventListener("click", () => {
    clear();
    run({ data: null });
  });
  const details = element(
    "details",
    { "data-testid": "own-files" },
    element("summary", {}, "Use your own recording"),
    element(
      "p",
      {},
      "CSV or .npy, one row for each sample: the stimulus, and 1 where the neuron fired, 0 elsewhere. Either one " +
        "file with both columns, or two files. Up to 1,000,000 samples. Set the time step to that of your recording.",
    ),
    chooser,
    element("p", { class: "note" }, "You can also drop files here, or paste rows:"),
    field,
    element(
      "div",
      { class: "lab-actions" },
      element("button", { type: "button", onclick: paste }, "Use pasted rows"),
    ),
  );
  place.append(details, note, back);
  acceptDrops({ onFiles: take, target: place });
  return { reset: clear };
}
