/**
 * The export of the dilation page's picture: a frame as SVG or PNG, and all frames as an animated GIF, drawn
 * from the same shapes as the page's picture with the colours that it has at that moment.
 */

import { FILES } from "../engine/root.js";
import { figureTools, sourceWords } from "../ui/chart-tools.js";
import { download, element } from "../ui/dom.js";
import { plainColor } from "../ui/plain-color.js";
import { StatusLine } from "../ui/status.js";
import { number } from "../ui/words.js";
import { LAYERS, reading } from "./dilation-scene.js";

/** @import { Data, Marks, Scene } from "./dilation-scene.js" */

/**
 * @typedef {Record<string, Record<string, string>>} Styles computed properties by role
 * @typedef {{background: string, ink: string, font: string, styles: Styles}} Look
 * @typedef {{data: Data, picture: import("./dilation-picture.js").Picture}} Shown
 */

const TITLE = "Dilated convolution";
/** A GIF has no more frames: each takes time and memory. */
export const MOST_FRAMES = 256;
/** Milliseconds of a frame of the GIF, and of its last one. */
const DELAY = 600;
const LAST_DELAY = 1600;
const COLORS = 64;
/** The height of the GIF's last line, its title and source. */
const FOOT = 20;

const PROPERTIES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linejoin",
];

/** Buttons that save the picture, and its output as a table. @param {() => Shown} getShown */
export function exportTools(getShown) {
  const table = {
    columns: ["row", "column", "output"],
    get count() {
      return getShown().data.output_size ** 2;
    },
    row: (/** @type {number} */ index) => {
      const { output_size: size, output } = getShown().data;
      const [row, column] = [Math.floor(index / size), index % size];
      return [row, column, output[row]?.[column]];
    },
  };
  const bar = figureTools(() => getShown().picture.svg, {
    title: TITLE,
    name: "dilation",
    table,
    details: null,
  });
  const line = element("span", { class: "note", role: "status" });
  const status = new StatusLine(line);
  const gif = element(
    "button",
    { type: "button", class: "quiet", "aria-label": `Save “${TITLE}” as GIF` },
    "GIF",
  );
  gif.addEventListener("click", async () => {
    if (gif.getAttribute("aria-disabled")) return;
    gif.setAttribute("aria-disabled", "true");
    try {
      const { bytes, frames, all } = await makeGif(getShown(), (done, of) =>
        status.say(`Frame ${done} of ${of}`),
      );
      download("dilation.gif", bytes, "image/gif");
      status.say(
        frames < all
          ? `Saved the first ${frames} of ${number(all)} frames as dilation.gif`
          : "Saved dilation.gif",
      );
    } catch (error) {
      status.complain(error);
    } finally {
      gif.removeAttribute("aria-disabled");
    }
  });
  (bar.querySelector(".chart-save") ?? bar).append(gif);
  bar.append(line);
  return bar;
}

/**
 * The look of a drawing as the page shows it now: colours resolved, without variables.
 * @param {SVGSVGElement} svg
 * @returns {Look}
 */
export function lookOf(svg) {
  /** @type {Styles} */
  const styles = {};
  for (const node of svg.querySelectorAll("[class^=d-]")) {
    const style = getComputedStyle(node);
    const role = (node.getAttribute("class") ?? "").slice(2);
    styles[role] ??= Object.fromEntries(
      PROPERTIES.map((name) => [name, plainColor(style.getPropertyValue(name))]),
    );
  }
  const { backgroundColor, color, fontFamily } = getComputedStyle(document.body);
  return { background: backgroundColor, ink: plainColor(color), font: fontFamily, styles };
}

/**
 * All frames as a GIF that repeats.
 * @param {Shown} shown
 * @param {(done: number, of: number) => void} onProgress
 * @returns {Promise<{bytes: Uint8Array<ArrayBuffer>, frames: number, all: number}>}
 */
export async function makeGif({ data, picture }, onProgress) {
  const { scene, svg } = picture;
  if (!scene) throw new Error("nothing is drawn yet");
  const { GIFEncoder, quantize, applyPalette } = await loadEncoder();
  const look = lookOf(svg);
  const out = data.output_size;
  const all = out * out;
  const frames = Math.min(all, MOST_FRAMES);
  const [width, height] = [scene.width, Math.round(scene.height)];
  const canvas = element("canvas", { width, height: height + FOOT });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("The browser cannot draw on a canvas.");
  const gif = GIFEncoder();
  /** @type {number[][] | undefined} */
  let palette;
  for (let index = 0; index < frames; index++) {
    paint(context, scene, reading(data, scene, Math.floor(index / out), index % out), look);
    paintFoot(context, look);
    const pixels = context.getImageData(0, 0, width, height + FOOT).data;
    palette ??= /** @type {number[][]} */ (quantize(pixels, COLORS));
    const delay = index === frames - 1 ? LAST_DELAY : DELAY;
    const first = index === 0 ? { palette, repeat: 0 } : {};
    gif.writeFrame(applyPalette(pixels, palette), width, height + FOOT, { ...first, delay });
    onProgress(index + 1, frames);
    await new Promise((resolve) => setTimeout(resolve)); // lets the page answer
  }
  gif.finish();
  return { bytes: gif.bytes(), frames, all };
}

/** @returns {Promise<any>} */
function loadEncoder() {
  return import(new URL("vendor/gifenc.js", FILES).href);
}

/**
 * @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Marks} marks @param {Look} look
 */
function paint(context, scene, marks, { background, font, styles }) {
  context.globalAlpha = 1;
  context.fillStyle = background;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  const shapes = { ...scene.shapes, ...marks.shapes };
  for (const role of LAYERS) {
    if (shapes[role] && styles[role]) paintPath(context, new Path2D(shapes[role]), styles[role]);
  }
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.globalAlpha = 1;
  for (const { role, x, y, size, text } of [...scene.labels, ...marks.labels]) {
    context.font = `${size}px ${font}`;
    context.fillStyle = styles[role]?.fill ?? "currentColor";
    context.fillText(text, x, y);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Look} look */
function paintFoot(context, { ink, font }) {
  context.globalAlpha = 1;
  context.font = `11px ${font}`;
  context.fillStyle = ink;
  context.textAlign = "start";
  context.fillText(`${TITLE}. ${sourceWords()}`, 4, context.canvas.height - FOOT / 2);
}

/** @param {CanvasRenderingContext2D} context @param {Path2D} path @param {Record<string, string>} style */
function paintPath(context, path, style) {
  if (style.fill !== "none") {
    context.globalAlpha = Number(style["fill-opacity"] || 1);
    context.fillStyle = style.fill;
    context.fill(path);
  }
  if (style.stroke === "none") return;
  context.globalAlpha = Number(style["stroke-opacity"] || 1);
  context.strokeStyle = style.stroke;
  context.lineWidth = Number.parseFloat(style["stroke-width"]) || 1;
  context.lineJoin = "round";
  const dashes = style["stroke-dasharray"].match(/[\d.]+/g) ?? [];
  context.setLineDash(dashes.map(Number));
  context.stroke(path);
}
