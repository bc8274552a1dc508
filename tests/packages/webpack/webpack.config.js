import { fileURLToPath } from "node:url";

export default {
  mode: "production",
  entry: "./page.js",
  experiments: { outputModule: true },
  output: {
    path: fileURLToPath(new URL("dist", import.meta.url)),
    filename: "main.js",
    module: true,
    publicPath: "auto",
  },
};
