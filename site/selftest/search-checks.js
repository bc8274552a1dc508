/** Search by meaning, in a collection of three documents that lives in memory. */

import { MODELS } from "../collections/session.js";
import { ROOT } from "../engine/root.js";
import { english } from "../ui/english.js";
import { check, ensure } from "./finding.js";

const DOCUMENTS = {
  Bread: "Knead the dough for ten minutes, let it rise, and bake it in a hot oven.",
  Rockets: "The spacecraft left its orbit and landed on the moon after three days.",
  Cats: "The kitten slept in the sun and chased a ball of wool.",
};
const QUESTIONS = [
  { title: english("by meaning"), question: "astronauts travelling to another world", wanted: "Rockets" },
  { title: english("by words"), question: "oven", wanted: "Bread" },
];

/** @param {import("./finding.js").Context} context */
export async function checkSearch(context) {
  const { signal, onProgress } = context;
  const engine = context.engine();
  const files = { kind: "folder", url: new URL(MODELS.static, ROOT).href, whole: true };
  const { handle: embedder } = await engine.run("open_embedder", { files }, { signal, onProgress });
  const { handle: collection } = await engine.run("open_collection", { name: "Self-test" }, { signal });
  const shared = { collection, static: embedder };
  await check(context, english("index"), async () => {
    for (const [name, text] of Object.entries(DOCUMENTS)) {
      await engine.run("add_document", { ...shared, document: { name, title: name, text } }, { signal });
    }
    return english(`${Object.keys(DOCUMENTS).length} documents`);
  });
  for (const { title, question, wanted } of QUESTIONS) {
    await check(context, title, async () => {
      const { hits } = await engine.run("search", { ...shared, question, count: 3 }, { signal });
      ensure(
        hits[0]?.name === wanted,
        english(`“${question}” found ${hits[0]?.name ?? "nothing"} instead of ${wanted}.`),
      );
      return english(`“${question}” found ${wanted}`);
    });
  }
  await Promise.all([collection, embedder].map((handle) => engine.forget(handle)));
}
