/**
 * Which names a model's files may have, and which of them contain the weights.
 *
 * `py/goosequill/weights/file_names.py` decides the same where Python runs; tests/data/file-names.json
 * holds the cases that both must agree on.
 */

/** Endings of weight files, the preferred ones first. */
const ENDINGS = [".safetensors", ".st", ".pth", ".pt", ".gguf", ".bin", ".prefab"];
/** The ending of the file that lists shards. */
const LIST = ".safetensors.index.json";
/** More shards than any model has, each of which is asked for. */
const MOST_SHARDS = 1000;

/**
 * Whether a model folder may list a file of this name: it cannot lead out of the folder.
 * @param {unknown} name
 */
export function isLegal(name) {
  return typeof name === "string" && /^\w[\w.-]{0,199}$/.test(name);
}

/** Whether a file has the ending of a weight file, or lists such files. @param {string} name */
export function looksLikeWeights(name) {
  return listsShards(name) || ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));
}

/** Whether a file lists the shards of a model, as Hugging Face's libraries write it. @param {string} name */
export function listsShards(name) {
  return name.toLowerCase().endsWith(LIST);
}

/**
 * The shards that such a file lists, sorted; null if it is invalid.
 * @param {string} text
 * @returns {string[] | null}
 */
export function shardsIn(text) {
  try {
    const found = [...new Set(Object.values(JSON.parse(text).weight_map))].sort();
    const isShard = (/** @type {any} */ name) => isLegal(name) && name.endsWith(".safetensors");
    return found.length && found.length <= MOST_SHARDS && found.every(isShard) ? found : null;
  } catch {
    return null;
  }
}

/**
 * Which of a model's files contain its weights, sorted; none if that is ambiguous.
 *
 * A lone file is weights, whatever its name. Of several, the weights are the files with the most preferred
 * ending that occurs; only safetensors may be sharded, and the file that lists the shards is ignored.
 * @param {string[]} names
 */
export function weightFiles(names) {
  const others = names.filter((name) => name !== "config.json" && !listsShards(name)).sort();
  if (others.length === 1) return others;
  for (const ending of ENDINGS) {
    const found = others.filter((name) => name.toLowerCase().endsWith(ending));
    if (found.length === 1 || (found.length > 1 && ending === ".safetensors")) return found;
  }
  return [];
}
