/** Starts Python for search.js and search_worker.js. */

/** Starts Pyodide with the package and search_steps.py; the result is that module's namespace. */
export async function startPython() {
  const { loadPyodide } = await import(new URL("pyodide/pyodide.mjs", location.href).href);
  const pyodide = await loadPyodide();
  await pyodide.loadPackage("numpy", { messageCallback() {} });
  pyodide.unpackArchive(await (await fetch("package.zip")).arrayBuffer(), "zip");
  pyodide.runPython(await (await fetch("search_steps.py")).text());
  return pyodide;
}
