"""NaN in any operand: all kernels have it in the same places of the results and of the state.

A kernel that hides one gives a text without sense and without an error.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from goosequill.kernels import ACTIVATIONS, Activation, Kernel, NumpyKernel, Shortlist, load_kernel
from goosequill.weights.packing import SKETCHED
from goosequill.weights.quantize import quantize

Array = NDArray[np.float32]
TOKENS, HEADS, SIZE = 3, 2, 18
WIDTH = HEADS * SIZE
STATES = {
    "wkv4": lambda: np.stack([np.zeros(WIDTH), np.zeros(WIDTH), np.full(WIDTH, -1e30)]),
    "wkv4_back": lambda: np.ones((3, WIDTH)),
    "wkv5": lambda: np.zeros((HEADS, SIZE, SIZE)),
    "wkv7": lambda: np.zeros((HEADS, SIZE, SIZE)),
    "wkv7_back": lambda: np.ones((HEADS, SIZE, SIZE)),
}
"""The state before the first token, of operations that have one."""
ROWS, ROW = (TOKENS, WIDTH), (WIDTH,)
OPERATIONS: dict[str, tuple[list[tuple[int, ...]], dict[str, Any]]] = {
    "layer_norm": ([ROWS, ROW, ROW], {}),
    "group_norm": ([ROWS, ROW, ROW], {"heads": HEADS, "eps": 1e-5}),
    "group_norm_back": ([ROWS, ROWS, ROW], {"heads": HEADS, "eps": 1e-5}),
    "mix_back": ([(2 * TOKENS, WIDTH), ROWS, (2, WIDTH)], {}),
    "lerp": ([ROWS, ROWS, ROW], {}),
    "add": ([ROWS, ROWS], {}),
    "multiply": ([ROWS, ROW], {}),
    "delta_keys": ([ROWS, ROWS, ROW, ROW], {"heads": HEADS}),
    "head_bonus": ([ROWS, ROWS, ROWS, ROW], {"heads": HEADS}),
    "wkv4": ([ROWS, ROWS, ROW, ROW], {}),
    "wkv4_back": ([ROWS, ROWS, ROWS, ROW, ROW], {}),
    "wkv5": ([ROWS, ROWS, ROWS, ROW, ROW], {}),
    "wkv7": ([ROWS] * 6, {}),
    "wkv7_back": ([ROWS] * 7, {}),
}
"""Operation -> shapes of its operands, and its other arguments."""


def everywhere(compute: Callable[[Kernel], list[Array]]) -> None:
    """Compare where the results of all kernels are NaN, and check that any is."""
    with np.errstate(all="ignore"):
        expected, found = compute(NumpyKernel()), compute(load_kernel("native"))
    assert any(np.isnan(array).any() for array in expected)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(np.isnan(other), np.isnan(one))


def drawn(shapes: list[tuple[int, ...]], bad: int) -> list[Array]:
    """Random operands, one of which has a NaN in its middle."""
    rng = np.random.default_rng(0)
    operands = [rng.random(shape).astype(np.float32) for shape in shapes]
    operands[bad].reshape(-1)[operands[bad].size // 2] = np.nan
    return operands


@pytest.mark.parametrize(
    ("name", "bad"), [(name, at) for name, (shapes, _) in OPERATIONS.items() for at in range(len(shapes))]
)
def test_an_operation_hides_no_nan(name: str, bad: int) -> None:
    shapes, more = OPERATIONS[name]

    def compute(kernel: Kernel) -> list[Array]:
        operands = drawn(shapes, bad)
        state = [STATES[name]().astype(np.float32)] if name in STATES else []
        results = []
        for part in range(2 if name == "delta_keys" else 1):

            def build(_: Any, part: int = part) -> Any:
                found = getattr(kernel, name)(*map(kernel.bind, [*operands, *state]), **more)
                return found[part] if name == "delta_keys" else found

            result = kernel.run([0] * TOKENS, build, programs={}, key=None)
            assert result is not None
            results.append(result)
        return [*results, *state]

    everywhere(compute)


@pytest.mark.parametrize("bad", range(3))
def test_attention_hides_no_nan(bad: int) -> None:
    def compute(kernel: Kernel) -> list[Array]:
        q, k, v = map(kernel.bind, drawn([ROWS] * 3, bad))
        result = kernel.run([0], lambda _: kernel.attention(q, k, v, [2, 1], heads=2), programs={}, key=None)
        assert result is not None
        return [result]

    everywhere(compute)


@pytest.mark.parametrize("tokens", [1, 3])
@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_a_product_hides_no_nan(activation: Activation | None, bits: int | None, tokens: int) -> None:
    def compute(kernel: Kernel) -> list[Array]:
        weights, x = drawn([(20, 64), (tokens, 64)], 1)
        matrix = kernel.matrix(weights if bits is None else quantize(weights, bits))  # type: ignore[arg-type]
        result = kernel.run(
            [0],
            lambda _: kernel.product(matrix, kernel.bind(x), activation=activation),
            programs={},
            key=None,
        )
        assert result is not None
        return [result]

    everywhere(compute)


@pytest.mark.parametrize("bits", [None, 8, 4])
def test_a_head_hides_no_nan(bits: int | None) -> None:
    def compute(kernel: Kernel) -> list[Array]:
        weights, x = drawn([(SKETCHED, 64), (1, 64)], 1)
        head = kernel.head(weights if bits is None else quantize(weights, bits))  # type: ignore[arg-type]
        result = kernel.run(
            [0], lambda _: kernel.likely(head, kernel.bind(x), Shortlist()), programs={}, key=None
        )
        assert result is not None
        return [np.array([kernel.logits.highest(result[0])], np.float32)]

    everywhere(compute)
