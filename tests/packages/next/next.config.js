const root = import.meta.dirname; // the repository around it has a lock file, too

export default {
  basePath: "/a/path",
  output: "export",
  distDir: "dist",
  turbopack: { root },
  outputFileTracingRoot: root,
};
