"""`goosequill fetch-models`: fetch the embedding models of search from a built site, once."""

from __future__ import annotations

import argparse
import importlib.metadata
import re
from pathlib import Path
from urllib.parse import quote

from goosequill.api.download import download
from goosequill.cli.output import say, say_json
from goosequill.cli.progress import ProgressLine
from goosequill.errors import SearchError
from goosequill.search.embedders import FORMAT
from goosequill.search.model_folders import FULL, STATIC, fetched_folder
from goosequill.support.progress import OnProgress
from goosequill.weights.file_names import DESCRIPTION
from goosequill.weights.folder import read_listing
from goosequill.weights.source import FileSource


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Fetch MiniLM and the static table (31 MB) from a built Goosequill site. Each file is compared with "
        "its SHA-256, and what is there already is not fetched again."
    )
    parser.add_argument(
        "site",
        metavar="SITE",
        nargs="?",
        default=own_site(),
        help="the site's address or folder (default: the documentation's site, if the release names one)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="the folder that gets minilm/ and minilm-static/ (default: one in the cache, where index, ask, "
        "serve and the plugin for MkDocs find them)",
    )
    parser.add_argument("--json", action="store_true", help="print the models' folders as JSON")


def run(options: argparse.Namespace) -> int:
    """Fetch what is missing and return the exit status."""
    target = options.out or fetched_folder()
    progress = ProgressLine(options, "fetching: {done} of {total} bytes")
    folders = [str(fetch(options.site, name, target / name, progress)) for name in (FULL, STATIC)]
    if options.json:
        say_json({"folders": folders})
    elif not options.quiet:
        say("\n".join(folders))
    return 0


def own_site() -> str:
    """Return the address of the project's own site, which a release knows; "" if there is none."""
    try:
        urls = importlib.metadata.metadata("goosequill").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        return ""
    found = (re.fullmatch(r"Documentation, *(https?://\S+/)documentation/", url) for url in urls)
    return next((match[1] for match in found if match), "")


def fetch(site: str, name: str, folder: Path, progress: OnProgress) -> Path:
    """Fetch a model of the site at an address or in a folder, as far as it is not there; return its folder.

    Raises
    ------
    SearchError
        ``path-not-found``: the site is neither.
    LoadError, FileFormatError
        See `goosequill.api.download.fetch`.
    """
    base = Path(site).resolve().as_uri() if site and Path(site).is_dir() else site
    if not re.match(r"(https?|file)://", base):
        raise SearchError(
            f"There is no site at {site!r}." if site else "This installation does not know a site.",
            code="path-not-found",
            remedy="Give the address of a built Goosequill site, which begins with https://, or its folder.",
        )
    address = f"{base.rstrip('/')}/models/{name}/"
    listing = folder / f"{DESCRIPTION}.new"  # gets its name once all that it lists is there
    listing.unlink(missing_ok=True)
    download(address + DESCRIPTION, listing)
    for entry in read_listing(FileSource(listing), FORMAT, "an embedding model")["files"]:
        download(address + quote(entry["name"]), folder / entry["name"], entry["sha256"], progress=progress)
    return listing.replace(folder / DESCRIPTION).parent
