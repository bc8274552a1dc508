"""Every operation of every kernel compared with float64 loops, for many shapes and magnitudes."""

from collections.abc import Callable
from copy import copy
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from goosequill.kernels import (
    ACTIVATIONS,
    Activation,
    Kernel,
    NumpyKernel,
    Shortlist,
    SimdKernel,
    load_kernel,
)
from goosequill.kernels.activations import gelu
from goosequill.kernels.arena import Arena
from goosequill.kernels.library import Library, address_of
from goosequill.kernels.native import compiled
from goosequill.kernels.numpy_kernel import multiply_einsum
from goosequill.weights.packing import SKETCHED
from goosequill.weights.quantize import QuantizedMatrix, quantize
from tests.py.kernels import plain

Array = NDArray[np.float32]
Operation = Callable[..., Any]
OTHERS = {
    # Where bytes cannot be multiplied, as in a page's plain kernel.
    "native in 16 bits": "-DWITHOUT_DOT_BYTES",
    # As in a page's relaxed kernel: with sums of two products in 16 bits, and of four in 32.
    "native in pairs": "-DQUADS=0",
    "native in quads": "-DQUADS=1",
    "native in whole bytes": "-DQUADS=2",
}
"""Flags with which the native kernel is as on other processors; the last needs AVX-512 VNNI itself."""
if cast(SimdKernel, load_kernel("native")).library.processor_level() < 5:
    del OTHERS["native in whole bytes"]
OWN = ("numpy", "numpy without blas", "native")


@cache
def made(name: str) -> Kernel:
    if name in OTHERS:
        return SimdKernel(Library(compiled(OTHERS[name]), "native"))
    return load_kernel("native") if name == "native" else NumpyKernel(*[multiply_einsum][: name != "numpy"])


@pytest.fixture(scope="module")
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return made(request.param)


def each_kernel(test: Callable[..., None]) -> Callable[..., None]:
    others = (pytest.param(name, marks=pytest.mark.rest) for name in OTHERS)
    return pytest.mark.parametrize("kernel", [*OWN, *others], indirect=True)(test)


class Case:
    """Draws random operands: `steps` tokens, `heads` heads of `size` channels."""

    def __init__(self, steps: int, heads: int, size: int, scale: float, seed: int) -> None:
        self.steps, self.heads, self.size, self.scale = steps, heads, size, scale
        self.width = heads * size
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape: int, scale: float | None = None) -> Array:
        return (self.rng.standard_normal(shape) * (scale or self.scale)).astype(np.float32)

    def tokens(self, scale: float | None = None) -> Array:
        return self.normal(self.steps, self.width, scale=scale)

    def share(self, *shape: int) -> Array:
        return self.rng.random(shape).astype(np.float32)


def each_case(test: Callable[..., None]) -> Callable[..., None]:
    cases = st.builds(
        Case,
        steps=st.integers(1, 13),
        heads=st.integers(1, 3),
        size=st.sampled_from([1, 4, 5, 10, 16]),
        scale=st.sampled_from([1e-3, 1.0, 30.0]),
        seed=st.integers(0, 10_000),
    )
    return each_kernel(given(case=cases)(settings(max_examples=30, deadline=None)(test)))


def compute(kernel: Kernel, operation: Operation, *operands: Array, part: int | None = None) -> Array:
    """Run one operation on arrays (one of its results, where it has several)."""
    bound = [kernel.bind(array) for array in operands]
    build = (lambda _: operation(*bound)) if part is None else (lambda _: operation(*bound)[part])
    result = kernel.run([0], build, programs={}, key=None)
    assert result is not None and result.dtype == np.float32
    return result


def close(found: Array, expected: NDArray[Any], size: float = 1.0) -> None:
    """Equal up to the rounding errors of sums of float32 numbers of this size."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6 * max(size, 1e-30))


def agree(gradients: list[Array], operands: list[Array], loss: Callable[..., Any]) -> None:
    """Compare each gradient along a random direction with the difference of two losses."""
    rng = np.random.default_rng(3)
    for at, gradient in enumerate(gradients):
        direction, losses = rng.standard_normal(gradient.shape), []
        for step in (1e-4, -1e-4):
            moved: list[Any] = [each.astype(np.float64) for each in operands]
            moved[at] += step * direction
            losses.append(float(loss(*moved)))
        size = float(np.linalg.norm(gradient) * np.linalg.norm(direction))
        assert abs(float((gradient * direction).sum()) - (losses[0] - losses[1]) / 2e-4) <= 1e-4 * size


BACK = pytest.mark.parametrize(("steps", "heads", "size"), [(1, 1, 4), (5, 2, 6), (40, 1, 8), (16, 2, 17)])
"""Shapes for ways back."""


@each_case
def test_element_wise(kernel: Kernel, case: Case) -> None:
    a, b, row = case.tokens(), case.tokens(), case.normal(case.width)
    double = a.astype(np.float64)
    for other in (b, row):
        close(compute(kernel, kernel.add, a, other), double + other, case.scale)
        close(compute(kernel, kernel.multiply, a, other), double * other, case.scale)
        close(compute(kernel, kernel.lerp, a, b, other), double + (b - double) * other, 30 * case.scale)


@each_case
def test_shift_and_mix(kernel: Kernel, case: Case) -> None:
    x, previous, weights = case.tokens(), case.normal(case.width), case.share(3, case.width)
    after = previous.copy()
    close(compute(kernel, kernel.shift, x, after), plain.shift(x, previous), case.scale)
    np.testing.assert_array_equal(after, x[-1])
    for part in range(3):
        after = previous.copy()
        found = compute(kernel, kernel.mix, x, after, weights, part=part)
        close(found, plain.mix(x, previous, weights)[part], case.scale)
        np.testing.assert_array_equal(after, x[-1])


@each_kernel
@BACK
def test_the_way_back_through_mix(kernel: Kernel, steps: int, heads: int, size: int) -> None:
    case = Case(steps, heads, size, 1.0, steps)
    x, weights, slopes = case.tokens(), case.share(3, case.width), case.normal(3 * steps, case.width)
    found = compute(kernel, kernel.mix_back, slopes, x, weights)

    def loss(x: NDArray[Any], weights: NDArray[Any]) -> Any:
        return (np.concatenate(plain.mix(x, np.zeros(case.width), weights)) * slopes).sum()

    agree([found[:steps], found[steps:]], [x, weights], loss)


@each_kernel
@BACK
def test_the_way_back_through_group_norm(kernel: Kernel, steps: int, heads: int, size: int) -> None:
    case = Case(steps, heads, size, 1.0, steps)
    x, weight, bias, slope = case.tokens(), case.normal(case.width), case.normal(case.width), case.tokens()
    options = {"heads": heads, "eps": 1e-5}
    found = compute(kernel, lambda *z: kernel.group_norm_back(*z, **options), slope, x, weight)
    agree(
        [found[:-2], *found[-2:]],
        [x, weight, bias],
        lambda *z: (plain.group_norm(*z, **options) * slope).sum(),
    )


@each_case
def test_norms(kernel: Kernel, case: Case) -> None:
    x, weight, bias = case.tokens() + np.float32(2), case.normal(case.width), case.normal(case.width)
    found = compute(kernel, kernel.layer_norm, x, weight, bias)
    close(found, plain.group_norm(x, weight, bias, 1, 1e-5), 200 * case.scale)
    found = compute(kernel, lambda *z: kernel.group_norm(*z, heads=case.heads, eps=64e-5), x, weight, bias)
    close(found, plain.group_norm(x, weight, bias, case.heads, 64e-5), 200 * case.scale)


@each_case
def test_product(kernel: Kernel, case: Case) -> None:
    weights, bias, x = case.normal(case.width + 3, case.width), case.normal(case.width + 3), case.tokens()
    matrix = kernel.matrix(weights)
    size = case.width * case.scale**2
    close(compute(kernel, lambda z: kernel.product(matrix, z), x), plain.product(weights, x), size)
    found = compute(kernel, lambda z, b: kernel.product(matrix, z, bias=b), x, bias)
    close(found, plain.product(weights, x, bias), size)


@each_kernel
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(kernel: Kernel, activation: Activation) -> None:
    small = np.geomspace(1e-8, 4, 99)
    values = np.concatenate([np.linspace(-40, 40, 999), small, -small])
    x = values.astype(np.float32)[:, None]
    identity = kernel.matrix(np.ones((1, 1), np.float32))
    found = np.concatenate(
        [
            compute(kernel, lambda z: kernel.product(identity, z, activation=activation), part)
            for part in np.array_split(x, 31)
        ]
    )
    expected = plain.product(np.ones((1, 1)), x, activation=activation)
    # The numpy kernel's sigmoid has the rounding error of 1, not of itself; decay6 amplifies its exponent's.
    rtol = 1e-5 if activation == "decay6" else 1e-6
    # gelu's erf is a rational approximation in float32.
    atol = 3e-7 if activation == "gelu" else 1e-7
    assert (np.abs(found - expected) <= rtol * np.abs(expected) + atol * np.maximum(1, np.abs(x))).all()


@each_kernel
@pytest.mark.parametrize("value", [-1e30, -1000.0, -89.0, 89.0, 1000.0, 1e30])
def test_activations_of_huge_numbers_are_their_limits(kernel: Kernel, value: float) -> None:
    identity = kernel.matrix(np.ones((1, 1), np.float32))
    limits = {"sigmoid": value > 0, "tanh": np.sign(value), "decay6": value < 0}
    for activation, limit in limits.items():
        found = compute(
            kernel,
            lambda z, a=activation: kernel.product(identity, z, activation=a),
            np.full((1, 1), value, np.float32),
        )
        np.testing.assert_allclose(found, [[limit]], atol=1e-30)


@each_kernel
@pytest.mark.parametrize("bits", [8, 4])
@given(
    rows=st.integers(1, 20), groups=st.integers(1, 12), steps=st.integers(1, 12), seed=st.integers(0, 10_000)
)
@settings(max_examples=25, deadline=None)
def test_quantized_product(kernel: Kernel, bits: Any, rows: int, groups: int, steps: int, seed: int) -> None:
    """The error is that of quantizing inputs to 15 bits (8-bit weights) or 8 bits per group (4-bit)."""
    case = Case(steps, groups, 64, 1.0, seed)
    columns = case.width - 1 if bits == 8 and seed % 2 else case.width
    weights, x = case.normal(rows, columns), case.tokens()[:, :columns].copy()
    x[:, 0] *= 50  # activations have outliers
    quantized = quantize(weights, bits)
    matrix = kernel.matrix(quantized)
    found = compute(kernel, lambda z: kernel.product(matrix, z), x)
    used = quantized.dequantize().astype(np.float64)
    group, levels = (64, 127) if bits == 4 else (columns, 32639)
    half_step = np.abs(x).reshape(steps, -1, group).max(axis=2) / levels / 2  # [T, groups]
    bound = half_step @ np.abs(used).reshape(rows, -1, group).sum(axis=2).T  # [T, rows]
    assert (np.abs(found - plain.product(used, x)) <= 1.01 * bound + 1e-4).all()


@each_kernel
@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("rows", [5, 48, SKETCHED + 5])
@pytest.mark.parametrize("lay_out", ["matrix", "head"])
def test_the_transpose_of_a_matrix(kernel: Kernel, bits: Any, rows: int, lay_out: str) -> None:
    """It is g matrix; quantized weights are rounded again, to 8 bits for each of its rows."""
    case = Case(3, 1, 64, 1.0, rows)
    weights, g = case.normal(rows, 64), case.normal(3, rows)
    quantized = quantize(weights, bits) if bits else weights
    used = quantized.dequantize() if isinstance(quantized, QuantizedMatrix) else weights
    matrix = kernel.transposed(getattr(kernel, lay_out)(quantized))
    found = compute(kernel, lambda z: kernel.product(matrix, z), g)
    expected = plain.product(used.T, g)
    assert found.shape == (3, 64)
    assert np.linalg.norm(found - expected) <= (0.02 if bits else 1e-5) * np.linalg.norm(expected)


@each_kernel
@pytest.mark.parametrize(("bits", "lowest"), [(8, -127), (4, -8)])
def test_the_largest_products_do_not_overflow(kernel: Kernel, bits: Any, lowest: int) -> None:
    for sign in (1, -1):
        weights = np.full((9, 3072), lowest, np.float32)
        matrix = kernel.matrix(quantize(weights, bits))
        x = np.full((6, 3072), sign, np.float32)
        found = compute(kernel, lambda z, m=matrix: kernel.product(m, z), x)
        np.testing.assert_allclose(found, np.full((6, 9), sign * lowest * 3072.0), rtol=1e-3)


def head_case(rows: int, columns: int, seed: int = 0) -> tuple[QuantizedMatrix, Array]:
    """A head in 8 bits that is large enough for a sketch, and the input of one token, with outliers."""
    case = Case(1, 1, columns, 1.0, seed)
    x = case.tokens()
    x[:, :2] *= 10
    return quantize(case.normal(rows, columns), 8), x


def plain_head(weights: QuantizedMatrix, x: Array) -> NDArray[np.float64]:
    return weights.dequantize().astype(np.float64) @ x[0].astype(np.float64)


def test_a_large_head_gives_the_same_for_one_token_and_many() -> None:
    kernel = made("native")
    weights, _ = head_case(SKETCHED + 5, 64)
    head, tokens = kernel.head(weights), Case(7, 1, 64, 1.0, 1).tokens()
    together = compute(kernel, lambda z: kernel.product(head, z), tokens)
    for token, expected in zip(tokens, together, strict=True):
        found = compute(kernel, lambda z: kernel.product(head, z), token[None].copy())
        np.testing.assert_array_equal(found[0], expected)
        close(expected, plain_head(weights, token[None]), 1000)


def test_a_sketch_has_the_weights_in_4_bits_by_group() -> None:
    kernel: Any = made("native")
    weights, x = head_case(SKETCHED + 5, 128)
    sketch = kernel.sketch(kernel.head(weights))
    groups = weights.values.reshape(len(weights.values), -1, 64).astype(np.float64)
    low, high = groups.min(2, keepdims=True), groups.max(2, keepdims=True)
    step = np.where(-low > high, low, high) / -8
    used = (np.clip(np.rint(groups / step), -8, 7) * step).reshape(weights.values.shape)
    found = compute(kernel, lambda z: kernel.product(sketch.matrix, z), x)[0]
    inputs = x.reshape(-1, 64)
    bound = np.repeat(0.505 * np.abs(inputs).max(1) / 127, 64)
    assert (np.abs(found - used @ x[0]) <= np.abs(used) @ bound + 1e-3).all()
    norms = np.linalg.norm(weights.values - used, axis=1), np.linalg.norm(used, axis=1)
    for found, norm, near in zip(sketch.reach, norms, (1e-4, 0.02), strict=True):  # ties change one
        np.testing.assert_allclose(found[: len(used)], norm * weights.scales, rtol=near)
        rows, panels = np.split(found, [len(found) // 17 * 16])
        np.testing.assert_array_equal(panels, rows.reshape(-1, 16).max(1))


@pytest.mark.parametrize("lowest", [-127, 127])
def test_the_largest_products_do_not_overflow_in_a_large_head(lowest: int) -> None:
    kernel: Any = made("native")
    columns = 4096
    weights = QuantizedMatrix(8, np.full((SKETCHED, columns), lowest, np.int8), np.ones(SKETCHED, np.float32))
    head = kernel.head(weights)
    sketch = kernel.sketch(head)
    for sign in (1, -1):
        x = np.full((1, columns), sign, np.float32)
        found = compute(kernel, lambda z: kernel.product(head, z), x)
        np.testing.assert_allclose(found, np.full_like(found, sign * lowest * columns), rtol=1e-4)
        near = compute(kernel, lambda z: kernel.product(sketch.matrix, z), x)
        np.testing.assert_allclose(near, np.full_like(near, sign * lowest * columns), rtol=0.1)


def test_a_sketch_is_made_for_the_first_shortlist_and_for_helper_threads(tmp_path: Path) -> None:
    native: Any = made("native")
    weights, x = head_case(SKETCHED, 64)
    first: Any = SimdKernel(native.library)
    head = first.head(weights)
    compute(first, lambda z: first.product(head, z), x)
    assert not len(first.matrices)
    compute(first, lambda z: first.likely(head, z, Shortlist()), x)
    assert [*first.matrices] == [first.sketch(head).matrix]
    library = copy(native.library)
    library.helper = tmp_path / "helper.wasm"
    library.helper.write_bytes(b"")
    other: Any = SimdKernel(library)
    head = other.head(weights)
    (matrix,) = other.division()["matrices"]
    assert matrix["weights"] == other.sketch(head).matrix.address


def test_a_head_that_is_small_or_not_in_8_bits_has_no_sketch() -> None:
    kernel: Any = made("native")
    weights, x = head_case(SKETCHED - 1, 64)
    for small in (weights, weights.dequantize(), quantize(weights.dequantize(), 4)):
        head = kernel.head(small)
        assert kernel.sketch(head) is None
        np.testing.assert_array_equal(
            compute(kernel, lambda z, h=head: kernel.likely(h, z, Shortlist()), x),
            compute(kernel, lambda z, h=head: kernel.product(h, z), x),
        )


@pytest.mark.parametrize("bits", [None, 8, 4])
def test_each_part_of_a_matrix_follows_that_of_the_matrix_before(bits: Any) -> None:
    native: Any = made("native")
    kernel: Any = SimdKernel(native.library)
    rng = np.random.default_rng(5)
    before: Any = None
    for rows in (96, 33, 1000, 500):
        weights, x = rng.standard_normal((rows, 128), np.float32), rng.standard_normal((1, 128), np.float32)
        stored = quantize(weights, bits) if bits else weights
        matrix = kernel.matrix(stored)
        # Products know the place of the second part by the gap.
        found = compute(kernel, lambda z, m=matrix: kernel.product(m, z), x)
        expected = x @ (stored.dequantize() if bits else weights).T
        np.testing.assert_allclose(found, expected, atol=0.3)
        assert matrix.parts[0].nbytes == matrix.padded // 32 * 16 * matrix.nbytes // matrix.padded
        for part, last in zip(matrix.parts, before.parts if before else (), strict=bool(before)):
            assert 0 <= address_of(part) - address_of(last) - last.nbytes < Arena.LINE
        before = matrix


def test_a_single_panel_and_a_large_matrix_are_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel: Any = made("native")
    assert len(kernel.matrix(np.ones((16, 8), np.float32)).parts) == 1
    monkeypatch.setattr(Arena, "LARGEST", 16 * 8 * 4)
    assert [len(kernel.matrix(np.ones((rows, 8), np.float32)).parts) for rows in (32, 33)] == [2, 1]


@each_kernel
@pytest.mark.parametrize("bits", [None, 8, 4])
def test_embedding(kernel: Kernel, bits: Any) -> None:
    case = Case(1, 1, 128, 1.0, 3)
    weights = case.normal(20, 128)
    stored = quantize(weights, bits) if bits else weights
    expected = stored.dequantize() if bits else weights
    table, tokens = kernel.table(stored), [3, 19, 0, 3]
    found = kernel.run(tokens, lambda ids: kernel.embed(table, ids), programs={}, key=None)
    np.testing.assert_allclose(found, expected[tokens], rtol=1e-6)
    last = kernel.run(tokens, lambda ids: kernel.last(kernel.embed(table, ids)), programs={}, key=None)
    np.testing.assert_allclose(last, expected[tokens[-1:]], rtol=1e-6)


@each_kernel
def test_more_tokens_than_a_chunk_pass_at_once(kernel: Kernel) -> None:
    """Encoders read hundreds; the token ids of one pass must not appear in the next."""
    case = Case(1, 1, 24, 1.0, 3)
    weights, values = case.normal(7, 24), case.normal(50, 24)
    matrix, table = kernel.matrix(quantize(weights, 8)), kernel.table(values)
    programs: dict[Any, Any] = {}
    for count in (81, 3, 200, 81):
        tokens = case.rng.integers(0, 50, count).tolist()
        found = kernel.run(
            tokens, lambda ids: kernel.product(matrix, kernel.embed(table, ids)), programs=programs, key=0
        )
        close(found, values[tokens] @ quantize(weights, 8).dequantize().T, 500)


@each_kernel
@pytest.mark.parametrize("columns", [1, 7, 64, 448, 511, 512, 513, 1030, 1088])
@pytest.mark.parametrize("rows", [1, 8, 21])
@pytest.mark.parametrize("bits", [8, 4])
def test_many_tokens_give_what_each_gives_alone(kernel: Kernel, rows: int, columns: int, bits: Any) -> None:
    """Several tokens pass through a panel together; only numpy's sums depend on how many there are."""
    if bits == 4 and columns % 64:
        return
    case = Case(1, 1, 1, 1.0, rows + columns)
    weights, bias = quantize(case.normal(rows, columns), bits), case.normal(rows)
    matrix = kernel.matrix(weights)
    within = 100 if bits == 8 else 30_000  # inputs have 15 bits, or 8
    for count in (2, 3, 4, 5, 6, 16, 41):
        x = case.normal(count, columns)
        product = partial(kernel.product, matrix, activation="gelu")
        together = compute(kernel, lambda z, b: product(z, bias=b), x, bias)  # noqa: B023
        close(together, gelu(x @ weights.dequantize().T + bias), within * columns**0.5)
        rows_alone = [compute(kernel, lambda z, b: product(z, bias=b), row[None], bias) for row in x]  # noqa: B023
        alone = np.concatenate(rows_alone)
        if isinstance(kernel, SimdKernel):
            np.testing.assert_array_equal(together, alone)
        else:
            close(together, alone, columns**0.5)


@pytest.mark.rest
@pytest.mark.parametrize("columns", [8, 64, 520, 1088])
@pytest.mark.parametrize("bits", [8, 4])
def test_every_way_of_multiplying_gives_the_same_bits(columns: int, bits: Any) -> None:
    """With the largest weights and inputs too."""
    if bits == 4 and columns % 64:
        return
    case = Case(1, 1, 1, 1.0, columns)
    weights = quantize(case.normal(75, columns), bits)
    weights.values[3:6] = np.array([[-128], [127], [-1]], np.int8).astype(weights.values.dtype)
    for count in (1, 2, 7):
        x = case.normal(count, columns)
        x[0] = case.rng.choice([-1, 1], columns)
        x[-1] = 1
        expected: Array | None = None
        for name in ("native", *OTHERS):
            kernel = made(name)
            matrix = kernel.matrix(weights)
            found = compute(kernel, lambda z: kernel.product(matrix, z), x)  # noqa: B023
            expected = found if expected is None else expected
            np.testing.assert_array_equal(found, expected, name)


@pytest.mark.rest
def test_every_way_of_multiplying_a_large_head_gives_the_same_bits() -> None:
    case = Case(1, 1, 1, 1.0, 9)
    for columns in (64, 1088):
        weights = quantize(case.normal(SKETCHED + 5, columns), 8)
        weights.values[3:6] = np.array([[-128], [127], [-1]], np.int8)
        x = np.concatenate(
            [case.normal(3, columns), case.rng.choice([-1, 1], (1, columns)).astype(np.float32)]
        )
        expected: list[Array] = []
        for name in ("native", *OTHERS):
            kernel: Any = made(name)
            head = kernel.head(weights)
            together = compute(kernel, lambda z: kernel.product(head, z), x)  # noqa: B023
            alone = compute(kernel, lambda z: kernel.product(head, z), x[3:].copy())  # noqa: B023
            sketch = kernel.sketch(head)
            assert sketch is not None
            found = [together, alone, sketch.reach]
            expected = expected or found
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other, name)


@pytest.mark.parametrize(
    "kernel", ["native", *(pytest.param(name, marks=pytest.mark.rest) for name in OTHERS)], indirect=True
)
@pytest.mark.parametrize("columns", [64, 768, 1024, 1088])
def test_many_tokens_pass_through_a_large_head_as_each_alone(kernel: Any, columns: int) -> None:
    case = Case(1, 1, 1, 1.0, columns)
    weights = quantize(case.normal(SKETCHED + 3, columns), 8)
    head = kernel.head(weights)
    for count in (2, 3, 4, 5, 6, 7, 13):
        x = case.normal(count, columns) * np.logspace(-3, 3, count, dtype=np.float32)[:, None]
        together = compute(kernel, partial(kernel.product, head), x)
        alone = np.concatenate([compute(kernel, partial(kernel.product, head), row[None]) for row in x])
        np.testing.assert_array_equal(together, alone)
        close(together[0], x[0] @ weights.dequantize().T, 100 * columns**0.5 * 1e-3)


@each_kernel
def test_positions_start_anew_with_each_sequence(kernel: Kernel) -> None:
    values = Case(1, 1, 16, 1.0, 3).normal(9, 16)
    table = kernel.table(values)
    found = kernel.run([0] * 6, lambda _: kernel.positions(table, [3, 1, 2]), programs={}, key=None)
    np.testing.assert_array_equal(found, values[[0, 1, 2, 0, 0, 1]])


@each_kernel
@pytest.mark.parametrize("size", [1, 5, 8, 12, 32])
@pytest.mark.parametrize("lengths", [[1], [8], [3, 1, 17], [64, 33, 2, 6]])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_attention(kernel: Kernel, size: int, lengths: list[int], scale: float) -> None:
    torch = pytest.importorskip("torch")
    case = Case(sum(lengths), 3, size, scale, 7)
    q, k, v = case.tokens(), case.tokens(), case.tokens()
    found = compute(kernel, lambda *z: kernel.attention(*z, lengths, heads=3), q, k, v)
    end = 0
    for length in lengths:
        rows, end = slice(end, end + length), end + length
        parts = (torch.from_numpy(x[rows].reshape(length, 3, size)).double().movedim(0, 1) for x in (q, k, v))
        expected = torch.nn.functional.scaled_dot_product_attention(*parts).movedim(0, 1)
        # A score of this size is rounded before it becomes an exponent.
        close(found[rows], expected.reshape(length, -1).numpy(), scale * (20 + scale**2))


@each_kernel
@pytest.mark.parametrize("value", [1e18, -1e18])
def test_attention_to_huge_scores_is_finite(kernel: Kernel, value: float) -> None:
    q, k, v = (np.full((9, 8), x, np.float32) for x in (value, 1.0, 3.0))
    found = compute(kernel, lambda *z: kernel.attention(*z, [4, 5], heads=2), q, k, v)
    np.testing.assert_allclose(found, v, rtol=1e-6)


@each_kernel
def test_gelu_is_that_of_torch(kernel: Kernel) -> None:
    torch = pytest.importorskip("torch")
    x = np.linspace(-12, 12, 24_001, dtype=np.float32)
    identity = kernel.matrix(np.ones((1, 1), np.float32))
    found = compute(kernel, lambda z: kernel.product(identity, z, activation="gelu"), x[:, None].copy())
    expected = torch.nn.functional.gelu(torch.from_numpy(x).double()).numpy()
    assert np.abs(found[:, 0] - expected).max() < 2e-6


@each_case
def test_wkv4(kernel: Kernel, case: Case) -> None:
    k, v, bonus = case.tokens(3.0), case.tokens(), case.normal(case.width, scale=1.0)
    decay = -np.exp(case.normal(case.width, scale=1.0))
    state = np.zeros((3, case.width), np.float32)
    state[2] = -1e30
    close(compute(kernel, kernel.wkv4, k, v, decay, bonus, state), plain.wkv4(k, v, decay, bonus), case.scale)


@each_kernel
def test_wkv4_in_parts_continues_exactly(kernel: Kernel) -> None:
    case = Case(9, 1, 24, 1.0, 5)
    k, v, bonus, decay = case.tokens(), case.tokens(), case.normal(24), -np.exp(case.normal(24))
    whole, parts = (np.repeat(np.array([[0], [0], [-1e30]], np.float32), 24, axis=1) for _ in range(2))
    expected = compute(kernel, kernel.wkv4, k, v, decay, bonus, whole)
    first = compute(kernel, kernel.wkv4, k[:4], v[:4], decay, bonus, parts)
    rest = compute(kernel, kernel.wkv4, k[4:], v[4:], decay, bonus, parts)
    np.testing.assert_array_equal(np.concatenate([first, rest]), expected)
    np.testing.assert_array_equal(parts, whole)


@each_case
def test_wkv5(kernel: Kernel, case: Case) -> None:
    r, k, v, bonus = case.tokens(), case.tokens(1.0), case.tokens(1.0), case.normal(case.width, scale=1.0)
    state = case.normal(case.heads, case.size, case.size, scale=1.0)
    for decay in (case.share(case.width), case.share(case.steps, case.width)):
        each = np.broadcast_to(decay, r.shape)
        expected, expected_state = plain.wkv5(r, k, v, each, bonus, state)
        after = state.copy()
        close(compute(kernel, kernel.wkv5, r, k, v, decay, bonus, after), expected, 100 * case.scale)
        close(after, expected_state, 20)


@each_kernel
@BACK
def test_the_way_back_through_wkv4(kernel: Kernel, steps: int, heads: int, size: int) -> None:
    case = Case(steps, heads, size, 1.0, steps)
    inputs = [case.tokens(), case.tokens(), -np.exp(case.normal(case.width)), case.normal(case.width)]
    state, slope = case.normal(3, case.width), case.tokens()
    state[1] = np.exp(state[1])  # a denominator
    gradient = state.copy()
    found = compute(kernel, kernel.wkv4_back, slope, *inputs, gradient)
    parts = [*found[:-2].reshape(2, steps, -1), *found[-2:], gradient]
    agree(parts, [*inputs, state], lambda *z: (plain.wkv4(*z) * slope).sum())


@each_kernel
def test_the_way_back_through_wkv4_from_no_tokens(kernel: Kernel) -> None:
    case = Case(7, 1, 12, 1.0, 1)
    inputs = [case.tokens(3.0), case.tokens(), -np.exp(case.normal(12)), case.normal(12)]
    state, slope = np.repeat(np.array([[0], [0], [-1e30]], np.float32), 12, axis=1), case.tokens()
    found = compute(kernel, kernel.wkv4_back, slope, *inputs, state)
    agree([*found[:-2].reshape(2, 7, -1), *found[-2:]], inputs, lambda *z: (plain.wkv4(*z) * slope).sum())


@each_case
def test_delta_keys(kernel: Kernel, case: Case) -> None:
    k, a = case.tokens(), case.share(case.steps, case.width)
    removal, replacement = case.normal(case.width, scale=1.0), case.share(case.width)
    expected = plain.delta_keys(k, a, removal, replacement, case.heads)
    for part, size in enumerate((1.0, case.scale)):
        found = compute(
            kernel,
            lambda *z: kernel.delta_keys(*z, heads=case.heads),
            *(k, a, removal, replacement),
            part=part,
        )
        close(found, expected[part], 5 * size)


@each_kernel
def test_a_key_of_zeros_has_no_direction(kernel: Kernel) -> None:
    zeros, ones = np.zeros((2, 8), np.float32), np.ones(8, np.float32)
    found = compute(
        kernel, lambda *z: kernel.delta_keys(*z, heads=2), zeros, ones[None].repeat(2, 0), ones, ones, part=0
    )
    np.testing.assert_array_equal(found, zeros)


@each_case
def test_wkv7(kernel: Kernel, case: Case) -> None:
    r, k, v = case.tokens(), case.tokens(1.0), case.tokens(1.0)
    decay, a = case.share(case.steps, case.width), case.share(case.steps, case.width)
    removal = case.tokens(1.0).reshape(case.steps, case.heads, case.size)
    removal = (removal / np.linalg.norm(removal, axis=-1, keepdims=True)).reshape(r.shape)
    state = case.normal(case.heads, case.size, case.size, scale=1.0)
    expected, expected_state = plain.wkv7(r, decay, k, v, removal, a, state)
    close(compute(kernel, kernel.wkv7, r, decay, k, v, removal, a, state), expected, 100 * case.scale)
    close(state, expected_state, 20)


@each_kernel
@BACK
def test_the_way_back_through_wkv7(kernel: Kernel, steps: int, heads: int, size: int) -> None:
    case = Case(steps, heads, size, 1.0, steps)
    removal = case.tokens().reshape(steps, heads, size)
    removal = (removal / np.linalg.norm(removal, axis=-1, keepdims=True)).reshape(steps, -1)
    shares = case.share(steps, case.width), case.share(steps, case.width)
    inputs = [case.tokens(), shares[0], case.tokens(), case.tokens(), removal, shares[1]]
    state, slope = case.normal(heads, size, size), case.tokens()

    gradient = state.copy()
    found = compute(kernel, kernel.wkv7_back, slope, *inputs, gradient).reshape(6, steps, -1)
    agree([*found, gradient], [*inputs, state], lambda *z: (plain.wkv7(*z)[0] * slope).sum())


@each_case
def test_head_bonus(kernel: Kernel, case: Case) -> None:
    r, k, v, weight = case.tokens(), case.tokens(1.0), case.tokens(1.0), case.normal(case.width, scale=1.0)
    found = compute(kernel, lambda *z: kernel.head_bonus(*z, heads=case.heads), r, k, v, weight)
    close(found, plain.head_bonus(r, k, v, weight, case.heads), 50 * case.scale)


@each_case
def test_deep_embed(kernel: Kernel, case: Case) -> None:
    x, columns = case.normal(case.steps, case.heads), case.heads * case.size
    rows, base = case.normal(case.steps + 2, columns, scale=1.0), case.normal(case.steps, columns, scale=1.0)
    close(compute(kernel, kernel.deep_embed, x, rows, base), plain.deep_embed(x, rows, base), 20 * case.scale)
