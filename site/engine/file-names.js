/**
 * Which names a model's files may have, and which of them contain the weights.
 *
 * `py/goosequill/weights/file_names.py` decides the same where Python runs; tests/data/file-names.json
 * holds the cases that both must agree on.
 */

/** Endings of weight files, the preferred ones first. */
const ENDINGS = [".safetensors", ".st", ".pth", ".pt", ".gguf", ".bin", ".prefab"];

/**
 * Whether a model folder may list a file of this name: it cannot lead out of the folder.
 * @param {unknown} name
 */
export function isLegal(name) {
  return typeof name === "string" && /^\w[\w.-]{0,199}$/.test(name);
}

/** Whether a file has the ending of a weight file. @param {string} name */
export function looksLikeWeights(name) {
  return ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));
}

/**
 * Which of a model's files contain its weights, sorted; none if that is ambiguous.
 *
 * A lone file is weights, whatever its name. Of several, the weights are the files with the most preferred
 * ending that occurs; only safetensors may be sharded.
 * @param {string[]} names
 */
export function weightFiles(names) {
  const others = names.filter((name) => name !== "config.json").sort();
  if (others.length === 1) return others;
  for (const ending of ENDINGS) {
    const found = others.filter((name) => name.toLowerCase().endsWith(ending));
    if (found.length === 1 || (found.length > 1 && ending === ".safetensors")) return found;
  }
  return [];
}
