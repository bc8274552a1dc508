"""Bundle what the package puts beside a static index: the worker for Material's search box, and the element.

Both are written to py/goosequill/search/static/, from which the MkDocs plugin and `goosequill index` copy
them. The element is also part of the site: scripts/bundles.py.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.bundles import BUNDLE, LATER, run_esbuild  # noqa: E402

SOURCE = ROOT / "site" / "search" / "static"
TARGET = ROOT / "py" / "goosequill" / "search" / "static"
BANNER = "--banner:js=/* Goosequill, Apache-2.0. Contains stemmer by Titus Wormer, MIT. */"


def build_all(target: Path = TARGET) -> None:
    """Write the bundles."""
    target.mkdir(exist_ok=True)
    later = "material-search.js"  # what the worker imports at the first question
    bundles = {
        "material.js": [f"--external:./{later}"],
        later: [BANNER],
        "element.js": [BANNER, LATER],
        "goose-better.js": [BANNER],
    }
    with tempfile.TemporaryDirectory(dir=target) as folder:
        for name, options in bundles.items():
            written = Path(folder) / name.replace("element.js", "goose-search.js")
            run_esbuild(str(SOURCE / name), *BUNDLE, *options, f"--outfile={written}")
            written.replace(target / written.name)  # at once: another process may be reading it


if __name__ == "__main__":
    build_all()
