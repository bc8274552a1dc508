import { test } from "node:test";
import { fuzz, READERS } from "./readers.js";

// Few and always the same; soak.js tries as many others as one likes.
for (const name of Object.keys(READERS))
  test(`${name}: whatever is read, only our own short errors come of it`, () =>
    fuzz(name, { seed: 7, runs: 100 }));
