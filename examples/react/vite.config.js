export default {
  base: "./", // works under any path
  build: { target: "es2022" },
  server: { fs: { allow: ["../.."] } }, // the package is linked here, not installed
};
