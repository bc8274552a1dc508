"""Writes config.json of an embedding model's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from goosequill.search.embedders import FORMAT
from goosequill.weights.file_names import DESCRIPTION
from goosequill.weights.folder import FORMAT_VERSION

ROTATION_FILE = "rotation.safetensors"


def describe_folder(folder: Path, files: Sequence[str], about: Mapping[str, Any], *, space: Path) -> None:
    """Write config.json: `about`, the files with their hashes, and the hash of the axes in `space`."""
    described = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **about,
        "space": hashlib.sha256((space / ROTATION_FILE).read_bytes()).hexdigest(),
        "files": [_entry(folder / name) for name in files],
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def _entry(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"name": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
