"""Bundle what the package puts beside a static index: the worker for Material's search box, and the element.

Both are written to py/goosequill/search/static/, from which the MkDocs plugin and `goosequill index` copy
them. The element is also part of the site: scripts/bundles.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.bundles import BUNDLE, run_esbuild  # noqa: E402

SOURCE = ROOT / "site" / "search" / "static"
TARGET = ROOT / "py" / "goosequill" / "search" / "static"
BANNER = "--banner:js=/* Goosequill, Apache-2.0. Contains stemmer by Titus Wormer, MIT. */"
WORKER = ("--bundle", "--format=iife", "--target=es2022")
"""Material starts a classic worker."""


def build_all(target: Path = TARGET) -> None:
    """Write both bundles."""
    target.mkdir(exist_ok=True)
    run_esbuild(str(SOURCE / "material.js"), *WORKER, BANNER, f"--outfile={target / 'material.js'}")
    run_esbuild(str(SOURCE / "element.js"), *BUNDLE, BANNER, f"--outfile={target / 'goose-search.js'}")


if __name__ == "__main__":
    build_all()
