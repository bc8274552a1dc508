"""Keep what steps of the build make in build/kept/, each under the hash of all that it is made from.

A step names its inputs itself, its own source included. Nothing here knows what depends on what.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.command import ROOT

VARIABLE = "GOOSEQUILL_KEPT"
"""The environment variable that names another folder."""
KEPT = Path(os.environ.get(VARIABLE) or ROOT / "build" / "kept")


def digest(*parts: str | bytes | Path) -> str:
    """Return the hash of texts, bytes and files; of a folder it covers the names of its files too."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path) and part.is_dir():
            files = (path for path in sorted(part.rglob("*")) if path.is_file() and path.suffix != ".pyc")
            part = "".join(f"{path.relative_to(part).as_posix()} {digest(path)}\n" for path in files)
        elif isinstance(part, Path):
            part = part.read_bytes()
        found.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return found.hexdigest()[:32]


def kept(step: str, key: str, make: Callable[[Path], object]) -> Path:
    """Return the file or folder of a step. `make` writes it if it is not there; earlier ones are removed.

    It is moved to its place when it is complete, so that no later build believes what was interrupted.
    """
    entry = KEPT / f"{step}.{key}"
    if not entry.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT, prefix="new-") as scratch:
            make(Path(scratch) / step)
            earlier = [path for path in KEPT.glob(f"{step}.*") if path != entry]
            if not entry.exists():  # another process may have made the same
                (Path(scratch) / step).rename(entry)
        for path in earlier:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return entry
