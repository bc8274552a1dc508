/**
 * A drawing as a file of its own: an SVG with its title, its legend, its source, the colours of the current
 * theme and the page's font inside it, or a PNG of that at twice its size. Loaded when something is saved.
 */

import { plainColor } from "./plain-color.js";
import { svgElement } from "./svg.js";

const PADDING = 16;
const TITLE = 26; // the height of the title's line
const SOURCE = 20; // and that of the source's
const LETTER = 6; // of the source, no narrower than most of its letters
const PNG_SCALE = 2;
const COLORS = ["fill", "stroke"];
const KEPT = ["fill-opacity", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity", "paint-order"];
const OF_TEXT = ["font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline"];

/** @typedef {{text: string, width: number, height: number}} Picture */

/**
 * @param {SVGSVGElement} svg in the page
 * @param {{title: string, source: string}} words
 * @returns {Promise<Picture>}
 */
export async function pictureOf(svg, { title, source }) {
  const figure = svg.closest("figure") ?? svg.parentElement ?? svg;
  const style = getComputedStyle(svg);
  const [paper, ink] = [colorIn(figure, "var(--chart-paper, var(--paper))"), colorIn(figure, "var(--ink)")];
  const words = { "font-family": style.fontFamily, fill: ink };
  const legend = legendParts(figure, words);
  const body = frozen(svg);
  const { width: drawnWidth, height: drawnHeight } = sizeOf(svg);
  body.setAttribute("width", String(drawnWidth));
  body.setAttribute("height", String(drawnHeight));
  place(body, PADDING, PADDING + TITLE + legend.height);
  const width = Math.max(drawnWidth, source.length * LETTER) + 2 * PADDING;
  const height = drawnHeight + 2 * PADDING + TITLE + legend.height + SOURCE;
  const heading = { ...words, x: PADDING, y: PADDING + 13, "font-size": 15, "font-weight": 600 };
  const picture = svgElement(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}` },
    svgElement("title", {}, title),
    svgElement("style", {}, await fontRule(style.fontFamily)),
    svgElement("rect", { width, height, fill: paper }),
    svgElement("text", heading, title),
    ...legend.parts,
    body,
    svgElement("text", { ...words, x: PADDING, y: height - PADDING, "font-size": 11 }, source),
  );
  return { text: new XMLSerializer().serializeToString(picture), width, height };
}

/**
 * @param {Picture} picture
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function pngOf({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = PNG_SCALE * width;
  canvas.height = PNG_SCALE * height;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!(blob instanceof Blob)) throw new Error("this browser could not encode the picture");
  return new Uint8Array(await blob.arrayBuffer());
}

/** As its attributes say; a drawing that fills its place has only a view box. @param {SVGSVGElement} svg */
function sizeOf(svg) {
  const [width, height] = [Number(svg.getAttribute("width")), Number(svg.getAttribute("height"))];
  return width && height ? { width, height } : svg.viewBox.baseVal;
}

/** A copy whose look no longer depends on the page. @param {SVGSVGElement} svg */
function frozen(svg) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  for (const [index, element] of copies.entries()) {
    const original = /** @type {Element} */ (originals[index]);
    if (original.matches(".chart-cursor, .knob")) element.remove();
    else freeze(element, original);
  }
  copy.removeAttribute("aria-hidden");
  return copy;
}

/** @param {Element} copy @param {Element} original */
function freeze(copy, original) {
  copy.removeAttribute("class");
  copy.removeAttribute("style");
  const leaf = copy.childElementCount === 0;
  if (!leaf) {
    for (const name of COLORS)
      if (/var\(|currentColor/.test(copy.getAttribute(name) ?? "")) copy.removeAttribute(name);
    return;
  }
  const style = getComputedStyle(original);
  for (const name of COLORS) copy.setAttribute(name, plainColor(style.getPropertyValue(name)));
  const text = copy.localName === "text" || copy.localName === "tspan";
  for (const name of text ? [...KEPT, ...OF_TEXT] : KEPT) {
    const value = style.getPropertyValue(name);
    if (value && value !== "normal") copy.setAttribute(name, value);
  }
}

/**
 * The legend of a figure as it stands in the page, if it has one.
 * @param {Element} figure
 * @param {Record<string, string>} words how its texts look
 */
function legendParts(figure, words) {
  const legend = figure.querySelector(".chart-legend, .chart-scale");
  if (!legend) return { parts: [], height: 0 };
  const box = legend.getBoundingClientRect();
  const parts = [...legend.querySelectorAll("svg")].map((svg) => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    const copy = frozen(svg);
    place(copy, PADDING + left - box.left, PADDING + TITLE + top - box.top);
    copy.setAttribute("width", String(width));
    copy.setAttribute("height", String(height));
    return copy;
  });
  const texts = [...legend.querySelectorAll("li, span")].map((item) => {
    const range = document.createRange();
    range.selectNodeContents(item);
    if (item.querySelector("svg")) range.setStart(item, 1);
    const { left, bottom } = range.getBoundingClientRect();
    const at = { x: PADDING + left - box.left, y: PADDING + TITLE + bottom - box.top - 5 };
    const size = getComputedStyle(item).fontSize;
    return svgElement("text", { ...words, ...at, "font-size": size }, item.textContent ?? "");
  });
  return { parts: [...parts, ...texts], height: Math.ceil(box.height) + 8 };
}

/** @param {SVGSVGElement} svg @param {number} x @param {number} y */
function place(svg, x, y) {
  svg.setAttribute("x", x.toFixed(1));
  svg.setAttribute("y", y.toFixed(1));
}

/** A colour of the page's style sheets. @param {Element} within @param {string} color */
function colorIn(within, color) {
  const probe = document.createElement("span");
  probe.style.color = color;
  within.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return plainColor(computed);
}

/** The rule that embeds the first of some fonts; "" if the page has no file of it. @param {string} fonts */
async function fontRule(fonts) {
  const family = fonts.split(",")[0]?.replaceAll('"', "").trim() ?? "";
  const address = fontAddress(family);
  if (!address) return "";
  try {
    const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    const data = `data:font/woff2;base64,${btoa(binary)}`;
    return `@font-face { font-family: "${family}"; font-weight: 400 600; src: url(${data}) format("woff2"); }`;
  } catch {
    return ""; // offline and not kept: the next font of the list serves
  }
}

/** Where the page's style sheets have the letters of English in a font. @param {string} family */
function fontAddress(family) {
  for (const sheet of document.styleSheets) {
    if (!sheet.href?.startsWith(location.origin)) continue; // another origin's rules cannot be read
    for (const rule of sheet.cssRules) {
      if (!(rule instanceof CSSFontFaceRule)) continue;
      const value = (/** @type {string} */ name) => rule.style.getPropertyValue(name);
      const wanted = value("font-family").replaceAll('"', "") === family && value("font-style") !== "italic";
      const english = /^U\+0*20\b/i.test(value("unicode-range"));
      const file = value("src").match(/url\("?([^"()]+)"?\)/)?.[1];
      if (wanted && english && file) return new URL(file, sheet.href).href;
    }
  }
  return null;
}
