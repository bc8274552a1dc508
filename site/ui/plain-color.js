/** Colours for files that other programs open: they do not know all of CSS. */

/** A colour as every program reads it: oklab() and its like become rgb(). @param {string} color */
export function plainColor(color) {
  if (!/^(color|ok|lab|lch)/.test(color)) return color;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  if (!context) return color;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}
