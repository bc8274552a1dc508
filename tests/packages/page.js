// The same page in every project: the library and the element write, and share one engine.

import { loadModel } from "goosequill";
import "goosequill/element";

const quill = document.querySelector("goose-quill");
document.querySelector("button").addEventListener("click", async () => {
  const output = document.querySelector("output");
  try {
    const model = await loadModel({ root: document.documentElement.dataset.root });
    for await (const chunk of model.generate("Once upon a time", { max_new_tokens: 6, seed: 1 })) {
      output.textContent += chunk.text;
    }
    await quill.generate("Once upon a time");
    output.dataset.done = "yes";
  } catch (error) {
    output.dataset.done = `${error.code}: ${error.message} ${error.remedy}`;
  }
});
