"""Scripts are minified, with source maps for ours."""

from __future__ import annotations

import json
from pathlib import Path

from scripts import bundles


def test_scripts_are_minified_and_source_maps_have_the_original(tmp_path: Path) -> None:
    written = "// Why.\nexport function twice(number) {\n  return 2 * number; // as it says\n}\n"
    for name in ("compare/one.js", "vendor/other/two.js", "vendor/pyodide/three.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(written)
    bundles.minify(tmp_path)
    ours = (tmp_path / "compare" / "one.js").read_text()
    assert "Why" not in ours and "export function twice(" in ours and "sourceMappingURL=one.js.map" in ours
    assert json.loads((tmp_path / "compare" / "one.js.map").read_text())["sourcesContent"] == [written]
    assert "Why" not in (tmp_path / "vendor" / "other" / "two.js").read_text()
    assert (tmp_path / "vendor" / "pyodide" / "three.js").read_text() == written
