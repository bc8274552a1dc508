"""Options that select embedding models, shared by the commands that search."""

from __future__ import annotations

import argparse
from pathlib import Path

from goosequill.errors import SearchError
from goosequill.kernels import Kernel
from goosequill.search.embedder import Embedder
from goosequill.search.embedders import open_folder

FOLDERS = {"minilm": "minilm", "static": "minilm-static"}
"""Name on the command line -> the folder among the models of a site."""
NAMES = {"minilm-l6": "minilm", "static-minilm": "static"}
"""Name in an index -> name on the command line."""
_HERE = Path(__file__).resolve().parents[3]
_PLACES = (Path("dist/models"), _HERE / "dist" / "models", _HERE / "site" / "models")


def add_models_option(parser: argparse.ArgumentParser) -> None:
    """Declare --models."""
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="the folder with minilm/ and minilm-static/: the folder models of a built site "
        "(default: dist/models, then site/models)",
    )


def find_folder(name: str, models: Path | None) -> Path | None:
    """Return the folder of a model; None if it is not there."""
    for place in (models,) if models else _PLACES:
        folder = place / FOLDERS[name]
        if (folder / "config.json").is_file():
            return folder
    return None


def open_named(name: str, models: Path | None, kernel: Kernel | None = None) -> Embedder:
    """Open a model by its name on the command line.

    Raises
    ------
    SearchError
        ``embedder-missing``: it is not there.
    """
    folder = find_folder(name, models)
    if folder is None:
        places = ", ".join(str(place) for place in ((models,) if models else _PLACES))
        raise SearchError(f"The embedding model {FOLDERS[name]} is not in {places}.", code="embedder-missing")
    return open_folder(folder, kernel)
