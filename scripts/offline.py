"""Make a built site work offline: the service worker's list of files, and a zip of the whole site.

Both depend only on the bytes of the files, so two builds of one tree give the same result.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

from scripts.versions import NO_VERSION, TOP, set_version

PART_BYTES = 512 * 1024  # larger files are fetched on first use, not when a version is installed
PART_FOLDERS = ("vendor/pdfjs/", "vendor/pyodide/", "python/")
INDEX = "search-index/"  # of the documentation; pages read web/ alone
MEANINGS = f"{INDEX}web/pieces-"  # what searching by words does without
UNLISTED = ("sw.js", "precache.js", "HOW-TO-HOST.html", "robots.txt", "sitemap.xml", "ui/preview.png")
STORED = {".whl", ".zip", ".png", ".woff2", ".gz"}  # already compressed
STAMP = re.compile(rb'(<html\b[^>]*?)(?: data-version="\w*")?>')
"""The start of a page, which contains its version."""
DATE = (2020, 1, 1, 0, 0, 0)


def is_model_file(path: str) -> bool:
    """Whether the engine stores it by its hash; a model's config and card belong to the site."""
    return (
        path.startswith("models/") and path.count("/") > 1 and not path.endswith(("config.json", "README.md"))
    )


def is_whole_index(path: str) -> bool:
    """Whether it is a file of the documentation's index that no page reads, or only for MiniLM."""
    return path.startswith(INDEX) and not path.startswith(f"{INDEX}web/") and not path.endswith(".js")


def sort_files(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return shell and parts, each as path: sha256."""
    shell: dict[str, str] = {}
    parts: dict[str, str] = {}
    for file in sorted(folder.rglob("*")):
        address = file.relative_to(folder).as_posix()
        path = TOP.sub("", address)
        unlisted = path in UNLISTED or path.endswith(".map") or is_model_file(path) or is_whole_index(path)
        if unlisted or not file.is_file():
            continue
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        (parts if is_part(path, file.stat().st_size) else shell)[address] = digest
    return shell, parts


def is_part(path: str, size: int) -> bool:
    """Whether a file is fetched on first use. The documentation is always searched by words, at any size."""
    if path.startswith(INDEX):
        return path.startswith(MEANINGS)
    return path.startswith(PART_FOLDERS) or size > PART_BYTES


def stamp_pages(folder: Path, version: str) -> None:
    """Write into each page of which version it is; "" removes that."""
    stamp = f' data-version="{version}"' if version else ""
    for page in folder.rglob("*.html"):
        html = page.read_bytes()
        page.write_bytes(STAMP.sub(rb"\1" + stamp.encode() + b">", html, count=1))


def write_precache(folder: Path) -> str:
    """Write the version into each page, into the name of the folder of its files, and into precache.js, which
    the service worker imports; return it.

    It is a hash of everything else.
    """
    stamp_pages(folder, "")
    set_version(folder, NO_VERSION)
    shell, parts = sort_files(folder)
    worker = (folder / "sw.js").read_text(encoding="utf-8")
    everything = json.dumps([shell, parts, worker], sort_keys=True)
    version = hashlib.sha256(everything.encode()).hexdigest()[:16]
    set_version(folder, version)
    stamp_pages(folder, version)
    shell, parts = sort_files(folder)
    text = json.dumps({"version": version, "shell": shell, "parts": parts}, indent=1)
    (folder / "precache.js").write_text(f"self.goosequillPrecache = {text};\n", encoding="utf-8")
    return version


def write_zip(folder: Path, target: Path) -> int:
    """Zip the folder and return the size of the archive in bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if not file.is_file():
                continue
            entry = zipfile.ZipInfo(f"goosequill-site/{file.relative_to(folder).as_posix()}", DATE)
            entry.external_attr = 0o644 << 16
            stored = file.suffix in STORED
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes(), compresslevel=6)
    return target.stat().st_size
