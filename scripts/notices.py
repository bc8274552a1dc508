"""THIRD-PARTY-NOTICES.txt: name, version, licence and licence text of everything that is shipped.

What vendor.lock.json lists is the truth. A licence text is a file of the package that the lock takes into
licences/, one inside a wheel that is served, or, for a package that has none, the texts in scripts/licences/
that its entry names under "notices". A package without a text stops the build. What the Python package has by
others is listed here, since no lock knows of it.

That of the Python package is committed (generate.py), that of the site is built, and an article requests the
latter by <!-- generate: notices -->.
"""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Callable, Collection, Iterator
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
BUNDLED = ("stemmer", "hash-wasm", "fflate")
"""Packages of Node that the build bundles, but for Plot: one module of each, under the MIT License."""
DATA = ROOT / "py" / "goosequill" / "lab" / "data"
HEAD = """\
Goosequill is licensed under the Apache License 2.0. It is shipped with the following parts by others.
"""
SOURCES = """\
The source code of those under the Mozilla Public License 2.0, Pyodide and micropip, is published by their
authors at https://github.com/pyodide. In pyodide.asm.mjs the exports are assigned in a loop, functions that
nothing here uses are left out, and the rest is minified.
"""
CARRIED = (
    ("rwkv-world-vocabulary", "2023-04-24 by Bo Peng", "Apache-2.0", "apache-2.0.txt"),
    ("gpt-neox-20b-tokenizer", "by EleutherAI", "Apache-2.0", "apache-2.0.txt"),
    ("unicode-character-database", "17.0: the classes of sentence breaks", "Unicode-3.0", "unicode.txt"),
    ("mingw-w64-runtime", "in the compiled kernel for Windows", "ZPL-2.1 and public domain", "mingw.txt"),
    ("zig-compiler-rt", "in the compiled kernels", "MIT", "zig.txt"),
)
"""What is in the modules of the Python package: name, version, licence, the text in scripts/licences/."""
MEASURED = {
    "grasshopper.npz": "BSD-3-Clause",
    "hershey.json": "Hershey's: use and change it, name its source",
    "launcher-letters.json": "MIT; from Omniglot",
    "letters": "OFL-1.1, Apache-2.0, MIT and others, by font",
    "lstm-text.npz": "Apache-2.0; trained on texts in the public domain",
    "reading-words.txt": "public domain",
}
"""The laboratory's data with the licence of each; the texts are beside the files."""


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
    """What the build takes from packages of Node: the bundle of Plot, and single modules."""
    plot = (vendor / "licences" / "plot.txt").read_text(encoding="utf-8")
    yield Notice("@observablehq/plot", "and what it is bundled with", "ISC, BSD-3-Clause, MIT", plot)
    yield from map(bundled_notice, BUNDLED)


def bundled_notice(package: str) -> Notice:
    title, _, text = licence_of(package).partition("\n\n")
    return Notice(package, title.split()[-1], "MIT", text)


def carried_notices() -> Iterator[Notice]:
    """What is in the modules of the Python package."""
    for name, version, licence, text in CARRIED:
        yield Notice(name, version, licence, (TEXTS / text).read_text(encoding="utf-8"))


def data_notices() -> Iterator[Notice]:
    """What the laboratory's data is made of.

    Raises:
        BuildError: a text in its folder belongs to no listed data
    """
    texts = {path.name.partition(".LICENSE")[0]: path for path in sorted(DATA.glob("*.LICENSE*"))}
    if set(texts) != set(MEASURED):
        raise BuildError(f"MEASURED in scripts/notices.py does not list what has a licence text in {DATA}")
    for name, path in texts.items():
        yield Notice(name, "of the laboratory", MEASURED[name], path.read_text(encoding="utf-8"))


def all_notices(only: Collection[str] | None = None, vendor: Path = VENDOR) -> list[Notice]:
    """Return the notices of all parts, or of some packages; only the theme's needs the theme."""
    lock = json.loads((ROOT / "vendor.lock.json").read_text(encoding="utf-8"))
    theme = [theme_notice()] if only is None or THEME in only else []
    notices = [
        *lock_notices(lock, vendor),
        *theme,
        *bundled_notices(vendor),
        *carried_notices(),
        *data_notices(),
    ]
    return [notice for notice in notices if only is None or notice.package in only]


def python_notices() -> str:
    """Return the notices of the Python package, which has nothing that is vendored."""
    return as_text([bundled_notice("stemmer"), *carried_notices(), *data_notices()], HEAD)


def as_text(notices: list[Notice], head: str) -> str:
    parts = [head]
    for notice in notices:
        title = f"{notice.package} {notice.version}"
        parts.append(f"{'=' * 78}\n{title}\nLicence: {notice.licence}\n{'=' * 78}\n\n{notice.text.strip()}\n")
    return "\n".join(parts)


def write_notices(folder: Path, only: Collection[str] | None = None) -> None:
    """Write the file into a folder, of all parts or of some packages."""
    (folder / NAME).write_text(as_text(all_notices(only), HEAD + SOURCES), encoding="utf-8")


def article() -> str:
    """All notices for the documentation; the laboratory's data has a long text beside it instead."""
    parts = [f"{HEAD}{SOURCES}"]
    for notice in all_notices():
        parts.append(f"## {notice.package}\n\n{notice.version}. Licence: {notice.licence}.")
        if notice.package in MEASURED:
            (path,) = DATA.glob(f"{notice.package}.LICENSE*")
            parts.append(f'<a href="../../lab/data/{path.name}">Its text</a>')
        else:
            text = html.escape(notice.text.strip())
            parts.append(f"<details><summary>Its text</summary><pre>{text}</pre></details>")
    return "\n\n".join(parts)


GENERATORS: dict[str, Callable[..., str]] = {"notices": article}


def files() -> dict[Path, str]:
    return {ROOT / "py" / NAME: python_notices()}
