"""What the project promises, the tests that hold it, and what the last soak measured, for the documentation.

The promises are in tests/promises.toml, the figures in tests/soak/last.json. docs_pages.py makes
docs/explanation/promises.md from both; tests/py/scripts/test_promises.py checks that every named test exists.

    python scripts/promises.py --record    copy what `make soak` left in build/soak/ to tests/soak/last.json
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.command import ROOT

PROMISES = ROOT / "tests" / "promises.toml"
MEASURED = ROOT / "build" / "soak"
LAST = ROOT / "tests" / "soak" / "last.json"
SOAKS = {
    "readers": (
        "Readers in Python",
        "Every reader of files is given damaged ones, chosen by the code that they reach.",
    ),
    "readers-js": ("Readers in JavaScript", "Every reader of files and addresses is given damaged ones."),
    "cycles": (
        "Starts and stops",
        "One page starts the engine, writes a short text and ends the engine, again and again.",
    ),
    "widgets": ("Many elements", "Elements on one page write at once, and are then removed."),
    "conversation": ("A long conversation", "A chat goes on for thousands of tokens."),
    "faults": (
        "Faults",
        "Something breaks while a text is written. Afterwards the prompt, settings and documents must "
        "still be there, and another text must be written.",
    ),
}
"""Name, as in build/soak/NAME.json -> its title and what it does. The order is that of `make soak`."""


@dataclass(frozen=True)
class Promise:
    """One sentence, the tests that hold it (FILE::TEST below tests/), and the soaks that measure it, too."""

    says: str
    tests: tuple[str, ...]
    soak: tuple[str, ...] = ()
    must: int = 0
    """Its number among those that may not be dropped, or 0."""


def read_promises(path: Path = PROMISES) -> dict[str, list[Promise]]:
    """Return the promises by the title of their group; a key that is unknown or missing is an error."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return {group["title"]: [read_promise(each) for each in group["promise"]] for group in found["group"]}


def read_promise(found: dict[str, Any]) -> Promise:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in found.items()
    }
    return Promise(**values)


def read_last(path: Path = LAST) -> dict[str, dict[str, Any]]:
    """Return the recorded results: the name of a soak -> what it wrote (scripts/soak/results.py)."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def marked(text: str) -> str:
    """A sentence as HTML; what is between backticks is code."""
    return re.sub("`(.+?)`", r"<code>\1</code>", html.escape(text, quote=False))


def item(promise: Promise) -> str:
    names = [f"<li><code>tests/{html.escape(name, quote=False)}</code></li>" for name in promise.tests]
    names += [f'<li><a href="#{name}">{SOAKS[name][0]}</a></li>' for name in promise.soak]
    count = f"{len(promise.tests)} test{'s' if len(promise.tests) > 1 else ''}"
    if promise.soak:
        count += ", measured in the last soak"
    # data-nosnippet: names of tests are no answers, so searches leave them out
    folded = f"<details data-nosnippet><summary>{count}</summary><ul>{''.join(names)}</ul></details>"
    return f"<li>{marked(promise.says)}{folded}</li>"


def promises() -> str:
    """The promises, each with its tests folded below it."""
    parts = []
    for title, found in read_promises().items():
        parts.append(f"## {title}\n\n" + "\n".join(['<ul class="promises">', *map(item, found), "</ul>"]))
    return "\n\n".join(parts)


def number(value: float) -> str:
    return f"{value:,.2f}" if value % 1 else f"{value:,.0f}"


HEADS = ("What", "Measured", "At most", "Minutes", "Result")


def cells(figure: dict[str, Any]) -> dict[str, str]:
    """The columns that a figure has: head -> text."""
    unit = figure.get("unit", "")
    found = {"What": marked(figure["name"])}
    for head, key in (("Measured", "value"), ("At most", "limit")):
        if key in figure:
            found[head] = f"{number(figure[key])} {unit}".strip()
    if "minutes" in figure:
        found["Minutes"] = f"{figure['minutes']:.1f}"
    return {**found, "Result": "ok" if figure["holds"] else "**broken**"}


def figures(found: list[dict[str, Any]]) -> str:
    """A table of figures with the columns that any of them has."""
    rows = [cells(figure) for figure in found]
    heads = [head for head in HEADS if any(head in row for row in rows)]
    lines = [heads, ["---"] + ["---:" if head != "Result" else "---" for head in heads[1:]]]
    lines += [[row.get(head, "") for head in heads] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def soak() -> str:
    """What the last recorded soak measured: a heading and a table for each of its parts."""
    parts = []
    for name, found in read_last().items():
        day = date.fromisoformat(found["date"])
        cases = " and ".join(f"{count:,} {unit}" for unit, count in found["cases"].items())
        versions = ", ".join(f"{part} {version}" for part, version in found["versions"].items())
        facts = f"{cases} in {found['minutes']:.1f} minutes, on {day.day} {day:%B %Y} with {versions}"
        title, sentence = SOAKS[name]
        parts.append(f"### {title} {{ #{name} }}\n\n{sentence}")
        parts.append(f"{facts}, on this machine: {found['machine']}.\n\n{figures(found['figures'])}")
    return "\n\n".join(parts)


def record(measured: Path = MEASURED, last: Path = LAST) -> None:
    """Copy the results of every soak into one file.

    Raises
    ------
    SystemExit
        If a soak has left no result, because it did not run or did not reach its end.
    """
    missing = [name for name in SOAKS if not (measured / f"{name}.json").is_file()]
    if missing:
        raise SystemExit(f"promises: {measured} has no result of {', '.join(missing)}; run make soak")
    found = {name: json.loads((measured / f"{name}.json").read_text(encoding="utf-8")) for name in SOAKS}
    last.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what the last soak measured.")
    parser.add_argument(
        "--record", action="store_true", required=True, help=f"write {LAST.relative_to(ROOT)}"
    )
    parser.parse_args()
    record()


if __name__ == "__main__":
    main()
