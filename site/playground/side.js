/**
 * Decoders side by side: two to four decoders on one prompt or a list, written one after the other by one
 * model, with measures, votes and reports. This module connects the parts. The build writes the example at
 * the start.
 */

import { ModelPanel } from "../decoder/model-panel.js";
import { ROOT } from "../engine/root.js";
import { toMarkdown } from "../reports/export.js";
import { samplingText } from "../reports/sampling.js";
import { save } from "../reports/saving.js";
import { readAddress, writeAddress } from "../ui/address.js";
import { copyLink, copyText } from "../ui/clipboard.js";
import { byId, download, element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { Memory } from "../ui/memory.js";
import { ProgressView } from "../ui/progress.js";
import { showStartOrStop } from "../ui/start-stop.js";
import { problem, StatusLine } from "../ui/status.js";
import { t, translated } from "../ui/words.js";
import { DecoderColumns } from "./decoder-columns.js";
import { SideForm } from "./side-form.js";
import { shownOf } from "./side-report.js";
import { SideTexts } from "./side-texts.js";
import { VoteBox } from "./side-vote-box.js";
import { SideVotes } from "./side-votes.js";

/** @import { Best } from "./side-votes.js" */

class SidePage {
  #generate = byId("generate", "button");
  #stop = byId("stop", "button");
  #blind = byId("blind", "input");
  #add = byId("add", "button");
  #reset = byId("reset", "button");
  #saveBox = byId("save-box", "div");
  #shownBox = byId("shown-box", "div");
  #shownSelect = byId("shown", "select");
  #memory = new Memory("side");
  #votes = new SideVotes();
  #voteBox = new VoteBox(this.#votes, {
    onVote: (best) => this.#vote(best),
    onUndo: () => this.#undo(),
    titleOf: (name) =>
      translated(this.decoding.presets?.find((preset) => preset.name === name)?.title ?? name),
  });
  #status = new StatusLine(byId("status", "p"));
  #progress = new ProgressView(
    {
      box: byId("progress-box", "div"),
      bar: byId("progress", "progress"),
      label: byId("progress-label", "p"),
    },
    this.#status.say,
  );
  /** The index of the prompt that is shown. */
  #shown = 0;
  /** Set while texts are written. @type {AbortController | null} */
  #writing = null;

  /** @param {import("../decoder/choice.js").Decoding} decoding @param {any} example */
  constructor(decoding, example) {
    this.decoding = decoding;
    this.example = example;
    const { say, complain } = this.#status;
    this.form = new SideForm({ onChange: () => this.#store(), say, complain });
    this.columns = new DecoderColumns(byId("columns", "div"), {
      decoding,
      onChange: () => {
        this.#show();
        this.#store();
      },
    });
    this.texts = new SideTexts(this.columns);
    this.panel = new ModelPanel({
      busy: () => this.#writing !== null,
      changed: () => this.#show(),
      chosen: () => this.#store(),
      say,
      complain,
      progress: this.#progress,
      described: (description) => this.form.offer(description),
      hint: t("Nothing is downloaded until you press Generate or Load now."),
    });
  }

  start() {
    this.#listen();
    this.#restore(this.#memory.complete(readAddress()));
    if (!this.decoding.parts) this.#status.complain(t("The decoders could not be loaded. Reload the page."));
    this.panel.describe();
  }

  #listen() {
    this.#generate.addEventListener("click", () => this.#write());
    this.#stop.addEventListener("click", () => this.#cancel());
    this.#add.addEventListener("click", () => this.columns.add());
    this.#reset.addEventListener("click", () => {
      this.#restore(new Map());
      this.#store();
      this.#status.say(t("Everything is reset."));
    });
    byId("copy-link", "button").addEventListener("click", () => this.#share());
    this.#shownSelect.addEventListener("change", () => this.#showPrompt(Number(this.#shownSelect.value)));
    this.#saveBox.addEventListener("click", ({ target }) => {
      const format = target instanceof HTMLElement ? target.dataset.save : undefined;
      if (format) this.#save(format);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#write();
      } else if (event.key === "Escape") this.#cancel();
    });
    document.querySelector(".skip-link")?.addEventListener("click", (event) => {
      event.preventDefault(); // its target would replace the settings in the address
      this.form.focus();
    });
    addEventListener("hashchange", () => this.#restore(readAddress()));
  }

  /** Shows the page's current state. */
  #show() {
    const busy = this.panel.loading || this.#writing !== null;
    const { blind } = this.#votes;
    showStartOrStop(
      { start: this.#generate, stop: this.#stop },
      { busy, ready: Boolean(this.decoding.parts) },
    );
    this.#add.disabled = busy || blind || this.columns.full;
    this.#reset.disabled = busy;
    this.form.disabled = busy;
    this.#saveBox.hidden = busy || blind || !this.texts.any;
    this.#shownBox.hidden = this.texts.prompts.length < 2;
    if (blind) this.columns.shown = this.#votes.shuffle(this.columns.added, this.#shown);
    this.columns.show({ prompt: this.#shown, blind, busy });
    this.panel.showButtons();
    this.#voteBox.show({ visible: !busy && this.#canVote, count: this.columns.shown.length });
  }

  get #canVote() {
    const at = this.#shown;
    return at < this.texts.prompts.length && this.columns.isWritten(at) && !this.#votes.isJudged(at);
  }

  /** Shows the first of other prompts. */
  #promptsChanged() {
    this.#shown = 0;
    const options = this.texts.prompts.map((prompt, at) =>
      element("option", { value: at }, `${at + 1} · ${prompt.slice(0, 60)}`),
    );
    this.#shownSelect.replaceChildren(...options);
  }

  /** @param {number} at */
  #showPrompt(at) {
    this.#shown = at;
    this.#shownSelect.value = String(at);
    this.#show();
  }

  async #write() {
    if (this.#generate.disabled) return;
    const { prompts } = this.form;
    if (!prompts.length) {
      this.#status.complain(
        problem(t("The prompt is empty."), t("Type a few words for the model to continue.")),
      );
      return this.form.focus();
    }
    this.#store();
    try {
      const model = await this.panel.ensure();
      this.#writing = new AbortController();
      this.texts.clear(prompts, this.panel.title);
      this.#promptsChanged();
      this.#votes.begin({ blind: this.#blind.checked });
      for (const at of prompts.keys()) {
        this.#showPrompt(at);
        await this.texts.write(model, at, this.#run(this.#writing.signal));
        this.#votes.add(at);
      }
      this.#status.say(
        [t("Done. Which reads best?"), ...(model.info.notices ?? []).map(translated)].join(" "),
      );
    } catch (error) {
      this.#status.complain(error);
      if (!this.#votes.left) this.#votes.end(); // there is nothing to vote on
    } finally {
      this.#writing = null;
      this.#progress.hide();
      this.#showPrompt(this.#votes.next ?? this.#shown);
    }
  }

  /** @param {AbortSignal} signal @returns {import("./side-texts.js").Run} */
  #run(signal) {
    const { length, seed, ownSeeds } = this.form;
    const { say } = this.#status;
    const { show: onProgress, hide: onText } = this.#progress;
    return { length, seed, ownSeeds, signal, say, onProgress, onText, onResult: () => this.#show() };
  }

  #cancel() {
    this.panel.stop();
    this.#writing?.abort();
  }

  /** @param {Best} best */
  #vote(best) {
    this.#votes.vote(this.#shown, this.texts.sides(this.#shown), best);
    if (this.#votes.next !== undefined) {
      this.#showPrompt(this.#votes.next);
      return this.#status.say(t("Your vote is saved. {left} more to judge.", { left: this.#votes.left }));
    }
    const words =
      typeof best === "number"
        ? this.columns.shown[best]?.choice.title
        : { tie: t("tie"), both_bad: t("all are bad") }[best];
    this.#status.say(t("Your vote: {words}.", { words: words ?? "" }));
    this.#show();
  }

  #undo() {
    try {
      const prompt = this.#votes.undo();
      if (prompt === undefined) return;
      this.#showPrompt(prompt);
      this.#status.say(t("The last vote was undone. {left} more to judge.", { left: this.#votes.left }));
    } catch (error) {
      this.#status.complain(error);
    }
  }

  /** @param {string} format */
  #save(format) {
    const report = this.texts.report(this.form.seed);
    if (format === "report") download("goosequill-report.json", samplingText(report), "application/json");
    else if (format === "copy") copyText(toMarkdown(shownOf(report)), { say: this.#status.say });
    else save(format, shownOf(report));
  }

  #store() {
    const values = this.#values();
    this.#memory.write(values);
    writeAddress(values);
  }

  /** Copies a link that repeats the texts. */
  #share() {
    const { say } = this.#status;
    const values = this.#values();
    if (this.form.fitsAddress) return copyLink(values, { say });
    values.delete("prompt");
    return copyLink(values, {
      say,
      copied: t("The link is copied without the prompts, which are too long."),
    });
  }

  #values() {
    return new Map([["decoders", this.columns.value], ...this.form.values(), ...this.panel.values()]);
  }

  /** @param {Map<string, string>} values */
  #restore(values) {
    /** @type {import("./side-texts.js").ExampleEntry | undefined} */
    const first = this.example.prompts?.[0];
    const params = first?.results[0]?.sampling_params ?? {};
    this.form.restore(values, { ...params, prompt: first?.prompt });
    this.#votes.end();
    this.columns.value = values.get("decoders") ?? "";
    this.panel.restore(values);
    if (!values.size && first) this.texts.take(first, this.example.model_name);
    else this.texts.clear([], "");
    this.#promptsChanged();
    this.#show();
  }
}

const [decoding, example] = await Promise.all(
  ["ui/decoding.json", "playground/example.json"].map((name) => fetchDescription(new URL(name, ROOT))),
);
new SidePage(decoding, example).start();
