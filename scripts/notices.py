"""Write THIRD-PARTY-NOTICES.txt: name, version, licence and licence text of everything that is shipped.

What vendor.lock.json lists is the truth. A licence text is a file of the package that the lock takes into
licences/, one inside a wheel that is served, or, for a package that has none, the texts in scripts/licences/
that its entry names under "notices". A package without a text stops the build.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from scripts.command import ROOT, BuildError
from scripts.plot import licence_of

NAME = "THIRD-PARTY-NOTICES.txt"
TEXTS = ROOT / "scripts" / "licences"
VENDOR = ROOT / "build" / "vendor"
WHEEL_TEXT = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE)[^/]*$", re.IGNORECASE)
THEME = "mkdocs-material"
STEMMER = "stemmer"
HEAD = """\
Goosequill is licensed under the Apache License 2.0. It is shipped with the following parts by others.
The source code of those under the Mozilla Public License 2.0, Pyodide and micropip, is published by their
authors at https://github.com/pyodide.
"""


@dataclass(frozen=True)
class Notice:
    """One part by others: its package, what its licence is called, and the licence's text."""

    package: str
    version: str
    licence: str
    text: str


def lock_notices(lock: dict[str, Any], vendor: Path = VENDOR) -> Iterator[Notice]:
    """The notice of each package of the lock.

    Raises:
        BuildError: a package has no licence text
    """
    for package in lock["packages"]:
        text = "\n\n".join(texts_of(package, vendor))
        if not text.strip():
            raise BuildError(f"{package['name']} has no licence text: add it to the lock's files or notices")
        yield Notice(package["name"], package["version"], package["licence"], text)


def texts_of(package: dict[str, Any], vendor: Path) -> Iterator[str]:
    for file in package["files"]:
        path = vendor / file["target"]
        if file["target"].startswith("licences/"):
            yield path.read_text(encoding="utf-8").strip()
        elif path.suffix == ".whl":
            yield from wheel_texts(path)
    for name in package.get("notices", []):
        yield (TEXTS / name).read_text(encoding="utf-8").strip()


def wheel_texts(path: Path) -> Iterator[str]:
    """The licence texts in a wheel, each under its path."""
    with zipfile.ZipFile(path) as wheel:
        for member in sorted(filter(WHEEL_TEXT.search, wheel.namelist())):
            yield f"[{member}]\n\n{wheel.read(member).decode('utf-8', 'replace').strip()}"


def theme_notice() -> Notice:
    """What the build takes from the documentation's theme, which must be installed."""
    theme = metadata.distribution(THEME)
    files = [file for file in theme.files or [] if WHEEL_TEXT.search(str(file))]
    text = "\n\n".join(file.read_text().strip() for file in files)
    icons = (TEXTS / "apache-2.0.txt").read_text(encoding="utf-8")
    if not text:
        raise BuildError(f"{THEME} has no licence text")
    licence = "MIT; its icons, Material Design Icons, Apache-2.0"
    return Notice(THEME, theme.version, licence, f"{text}\n\n{icons}")


def bundled_notices(vendor: Path = VENDOR) -> Iterator[Notice]:
    """What the build takes from packages of Node: the bundle of Plot, the stemmer."""
    plot = (vendor / "licences" / "plot.txt").read_text(encoding="utf-8")
    yield Notice("@observablehq/plot", "and what it is bundled with", "ISC, BSD-3-Clause, MIT", plot)
    title, _, text = licence_of(STEMMER).partition("\n\n")
    yield Notice(STEMMER, title.split()[-1], "MIT", text)


def all_notices(only: Collection[str] | None = None, vendor: Path = VENDOR) -> list[Notice]:
    """Return the notices of all parts, or of some packages; only the theme's needs the theme."""
    lock = json.loads((ROOT / "vendor.lock.json").read_text(encoding="utf-8"))
    theme = [theme_notice()] if only is None or THEME in only else []
    notices = [*lock_notices(lock, vendor), *theme, *bundled_notices(vendor)]
    return [notice for notice in notices if only is None or notice.package in only]


def write_notices(folder: Path, only: Collection[str] | None = None) -> None:
    """Write the file into a folder, of all parts or of some packages."""
    parts = [HEAD]
    for notice in all_notices(only):
        title = f"{notice.package} {notice.version}"
        parts.append(f"{'=' * 78}\n{title}\nLicence: {notice.licence}\n{'=' * 78}\n\n{notice.text.strip()}\n")
    (folder / NAME).write_text("\n".join(parts), encoding="utf-8")
