/** The report to paste into a bug report: browser, features, results, and nothing of the visitor's. */

import { ROOT } from "../engine/root.js";
import { counts } from "./finding.js";

/** @import { Finding } from "./finding.js" */
/** @typedef {{title: string, findings: Finding[]}} Result */

/** A module that uses one instruction: valid only where a browser knows it. @param {number[]} body */
const knows = (body) =>
  Boolean(
    globalThis.WebAssembly?.validate(
      Uint8Array.from([
        ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, body.length + 4, 1],
        ...[body.length + 2, 0, ...body, 11],
      ]),
    ),
  );
const ZERO = [65, 0, 253, 15];

/** What the browser offers. @returns {Record<string, boolean>} */
export function features() {
  const scope = /** @type {any} */ (globalThis);
  return {
    "secure context": scope.isSecureContext,
    "isolated page": Boolean(scope.crossOriginIsolated),
    WebAssembly: "WebAssembly" in scope,
    SIMD: knows(ZERO),
    "relaxed SIMD": knows([...ZERO, ...ZERO, 253, 128, 2]),
    "shared memory": "SharedArrayBuffer" in scope,
    "private files": Boolean(scope.navigator.storage?.getDirectory),
    cache: "caches" in scope,
    locks: Boolean(scope.navigator.locks),
    "service worker": Boolean(scope.navigator.serviceWorker),
    "trusted types": "trustedTypes" in scope,
  };
}

/** Takes addresses out of a message: they may be private. @param {string} text */
export function withoutAddresses(text) {
  return text.replaceAll(ROOT, "").replace(/\b[a-z][a-z+.-]{1,20}:\/\/[^\s"'“”)]*/gi, "(address)");
}

/** "2 failed, 5 passed". @param {Finding[]} findings */
function stateOf(findings) {
  const words = Object.entries(counts(findings)).filter(([, count]) => count);
  return words.map(([outcome, count]) => `${count} ${outcome.replace("un", "not ")}`).join(", ") || "not run";
}

/**
 * In English, whatever the page's language is.
 * @param {Result[]} results
 * @param {string} version of the site, "" if it is unknown
 * @param {string} ended how the run ended
 */
export function reportOf(results, version, ended) {
  const { userAgent, hardwareConcurrency, deviceMemory } = /** @type {any} */ (navigator);
  const offered = Object.entries(features());
  const names = (/** @type {boolean} */ has) =>
    offered
      .filter(([, found]) => Boolean(found) === has)
      .map(([name]) => name)
      .join(", ") || "none";
  const machine = [
    `${hardwareConcurrency ?? "?"} cores`,
    deviceMemory && `at least ${deviceMemory} GB of memory`,
  ];
  const lines = [
    "Goosequill self-test",
    `Version: ${version || "unknown"}`,
    `Browser: ${userAgent}`,
    `Machine: ${machine.filter(Boolean).join(", ")}`,
    `Has: ${names(true)}`,
    `Lacks: ${names(false)}`,
    `Ended: ${ended}`,
  ];
  for (const { title, findings } of results) {
    lines.push("", `${title}: ${stateOf(findings)}`);
    for (const { title: name, outcome, milliseconds, detail } of findings)
      lines.push(`  ${outcome.padEnd(11)} ${name} (${milliseconds.toFixed(1)} ms): ${detail}`);
  }
  return `${withoutAddresses(lines.join("\n"))}\n`;
}
