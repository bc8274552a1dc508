"""Run one command of the build in a fixed environment, and the error that a failed step raises."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EPOCH = "1577836800"  # 2020-01-01, the date of every entry that needs one


class BuildError(Exception):
    """A step of the build failed; the message says which, and what to do."""


def run(*command: str) -> None:
    """Run a command in the repository's root; its output goes to the terminal."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "NO_MKDOCS_2_WARNING": "1"}
    environment["PYTHONPATH"] = str(ROOT / "py")
    environment.setdefault("GOOSEQUILL_THREADS", str(os.cpu_count() or 1))
    result = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise BuildError(f"{' '.join(command[:4])} ended with status {result.returncode}")
