"""The self-test's checks: they pass on a kernel that works, and fail on one that does not."""

from typing import Any

import numpy as np
import pytest

from goosequill.errors import LoadError
from goosequill.kernels import Kernel, LogitOperations, NumpyKernel, SearchOperations, load_kernel
from goosequill.selftest import checks
from goosequill.selftest.operations import OPERATIONS, Operation
from goosequill.support.progress import Progress

NOT_OPERATIONS = {"run", "bind", "quantize", "pack", "matrix", "head", "table", "bits", "stored"}
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.title)


def findings(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if not isinstance(item, Progress)]


def test_the_native_kernel_passes_every_check() -> None:
    found = findings(checks.check_kernels(["native"]))
    assert [each["title"] for each in found] == [operation.title for operation in OPERATIONS]
    assert [each for each in found if each["outcome"] != "passed"] == []


def test_progress_reaches_its_total() -> None:
    steps = [item for item in checks.check_kernels(["native"]) if isinstance(item, Progress)]
    assert [step.loaded for step in steps] == list(range(len(OPERATIONS) + 1))
    assert {step.total for step in steps} == {len(OPERATIONS)}


def test_a_kernel_that_does_not_run_here_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Kernel:
        raise LoadError(f"The {name} kernel cannot be used here.", code="kernel-unavailable")

    monkeypatch.setattr(checks, "load_kernel", refuse)
    (found,) = findings(checks.check_kernels(["relaxed"]))
    assert (found["group"], found["outcome"]) == ("relaxed", "unavailable")


def test_every_operation_of_a_kernel_is_checked() -> None:
    own = {name for name in vars(Kernel) if not name.startswith("_")} - NOT_OPERATIONS
    own |= {f"logits.{name}" for name in vars(LogitOperations) if not name.startswith("_")}
    own |= {f"search.{name}" for name in vars(SearchOperations) if not name.startswith("_")}
    assert {operation.covers for operation in OPERATIONS} == own


class Broken:
    """A kernel, or its operations on logits or vectors, of which one operation returns something else."""

    def __init__(self, whole: Any, name: str) -> None:
        self._whole, self._name = whole, name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        if name in ("logits", "search"):
            return Broken(found, self._name.removeprefix(f"{name}."))
        return self._broken if name == self._name else found

    def _broken(self, *operands: Any, **options: Any) -> Any:
        found = getattr(self._whole, self._name)(*operands, **options)
        if isinstance(found, np.ndarray):
            return changed(found)
        if not isinstance(found, tuple):
            return found + 1
        parts = [changed(np.asarray(part)) for part in found]
        return type(found)(*parts) if hasattr(found, "_fields") else parts


def changed(array: Any) -> Any:
    """The largest number of the array is larger: a lane that is computed wrongly."""
    copy = array.copy()
    largest = np.unravel_index(copy.argmax(), copy.shape)
    copy[largest] += copy.dtype.type(1 + abs(copy[largest]))
    return copy


@each_operation
def test_a_wrong_number_fails(operation: Operation) -> None:
    broken: Any = Broken(NumpyKernel(), operation.covers)
    found = checks.compare(broken, NumpyKernel(), operation)
    assert found["outcome"] == "failed"
    assert found["detail"]


def test_what_is_not_a_number_fails() -> None:
    with pytest.raises(ArithmeticError, match="nan"):
        checks.difference([np.array([np.nan])], [np.array([1.0])], 1.0)
    with pytest.raises(ArithmeticError, match="shapes"):
        checks.difference([np.zeros(2)], [np.zeros(3)], 1.0)


def test_an_exception_is_a_failure_with_its_words() -> None:
    def run(kernel: Kernel, _: object) -> list[Any]:
        if kernel.name != "numpy":
            raise RuntimeError("unreachable")
        return [np.zeros(1)]

    found = checks.compare(load_kernel("native"), NumpyKernel(), Operation("a", "add", run))
    assert (found["outcome"], found["detail"]) == ("failed", "RuntimeError: unreachable")


def test_tokenizers_give_every_text_back() -> None:
    found = findings(checks.check_tokenizers())
    assert [each["title"] for each in found] == ["world", "neox-20b", "byte"]
    assert [each for each in found if each["outcome"] != "passed"] == []


def test_a_tokenizer_that_changes_a_text_fails() -> None:
    class Deaf:
        def encode(self, text: str) -> list[int]:
            return [ord(character) for character in text]

        def decode(self, ids: list[int]) -> str:
            return "".join(map(chr, ids)).replace("\u202e", "")

    deaf: Any = Deaf()
    last = findings(checks.check_tokenizers(deaf))[-1]
    assert (last["title"], last["outcome"]) == ("default model", "failed")
    assert "text 4 of 5" in last["detail"]
