// For a page that embeds Goosequill as an iframe and wants to command it and to hear of its events:
//
//   const quill = await connect(document.querySelector("iframe"));
//   quill.addEventListener("done", (event) => console.log(event.detail.text));
//   await quill.generate("Once upon a time");
//
// The iframe's address must name this page's origin: frame.html?parent=https://example.org

import { COMMANDS, CONNECT } from "./frame-protocol.js";

const PAUSE = 400; // milliseconds until the frame is asked again
const ATTEMPTS = 25;

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
  /** @type {MessagePort[]} */
  const ports = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let asking;
  /** @type {MessagePort | undefined} */
  let taken;
  try {
    taken = await new Promise((resolve, reject) => {
      // A frame that is still loading hears nothing, so it is asked again. It answers through the first
      // port that it hears of, which need not be the last: so all stay open until then.
      const ask = () => {
        if (ports.length === ATTEMPTS) reject(new Error(`No Goosequill answered at ${address.origin}.`));
        else ports.push(offer(iframe, address.origin, resolve));
      };
      asking = setInterval(ask, PAUSE);
      ask();
    });
  } finally {
    clearInterval(asking);
    for (const port of ports) if (port !== taken) port.close();
  }
  return new Remote(/** @type {MessagePort} */ (taken));
}

/**
 * @param {HTMLIFrameElement} iframe
 * @param {string} origin
 * @param {(port: MessagePort) => void} take
 * @returns {MessagePort} this page's end
 */
function offer(iframe, origin, take) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => {
    if (data?.type === "connected") take(port1);
  };
  try {
    iframe.contentWindow?.postMessage({ type: CONNECT }, origin, [port2]);
  } catch {
    // the frame holds another page until it has loaded
  }
  return port1;
}
