"""Where what can be made or fetched again is kept: downloaded models, compiled kernels."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder, which may not exist yet.

    It is ``$GOOSEQUILL_CACHE``; or goosequill/ in ``$XDG_CACHE_HOME``, on Windows in ``%LOCALAPPDATA%``, and
    else in ~/.cache.
    """
    if chosen := os.environ.get("GOOSEQUILL_CACHE"):
        return Path(chosen).expanduser()
    system = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    return Path(os.environ.get("XDG_CACHE_HOME") or system or Path.home() / ".cache") / "goosequill"
