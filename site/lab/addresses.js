/**
 * The settings of a page's experiments in its address, behind `#`. The first experiment's have their plain
 * names, `#degree=9&seed=3`; those of others begin with their name, `#sta.window=40`. An address without "="
 * is a heading's, and changes no settings.
 */

import { readAddress, writeAddress } from "../ui/address.js";
import { debounce } from "../ui/dom.js";

/** @typedef {Pick<import("./frame.js").Experiment, "values" | "restore" | "reveal">} Addressed */

/** Milliseconds: browsers refuse an address that changes too often. */
const WAIT = 150;

export class Addresses {
  /** Each experiment by what its names begin with. @type {Map<string, Addressed>} */
  #experiments = new Map();

  /** @param {string} name unique on the page @param {Addressed} experiment */
  add(name, experiment) {
    const prefix = this.#experiments.size ? `${name}.` : "";
    this.#experiments.set(prefix, experiment);
    experiment.restore(this.#valuesOf(prefix, location.hash));
  }

  /** Writes all settings, a moment after the last call. */
  write = debounce(() => {
    const values = [...this.#experiments].flatMap(([prefix, experiment]) =>
      [...experiment.values()].map(
        ([name, value]) => /** @type {[string, string]} */ ([prefix + name, value]),
      ),
    );
    if (values.length || location.hash.includes("=")) writeAddress(new Map(values));
  }, WAIT);

  /** Takes the settings of an address. @param {string} hash in place of which `write` may have put its own */
  apply(hash) {
    if (!hash.includes("=")) return;
    const changed = [...this.#experiments].filter(([prefix, experiment]) =>
      experiment.restore(this.#valuesOf(prefix, hash)),
    );
    if (hash !== location.hash) this.write();
    const [[, experiment]] = changed.length ? changed : this.#experiments;
    experiment.reveal();
  }

  /** @param {string} prefix @param {string} hash @returns {Map<string, string>} */
  #valuesOf(prefix, hash) {
    const own = [...readAddress({ search: "", hash: hash.includes("=") ? hash : "" })];
    const named = own.filter(([key]) => key.startsWith(prefix) && (prefix || !key.includes(".")));
    return new Map(named.map(([key, value]) => [key.slice(prefix.length), value]));
  }
}
