"""Put the files that make up one version of a built site into a folder that is named after the version.

Then a page can only get files of its own version: another one's have other addresses, whatever a server, a
cache or a tab has kept, and with or without a service worker. Pages, models, pictures, examples, the
documentation's index, and the scripts that other sites load, keep their addresses in all versions.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

NO_VERSION = "0" * 16
FILES = f"v-{NO_VERSION}"
"""The folder's name until the version is known."""
NAME = re.compile(rb"\bv-[0-9a-f]{16}\b")
TOP = re.compile(r"^v-[0-9a-f]{16}/")
SUFFIXES = {".js", ".css", ".json", ".map"}
"""What a page runs, or reads when it runs."""
WHOLE = ("lab/data/", "python/", "vendor/")
"""And everything in these folders."""
PUBLIC = {
    "embed/connect.js",
    "embed/goose-search.js",
    "embed/goosequill.js",
    "engine/client.js",
    "engine/openai.js",
    "engine/prompt-api-install.js",
    "engine/prompt-api.js",
    "engine/semantic-embedder.js",
}
"""Other sites load these."""
STARTED = ("engine/preparer.js", "engine/worker.js")
"""Workers that a script of another site, or of the npm package, starts from a Goosequill site's folder."""
COUNTED = ("engine/parts.json",)
"""From this such a script knows how much that downloads."""
STAYS = re.compile(
    r"[^/]+$|models/|search-index/|assets/figures/|.*\.schema\.json$|search/search_index\.json$|\w+/examples/"
)
NAMED = ("embed/goose-better", "search-index/material", "search-index/material-search")
"""Scripts that have to stay beside others or the documentation's index: the version is in their names."""

TAG = re.compile(r"<(?:script|link|img|a)\b[^>]*>")
SEARCH = re.compile(r'("search": "[^"]*search-index/material)(?=\.js)')
ATTRIBUTE = re.compile(r'(?<=\s)((?:src|href|data-file)=")([^"#?:]+)(?=")')
IMPORT = re.compile(r'(\b(?:from|import)\s*\(?\s*")(\.[^"]+)(?=")')


def is_versioned(path: str) -> bool:
    """Whether the address of a file, relative to the site, says of which version it is."""
    if STAYS.match(path) or path.removesuffix(".map") in PUBLIC or path.removesuffix(".js") in NAMED:
        return False
    return path.startswith(WHOLE) or Path(path).suffix in SUFFIXES


def gather(folder: Path) -> None:
    """Move a built site's versioned files into one folder, and let pages and scripts refer to them there."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    moved = set(filter(is_versioned, files))
    for path in sorted(moved):
        target = folder / FILES / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / path).rename(target)
    for path in sorted(files - moved):
        if path.endswith(".html"):
            page = folder / path
            html = page.read_text(encoding="utf-8")
            html = TAG.sub(lambda tag, path=path: refer(ATTRIBUTE, tag[0], path, moved), html)  # type: ignore
            page.write_text(SEARCH.sub(rf"\1-{FILES}", html), encoding="utf-8")
        elif path in PUBLIC:
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(refer(IMPORT, text, path, moved), encoding="utf-8")
    for path in moved.intersection(STARTED):
        (folder / path).write_text(f'import "../{FILES}/{path}";\n', encoding="utf-8")
    for path in moved.intersection(COUNTED):
        shutil.copyfile(folder / FILES / path, folder / path)
    for path in NAMED:
        if f"{path}.js" in files:
            put_version(folder / f"{path}.js")
    remove_empty(folder)


def refer(pattern: re.Pattern[str], text: str, path: str, moved: set[str]) -> str:
    """The text of the file at `path`, with the new addresses of what was moved."""
    here = os.path.dirname(path)

    def change(found: re.Match[str]) -> str:
        target = os.path.normpath(os.path.join(here, found[2]))
        return found[1] + os.path.relpath(f"{FILES}/{target}", here or ".") if target in moved else found[0]

    return pattern.sub(change, text)


def put_version(script: Path) -> None:
    """Put the version into the name of a script, and into the scripts beside it that import it."""
    named = script.rename(script.with_stem(f"{script.stem}-{FILES}"))
    for other in script.parent.glob("*.js"):
        text = other.read_text(encoding="utf-8")
        other.write_text(text.replace(f'"./{script.name}"', f'"./{named.name}"'), encoding="utf-8")


def remove_empty(folder: Path) -> None:
    """Remove the folders from which everything was moved."""
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()


def set_version(folder: Path, version: str) -> None:
    """Name what has a version's name after another version, and write the name into what refers to it."""
    own = f"v-{version}"
    for found in (*folder.glob("v-*"), *folder.glob("*/*-v-*.js")):
        found.rename(found.with_name(NAME.sub(own.encode(), found.name.encode()).decode()))
    for path in folder.rglob("*"):
        if path.suffix in (".html", ".js") and "vendor" not in path.parts:
            content = path.read_bytes()
            changed = NAME.sub(own.encode(), content)
            if changed != content:
                path.write_bytes(changed)


def versioned(folder: Path) -> Path:
    """The folder of the versioned files of a built site."""
    (found,) = folder.glob("v-*")
    return found
