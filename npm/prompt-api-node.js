/** The Prompt API under Node, whose engine is a thread, and where a model may be a path. */

import { EngineHolder } from "./engine/holder.js";
import { Engine, located } from "./node.js";
import { environment } from "./prompt-api/host.js";

const holder = new EngineHolder(() => new Engine());
environment.holderOf = () => holder;
environment.newEngine = () => new Engine();
environment.locate = located;

export * from "./prompt-api.js";
