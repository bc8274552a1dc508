"""Bundle the parts of Observable Plot that charts use into build/vendor/, with their licences.

npm verified the packages against package-lock.json when it installed them. Nothing is downloaded here.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

from scripts.command import ROOT, BuildError, run

BUNDLER = ROOT / "scripts" / "plot-bundle.js"
TYPES = ROOT / "types" / "vendor" / "plot.d.ts"
VENDOR = ROOT / "build" / "vendor"
PACKAGE = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")


def build_plot(vendor: Path = VENDOR) -> None:
    """Write plot.js and licences/plot.txt into the folder of vendored parts."""
    with tempfile.TemporaryDirectory() as folder:
        metafile = Path(folder) / "meta.json"
        run("node", str(BUNDLER), str(vendor / "plot.js"), str(metafile))
        packages = bundled_packages(json.loads(metafile.read_text(encoding="utf-8")))
    shutil.copyfile(TYPES, vendor / TYPES.name)  # else tsc would infer types from the minified script
    target = vendor / "licences" / "plot.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n\n".join(map(licence_of, packages)) + "\n", encoding="utf-8")


def bundled_packages(meta: dict[str, dict[str, dict[str, dict[str, object]]]]) -> list[str]:
    """The npm packages with at least one byte in a bundle, from esbuild's metafile."""
    (output,) = meta["outputs"].values()
    found = (PACKAGE.search(path) for path, part in output["inputs"].items() if holds_bytes(part))
    return sorted({match[1] for match in found if match})


def holds_bytes(part: object) -> bool:
    return isinstance(part, dict) and part["bytesInOutput"] > 0


def licence_of(package: str) -> str:
    """Name, version and licence text of an installed package."""
    folder = ROOT / "node_modules" / package
    version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    texts = [path for path in sorted(folder.iterdir()) if path.name.lower().startswith("licen")]
    if not texts:
        raise BuildError(f"{package} has no licence text to ship with it")
    return f"{package} {version}\n\n{texts[0].read_text(encoding='utf-8').strip()}"
