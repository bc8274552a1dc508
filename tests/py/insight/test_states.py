"""What is drawn of a state is what is in it, and half-lives follow from the checkpoint's own decays."""

from dataclasses import replace

import numpy as np
import pytest

from goosequill.decoding import StateMemory
from goosequill.errors import SettingsError
from goosequill.insight.states import MOST_GROUPS, MOST_HALF_LIFE, read_half_lives, view_state
from goosequill.kernels import load_kernel
from goosequill.models import VERSIONS as MODELS
from goosequill.models import Model, detect_config, load_model
from goosequill.models.parameters import Parameters
from goosequill.support.progress import finish
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py.checkpoints import MAKERS, source_of
from tests.py.insight.models import BYTE, TEXT, VERSIONS, small_model
from tests.py.refusals import refused

TOKENS = BYTE.encode(TEXT)


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("version", VERSIONS)
def test_map_and_memory_are_those_of_the_state_after_the_text(version: str, kernel: str) -> None:
    model = small_model(version, kernel)
    state = model.new_state()
    model.forward(TOKENS, state)
    wkv, head = state.arrays["wkv"], model.config.heads - 1
    view = finish(view_state(model, TOKENS, layer=2, head=head))
    assert (view.tokens, view.layer, view.head) == (len(TOKENS), 2, head)
    if version == "4":
        assert view.kind == "averages"
        average = wkv[:, 0] / wkv[:, 1]
        np.testing.assert_allclose(view.memory, [average[2], *wkv[2]], rtol=1e-4)
        assert view.map.shape == (3, MOST_GROUPS)
        np.testing.assert_allclose(view.map, np.abs(average), rtol=1e-4)  # one channel in each group
    else:
        assert view.kind == "matrices"
        matrix = wkv[2, head].T if version in ("7", "7a") else wkv[2, head]
        np.testing.assert_allclose(view.memory, matrix, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(view.map, np.linalg.norm(wkv, axis=(2, 3)), rtol=1e-4)
    assert view.half_lives.shape == (model.config.width,)
    assert (view.half_lives > 0).all()  # NaN, which a logarithm taken for a share would give, is not


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("version", ["4", "5.0", "5.1", "5.2"])
def test_half_lives_follow_from_the_checkpoint(version: str, kernel: str) -> None:
    tensors, model = MAKERS[version](vocab=256), small_model(version, kernel)
    found = read_half_lives(model, 65, model.new_state())
    for layer in range(3):
        rates = np.exp(tensors[f"blocks.{layer}.att.time_decay"].astype(np.float64)).reshape(-1)
        rates = np.repeat(rates, model.config.width // len(rates))
        np.testing.assert_allclose(found[layer], np.log(2) / rates, rtol=1e-3)


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("version", ["4", "5.0", "5.2", "6"])
def test_what_is_remembered_is_halved_after_the_half_life(version: str, kernel: str) -> None:
    """A token adds to what the decay has left: the sums of all but its own values decay as reported."""
    model = small_model(version, kernel)
    states = [model.new_state() for _ in range(2)]
    model.forward(TOKENS, states[0])
    states[1].assign(states[0].arrays)
    states[1].arrays["wkv"][0, : 2 if version == "4" else None] *= 3  # more is remembered in layer 0
    before = [state.arrays["wkv"][0].astype(np.float64) for state in states]
    half_lives = [read_half_lives(model, 65, state)[0] for state in states]
    after = [state.arrays["wkv"][0].astype(np.float64) for state in states]
    np.testing.assert_array_equal(*half_lives)  # layer 0's decay depends on its input alone
    if version == "4":
        before, after = ([array[0] * np.exp(array[2]) for array in pair] for pair in (before, after))
        left = (after[1] - after[0]) / (before[1] - before[0])
    else:
        differences = [pair[1] - pair[0] for pair in (after, before)]
        left = (differences[0] / differences[1])[:, :, 0].reshape(-1)
    np.testing.assert_allclose(left, 0.5 ** (1 / half_lives[0]), rtol=1e-3)


@pytest.mark.parametrize("kernel", ["native", "numpy"])
def test_half_lives_of_rwkv7_are_of_the_columns_of_its_matrices(kernel: str) -> None:
    """With nothing removed (rate 0) the state is only multiplied by the decay, and added to."""
    tensors = MAKERS["7"](vocab=256, layers=1)
    tensors["blocks.0.att.a0"][:] = -1e4
    data = b"".join(encode(tensors.items()))
    model = load_model(open_tensors(BytesSource(data)), kernel=load_kernel(kernel))
    states = [model.new_state() for _ in range(2)]
    model.forward(TOKENS, states[0])
    states[1].assign(states[0].arrays)
    states[1].arrays["wkv"][:] += 5
    half_lives = [read_half_lives(model, 65, state)[0] for state in states]
    left = (states[1].arrays["wkv"] - states[0].arrays["wkv"])[0, :, 0] / 5  # [H, K]
    np.testing.assert_allclose(left.reshape(-1), 0.5 ** (1 / half_lives[0]), rtol=1e-3)


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("version", ["7", "7a"])
def test_what_the_delta_rule_removes_is_what_the_state_loses_beside_the_decay(
    version: str, kernel: str
) -> None:
    """Of layer 0, whose decay and keys depend on the token alone: with and without a memory."""
    model = small_model(version, kernel)
    states = [model.new_state() for _ in range(2)]
    for state in states:
        model.forward(TOKENS, state)
    states[1].arrays["wkv"][0] = 0
    before = states[0].arrays["wkv"][0].copy()
    view = finish(view_state(model, [*TOKENS, 65]))
    for state in states:
        half_lives = read_half_lives(model, 65, state)[0]
    left = states[0].arrays["wkv"][0] - states[1].arrays["wkv"][0]
    decayed = before * (0.5 ** (1 / half_lives)).reshape(len(before), 1, -1)
    taken = np.linalg.norm(decayed - left, axis=(1, 2)) / np.linalg.norm(before, axis=(1, 2))
    assert view.removed is not None and np.all(view.removed > 0.001)
    np.testing.assert_allclose(view.removed, taken, rtol=2e-2)


def variant_of(version: str) -> Model:
    """A version of its own that inherits a model's class, as a new one would."""
    tensors = source_of(MAKERS[version](vocab=256))
    config, kernel = replace(detect_config(tensors), version="variant"), load_kernel()
    return MODELS[version](config, Parameters(tensors, kernel), kernel)


@pytest.mark.parametrize("version", ["4", "6", "7"])
def test_a_variant_of_a_version_is_seen_as_that_version_is(version: str) -> None:
    views = [finish(view_state(model, TOKENS)) for model in (small_model(version), variant_of(version))]
    for expected, found in zip(*(vars(view).items() for view in views), strict=True):
        np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("version", ["4", "6"])
def test_without_a_delta_rule_nothing_is_said_to_be_removed(version: str) -> None:
    assert finish(view_state(small_model(version), TOKENS)).removed is None


def test_a_decay_that_float32_rounds_to_1_or_0_has_the_longest_or_shortest_half_life() -> None:
    for value, half_life in ((-40.0, MOST_HALF_LIFE), (40.0, 0.01)):
        tensors = MAKERS["5.2"](vocab=256)
        tensors["blocks.1.att.time_decay"][:] = value
        model = load_model(source_of(tensors))
        assert set(read_half_lives(model, 65, model.new_state())[1]) == {np.float32(half_life)}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_pass_is_that_of_forward_and_leaves_no_record(version: str) -> None:
    model = small_model(version, "native")
    states = [model.new_state() for _ in range(2)]
    read_half_lives(model, 65, states[0])
    model.forward([65], states[1])
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(array, states[1].arrays[name])
    assert not states[0].programs


def test_the_nearest_state_is_enough_while_a_text_is_generated() -> None:
    model = small_model("7")
    memory, state = StateMemory(), model.new_state()
    assert finish(view_state(model, TOKENS, nearest=True, memory=memory)).tokens == 1
    for count in (16, 32):
        logits = model.forward(TOKENS[count - 16 : count], state)
        memory.keep(TOKENS[:count], state, logits)
    near = finish(view_state(model, TOKENS, nearest=True, memory=memory))
    assert near.tokens == 33
    np.testing.assert_array_equal(near.memory, finish(view_state(model, TOKENS[:33])).memory)
    assert finish(view_state(model, TOKENS[:32], nearest=True, memory=memory)).tokens == 17


@pytest.mark.parametrize(("layer", "head"), [(3, 0), (-1, 0), (0, 2), (0, -1)])
def test_a_layer_or_head_that_the_model_lacks_is_refused(layer: int, head: int) -> None:
    with refused(SettingsError, "setting-range"):
        finish(view_state(small_model("7"), TOKENS, layer=layer, head=head))
