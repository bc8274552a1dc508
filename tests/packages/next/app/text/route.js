// Next.js runs this on the server while it builds, and a failure ends the build.

import { loadModel } from "goosequill";

export const dynamic = "force-static";

export async function GET() {
  const model = await loadModel();
  let text = "";
  for await (const chunk of model.generate("Once upon a time", { max_new_tokens: 6, seed: 1 })) {
    text += chunk.text;
  }
  model.dispose();
  return new Response(text);
}
