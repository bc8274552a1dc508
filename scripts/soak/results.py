"""What one soak measured: printed as it comes, and written to build/soak/NAME.json at its end.

`python scripts/promises.py --record` copies these files into the one that the documentation shows. A run that
does not reach its end leaves no file, so that an earlier one does not pass for it.
"""

from __future__ import annotations

import json
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.machine import machine

FOLDER = Path(__file__).resolve().parents[2] / "build" / "soak"


class Results:
    """The figures of a soak, each with whether it held its bound.

    A figure is a dict with `name` and `holds`, and with those that it has of `value`, `unit`, `limit` (the
    greatest value that is allowed) and `minutes` (how long it took).
    """

    def __init__(self, name: str, *, folder: Path = FOLDER, again: bool = False) -> None:
        """With `again` only some figures are measured anew, and the others are those of the last run."""
        self._path = folder / f"{name}.json"
        kept = again and self._path.is_file()
        earlier: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8")) if kept else {}
        self._path.unlink(missing_ok=True)
        self._started = time.monotonic()
        self._minutes = earlier.get("minutes", 0)
        self.figures: list[dict[str, Any]] = earlier.get("figures", [])

    def at_most(self, name: str, value: float, limit: float, unit: str = "") -> None:
        """Note a figure with a bound. A value that is not a number breaks it."""
        holds = value <= limit
        broken = "" if holds else "  BROKEN"
        print(f"{name:<44}{value:>12,.2f} {unit:<6} at most {limit:,.2f}{broken}", flush=True)
        self._note(name, holds, value=round(value, 4), limit=limit, unit=unit)

    def holds(self, name: str, fact: bool, words: str = "", **more: float) -> None:
        """Note what is true or not; `words` say what went wrong."""
        print(f"{name} {'ok' if fact else f'BROKEN {words}'}", flush=True)
        self._note(name, fact, **more)

    def tried(self, name: str, count: int, *, minutes: float, failures: str = "") -> None:
        """Note how many inputs a reader was given, and those that made it fail."""
        print(f"{name:<24}{count:>12,} files  {failures or 'no failure'}", flush=True)
        self._note(name, not failures, value=count, unit="files", minutes=round(minutes, 1))

    def _note(self, name: str, holds: bool, **more: Any) -> None:
        figure = {"name": name, "holds": bool(holds), **more}
        places = [at for at, each in enumerate(self.figures) if each["name"] == name]
        if places:
            self.figures[places[0]] = figure
        else:
            self.figures.append(figure)

    def write(self, cases: dict[str, int], versions: dict[str, str]) -> int:
        """Write the file; return the exit status, 1 if a figure broke its bound.

        Parameters
        ----------
        cases
            How much was done: unit -> number, such as {"cycles": 50}.
        versions
            What it ran in, besides Python: name -> version.
        """
        found = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "versions": {**versions, "Python": platform.python_version()},
            "minutes": round(self._minutes + (time.monotonic() - self._started) / 60, 1),
            "cases": cases,
            "figures": self.figures,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0 if all(each["holds"] for each in self.figures) else 1
