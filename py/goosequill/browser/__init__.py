"""The engine inside a web page: the only package that imports `js` and `pyodide`."""
