/** The parts of Observable Plot that charts use; scripts/plot.py bundles them into vendor/plot.js. */

export {
  areaY,
  barX,
  barY,
  dot,
  frame,
  gridX,
  gridY,
  lineY,
  link,
  plot,
  rect,
  ruleX,
  ruleY,
  text,
} from "@observablehq/plot";
