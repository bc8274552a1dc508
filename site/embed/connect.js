/**
 * For a page that embeds Goosequill as an iframe, to call its methods and receive its events:
 *
 *     const quill = await connect(document.querySelector("iframe"));
 *     quill.addEventListener("done", (event) => console.log(event.detail.text));
 *     await quill.generate("Once upon a time");
 *
 * The iframe's address must name this page's origin: frame.html?parent=https://example.org
 */

import { COMMANDS, CONNECT } from "./frame-protocol.js";

/** Milliseconds between two attempts to reach the frame. */
const INTERVAL = 400;
const ATTEMPTS = 25;

/** @typedef {{resolve: (value: any) => void, reject: (error: Error) => void}} Waiting */

/** The element in the iframe: its events, and a method for each command. */
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
    return this.#send("set", attributes);
  }

  load() {
    return this.#send("load");
  }

  /** @param {string} [text] @returns {Promise<string>} */
  generate(text) {
    return this.#send("generate", text);
  }

  /** @returns {Promise<string>} */
  retry() {
    return this.#send("retry");
  }

  abort() {
    return this.#send("abort");
  }

  clear() {
    return this.#send("clear");
  }

  /** @param {string} command @param {unknown} [argument] @returns {Promise<any>} */
  #send(command, argument) {
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
 * Connects to the iframe: passes one end of a channel to it, and only to its own origin.
 * @param {HTMLIFrameElement} iframe
 * @returns {Promise<Remote>}
 */
export async function connect(iframe) {
  const address = new URL(iframe.src, document.baseURI);
  if (address.searchParams.get("parent") !== location.origin) {
    throw new TypeError(`The iframe's address must name this page: add ?parent=${location.origin} to it.`);
  }
  /** @type {MessagePort[]} */
  const ports = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let attempts;
  /** @type {MessagePort | undefined} */
  let answered;
  try {
    answered = await new Promise((resolve, reject) => {
      // A frame that is still loading receives nothing, so there are several attempts. It answers through the
      // first port that it receives, which need not be the last one sent: all stay open until then.
      const attempt = () => {
        if (ports.length === ATTEMPTS) reject(new Error(`Goosequill did not answer at ${address.origin}.`));
        else ports.push(offer(iframe, address.origin, resolve));
      };
      attempts = setInterval(attempt, INTERVAL);
      attempt();
    });
  } finally {
    clearInterval(attempts);
    for (const port of ports) if (port !== answered) port.close();
  }
  return new Remote(/** @type {MessagePort} */ (answered));
}

/**
 * @param {HTMLIFrameElement} iframe
 * @param {string} origin
 * @param {(port: MessagePort) => void} onAnswer
 * @returns {MessagePort} this page's end
 */
function offer(iframe, origin, onAnswer) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => {
    if (data?.type === "connected") onAnswer(port1);
  };
  try {
    iframe.contentWindow?.postMessage({ type: CONNECT }, origin, [port2]);
  } catch {
    // the frame has another origin until it has loaded
  }
  return port1;
}
