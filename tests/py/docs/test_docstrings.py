"""The examples in the docstrings of the public interface give what they say, with the default model."""

import doctest
import importlib
import re
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import goosequill as gq
from tests.samples import ROOT

LISTED = re.compile(r"<!-- generate: api ([\w.]+) (.*?) -->")
REFERENCE = ROOT / "docs" / "reference" / "python.md"


def listed() -> list[tuple[ModuleType, str]]:
    """Every name of the reference with the module in which it is defined."""
    found = []
    for module, names in LISTED.findall(REFERENCE.read_text(encoding="utf-8")):
        for path in names.split():
            value: Any = importlib.import_module(module)
            for attribute in path.split("."):
                value = getattr(value, attribute)
            found.append((importlib.import_module(value.__module__), value.__qualname__))
    return found


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=False)
    found = {}
    for module, path in listed():
        value: Any = module
        for attribute in path.split("."):
            value = getattr(value, attribute)
        value = getattr(value, "__func__", value)
        assert isinstance(value, type | FunctionType), path
        for test in finder.find(value, f"{module.__name__}.{path}", module=module):
            found[test.name] = test
    return [test for test in found.values() if test.examples]


EXAMPLES = examples()


@pytest.fixture(scope="module")
def model() -> gq.TextModel:
    return gq.load(ROOT / "site" / "models" / "default", kernel="numpy")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 20


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_gives_what_it_says(
    example: doctest.DocTest, model: gq.TextModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").symlink_to(ROOT / "site")
    monkeypatch.chdir(tmp_path)
    names = {path: getattr(module, path) for module, path in listed() if "." not in path}
    example.globs |= names | {"np": np, "gq": gq, "model": model, "loaded": model.loaded}
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    runner.run(example, out=said.append, clear_globs=False)
    assert runner.failures == 0, "".join(said)
