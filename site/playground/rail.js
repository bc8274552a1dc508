/**
 * The rail beside the text: one panel at a time, chosen by tabs. On a narrow screen the tabs are at the foot
 * of the screen, and the panel is a sheet above them that can be closed.
 */

import { element } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { MountedPanel, RailPanel } from "./rail-panels.js" */
/**
 * @typedef {{id: string, tab: HTMLButtonElement, box: HTMLElement, panel: RailPanel | null,
 *   followsToken: boolean, mounted: Promise<MountedPanel> | null}} Entry
 */

/** Narrower than this the panel is a sheet; the same width is in rail.css. */
const NARROW = "(max-width: 61.99rem)";

export class Rail {
  #root;
  #session;
  #tabs;
  #close = element("button", {
    type: "button",
    class: "quiet rail-close",
    "aria-label": t("Close the panel"),
  });
  #narrow = matchMedia(NARROW);
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Entry | null} */
  #open = null;

  /**
   * @param {HTMLElement} root with an empty tab list, and a `<section data-panel data-label>` for each panel,
   *   with `data-follows-token` where it is about the selected token
   * @param {{session: import("./session.js").PlaygroundSession, panels: RailPanel[]}} options panels besides
   *   these
   */
  constructor(root, { session, panels }) {
    this.#root = root;
    this.#session = session;
    this.#tabs = /** @type {HTMLElement} */ (root.querySelector("[role=tablist]"));
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-panel]"))) {
      this.#add(box.dataset.panel ?? "", box.dataset.label ?? "", box, null);
    }
    for (const panel of panels) {
      const box = element("section", { class: "rail-panel" });
      root.append(box);
      this.#add(panel.id, panel.label, box, panel);
    }
    this.#close.append(element("span", { "aria-hidden": "true" }, "×"));
    this.#close.addEventListener("click", () => this.close());
    this.#tabs.after(this.#close);
    root.addEventListener("keydown", (event) => this.#press(event));
    this.#narrow.addEventListener("change", () => this.#fit());
    this.#fit();
  }

  /** @param {string} id @param {string} label @param {HTMLElement} box @param {RailPanel | null} panel */
  #add(id, label, box, panel) {
    box.id = `rail-${id}`;
    const tab = element(
      "button",
      { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": box.id },
      label,
    );
    box.setAttribute("role", "tabpanel");
    box.setAttribute("aria-labelledby", tab.id);
    const followsToken = panel?.followsToken ?? box.hasAttribute("data-follows-token");
    const entry = { id, tab, box, panel, followsToken, mounted: null };
    tab.addEventListener("click", () => {
      if (this.#open === entry && this.#narrow.matches) this.close();
      else this.open(id);
    });
    this.#tabs.append(tab);
    this.#entries.push(entry);
  }

  /** Opens a panel; the focus stays where it is. @param {string} id */
  open(id) {
    const entry = this.#entries.find((one) => one.id === id);
    if (entry) this.#show(entry);
  }

  /** Opens a panel about the selected token, unless another such panel is open. @param {string} id */
  openForToken(id) {
    if (!this.#open?.panel?.followsToken) this.open(id);
  }

  /** Closes the sheet of a narrow screen. */
  close() {
    const tab = this.#open?.tab;
    this.#show(null);
    tab?.focus();
  }

  /** Closes the sheet without moving the focus. */
  fold() {
    if (this.#narrow.matches) this.#show(null);
  }

  /** A wide screen always has a panel; a narrow one begins with the text. */
  #fit() {
    this.#show(this.#narrow.matches ? null : (this.#open ?? this.#entries[0]));
  }

  /** @param {Entry | null} entry */
  #show(entry) {
    const before = this.#open;
    this.#open = entry;
    this.#root.toggleAttribute("data-open", entry !== null);
    for (const { tab, box } of this.#entries) {
      tab.setAttribute("aria-selected", String(tab === entry?.tab));
      tab.tabIndex = tab === (entry ?? this.#entries[0]).tab ? 0 : -1;
      box.hidden = box !== entry?.box;
    }
    if (before === entry) return;
    before?.mounted?.then((panel) => panel.shown?.(false));
    if (entry?.panel) this.#mount(entry);
  }

  /** @param {Entry} entry */
  async #mount(entry) {
    entry.mounted ??= this.#load(entry);
    try {
      const mounted = await entry.mounted;
      if (this.#open === entry) mounted.shown?.(true);
    } catch (error) {
      entry.mounted = null; // opening it again tries again
      this.#session.complain(error);
    }
  }

  /** @param {Entry} entry @returns {Promise<MountedPanel>} */
  async #load({ panel, box }) {
    const module = await panel?.load();
    return module?.mount({ session: this.#session, element: box }) ?? {};
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key === "Escape" && this.#narrow.matches && this.#open && !this.#session.busy) {
      event.stopPropagation();
      return this.close();
    }
    const entries = this.#entries.filter(({ tab }) => !tab.hidden);
    const at = entries.findIndex(({ tab }) => tab === event.target);
    const { length } = entries;
    /** @type {Record<string, number>} */
    const targets = { ArrowRight: at + 1, ArrowLeft: at - 1 + length, Home: 0, End: length - 1 };
    if (at < 0 || !Object.hasOwn(targets, event.key)) return;
    event.preventDefault();
    const entry = entries[targets[event.key] % length];
    if (!this.#narrow.matches) this.#show(entry);
    entry.tab.focus();
  }
}
