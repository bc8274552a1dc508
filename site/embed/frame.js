/**
 * Inside the iframe: one <goose-quill>, configured by the address and, if the outer page connects, controlled
 * by it. The page passes one end of a channel, once; it must be the parent window and have the origin that
 * the address names (?parent=https://example.org). All other messages are ignored.
 */

import "./frame-language.js";
import "../ui/stray-drops.js";
import { ATTRIBUTES } from "../widget/settings.js";
import { COMMANDS, CONNECT, EVENTS } from "./frame-protocol.js";
import "../widget/goose-quill.js";

/** @import { GooseQuill } from "../widget/goose-quill.js" */

const element = /** @type {GooseQuill} */ (document.querySelector("goose-quill"));
const address = new URLSearchParams(location.search);
const parentOrigin = address.get("parent");

/** The address may set any attribute but those for where the engine, the model and its adapter come from. */
const SETTABLE = ATTRIBUTES.filter((name) => !["engine", "model", "adapter"].includes(name));
for (const [name, value] of address) if (SETTABLE.includes(name)) element.setAttribute(name, value);

/** @param {MessageEvent} event */
function isConnect(event) {
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
function connect(event) {
  if (!isConnect(event)) return;
  removeEventListener("message", connect);
  const [port] = event.ports;
  for (const name of EVENTS) {
    element.addEventListener(name, (event) => {
      port.postMessage({ type: "event", name, detail: /** @type {CustomEvent} */ (event).detail });
    });
  }
  port.onmessage = ({ data }) => handle(port, data);
  port.postMessage({ type: "connected" });
}

/** @param {MessagePort} port @param {any} message */
async function handle(port, message) {
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

/** @param {unknown} values attributes by name; null removes one */
function set(values) {
  for (const [name, value] of Object.entries(/** @type {Record<string, unknown>} */ (values ?? {}))) {
    if (!SETTABLE.includes(name)) throw new TypeError(`this attribute cannot be set here: ${name}`);
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, String(value));
  }
}

addEventListener("message", connect);
