// Inside the iframe: one <goose-quill>, set up by the address, and commanded by the page around it if that
// page asks. The page hands over one end of a channel, once; it must be the parent window and of the origin
// that the address names (?parent=https://example.org). Everything else that arrives is ignored.

import { ATTRIBUTES } from "../widget/settings.js";
import { COMMANDS, CONNECT, EVENTS } from "./frame-protocol.js";
import "../widget/goose-quill.js";

/** @typedef {import("../widget/goose-quill.js").GooseQuill} GooseQuill */

const element = /** @type {GooseQuill} */ (document.querySelector("goose-quill"));
const address = new URLSearchParams(location.search);
const parentOrigin = address.get("parent");

/** The address may set what an attribute may, but not where the engine or a model comes from. */
const SETTABLE = ATTRIBUTES.filter((name) => name !== "engine" && name !== "model");
for (const [name, value] of address) if (SETTABLE.includes(name)) element.setAttribute(name, value);

/** @param {MessageEvent} event */
function isOurs(event) {
  const ancestor = location.ancestorOrigins?.[0];
  return (
    event.source === window.parent &&
    window.parent !== window &&
    event.origin === parentOrigin &&
    (ancestor === undefined || ancestor === parentOrigin) &&
    event.data?.type === CONNECT &&
    event.ports.length === 1
  );
}

/** @param {MessageEvent} event */
function handOver(event) {
  if (!isOurs(event)) return;
  removeEventListener("message", handOver);
  const [port] = event.ports;
  for (const name of EVENTS) {
    element.addEventListener(name, (happened) => {
      port.postMessage({ type: "event", name, detail: /** @type {CustomEvent} */ (happened).detail });
    });
  }
  port.onmessage = ({ data }) => obey(port, data);
  port.postMessage({ type: "connected" });
}

/** @param {MessagePort} port @param {any} message */
async function obey(port, message) {
  const { id, command, argument } = message ?? {};
  try {
    if (!COMMANDS.includes(command)) throw new TypeError(`unknown command: ${command}`);
    port.postMessage({ type: "result", id, value: await run(command, argument) });
  } catch (error) {
    const { code = "internal", message: text, remedy = "", name } = /** @type {any} */ (error);
    port.postMessage({
      type: "result",
      id,
      error: { code: name === "AbortError" ? "aborted" : code, message: text, remedy },
    });
  }
}

/** @param {string} command @param {unknown} argument */
function run(command, argument) {
  if (command === "set") return set(argument);
  if (command === "generate") return element.generate(argument === undefined ? undefined : String(argument));
  if (command === "load") return element.load();
  if (command === "retry") return element.retry();
  if (command === "clear") return element.clear();
  return element.abort();
}

/** @param {unknown} values attributes by name; null takes one away */
function set(values) {
  for (const [name, value] of Object.entries(/** @type {Record<string, unknown>} */ (values ?? {}))) {
    if (!SETTABLE.includes(name)) throw new TypeError(`not an attribute that can be set here: ${name}`);
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, String(value));
  }
}

addEventListener("message", handOver);
