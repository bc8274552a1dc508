/**
 * Remove the rules of Material's style sheets that no built page can use, about half of them, with PurgeCSS.
 *
 *     node scripts/styles.js FOLDER
 *
 * A class or an id counts as used if a page has it or a script has the word, since it may add it. Elements
 * and attributes always count: applications share these styles, and scripts set attributes under other names.
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PurgeCSS } from "purgecss";

/** The values of an attribute in a page, word by word. @param {string} html @param {string} attribute */
const words = (html, attribute) =>
  [...html.matchAll(RegExp(`\\b${attribute}="([^"]*)"`, "g"))].flatMap(([, value]) => value.split(/\s+/));

const folder = process.argv[2];
const files = (await readdir(folder, { recursive: true })).sort().map((name) => join(folder, name));
const assets = files.filter((name) => name.startsWith(join(folder, "assets/")));
const sheets = assets.filter((name) => /\/assets\/stylesheets\/[^/]+\.css$/.test(name));
const others = assets.filter((name) => /\/assets\/[^/]+\.css$/.test(name));
const [ours, theirs] = await Promise.all(
  [others, sheets].map(async (names) =>
    (await Promise.all(names.map((name) => readFile(name, "utf8")))).join("\n"),
  ),
);
const tags = theirs.match(/[a-z][a-z0-9]*/g) ?? [];
const results = await new PurgeCSS().purge({
  content: [
    ...files.filter((name) => name.endsWith(".html")),
    ...assets.filter((name) => name.endsWith(".js")),
  ],
  css: sheets,
  extractors: [
    {
      extensions: ["html"],
      extractor: (html) => ({
        attributes: { names: [], values: [] },
        classes: words(html, "class"),
        ids: words(html, "id"),
        tags,
        undetermined: [],
      }),
    },
    { extensions: ["js"], extractor: (script) => script.match(/[\w-]+/g) ?? [] },
  ],
  variables: true,
  safelist: { variables: [...ours.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name) },
  dynamicAttributes: [...theirs.matchAll(/\[([\w-]+)/g)].map(([, name]) => name),
});
for (const { file, css } of results) if (file) await writeFile(file, css);
