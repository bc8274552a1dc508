"""The package's modules and rooms import each other in one direction, in functions and for types too."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "py" / "goosequill"


def module_name(path: Path) -> str:
    """`goosequill.decoding.chain` for its file; a package's `__init__.py` is the package itself."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(source: str, known: set[str]) -> set[str]:
    """The package's modules that a source names in its imports.

    `from package import name` counts as the module `package.name` if there is one, and otherwise as the
    package, whose `__init__` may re-export the name.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
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


def room(module: str) -> str:
    """Return the folder at the package's root that a module is in; a module at the root is one of its own."""
    return ".".join(module.split(".")[:2])


FILES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


@cache
def graph() -> dict[str, set[str]]:
    """What each module imports."""
    known = set(FILES)
    return {name: imported_modules(path.read_text(encoding="utf-8"), known) for name, path in FILES.items()}


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert len(graph()) > 80
    assert circle(graph()) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {room(module): set() for module in graph()}
    for module, found in graph().items():
        rooms[room(module)] |= {room(target) for target in found} - {room(module)}
    assert len(rooms) > 20
    assert circle(rooms) == []
    assert rooms["goosequill.support"] == set()


def test_few_modules_are_in_no_room() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"} == {
        "describe",
        "errors",
        "parameters",
    }


def test_a_circle_is_found() -> None:
    sources = {
        "a": "from b import x",
        "b": "if True:\n    import c",
        "c": "try:\n    import a\nexcept ImportError:\n    pass",
        "d": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import e",
        "e": "from f import x\ndef late():\n    import d",
        "f": "import g",
    }
    graph = {name: imported_modules(source, set(sources)) for name, source in sources.items()}
    assert circle(graph) == ["a", "b", "c", "a"]
    del graph["a"], graph["b"], graph["c"]
    assert circle(graph) == ["d", "e", "d"]
    del graph["d"]
    graph["e"].remove("d")
    assert circle(graph) == []
