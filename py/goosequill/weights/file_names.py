"""Which names a model's files may have, and which of them contain the weights.

`site/engine/file-names.js` decides the same before Python runs; both are tested with
the cases in tests/data/file-names.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DESCRIPTION = "config.json"

_ENDINGS = (".safetensors", ".st", ".pth", ".pt", ".gguf", ".bin", ".prefab")
"""Endings of weight files, the preferred ones first."""
_LIST = ".safetensors.index.json"
"""The ending of the file in which Hugging Face's libraries list shards."""
_LEGAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def is_legal(name: str) -> bool:
    """Whether a model folder may list a file of this name: it cannot lead out of the folder."""
    return _LEGAL.fullmatch(name) is not None


def lists_shards(name: str) -> bool:
    """Whether a file lists the shards of a model; the shards themselves say what they contain."""
    return name.lower().endswith(_LIST)


def is_weights(name: str) -> bool:
    """Whether a file's name ends as those of weights do."""
    return name.lower().endswith(_ENDINGS)


def weight_files(names: Iterable[str]) -> list[str]:
    """Which of a model's files contain its weights, sorted; none if that is ambiguous.

    A lone file is weights, whatever its name. Of several, the weights are the files with the most
    preferred ending that occurs; only safetensors may be sharded, and the file that lists the shards is
    ignored.
    """
    others = sorted(name for name in names if name != DESCRIPTION and not lists_shards(name))
    if len(others) == 1:
        return others
    for ending in _ENDINGS:
        found = [name for name in others if name.lower().endswith(ending)]
        if found and (len(found) == 1 or ending == ".safetensors"):
            return found
    return []
