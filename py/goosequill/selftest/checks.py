"""Compares kernels with numpy, and texts with what comes back from a tokenizer, one finding after the other.

A finding is what the page shows in a row: `group`, `title`, `outcome` ("passed", "failed" or "unavailable"),
`detail`, `milliseconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from goosequill.errors import LoadError
from goosequill.kernels import KERNELS, Kernel, NumpyKernel, load_kernel
from goosequill.selftest.operations import OPERATIONS, Draw, Operation, Results
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer, load_tokenizer

SEED = 11
Finding = dict[str, Any]

SAMPLES = (
    "",
    "The goose flew over Kraków, 3.14 km away.\n\n\tdef f(x):\r\n        return x ** 2  # naïve\n",
    "Zażółć gęślą jaźń. Ελληνικά, русский, עברית, العربية, हिन्दी, 日本語 中文 한국어 ไทย",
    "🪿👩‍👩‍👧‍👦🏴󠁧󠁢󠁷󠁬󠁳󠁿 q\u0301 \u200b\u202e\ufeff\x00\x7f\U0010ffff",
    " " * 70 + "\n" * 9 + "a" * 500,
)
"""Texts that a tokenizer must give back as they were."""


def check_kernels(kernels: Sequence[str] = KERNELS[:-1]) -> Iterator[Progress | Finding]:
    """Compare each operation of each compiled kernel with numpy's; yield a finding for each.

    A kernel that does not run here gives one finding, "unavailable".
    """
    total = len(OPERATIONS) * len(kernels)
    reference = NumpyKernel()
    for number, name in enumerate(kernels):
        yield Progress("kernels", number * len(OPERATIONS), total)
        try:
            kernel = load_kernel(name)
        except LoadError as error:
            yield {
                "group": name,
                "title": "load",
                "outcome": "unavailable",
                "detail": str(error),
                "milliseconds": 0,
            }
            continue
        for count, operation in enumerate(OPERATIONS, 1):
            yield {"group": name, "title": operation.title, **compare(kernel, reference, operation)}
            yield Progress("kernels", number * len(OPERATIONS) + count, total)


def compare(kernel: Kernel, reference: Kernel, operation: Operation) -> Finding:
    """Run an operation with both kernels on the same operands; return outcome, detail and milliseconds."""
    expected = operation.run(reference, Draw(SEED))

    def check() -> str:
        return difference(operation.run(kernel, Draw(SEED)), expected, operation.tolerance)

    return measured(check)


def difference(found: Results, expected: Results, tolerance: float) -> str:
    """Return the largest error in words.

    Raises
    ------
    ArithmeticError
        It exceeds the tolerance, or the shapes differ.
    """
    if [part.shape for part in found] != [part.shape for part in expected]:
        raise ArithmeticError("the results have other shapes")
    errors = [_error(a, b) for a, b in zip(found, expected, strict=True)]
    largest = max(errors) if all(np.isfinite(errors)) else float("nan")
    words = f"largest error {largest:.1e} of the largest number, {tolerance:.0e} is allowed"
    if not largest <= tolerance:  # also if it is not a number
        raise ArithmeticError(words)
    return words if largest else "equal to the last bit"


def _error(found: Any, expected: Any) -> float:
    if not found.size:
        return 0.0
    largest = float(np.abs(expected.astype(np.float64)).max())
    error = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    return float(error.max() / (largest or 1.0))


def check_tokenizers(tokenizer: Tokenizer | None = None) -> Iterator[Progress | Finding]:
    """Encode texts and decode them again, with the built-in tokenizers and a model's; yield findings."""
    tokenizers: dict[str, Callable[[], Tokenizer]] = {
        name: partial(load_tokenizer, name) for name in ("world", "neox-20b", "byte")
    }
    if tokenizer is not None:
        tokenizers["default model"] = lambda: tokenizer
    for count, (name, load) in enumerate(tokenizers.items(), 1):
        yield {"group": "", "title": name, **measured(partial(round_trip, load))}
        yield Progress("tokenizers", count, len(tokenizers))


def round_trip(load: Callable[[], Tokenizer]) -> str:
    """Return how many tokens the samples have.

    Raises
    ------
    ArithmeticError
        One of them comes back changed.
    """
    tokenizer, count = load(), 0
    for number, text in enumerate(SAMPLES, 1):
        tokens = tokenizer.encode(text)
        count += len(tokens)
        if tokenizer.decode(tokens) != text:
            raise ArithmeticError(f"text {number} of {len(SAMPLES)} comes back changed")
    return f"{len(SAMPLES)} texts, {count:,} tokens"


def measured(check: Callable[[], str]) -> Finding:
    """Return the outcome of a check, its detail, and how long it took; whatever it raises is a failure."""
    started = perf_counter()
    try:
        found = {"outcome": "passed", "detail": check()}
    except Exception as error:  # a broken kernel may raise anything
        found = {"outcome": "failed", "detail": f"{type(error).__name__}: {error}"[:300]}
    return {**found, "milliseconds": 1000 * (perf_counter() - started)}
