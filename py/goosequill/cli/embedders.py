"""Which embedding models the commands that search use, and the option that says where they are."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from goosequill.cli.output import say
from goosequill.errors import SearchError
from goosequill.kernels import Kernel
from goosequill.search.embedder import Embedder, TokenEmbedder
from goosequill.search.embedders import open_folder
from goosequill.search.index_files import IndexModel
from goosequill.search.model_folders import FULL, STATIC, fetched_folder, find_model

FOLDERS = {"minilm": FULL, "static": STATIC}
"""Name on the command line -> the folder among the models of a site."""
NAMES = {"minilm-l6": "minilm", "static-minilm": "static"}
"""Name in an index -> name on the command line."""
_HERE = Path(__file__).resolve().parents[3]
_OWN = (Path("dist/models"), _HERE / "dist" / "models", _HERE / "site" / "models")
"""Where they are in a clone of the repository."""


def add_models_option(parser: argparse.ArgumentParser) -> None:
    """Declare --models."""
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="the folder with minilm/ and minilm-static/, such as models of a built site "
        "(default: dist/models, then what fetch-models has fetched)",
    )


def _places(models: Path | None) -> list[Path]:
    return [models] if models else [*_OWN, fetched_folder()]


def find_folder(name: str, models: Path | None) -> Path | None:
    """Return the folder of a model; None if it is not there."""
    return find_model(FOLDERS[name], _places(models))


def open_named(name: str, models: Path | None, kernel: Kernel | None = None) -> TokenEmbedder:
    """Open a model by its name on the command line.

    Raises
    ------
    SearchError
        ``embedder-missing``: it is not there.
    """
    folder = find_folder(name, models)
    if folder is None:
        places = ", ".join(map(str, _places(models)))
        raise SearchError(f"The embedding model {FOLDERS[name]} is not in {places}.", code="embedder-missing")
    return open_folder(folder, kernel)


def choose_model(name: str, models: Path | None, made_with: IndexModel | None) -> str:
    """Return the name of the model to use: the index's own, unless another is asked for."""
    if name != "auto":
        return name
    if made_with is not None:
        if made_with.name not in NAMES:
            raise SearchError(
                f"The index was made with {made_with.name}, which this command does not run.",
                code="index-model",
            )
        return NAMES[made_with.name]
    if find_folder("minilm", models) is None and find_folder("static", models) is not None:
        print("minilm is not installed; using static, which finds less.", file=sys.stderr)
        return "static"
    return "minilm"


def open_models(
    made_with: IndexModel | None, options: argparse.Namespace, kernel: Kernel | None = None
) -> tuple[Embedder | None, Embedder | None]:
    """Return the static table and the index's model, as far as they are there and needed."""
    static = open_named("static", options.models) if find_folder("static", options.models) else None
    name = NAMES.get(made_with.name) if made_with is not None else None
    full = None
    if options.stage == "full" and name is not None:
        if name == "static":
            full = static
        elif find_folder(name, options.models):
            full = open_named(name, options.models, kernel)
    if made_with is not None and full is None and options.stage == "full":
        say(f"{made_with.name} is not installed; the answers are less exact.", file=sys.stderr)
    if made_with is not None and full is None and static is None:
        raise SearchError("Neither the index's model nor the static table is there.", code="embedder-missing")
    return static, full
