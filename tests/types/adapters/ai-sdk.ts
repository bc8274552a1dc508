// The model of the AI SDK has the type that the AI SDK asks for.

import type { LanguageModelV3 } from "@ai-sdk/provider";
import { loadModel } from "goosequill";
import { goosequill } from "goosequill/ai-sdk";

export const model: LanguageModelV3 = goosequill(await loadModel(), { min_p: 0.05 });
// @ts-expect-error there is no such setting
goosequill(await loadModel(), { temprature: 1 });
