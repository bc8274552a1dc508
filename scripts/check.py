"""Run all checks that need no build, two at a time, and show at the end what each found: `make check`.

A line of a part that begins with "warning:" is shown whether the part fails or not.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TSC = ("node_modules/.bin/tsc", "--noEmit", "-p")
PARTS = {
    "lines per room": (sys.executable, "scripts/rooms.py"),
    "format of Python": (sys.executable, "-m", "ruff", "format", "--check"),
    "lint of Python": (sys.executable, "-m", "ruff", "check"),
    "lint of the image": (str(Path(sys.executable).with_name("hadolint")), "Containerfile"),
    "generated files": (sys.executable, "scripts/generate.py", "--check"),
    "format and lint of JavaScript": ("node_modules/.bin/biome", "check", "."),
    "types of the worker": (*TSC, "tsconfig.worker.json"),
    "types of JavaScript": (*TSC, "tsconfig.json"),
    "texts and translations": (sys.executable, "scripts/words.py", "--check"),
    "types of Python": (sys.executable, "-m", "mypy"),
}
"""Name -> command, the fastest first."""


def run(name: str) -> subprocess.CompletedProcess[str]:
    """Run a part, and say how it ended."""
    start = time.monotonic()
    done = subprocess.run(PARTS[name], cwd=ROOT, capture_output=True, text=True)
    result = "failed" if done.returncode else "ok"
    print(f"{result:<6}{time.monotonic() - start:>6.1f} s  {name}", flush=True)
    return done


def main() -> int:
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(PARTS, pool.map(run, PARTS), strict=True))
    for name, done in found.items():
        lines = (done.stdout + done.stderr).splitlines()
        if shown := [line for line in lines if done.returncode or line.startswith("warning:")]:
            print(f"\n{name}{' failed' if done.returncode else ''}:", *shown, sep="\n")
    return any(done.returncode for done in found.values())


if __name__ == "__main__":
    sys.exit(main())
