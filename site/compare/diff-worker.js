/** Computes differences in a worker. Question: {before, after}; answer: {pieces, complete}. */

import { FILES } from "../engine/root.js";
import { serveQuestions } from "../ui/workers.js";
import { wordDiff } from "./diff.js";

const vendored = import(new URL("vendor/diff/array.js", FILES).href);

serveQuestions(async ({ before, after }) => {
  const { diffArrays } = await vendored;
  return wordDiff(before, after, { diffArrays });
});
