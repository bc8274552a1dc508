"""Make py/goosequill/lab/data/hershey.json, the stroke letters of the page "Handwriting".

The Hershey fonts of Debian's package hershey-fonts-data consist of pen strokes. A to Z, a to z and 0 to 9 of
two faces with single strokes become lists of points. apt downloads the package; the output is the same
bytes at every run.

    python scripts/lab_data/hershey.py
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "hershey-fonts-data"
TARGET = Path(__file__).parents[2] / "py/goosequill/lab/data/hershey.json"
FACES = {"plain": "futural", "cursive": "cursive"}
"""rowmans.jhf has the same letters as futural.jhf."""
LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ORIGIN = ord("R")
"""The character that stands for the coordinate 0."""

PEN_UP = " R"
NOTICE = """\
hershey.json is converted from the files futural.jhf and cursive.jhf of Debian's package
hershey-fonts-data, which have the following license.

"""


def main() -> None:
    """Download, convert and write the letters and their license."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "--quiet", PACKAGE], cwd=folder, check=True)
        package = next(Path(folder).glob("*.deb"))
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        fonts = Path(folder, "usr/share/hershey-fonts")
        faces = {name: letters((fonts / f"{file}.jhf").read_text("ascii")) for name, file in FACES.items()}
        stated = Path(folder, "usr/share/doc", PACKAGE, "copyright").read_text("utf-8")
    TARGET.write_text(json.dumps(faces, separators=(",", ":")) + "\n", encoding="utf-8")
    TARGET.with_name(f"{TARGET.name}.LICENSE").write_text(NOTICE + license_of(stated), encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, {sum(map(len, faces.values()))} letters")


def letters(text: str) -> dict[str, list[list[int]]]:
    """Return the strokes of each letter: x and y of each point in turn, y downward.

    A record has a number in 5 columns, the count of pairs in 3, then the pairs; the first is the width. Long
    records continue on the next lines. The records are in the order of ASCII from the space on.
    """
    records, lines = [], iter(text.splitlines())
    for line in lines:
        if line.strip():
            size = 2 * int(line[5:8])
            while len(line) - 8 < size:
                line += next(lines)
            records.append(line[10 : 8 + size])
    return {label: strokes(records[ord(label) - ord(" ")]) for label in LABELS}


def strokes(record: str) -> list[list[int]]:
    """Return the strokes of one record without its width."""
    found: list[list[int]] = [[]]
    for start in range(0, len(record), 2):
        pair = record[start : start + 2]
        if pair == PEN_UP:
            found.append([])
        else:
            found[-1] += [ord(character) - ORIGIN for character in pair]
    return [stroke for stroke in found if stroke]


def license_of(stated: str) -> str:
    """Return the paragraph of Debian's copyright file that covers the fonts."""
    paragraphs = stated.split("\n\n")
    covered = next(each for each in paragraphs if each.startswith("Files: hershey-fonts/*.jhf"))
    return "\n".join(line.expandtabs(4).rstrip() for line in covered.splitlines()) + "\n"


if __name__ == "__main__":
    main()
