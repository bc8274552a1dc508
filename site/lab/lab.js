/**
 * The script of the laboratory's pages: brings the experiments and figures of an article to life, which stand
 * in its HTML as pictures. An experiment is in frame.js.
 */

import { FILES } from "../engine/root.js";
import { problem, StatusLine } from "../ui/status.js";
import { Addresses } from "./addresses.js";
import { Experiment } from "./frame.js";
import { Runner } from "./runner.js";

const HERE = new URL("lab/", FILES);
const runner = new Runner(new URL(FILES));
const addresses = new Addresses();
/** @type {Experiment[]} */
const experiments = [];

/** The module that draws an experiment, and what the build computed of it. @param {string} name */
async function load(name) {
  const [module, response] = await Promise.all([
    import(new URL(`${name}.js`, HERE).href),
    fetch(new URL(`first/${name}.json`, HERE)),
  ]);
  if (!response.ok) throw new Error(`lab/first/${name}.json: ${response.status}`);
  return { module, first: await response.json() };
}

/** All elements of one experiment. @param {string} name */
async function mount(name) {
  const { module, first } = await load(name);
  const own = document.querySelectorAll(`[data-experiment="${name}"]`);
  const roots = own.length ? [.../** @type {NodeListOf<HTMLElement>} */ (own)] : [detached()];
  const mounted = roots.map((root, index) => {
    const unique = index ? `${name}-${index + 1}` : name;
    const onChange = addresses.write;
    const experiment = new Experiment({
      root,
      name,
      first,
      module,
      runner,
      prefix: `lab-${unique}`,
      onChange,
    });
    if (root.isConnected) addresses.add(unique, experiment);
    return experiment;
  });
  experiments.push(...mounted);
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll(`[data-figure="${name}"]`)
  )) {
    mounted[0].addFigure(place, place.dataset.part ?? "");
  }
}

/** The root of an experiment of which the page has only figures. */
function detached() {
  return document.createElement("section");
}

/** The names of the page's experiments, in their order. */
function names() {
  const places = /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll("[data-experiment], [data-figure]")
  );
  return new Set([...places].map(({ dataset }) => dataset.experiment ?? dataset.figure ?? ""));
}

/** Says beside a picture that the build has drawn that nothing can be changed now. @param {string} name */
function complain(name) {
  for (const line of document.querySelectorAll(`[data-experiment="${name}"] .lab-status`))
    new StatusLine(/** @type {HTMLElement} */ (line)).complain(
      problem("This experiment could not be loaded.", "Check the connection and reload the page."),
    );
}

async function start() {
  for (const name of names()) await mount(name).catch(() => complain(name));
  addEventListener("hashchange", ({ newURL }) => addresses.apply(new URL(newURL).hash));
  // A link to the settings that the address has already changes nothing, but should show the experiment.
  document.addEventListener("click", ({ target }) => {
    const link = target instanceof Element && target.closest("a.lab-try");
    if (link && link.getAttribute("href") === location.hash) addresses.apply(location.hash);
  });
}

Object.assign(globalThis, {
  goosequillLab: {
    /** The last result of an experiment, as plain objects and arrays. @param {string} name */
    data: (name) => experiments.find((experiment) => experiment.name === name)?.data,
  },
});

start();
