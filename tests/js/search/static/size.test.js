import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

/** The bytes of a module with all that it imports, as the site and the package have it. */
function bundled(name) {
  const entry = new URL(`../../../../site/search/static/${name}`, import.meta.url).pathname;
  const built = buildSync({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    charset: "utf8",
    write: false,
    external: ["./goose-better.js"],
    logLevel: "warning",
  });
  return built.outputFiles[0].contents;
}

test("the element is at most 29 kB of code, and the library alone at most 19", () => {
  assert.ok(bundled("element.js").length <= 29_000);
  assert.ok(bundled("search.js").length <= 19_000);
  assert.ok(gzipSync(bundled("element.js"), { level: 9 }).length <= 12_000);
});

test("what is stated of the size is true", () => {
  const readme = readFileSync(new URL("../../../../npm/README.md", import.meta.url), "utf8");
  const [, stated] = /\((\d+) kB minified/.exec(readme);
  assert.ok(Math.abs(bundled("element.js").length / 1000 - Number(stated)) < 1);
});

test("nothing is evaluated", () => {
  const code = Buffer.from(bundled("element.js")).toString();
  assert.doesNotMatch(code, /\beval\(|new Function|innerHTML|document\.write/);
});
