"""Which files of the repository a Python file imports, read from its syntax without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scripts.command import ROOT

ROOTS = (ROOT / "py", ROOT)
"""Where absolute imports begin."""


def _names(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, and what it takes from one, which may be a module too."""
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*_package(path, node.level), *(node.module or "").split(".")]).strip(".")
            yield from (base, *(f"{base}.{each.name}" for each in node.names))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node; not their expressions, which are ten times as many."""
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        for each in getattr(node, field, ()):
            yield each
            yield from _statements(each)


def _package(path: Path, level: int) -> tuple[str, ...]:
    """The package that the dots of a relative import mean; none without dots."""
    root = next(root for root in ROOTS if path.is_relative_to(root))
    return path.parents[level - 1].relative_to(root).parts if level else ()


def files_of(module: str) -> set[Path]:
    """The file of a module of this repository; none if it is not."""
    bases = [root / module.replace(".", "/") for root in ROOTS]
    files = {path for base in bases for path in (base / "__init__.py", base.with_suffix(".py"))}
    return {path for path in files if path.is_file()}


@cache
def imports(path: Path) -> frozenset[Path]:
    """The files that one file imports itself, at its head or in a function."""
    return frozenset(file for name in _names(path) for file in files_of(name))


def sources(module: str) -> list[Path]:
    """Return the files of a module and of all that it imports, in a fixed order."""
    waiting, found = list(files_of(module)), set[Path]()
    while waiting:
        if (path := waiting.pop()) not in found:
            found.add(path)
            waiting += imports(path)
    return sorted(found)
