// Where Chromium's types and ours agree, one is the other.

import { LanguageModel as Ours } from "goosequill/prompt-api";
import { install } from "goosequill/prompt-api/install";

const native: Pick<typeof LanguageModel, "create" | "availability"> = Ours;
const session: LanguageModel = await native.create({
  initialPrompts: [{ role: "system", content: "Be brief." }],
  monitor: (monitor) => monitor.addEventListener("downloadprogress", ({ loaded }) => loaded),
});
const text: string = await session.prompt([{ role: "assistant", content: "```", prefix: true }]);
const isOurs: boolean = install({ force: true });

const own = await Ours.create({ samplingMode: "slightly-creative", thinking: { effort: "low" } });
for await (const piece of own.promptStreaming(text, { responseConstraint: /a|b/ })) piece.length;
Ours.configure({ model: "a/b:c.pth", languages: ["en"], settings: { seed: isOurs ? 1 : null } });
// @ts-expect-error there is no such mode
await Ours.create({ samplingMode: "wild" });
// @ts-expect-error there is no such role
await own.prompt([{ role: "tool", content: "x" }]);
// @ts-expect-error there is no such setting
Ours.configure({ settings: { temprature: 1 } });
