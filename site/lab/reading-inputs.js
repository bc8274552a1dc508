/**
 * The inputs of the experiment "reading": a picture of the visitor's own, by file, drop or paste, and the
 * text in a font of the browser. Pictures are read in the page and go nowhere.
 */

import { element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";

/** @import { InputOptions } from "./frame.js" */

const MOST_BYTES = 20_000_000;
const MOST_WIDTH = 1200;
const MOST_PIXELS = 1_000_000;
const FONTS = ["sans-serif", "serif", "monospace", "cursive"];
const FONT_SIZE = 30;
const LINE = 26; // characters

/** @param {InputOptions} options */
export function inputs({ element: place, run, problem }) {
  const said = element("p", { class: "note", role: "status", "data-testid": "own-picture" });
  const chooser = element("input", {
    type: "file",
    accept: "image/*",
    "aria-label": "A picture of text in capitals",
  });
  const font = element(
    "select",
    { "aria-label": "Font of this browser" },
    ...FONTS.map((name) => element("option", {}, name)),
  );
  const text = element("input", { maxlength: 160, "aria-label": "Text", value: "Hello, page" });

  /** @param {string} words @param {() => Promise<{image: Uint8Array, width: number}>} make */
  const read = async (words, make) => {
    try {
      const data = await make();
      said.textContent = words;
      run({ data });
    } catch (error) {
      problem(error, "Choose a PNG, JPEG or WebP of at most 20 MB.");
    }
  };
  /** @param {Blob | null | undefined} file */
  const show = (file) => {
    if (file) read("Reads your picture. Reset returns to the text above.", () => pixelsOf(file));
  };
  chooser.addEventListener("change", () => {
    show(chooser.files?.[0]);
    chooser.value = "";
  });
  const folded = element(
    "details",
    { "data-testid": "own-page" },
    element("summary", {}, "Read your own picture"),
    element(
      "p",
      {},
      "Choose, drop or paste a picture of printed capitals. It stays in this page; the sliders spoil it, too.",
    ),
    chooser,
    element("p", { class: "note" }, "Or write a text in a font of this browser:"),
    element(
      "div",
      { class: "lab-actions reading-own" },
      text,
      font,
      element(
        "button",
        {
          type: "button",
          onclick: () =>
            read("Reads your text. Reset returns to the text above.", async () =>
              written(text.value, font.value),
            ),
        },
        "Read it",
      ),
    ),
    said,
  );
  acceptDrops({ target: folded, onFiles: (files) => show(files[0]) });
  folded.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return; // a text, for the field
    event.preventDefault();
    show(file);
  });
  folded.tabIndex = -1; // so that a paste has a target
  place.append(folded);
  return {
    reset: () => {
      said.textContent = "";
    },
  };
}

/** A picture's shades, row by row, not larger than the reader takes. @param {Blob} file */
async function pixelsOf(file) {
  if (file.size > MOST_BYTES) throw new Error("The picture is larger than 20 MB.");
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error("The file is not a picture that this browser can show.");
  });
  const { width, height } = picture;
  const scale = Math.min(1, MOST_WIDTH / width, Math.sqrt(MOST_PIXELS / (width * height)));
  const shades = drawn(
    Math.max(8, Math.floor(width * scale)),
    Math.max(8, Math.floor(height * scale)),
    (context) => context.drawImage(picture, 0, 0, context.canvas.width, context.canvas.height),
  );
  picture.close();
  return shades;
}

/** A text in capitals, in lines. @param {string} text @param {string} font */
function written(text, font) {
  const lines = wrapped(text.toUpperCase());
  if (!/[A-Z]/.test(text.toUpperCase())) throw new Error("The text has no letter from A to Z.");
  const height = FONT_SIZE * (1 + 1.5 * lines.length);
  return drawn(FONT_SIZE * (LINE + 2), Math.round(height), (context) => {
    context.font = `${FONT_SIZE}px ${font}`;
    context.fillStyle = "black";
    lines.forEach((line, index) => {
      context.fillText(line, FONT_SIZE, FONT_SIZE * (1.5 + 1.5 * index));
    });
  });
}

/** @param {string} text */
export function wrapped(text) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < LINE) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word.slice(0, LINE));
  }
  return lines;
}

/**
 * @param {number} width
 * @param {number} height
 * @param {(context: CanvasRenderingContext2D) => void} draw on white
 */
function drawn(width, height, draw) {
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser has no canvas.");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  draw(context);
  return { image: shadesOf(context.getImageData(0, 0, width, height).data), width };
}

/** The brightness of each pixel (Rec. 601). @param {Uint8ClampedArray} colours red, green, blue, opacity */
export function shadesOf(colours) {
  const shades = new Uint8Array(colours.length / 4);
  for (let index = 0; index < shades.length; index++) {
    const [red = 0, green = 0, blue = 0] = colours.subarray(4 * index, 4 * index + 3);
    shades[index] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return shades;
}
