/**
 * A plugin of esbuild, which does not follow `new URL(..., import.meta.url)`: the engine's files get into the
 * output folder, as the loader "file" puts them there.
 *
 *     import goosequill from "goosequill/esbuild";
 *     await build({ ..., format: "esm", plugins: [goosequill()] });
 */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const LISTS = ["root.js", "default-model.js"].map((name) => join(folder, "engine", name));
const ADDRESS = /new URL\("(\.\.\/[^"]+)", import\.meta\.url\)/g;

/** @returns {{name: string, setup: (build: any) => void}} */
export default function goosequill() {
  return {
    name: "goosequill",
    setup(build) {
      build.onLoad({ filter: /[\\/]engine[\\/](root|default-model)\.js$/ }, async ({ path }) => {
        if (!LISTS.includes(path)) return;
        const imports = [];
        const code = (await readFile(path, "utf8")).replace(ADDRESS, (_, file) => {
          imports.push(`import file${imports.length} from ${JSON.stringify(`goosequill-file:${file}`)};`);
          return `new URL(file${imports.length - 1}, import.meta.url)`;
        });
        return { contents: `${imports.join("\n")}\n${code}`, loader: "js" };
      });
      build.onResolve({ filter: /^goosequill-file:/ }, ({ path }) => ({
        path: path.slice("goosequill-file:../".length), // not absolute: esbuild writes it into the output
        namespace: "goosequill-file",
      }));
      build.onLoad({ filter: /.*/, namespace: "goosequill-file" }, async ({ path }) => ({
        contents: await readFile(join(folder, path)),
        loader: "file",
      }));
    },
  };
}
