"""Whole models give the same logits and state with every kernel, for one token and for many."""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from goosequill.errors import GoosequillError, SettingsError
from goosequill.kernels import (
    KERNELS,
    Kernel,
    Shortlist,
    SimdKernel,
    abi,
    library,
    load_kernel,
    native,
    recorder,
)
from goosequill.models import VERSIONS, Model, detect_config, load_model
from goosequill.models.parameters import Parameters
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.packing import PANEL, SKETCHED
from tests.py import checkpoints
from tests.py.checkpoints import MAKERS, source_of

TOKENS = np.random.default_rng(2).integers(0, 50, 90).tolist()
each_version = pytest.mark.parametrize("version", MAKERS)


def build(version: str, kernel: Kernel, bits: Any = None) -> Model:
    data = b"".join(encode(MAKERS[version]().items()))
    return load_model(open_tensors(BytesSource(data)), kernel=kernel, quantize=bits)


@each_version
def test_the_native_kernel_gives_the_logits_and_state_of_numpy(version: str) -> None:
    models = [build(version, load_kernel(name)) for name in ("numpy", "native")]
    states = [model.new_state() for model in models]
    logits = [model.forward(TOKENS, state, logits="all") for model, state in zip(models, states, strict=True)]
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-4)
    for name, array in states[0].arrays.items():
        np.testing.assert_allclose(states[1].arrays[name], array, rtol=1e-4, atol=1e-4)


@each_version
@pytest.mark.parametrize(("bits", "error"), [(8, 0.001), (4, 0.03)])
def test_quantized_models_are_close_in_the_native_and_the_numpy_kernel(
    version: str, bits: int, error: float
) -> None:
    """The native kernel also quantizes the inputs: to 15 bits, or to 8 bits per group."""
    found, expected = (
        model.forward(TOKENS, model.new_state(), logits="all")
        for model in (build(version, load_kernel(name), bits) for name in ("native", "numpy"))
    )
    assert np.std(found - expected) < error * np.std(expected)


@each_version
@pytest.mark.parametrize("bits", [None, 8, 4])
def test_tokens_one_by_one_and_together_give_the_same(version: str, bits: Any) -> None:
    model = build(version, load_kernel("native"), bits)
    whole, steps = model.new_state(), model.new_state()
    together = model.forward(TOKENS, whole, logits="all")
    single = np.stack([model.forward([token], steps) for token in TOKENS])
    np.testing.assert_array_equal(together, single)
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(array, steps.arrays[name])


@each_version
def test_a_variant_names_its_own_activation(version: str) -> None:
    logits = []
    for name, activation in (("numpy", "relu_squared"), ("numpy", "gelu"), ("native", "gelu")):
        variant = type("Variant", (VERSIONS[version],), {"ffn_activation": activation})
        tensors, kernel = (source_of(MAKERS[version]()), load_kernel(name))
        model = variant(detect_config(tensors), Parameters(tensors, kernel), kernel)
        logits.append(model.forward(TOKENS, model.new_state()))
    assert not np.allclose(logits[0], logits[1], atol=0.01)
    np.testing.assert_allclose(logits[2], logits[1], atol=1e-4)


def test_states_of_one_model_do_not_mix() -> None:
    """Each state has its own recorded programs, but the memory for results is shared."""
    model = build("7", load_kernel("native"))
    apart = [model.new_state() for _ in range(2)]
    expected = [model.forward([3], apart[0]), model.forward([5], apart[1])]
    branch = apart[0].copy()
    after = model.forward([7], apart[0])
    np.testing.assert_array_equal(model.forward([7], branch), after)
    fresh = [model.new_state() for _ in range(2)]
    found = [model.forward([3], fresh[0]), model.forward([5], fresh[1])]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(model.forward([7], fresh[0]), after)


READ: dict[str, Callable[[Model, list[int], Any], Any]] = {
    "last": lambda model, tokens, state: model.forward(tokens, state),
    "all": lambda model, tokens, state: model.forward(tokens, state, logits="all"),
    "shortlist": lambda model, tokens, state: model.forward(tokens, state, logits=Shortlist(3)),
    "hidden": lambda model, tokens, state: model.hidden(tokens, state),
    "lens": lambda model, tokens, state: model.layer_logits(tokens[0], state),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("large", [False, True])
def test_results_stay_valid_after_further_tokens(
    monkeypatch: pytest.MonkeyPatch, name: str, count: int, large: bool
) -> None:
    """Small ones are copied, large ones have memory of their own."""
    if large:
        monkeypatch.setattr(recorder, "_LARGE", 1)
    model, other = (build("7", load_kernel("native"), 8) for _ in range(2))
    state, expected = model.new_state(), other.new_state()
    found = [READ[name](model, [token] * count, state) for token in TOKENS[:6]]
    for token, result in zip(TOKENS, found, strict=False):
        np.testing.assert_array_equal(result, READ[name](other, [token] * count, expected).copy())


def test_the_default_kernel_is_the_fastest() -> None:
    assert load_kernel().name == KERNELS[0] == "native"
    assert load_kernel("numpy").name == "numpy"


def test_an_unknown_kernel_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(SettingsError, match="no kernel 'fast'") as caught:
        load_kernel("fast")
    assert "auto, native, numpy" in caught.value.remedy


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget libraries that were opened before, and the package's builds."""
    monkeypatch.setattr(native, "packaged", lambda: None)
    monkeypatch.setattr(library, "_open", cache(library._open.__wrapped__))


@pytest.mark.usefixtures("untried")
def test_a_library_that_does_not_run_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pyodide reports success on a second attempt, although there is nothing to call."""
    attempts = []

    def fail() -> Any:
        attempts.append(1)
        raise OSError("no such instruction")

    monkeypatch.setattr(library, "_native", fail)
    for _ in range(2):
        with pytest.raises(GoosequillError, match="no such instruction"):
            load_kernel("native")
        assert load_kernel().name == "numpy"
    assert len(attempts) == 1


@pytest.mark.usefixtures("untried")
def test_without_a_compiler_the_numpy_kernel_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert load_kernel().name == "numpy"
    with pytest.raises(GoosequillError, match="neither clang nor the ziglang package"):
        load_kernel("native")


@pytest.mark.usefixtures("untried")
def test_if_the_compiler_fails_the_numpy_kernel_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: "false")
    assert load_kernel().name == "numpy"
    assert not list(tmp_path.iterdir())


@each_version
@pytest.mark.parametrize("bits", [None, 8, 4])
def test_products_divided_in_any_way_give_the_same_bits(version: str, bits: Any) -> None:
    """The last half of the rows first, then a panel at a time, as threads may do it."""
    kernel = load_kernel("native")
    assert isinstance(kernel, SimdKernel)
    model = build(version, kernel, bits)
    waiting: list[tuple[int, int, int]] = []
    divided, together = [], set()
    field, words = abi.FIELDS["product"], abi.LIMITS["step_words"]

    @ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_ssize_t))
    def share(step: Any) -> int:
        products = range(0, words * step[field["joined"]], words)
        if not divided or divided[-1]:
            together.add(len(products))
            for product in products:
                panels = -(-step[product + field["rows"]] // PANEL)
                half = panels // 2
                pieces = [(half, panels), *((panel, panel + 1) for panel in range(half))]
                waiting.extend((product, PANEL * start, PANEL * end) for start, end in pieces if start < end)
        divided.append(not waiting)
        for product in products:
            step[product + field["first_row"]] = step[product + field["end_row"]] = 0
        if waiting:
            product, start, end = waiting.pop(0)
            step[product + field["first_row"]], step[product + field["end_row"]] = start, end
        return not divided[-1]

    states = [model.new_state(), model.new_state()]
    alone = [model.forward(tokens, states[0], logits="all") for tokens in (TOKENS, TOKENS[:1])]
    kernel.divide(ctypes.cast(share, ctypes.c_void_p).value)
    for tokens, logits in zip((TOKENS, TOKENS[:1]), alone, strict=True):
        np.testing.assert_array_equal(model.forward(tokens, states[1], logits="all"), logits)
    assert divided.count(True) > 10
    assert min(together) == 1 < max(together)
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(states[1].arrays[name], array)
    kernel.divide(None)
    count = len(divided)
    model.forward(TOKENS, states[1])
    assert len(divided) == count


LARGE = checkpoints.rwkv4(vocab=SKETCHED + 3, width=64)


def large(kernel: str, bits: Any = 8) -> Model:
    data = b"".join(encode(LARGE.items()))
    return load_model(open_tensors(BytesSource(data)), kernel=load_kernel(kernel), quantize=bits)


def test_a_large_head_is_exact_for_likely_tokens_and_close_for_others() -> None:
    model, numpy = large("native"), large("numpy")
    for token in TOKENS[:10]:
        exact = model.forward([token], model.new_state())
        likely = model.forward([token], model.new_state(), logits=Shortlist(5))
        needed = exact >= np.sort(exact)[-5]
        np.testing.assert_array_equal(likely[needed], exact[needed])
        assert likely[~needed].max() < exact[needed].min()
        assert 0 < np.std(likely - exact) < 0.15 * np.std(exact)
        # The numpy kernel always reads the whole head.
        state = numpy.new_state()
        np.testing.assert_allclose(exact, numpy.forward([token], state, logits=Shortlist()), atol=0.01)


def test_a_large_head_gives_the_same_after_a_prompt_and_after_tokens() -> None:
    model = large("native")
    whole, steps = model.new_state(), model.new_state()
    together = model.forward(TOKENS, whole, logits=Shortlist())
    for token in TOKENS:
        single = model.forward([token], steps, logits=Shortlist())
    np.testing.assert_array_equal(together, single)
    every = model.forward(TOKENS, model.new_state(), logits="all")
    np.testing.assert_array_equal(every[-1], model.forward(TOKENS, model.new_state()))


@pytest.mark.parametrize("bits", [None, 4])
def test_other_heads_are_always_exact(bits: Any) -> None:
    model = large("native", bits)
    likely = model.forward(TOKENS, model.new_state(), logits=Shortlist())
    np.testing.assert_array_equal(likely, model.forward(TOKENS, model.new_state()))
