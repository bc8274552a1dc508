"""A model with an adapter is the model whose checkpoint was edited by hand, and the model itself stays."""

from typing import Any

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.kernels import Kernel, NumpyKernel, load_kernel
from goosequill.models import Model, load_model
from goosequill.tuning.adapter import Adapter, AdapterFacts
from goosequill.tuning.applying import adapt
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.elements import float32_to_bfloat16
from goosequill.weights.formats.safetensors import encode
from tests.py.checkpoints import MAKERS, Tensors
from tests.py.refusals import refused
from tests.py.work import measured_memory

TOKENS = np.random.default_rng(1).integers(0, 50, 24).tolist()
FORMS = [(kernel, bits) for kernel in ("numpy", "native") for bits in (None, 8, 4)]


def build(tensors: Tensors, kernel: Kernel | None = None, quantize: Any = None) -> Model:
    file = BytesSource(b"".join(encode(tensors.items())))
    return load_model(open_tensors(file), kernel=kernel or NumpyKernel(), quantize=quantize)


def logits(model: Model) -> Any:
    return model.forward(TOKENS, model.new_state(), logits="all")


def adapter_for(model: Model, method: Any = "vectors", seed: int = 5) -> Adapter:
    rng = np.random.default_rng(seed)
    layers, *shape = model.state_arrays()["wkv"].shape
    shapes = (
        {name: array.shape for name, array in model.vectors.items()}
        if method == "vectors"
        else {f"blocks.{layer}.att.time_state": shape for layer in range(layers)}
    )
    tensors = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    return Adapter(tensors, AdapterFacts(method, model.fingerprint, "A model", "Pirate"))


@pytest.mark.parametrize("version", MAKERS)
@pytest.mark.parametrize(("kernel", "quantize"), FORMS)
def test_an_adapted_model_is_the_one_whose_checkpoint_was_edited(
    version: str, kernel: str, quantize: Any
) -> None:
    tensors = MAKERS[version]()
    model = build(tensors, load_kernel(kernel), quantize)
    before, adapter = logits(model), adapter_for(model)
    assert {name for name, array in tensors.items() if array.squeeze().ndim == 1} <= set(model.vectors) | {
        f"blocks.0.att.{name}" for name in ("v0", "v1", "v2")
    }
    edited = dict(tensors)
    for name, change in adapter.tensors.items():
        edited[name] = tensors[name] + np.float32(0.5) * change.reshape(tensors[name].shape)
    adapted = adapt(model, adapter, strength=0.5)
    np.testing.assert_array_equal(logits(adapted), logits(build(edited, model.kernel, quantize)))
    assert not np.allclose(before, logits(adapted), atol=0.01)
    for off in (adapt(adapted, None), adapt(adapted, adapter, strength=0), model):
        np.testing.assert_array_equal(logits(off), before)
    np.testing.assert_array_equal(logits(adapt(adapted, adapter, strength=0.5)), logits(adapted))


@pytest.mark.parametrize("version", MAKERS)
def test_a_state_is_where_every_text_begins(version: str) -> None:
    tensors = MAKERS[version]()
    model = build(tensors)
    adapter = adapter_for(model, "state")
    edited = {**tensors, **adapter.tensors}
    adapted = adapt(model, adapter)
    np.testing.assert_array_equal(logits(adapted), logits(build(edited)))
    assert not np.array_equal(logits(adapted), logits(model))
    np.testing.assert_array_equal(logits(adapt(adapted, adapter, strength=0)), logits(model))


def test_half_a_state_of_rwkv_4_weighs_half_as_much() -> None:
    model = build(MAKERS["4"]())
    adapter = adapter_for(model, "state")
    found = adapt(model, adapter, strength=0.5).new_state().arrays["wkv"]
    whole = np.stack(list(adapter.tensors.values()))
    np.testing.assert_array_equal(found, whole * np.array([[0.5], [0.5], [1]], np.float32))


@pytest.mark.parametrize("version", ["5.2", "6", "7"])
def test_a_file_has_the_values_before_the_keys(version: str) -> None:
    """As RWKV-Runner and RWKV-PEFT have it: version 7's state is loaded untransposed, others transposed."""
    model = build(MAKERS[version]())
    adapter = adapter_for(model, "state")
    found = adapt(model, adapter).new_state().arrays["wkv"][1]
    stored = adapter.tensors["blocks.1.att.time_state"]
    np.testing.assert_array_equal(found, stored if version == "7" else stored.swapaxes(-1, -2))


@pytest.mark.parametrize("version", MAKERS)
def test_matrices_are_shared(version: str) -> None:
    """However large they are: what is made anew is vectors, the mixes once more as a stack."""
    model = build(MAKERS[version](ffn=20_000), load_kernel())
    adapter = adapter_for(model)
    with measured_memory() as memory:
        adapted = adapt(model, adapter)
    assert {id(one) for one in adapted.matrices.values()} == {id(one) for one in model.matrices.values()}
    assert memory.peak < 2_000_000 < model.config.layers * model.config.ffn_width * model.config.width


def test_a_fingerprint_is_that_of_the_model_in_every_form() -> None:
    tensors = {name: array.astype(np.float16).astype(np.float32) for name, array in MAKERS["4"]().items()}
    expected = build(tensors).fingerprint
    assert expected.startswith("rwkv-4-3x64-")
    halves = {name: array.astype(np.float16) for name, array in tensors.items()}
    assert build(halves).fingerprint == expected
    assert [build(tensors, load_kernel("native"), bits).fingerprint for bits in (8, 4)] == [expected] * 2
    other = {**tensors, "ln_out.bias": tensors["ln_out.bias"] + 1}
    assert build(other).fingerprint != expected
    model = build(tensors)
    assert adapt(model, adapter_for(model)).fingerprint == expected


def test_a_model_that_was_released_in_bfloat16_has_one_fingerprint_too() -> None:
    tensors = MAKERS["4"]()
    brain = {
        name: (float32_to_bfloat16(array).astype(np.uint32) << 16).view(np.float32)
        for name, array in tensors.items()
    }
    halves = {name: array.astype(np.float16) for name, array in brain.items()}
    assert build(halves).fingerprint == build(brain).fingerprint


def test_another_models_adapter_is_refused_by_both_names() -> None:
    model, other = build(MAKERS["7"]()), build(MAKERS["4"]())
    with refused(SettingsError, "adapter-mismatch") as caught:
        adapt(model, adapter_for(other), name="Goose")
    for part in ("'Pirate'", "A model (rwkv-4-3x64-", "Goose (rwkv-7-3x128-"):
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("tensors", "method"),
    [
        ({"ln_out.weight": np.zeros(63)}, "vectors"),
        ({"ln_out.weights": np.zeros(64)}, "vectors"),
        ({"emb.weight": np.zeros(50 * 64)}, "vectors"),
        ({f"blocks.{layer}.att.time_state": np.zeros((3, 64)) for layer in range(2)}, "state"),
        ({f"blocks.{layer}.att.time_state": np.zeros((3, 64)) for layer in range(4)}, "state"),
        ({f"blocks.{layer}.att.time_state": np.zeros((2, 64, 64)) for layer in range(3)}, "state"),
    ],
)
def test_tensors_that_the_model_does_not_have_are_refused(tensors: dict[str, Any], method: Any) -> None:
    found = {name: array.astype(np.float32) for name, array in tensors.items()}
    for strength in (0, 1):
        with refused(SettingsError, "adapter-mismatch"):
            adapt(build(MAKERS["4"]()), Adapter(found, AdapterFacts(method)), strength=strength)


@pytest.mark.parametrize("strength", [-0.1, 1.6, float("nan"), float("inf"), True, "1", None])
def test_a_strength_out_of_range_is_refused(strength: Any) -> None:
    model = build(MAKERS["4"]())
    with refused(SettingsError, "setting-range", match="strength"):
        adapt(model, adapter_for(model), strength=strength)


def test_a_sum_that_is_not_finite_is_refused() -> None:
    model = build(MAKERS["4"]())
    huge = Adapter({"ln_out.weight": np.full(64, 3e38, np.float32)})
    with refused(SettingsError, "adapter-values", match="ln_out.weight"):
        adapt(model, huge, strength=1.5)


def test_both_write_in_turns_without_mixing() -> None:
    model = build(MAKERS["4"](), load_kernel())
    adapted = adapt(model, adapter_for(model))
    states = {one: one.new_state() for one in (model, adapted)}
    rows: dict[Any, list[Any]] = {model: [], adapted: []}
    for token in TOKENS:
        for one, state in states.items():
            rows[one].append(one.forward([token], state))
    for one, found in rows.items():
        again = one.new_state()
        np.testing.assert_array_equal(found, [one.forward([token], again) for token in TOKENS])
