"""The package's modules import each other in one direction only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "py" / "goosequill"


def module_name(path: Path) -> str:
    """`goosequill.decoding.chain` for its file; a package's `__init__.py` is the package itself."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_at_start(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is imported: not those in functions or for type checkers."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports_at_start(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for block in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(node, block, []):
                    yield from imports_at_start([inner] if isinstance(inner, ast.stmt) else inner.body)


def imported_modules(source: str, known: set[str]) -> set[str]:
    """The package's modules that a source names in its imports.

    `from package import name` counts as the module `package.name` if there is one, and otherwise as the
    package, whose `__init__` may re-export the name.
    """
    found: set[str] = set()
    for node in imports_at_start(ast.parse(source).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in names}
    return found & known


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one import circle, or an empty list."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in done:
            for target in sorted(graph[module]):
                if found := visit(target, [*path, module]):
                    return found
            done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := visit(module, []))), [])


def test_no_modules_import_each_other_in_a_circle() -> None:
    files = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    graph = {
        name: imported_modules(path.read_text(encoding="utf-8"), set(files)) for name, path in files.items()
    }
    assert len(graph) > 80
    assert circle(graph) == []


def test_a_circle_is_found() -> None:
    sources = {
        "a": "from b import x",
        "b": "if True:\n    import c",
        "c": "try:\n    import a\nexcept ImportError:\n    pass",
        "d": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import e",
        "e": "import d\ndef late():\n    import e",
    }
    graph = {name: imported_modules(source, set(sources)) for name, source in sources.items()}
    assert circle(graph) == ["a", "b", "c", "a"]
    del graph["a"], graph["b"], graph["c"]
    assert circle(graph) == []
