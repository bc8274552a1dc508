/**
 * What is in a model's files, without loading them: format, sizes, memory and every tensor.
 */

import { element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";
import { megabytes, number, t, tn, translated } from "../ui/words.js";

/**
 * @param {string} title of the file
 * @param {any} found what goosequill.loading.inspect returns
 * @returns {HTMLElement[]}
 */
export function insideOf(title, found) {
  const tensors = found.tensors.map(
    (/** @type {{name: string, type: string, shape: number[]}} */ { name, type, shape }) => [
      name,
      type,
      shape.join(" × "),
    ],
  );
  const columns = [t("Tensor"), t("Type"), t("Shape")];
  const list = table({ caption: t("{count} tensors", { count: tensors.length }), columns, rows: tensors });
  return [...facts(title, found), scrollBox(t("Tensors"), list)];
}

/** @param {string} title @param {any} found @returns {HTMLElement[]} */
function facts(title, { format, config, problem, tokenizer, types, parameters, memory }) {
  const list = element("dl", { class: "facts" });
  /** @param {string} name @param {string} value */
  const add = (name, value) => list.append(element("dt", {}, name), element("dd", {}, value));
  add(t("File"), title);
  add(t("Format"), format);
  if (config) {
    add(t("Version"), `RWKV-${config.version}`);
    const { layers, width, ffn_width: mix, heads, head_size: size } = config;
    const words = t("{layers} layers of width {width}, channel mix {mix}", { layers, width, mix });
    add(t("Sizes"), heads > 1 ? `${words}, ${t("{heads} heads of size {size}", { heads, size })}` : words);
    add(t("Vocabulary"), tn(config.vocab_size, "{n} token", "{n} tokens"));
  }
  add(t("Tokenizer"), tokenizer ?? t("unknown"));
  const stored = Object.entries(types).map(([type, count]) => `${number(count)} ${type}`);
  add(t("Parameters"), `${number(parameters)} (${stored.join(", ")})`);
  if (memory) {
    const forms = Object.entries(memory).map(([form, bytes]) => `${megabytes(bytes)} ${form}`);
    add(t("Memory needed"), forms.join(", "));
  }
  if (!problem) return [list];
  return [
    element("p", { class: "error-box" }, `${translated(problem.message)} ${translated(problem.remedy)}`),
    list,
  ];
}
