"""Where the two embedding models are, natively."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from goosequill.support.cache import cache_folder
from goosequill.weights.file_names import DESCRIPTION

FULL, STATIC = "minilm", "minilm-static"
"""The folders of the two models, in the folder models of a site."""


def fetched_folder() -> Path:
    """Return the folder in which `goosequill fetch-models` keeps them, which may not exist yet."""
    return cache_folder() / "embedders"


def find_model(name: str, places: Iterable[Path]) -> Path | None:
    """Return the first folder of a model among places; None if it is in none of them."""
    return next((place / name for place in places if (place / name / DESCRIPTION).is_file()), None)
