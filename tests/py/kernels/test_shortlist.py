"""A head that is read through its sketch decodes like one that is read whole, whatever its weights are."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from goosequill.decoding.chain import make_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.processor import Setup
from goosequill.kernels import Kernel, NumpyKernel, Shortlist, SimdKernel, load_kernel, sketches
from goosequill.kernels.library import Library
from goosequill.kernels.native import compiled
from goosequill.weights.quantize import QuantizedMatrix, quantize
from tests.py.decoding.fakes import BYTE

Array = NDArray[np.float32]
ROWS = 2003  # of which an eighth is more than the longest shortlist here
KERNELS: dict[str, Kernel] = {
    "numpy": NumpyKernel(),
    "native": load_kernel("native"),
    "native by bytes": SimdKernel(Library(compiled("-DQUADS=1"), "native")),
}
each_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=list(KERNELS))

DECODERS: list[dict[str, Any]] = [
    {"temperature": 0.0},
    {"top_k": 1},
    {"top_k": 40},
    {"top_k": 128, "top_p": 0.9},
    {"top_p": 0.9},
    {"min_p": 0.05},
    {"min_p": 0.05, "temperature": 1.5, "temperature_first": True},
    {"top_k": 40, "temperature": 0.7, "temperature_first": True},
    {"top_k": 5, "banned_tokens": tuple(range(0, 256, 2))},
]


@pytest.fixture(autouse=True)
def small_heads_have_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "sketched", lambda shape, bits: bits == 8 and shape[1] % 64 == 0)


def run(kernel: Kernel, head: Any, x: Array, shortlist: Shortlist | None) -> Array:
    """The logits of one token, all or a shortlist of them exactly."""
    bound = kernel.bind(x)
    build: Callable[[Any], Any] = lambda _: (  # noqa: E731
        kernel.likely(head, bound, shortlist) if shortlist else kernel.product(head, bound)
    )
    found = kernel.run([0], build, programs={}, key=None)
    assert found is not None
    return found[0]


def assert_decodes_alike(kernel: Kernel, weights: QuantizedMatrix, x: Array) -> None:
    """Every decoder keeps the same tokens with the same logits."""
    head, tokens = kernel.head(weights), len(weights.scales)
    exact = run(kernel, head, x, None)
    for settings in DECODERS:
        config = DecodingConfig(**settings)
        likely = run(kernel, head, x, config.shortlist)
        if np.isnan(exact).any():
            np.testing.assert_array_equal(likely, exact)
            continue
        chain, context = make_chain(config, Setup(BYTE, tokens)), Context(BYTE, tokens, [0], kernel.logits)
        expected, found = (chain.narrow(logits, context) for logits in (exact, likely))
        np.testing.assert_array_equal(found.over(tokens), expected.over(tokens), str(settings))


Draw = Callable[[np.random.Generator, int], tuple[Array, Array]]


def normal(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape).astype(np.float32)


def log_normal(sigma: float) -> Draw:
    def draw(rng: np.random.Generator, columns: int) -> tuple[Array, Array]:
        weights, spread = normal(rng, ROWS, columns), np.exp(sigma * normal(rng, columns))
        x = normal(rng, 1, columns)
        if rng.random() < 0.5:  # one token is likely
            x += weights[rng.integers(ROWS)]
        return weights * spread, x * (spread if rng.random() < 0.5 else 1)

    return draw


def one_huge(rng: np.random.Generator, columns: int) -> tuple[Array, Array]:
    weights, x = normal(rng, ROWS, columns), normal(rng, 1, columns)
    if rng.random() < 0.7:
        weights[:, rng.integers(columns)] *= 1000
    if rng.random() < 0.7:
        x[:, rng.integers(columns)] *= 1000
    return weights, x


def ties(rng: np.random.Generator, columns: int) -> tuple[Array, Array]:
    weights, x = normal(rng, ROWS, columns), normal(rng, 1, columns)
    return weights[rng.integers(0, rng.choice([1, 2, 100]), ROWS)], x


def no_numbers(rng: np.random.Generator, columns: int) -> tuple[Array, Array]:
    weights, x = normal(rng, ROWS, columns), normal(rng, 1, columns)
    x[:, :: rng.choice([1, columns])] = rng.choice([np.nan, np.inf, -np.inf, 0.0])
    return weights, x


def extremes(rng: np.random.Generator, columns: int) -> tuple[Array, Array]:
    weights, x = normal(rng, ROWS, columns), normal(rng, 1, columns)
    weights[rng.random(ROWS) < 0.5] *= 1e-12
    return weights * np.float32(10.0 ** rng.integers(-12, 9)), x * np.float32(10.0 ** rng.integers(-39, 9))


CASES: dict[str, Draw] = {
    "normal": log_normal(0),
    "log-normal, sigma 1": log_normal(1),
    "log-normal, sigma 2": log_normal(2),
    "one huge column or input": one_huge,
    "ties": ties,
    "NaN, infinity and zero": no_numbers,
    "extremes of float32": extremes,
}


@each_kernel
@pytest.mark.parametrize("draw", CASES.values(), ids=list(CASES))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_decoder_keeps_the_tokens_that_it_keeps_with_all_logits(kernel: Kernel, draw: Draw) -> None:
    for seed in range(30 if kernel.name == "native" else 3):
        rng = np.random.default_rng(seed)
        weights, x = draw(rng, int(rng.choice([64, 128, 192])))
        assert_decodes_alike(kernel, quantize(weights, 8), x)


COLUMNS = np.arange(256)
FIRST = COLUMNS % 64 == 0  # of its group; its input is 0, and its weight decides the step of the group
SECOND = COLUMNS % 64 == 1
SIGNS = np.where(FIRST, 0, np.random.default_rng(1).choice([-1, 1], 256))
CANCEL = SIGNS * np.where((COLUMNS - COLUMNS // 64) % 2, 1, -1)  # their products with SIGNS add up to 0
FARTHEST = {
    # Steps of 15, of which every other weight is one above or below 0, and 7 more than its sketch.
    "weights": (SIGNS, np.where(FIRST, -120, 15 * CANCEL + 7 * SIGNS)),
    # Inputs of less than half a step in 8 bits, except one in each group, whose weight is 0.
    "inputs": (
        np.where(SECOND, 1.0, 128 / 32639 * SIGNS),
        np.where(FIRST, -128, np.where(SECOND, 0, 112 * SIGNS)),
    ),
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("x", "farthest"), FARTHEST.values(), ids=list(FARTHEST))
def test_a_logit_as_far_from_its_sketch_as_possible_is_found(
    x: NDArray[Any], farthest: NDArray[Any], sign: int
) -> None:
    """Another logit is a little lower, and higher according to the sketch; all others are near 0."""
    nearer = np.where(FIRST, 64, 56 * np.sign(x) * (abs(x) == 1))  # in steps of 8
    values = np.zeros((ROWS, 256), np.int8)
    values[700], values[1400] = farthest, nearer
    scales = np.full(ROWS, 1e-6, np.float32)
    scales[700], scales[1400] = sign, 0.998 * sign * (farthest @ x) / (nearer @ x)
    kernel: Any = KERNELS["native"]
    head, inputs = kernel.head(QuantizedMatrix(8, values, scales)), np.float32([sign * x])
    exact = run(kernel, head, inputs, None)
    near = run(kernel, kernel.sketch(head).matrix, inputs, None) * scales
    assert exact.argmax() == 700
    assert near.argmax() == 1400 and near[700] < 0.01 * exact[700]
    likely = run(kernel, head, inputs, Shortlist())
    assert likely.argmax() == 700
    assert (likely == near).sum() > ROWS / 2


def test_no_logit_is_farther_from_its_sketch_than_its_norms_allow() -> None:
    kernel: Any = KERNELS["native"]
    for seed, (name, draw) in enumerate(CASES.items()):
        if name in ("NaN, infinity and zero", "extremes of float32"):
            continue
        weights, x = draw(np.random.default_rng(seed), 192)
        quantized = quantize(weights, 8)
        head = kernel.head(quantized)
        exact = run(kernel, head, x, None)
        sketch = kernel.sketch(head)
        near = run(kernel, sketch.matrix, x, None) * quantized.scales
        rest, seen = sketch.reach[:, :ROWS].astype(np.float64)
        groups = x.reshape(-1, 64)
        step = np.abs(groups).max(1, keepdims=True) / 127
        rounding = (groups - np.rint(groups / np.maximum(step, 1e-30)) * step).ravel()
        reach = rest * np.linalg.norm(x) + seen * np.linalg.norm(rounding)
        off = np.abs(exact - near)
        assert (off <= 1.001 * reach + 1e-5 * np.abs(exact).max()).all(), name
        assert np.median(reach[reach > 0] / off[reach > 0].clip(1e-30)) > 3, name  # so the norms are of use


def test_where_no_token_is_likely_few_rows_are_read_too() -> None:
    """The upper halves of the weights as a sketch were too far from the logits for that."""
    kernel, rows = KERNELS["native"], 1 << 14
    rng = np.random.default_rng(6)
    head, x = kernel.head(quantize(normal(rng, rows, 256), 8)), normal(rng, 1, 256)
    exact, likely = run(kernel, head, x, None), run(kernel, head, x, Shortlist())
    assert 1 <= (exact == likely).sum() < rows / 8


def peaked(columns: int = 192) -> tuple[QuantizedMatrix, Array, Array]:
    """A head, an input after which one token is likely, and one after which none is."""
    rng = np.random.default_rng(5)
    weights, flat = normal(rng, ROWS, columns), normal(rng, 1, columns)
    return quantize(weights, 8), flat + weights[77:78], flat


def test_few_rows_are_read_where_a_token_is_likely() -> None:
    kernel = KERNELS["native"]
    weights, x, _ = peaked()
    head = kernel.head(weights)
    exact, likely = run(kernel, head, x, None), run(kernel, head, x, Shortlist())
    assert 1 <= (likely == exact).sum() < 10
    assert np.std(likely - exact) < 0.13 * np.std(exact)
    near = run(kernel, head, x, Shortlist(gap=5.0 + exact.max() - np.sort(exact)[-2]))
    assert 2 <= (near == exact).sum() < ROWS / 4  # rows are computed in pairs


Exact = Callable[[Array, float], float]


@pytest.fixture
def exact() -> Exact:
    """The share of a token's logits that are exact after the others, if those near the highest must be."""
    kernel, x = KERNELS["native"], np.empty((1, 192), np.float32)
    head, programs, bound = kernel.head(peaked()[0]), dict[Any, Any](), kernel.bind(x)

    def exact(token: Array, gap: float) -> float:
        x[:] = token
        build: Callable[[Any], Any] = lambda _: kernel.likely(head, bound, Shortlist(gap=gap))  # noqa: E731
        found = kernel.run([0], build, programs=programs, key=gap)
        assert found is not None
        return float((found[0] == run(kernel, head, x, None)).mean())

    return exact


def test_while_sketches_do_not_help_pauses_between_them_get_longer(exact: Exact) -> None:
    _, peak, flat = peaked()
    flat *= np.float32(1e-3)
    (longest,) = map(int, re.findall(r"#define PAUSE (\d+)", header()))
    pause = 0
    for _ in range(longest.bit_length() + 2):
        pause = min(2 * pause + 1, longest)
        assert exact(flat, 5) == 1
        assert [exact(peak, 5) for _ in range(pause)] == [1] * pause
    assert exact(peak, 5) < 0.01
    assert exact(flat, 5) == exact(peak, 5) == 1  # the first pause is short again
    assert exact(peak, 5) < 0.01


@pytest.mark.parametrize(("least", "most", "pauses"), [(0.001, 0.1, False), (0.15, 0.23, True)])
def test_a_sketch_that_leaves_many_rows_did_not_help(
    exact: Exact, least: float, most: float, pauses: bool
) -> None:
    """Reading them one by one takes longer than reading the sketch saves."""
    _, peak, _ = peaked()
    gap = next(gap for gap in np.arange(0, 500, 0.5) if least < exact(peak, gap) < most)
    assert (exact(peak, gap) == 1) == pauses


def header() -> str:
    return (Path(sketches.__file__).parent / "simd" / "shortlist.h").read_text(encoding="utf-8")
