// For a page that embeds Goosequill as an iframe and wants to command it and to hear of its events:
//
//   const quill = await connect(document.querySelector("iframe"));
//   quill.addEventListener("done", (event) => console.log(event.detail.text));
//   await quill.generate("Once upon a time");
//
// The iframe's address must name this page's origin: frame.html?parent=https://example.org

import { COMMANDS, CONNECT } from "./frame-protocol.js";

const PATIENCE = 10_000; // milliseconds within which the frame has to answer

/** @typedef {{resolve: (value: any) => void, reject: (error: Error) => void}} Waiting */

/** The iframe's element as this page sees it: its events, and a method for each command. */
export class Remote extends EventTarget {
  #port;
  #lastId = 0;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();

  /** @param {MessagePort} port */
  constructor(port) {
    super();
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data);
  }

  /** @param {Record<string, string | number | null>} attributes */
  set(attributes) {
    return this.#ask("set", attributes);
  }

  load() {
    return this.#ask("load");
  }

  /** @param {string} [text] @returns {Promise<string>} */
  generate(text) {
    return this.#ask("generate", text);
  }

  /** @returns {Promise<string>} */
  retry() {
    return this.#ask("retry");
  }

  abort() {
    return this.#ask("abort");
  }

  clear() {
    return this.#ask("clear");
  }

  /** @param {string} command @param {unknown} [argument] @returns {Promise<any>} */
  #ask(command, argument) {
    if (!COMMANDS.includes(command)) throw new TypeError(`unknown command: ${command}`);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, command, argument });
    });
  }

  /** @param {any} message */
  #receive(message) {
    if (message.type === "event") {
      this.dispatchEvent(new CustomEvent(message.name, { detail: message.detail }));
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) waiting?.reject(Object.assign(new Error(message.error.message), message.error));
    else waiting?.resolve(message.value);
  }
}

/**
 * Hands one end of a channel to the iframe, to its own origin and nobody else's.
 * @param {HTMLIFrameElement} iframe
 * @returns {Promise<Remote>}
 */
export async function connect(iframe) {
  const address = new URL(iframe.src, document.baseURI);
  if (address.searchParams.get("parent") !== location.origin) {
    throw new TypeError(`The iframe's address has to name this page: add ?parent=${location.origin} to it.`);
  }
  const deadline = Date.now() + PATIENCE;
  // A frame that is still loading hears nothing, so it is asked again; it takes the first port only.
  while (Date.now() < deadline) {
    const port = await ask(iframe, address.origin);
    if (port) return new Remote(port);
  }
  throw new Error(`No Goosequill answered at ${address.origin}.`);
}

/** @param {HTMLIFrameElement} iframe @param {string} origin @returns {Promise<MessagePort | null>} */
function ask(iframe, origin) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      port1.close();
      resolve(null);
    }, 400);
    port1.onmessage = ({ data }) => {
      if (data?.type !== "connected") return;
      clearTimeout(timer);
      resolve(port1);
    };
    try {
      iframe.contentWindow?.postMessage({ type: CONNECT }, origin, [port2]);
    } catch {
      // the frame holds another page until it has loaded
    }
  });
}
