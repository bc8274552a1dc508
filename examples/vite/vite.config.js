export default {
  base: "./", // works under any path
  build: { target: "es2022" },
  optimizeDeps: { exclude: ["goosequill"] },
};
