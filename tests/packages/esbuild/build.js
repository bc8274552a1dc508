import { build } from "esbuild";
import goosequill from "goosequill/esbuild";

await build({
  entryPoints: ["page.js"],
  bundle: true,
  format: "esm",
  outdir: "dist",
  plugins: [goosequill()],
});
