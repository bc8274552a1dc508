/**
 * Bundles scripts/plot.js without the parts of Plot and D3 that no chart of ours can reach:
 * node plot-bundle.js TARGET METAFILE
 *
 * Plot imports maps, colour schemes, legends and tips whatever a page draws; they are a quarter of its size.
 * Functions that return nothing stand in for them.
 */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ABSENT =
  /(d3-geo|d3-scale-chromatic)\/dist\/[\w-]+\.mjs$|plot\/src\/(legends|marks\/tip|interactions\/pointer)\.js$/;
const EXPORTED = /export\s+(?:function|class|const)\s+(\w+)|export\s*\{([^}]*)\}/g;

/** What a module exports. @param {string} text */
function exportsOf(text) {
  const found = [...text.matchAll(EXPORTED)].flatMap(([, name, list]) => name ?? (list ?? "").split(","));
  return found
    .map(
      (each) =>
        each
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? "",
    )
    .filter(Boolean);
}

const [target = "", metafile = ""] = process.argv.slice(2);
const { metafile: meta } = await build({
  entryPoints: [fileURLToPath(new URL("plot.js", import.meta.url))],
  outfile: target,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  charset: "utf8",
  metafile: true,
  logLevel: "warning",
  banner: { js: "/* Observable Plot and parts of D3; see licences/plot.txt */" },
  plugins: [
    {
      name: "absent",
      setup({ onLoad }) {
        onLoad({ filter: ABSENT }, async ({ path }) => {
          const names = exportsOf(await readFile(path, "utf-8"));
          const list = names.map((name) => `absent as ${name}`).join(", ");
          return { contents: `const absent = () => []; export { ${list} };` };
        });
      },
    },
  ],
});
await writeFile(metafile, JSON.stringify(meta));
