"""The reference of the Python package: signatures and docstrings, as griffe reads them in the sources.

    <!-- generate: api goosequill.loading.load load_path -->    names of a module, each with its heading

Names are imported only to find where they are defined, and for the settings of a ParameterSet, which are its
arguments but not in the sources of its class.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import griffe
from scripts.command import ROOT

ANNOTATION = re.compile(r"""(: )(['"])(.*?)\2""")
"""A type in quotes, as it is printed of a module with postponed annotations."""
DOUBLE = re.compile("(?<!`)``(?!`)")
"""What literals stand in, in docstrings; not a fence."""
CONSTANT = re.compile(r"(?<== )_?[A-Z][A-Z_]+\b")
NEXT_PARAMETER = re.compile(r", (?=\*?\*?\w+[:=,]|\*,|/)")


@cache
def package() -> Any:
    return griffe.load("goosequill", search_paths=[ROOT / "py"], docstring_parser="numpy")


def found(module: str, path: str) -> tuple[Any, Any]:
    """Return a name's value, and its object in the package's sources.

    Raises:
        AttributeError: the module has no such name
    """
    value: Any = importlib.import_module(module)
    for attribute in path.split("."):
        value = getattr(value, attribute)
    home, _, name = value.__module__.partition(".")
    assert home == "goosequill", f"{module}.{path} is not of this package"
    return value, package()[f"{name}.{value.__qualname__}"]


def parameter_set(value: Any) -> str:
    """Return how a ParameterSet is called: with its settings, by name."""
    types = {k: v for base in value.__mro__ for k, v in vars(base).get("__annotations__", {}).items()}
    settings = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=types[name])
        for name, each in value.PARAMETERS.items()
    ]
    return str(value.__name__) + ANNOTATION.sub(r"\1\3", str(inspect.Signature(settings)))


def signature(value: Any, source: Any) -> str:
    """Return the signature, with one parameter a line if it does not fit on one line."""
    if hasattr(value, "PARAMETERS"):
        line = parameter_set(value)
    else:
        start = source.all_members.get("__init__") if source.is_class else source
        line = start.signature(name=source.name, return_type=not source.is_class) if start else source.name
        names = vars(importlib.import_module(source.module.path))
        line = CONSTANT.sub(lambda name: repr(names[name[0]]), line)
    if len(line) <= 80:
        return str(line)
    head, tail = line.split("(", 1)
    inner, returns = tail.rsplit(")", 1)
    return f"{head}(\n    " + NEXT_PARAMETER.sub(",\n    ", inner) + f",\n){returns}"


def sections(source: Any) -> Iterator[str]:
    """The parts of a docstring in Markdown: texts, and lists of definitions under a title in bold."""
    for section in source.docstring.parsed:
        kind = section.kind.value
        if kind == "text":
            yield section.value
        elif kind == "examples":
            parts = (
                text if part.value == "text" else f"```pycon\n{text}\n```" for part, text in section.value
            )
            yield "**Examples**\n\n" + "\n\n".join(parts)
        else:
            items = "".join(map(definition, section.value))
            yield f"**{kind.capitalize()}**\n\n{items.strip()}"


def definition(item: Any) -> str:
    """One parameter, error or result; a result without a type is a text, a line an item."""
    term = str(getattr(item, "name", None) or item.annotation)
    text = re.sub(r"\n(?=.)", "\n    ", item.description)
    return f"`{term.strip('()')}`\n:   {text}\n\n" if text else f"{term}\n"


def entry(module: str, path: str) -> str:
    value, source = found(module, path)
    if source.docstring is None:
        raise ValueError(f"{module}.{path} has no docstring for the reference")
    text = DOUBLE.sub("`", "\n\n".join(sections(source)))
    return f"### {path}\n\n```python\n{signature(value, source)}\n```\n\n{text}"


def api(module: str, *names: str) -> str:
    return "\n\n".join(entry(module, name) for name in names)


GENERATORS: dict[str, Callable[..., str]] = {"api": api}
