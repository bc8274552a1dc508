// The element needs only an import; the rest uses the library with its types.

import "goosequill/element";
import { loadModel, type Model } from "goosequill";

const button = document.querySelector<HTMLButtonElement>("#write")!;
const output = document.querySelector<HTMLOutputElement>("#text")!;
let model: Model | null = null;

async function write(): Promise<void> {
  button.disabled = true;
  output.textContent = "";
  try {
    model ??= await loadModel();
    for await (const chunk of model.generate("It was a fine morning, and", { max_new_tokens: 40 })) {
      if ("finish_reason" in chunk) console.info(chunk.finish_reason, chunk.usage.completion_tokens);
      else output.textContent += chunk.text;
    }
  } catch (error) {
    output.textContent = error instanceof Error ? error.message : String(error);
  } finally {
    button.disabled = false;
  }
}

button.addEventListener("click", write);
