/**
 * The live column's server: its fields, and what its model writes. Fetched when a server is chosen.
 */

import { element } from "../ui/dom.js";
import { complete, knownSettings } from "../ui/openai-server.js";
import { ServerFields } from "../ui/server-fields.js";
import { t } from "../ui/words.js";
import { withTemplate } from "./live-report.js";

/** @import { Template, Writer } from "./live-report.js" */

/** The server brings the prompt into its own chat format. @type {Template} */
const CHAT = {
  name: "chat",
  title: t("The server's own"),
  before: "",
  between: "",
  after: "",
  stop: [],
};

export class LiveServer {
  #fields = new ServerFields({ prefix: "live-server" });
  #sendsAll = element("input", { type: "checkbox", id: "live-server-all" });
  #leftOut = element("p", { class: "note", role: "status" });
  /** Beside the templates that the page has. */
  template = CHAT;

  /** @param {HTMLElement} box */
  constructor(box) {
    const all = element(
      "label",
      { class: "check" },
      this.#sendsAll,
      t("Send every decoder setting, also those that only some servers know, such as Goosequill's"),
    );
    const note = t(
      "Any server with an OpenAI-compatible API. The prompts shown here are sent to it. The key is " +
        "kept in memory only, until you close this page.",
    );
    box.append(...this.#fields.nodes, all, this.#leftOut, element("p", { class: "note" }, note));
  }

  /**
   * What writes with the fields as they are. Throws if they cannot be right, and shows why.
   * @param {Record<string, any>} settings of the decoder
   * @param {Record<string, any>} [all] those of all decoders
   * @returns {Writer}
   */
  writer(settings, all = settings) {
    const { server } = this.#fields;
    const sendsAll = this.#sendsAll.checked;
    const { known } = knownSettings(settings);
    const names = sendsAll ? "" : knownSettings(all).others.join(", ");
    this.#leftOut.textContent =
      names && t("Not sent, because not every server supports these: {names}.", { names });
    const { max_new_tokens } = settings;
    return {
      source: `${server.base} ${server.model}`,
      name: server.model || new URL(server.base).host,
      args: [
        ["model", server.model],
        ["server", server.base],
      ],
      params: sendsAll ? settings : { ...known, max_new_tokens },
      write: (prompt, template, options) => {
        const continues = template !== CHAT;
        const text = continues ? withTemplate(template, prompt) : prompt;
        const { signal, ...own } = options;
        return piecesOf(complete({ ...server, prompt: text, continues, settings: own, sendsAll, signal }));
      },
    };
  }

  /** Shows an error at the field that caused it, if one did. @param {unknown} error */
  explain(error) {
    this.#fields.explain(error);
  }
}

/** @param {AsyncIterable<string>} texts */
async function* piecesOf(texts) {
  for await (const text of texts) yield { text };
}
