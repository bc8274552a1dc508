"""The engine inside a web page. Only `bridge` imports `js` and `pyodide`; the rest is tested natively."""
