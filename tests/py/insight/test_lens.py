"""Each layer's prediction equals one computed from the weights by torch, without the kernels."""

from typing import Any

import numpy as np
import pytest
import torch

import goosequill
from goosequill.decoding import StateMemory
from goosequill.errors import SettingsError
from goosequill.insight.lens import lens_steps, logit_lens
from goosequill.kernels import load_kernel
from goosequill.models import Model, load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py.checkpoints import MAKERS, Tensors
from tests.py.insight.models import BYTE, TEXT, VERSIONS, small_model

LAYERS = 3
TOKENS = BYTE.encode(TEXT)


def shallow_logits(tensors: Tensors, layers: int) -> Any:
    """Logits after all but the last token of a model that has only its first layers, [V].

    With none it is the embedding: computed by torch.
    """
    if layers:
        kept = {
            name: array
            for name, array in tensors.items()
            if not name.startswith("blocks.") or int(name.split(".")[1]) < layers
        }
        data = b"".join(encode(kept.items()))
        model = load_model(open_tensors(BytesSource(data)), kernel=load_kernel("numpy"))
        return model.forward(TOKENS[:-1], model.new_state())
    weights = {name: torch.from_numpy(array) for name, array in tensors.items()}
    x = weights["emb.weight"][TOKENS[-2]]
    for name in ("blocks.0.ln0", "ln_out"):
        x = torch.nn.functional.layer_norm(x, x.shape, weights[f"{name}.weight"], weights[f"{name}.bias"])
    return (weights["head.weight"] @ x).numpy()


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("version", VERSIONS)
def test_each_layer_predicts_what_a_model_of_so_many_layers_predicts(version: str, kernel: str) -> None:
    tensors = MAKERS[version](vocab=256)
    lens = logit_lens(small_model(version, kernel), BYTE, TEXT)
    assert len(lens.layers) == LAYERS + 1
    for layers, layer in enumerate(lens.layers):
        logits = torch.from_numpy(np.asarray(shallow_logits(tensors, layers), np.float64))
        logprobs = torch.log_softmax(logits, 0)
        top = torch.topk(logprobs, 5)
        assert layer.logprob == pytest.approx(float(logprobs[TOKENS[-1]]), abs=1e-4)
        assert layer.rank == 1 + int((logits > logits[TOKENS[-1]]).sum())
        assert [one.token for one in layer.candidates] == top.indices.tolist()
        assert [one.logprob for one in layer.candidates] == pytest.approx(top.values.tolist(), abs=1e-4)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_last_row_and_the_state_are_those_of_forward(version: str) -> None:
    model = small_model(version, "native")
    states = [model.new_state() for _ in range(2)]
    for token in TOKENS[:9]:
        rows, expected = model.layer_logits(token, states[0]), model.forward([token], states[1])
        np.testing.assert_array_equal(rows[-1], expected)
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(array, states[1].arrays[name])


def test_a_large_quantized_head_gives_the_same_row() -> None:
    """Its head is stored by rows, with a sketch."""
    data = b"".join(encode(MAKERS["7"](vocab=20_000).items()))
    model = load_model(open_tensors(BytesSource(data)), kernel=load_kernel("native"), quantize=8)
    states = [model.new_state() for _ in range(2)]
    rows, expected = model.layer_logits(7, states[0]), model.forward([7], states[1])
    np.testing.assert_array_equal(rows[-1], expected)


def test_more_layers_than_a_chunk_has_tokens() -> None:
    model = deep_model(layers=70)
    assert model.config.layers > model.kernel.chunk_size
    states = [model.new_state() for _ in range(2)]
    np.testing.assert_array_equal(model.layer_logits(7, states[0])[-1], model.forward([7], states[1]))


def deep_model(layers: int) -> Model:
    data = b"".join(encode(MAKERS["4"](layers=layers, width=32, ffn=32).items()))
    return load_model(open_tensors(BytesSource(data)), kernel=load_kernel("native"))


def test_nothing_is_recorded_in_the_state() -> None:
    model = small_model("7", "native")
    state = model.new_state()
    model.layer_logits(7, state)
    assert not state.programs


def test_kept_states_are_used_and_change_nothing() -> None:
    model = small_model("7")
    memory, state = StateMemory(), model.new_state()
    memory.keep(TOKENS[:20], state, model.forward(TOKENS[:20], state))
    steps = lens_steps(model, BYTE, TEXT, memory=memory)
    count = 0
    while True:
        try:
            count += next(steps).loaded
        except StopIteration as end:
            assert end.value == logit_lens(model, BYTE, TEXT)
            break
    assert count == len(TOKENS) - 2


def test_a_token_without_a_prediction_is_refused() -> None:
    with pytest.raises(SettingsError, match="no prediction"):
        logit_lens(small_model("4"), BYTE, "a")
    with pytest.raises(SettingsError, match="outside the model's vocabulary"):
        small_model("4").layer_logits(256, small_model("4").new_state())


def test_the_package_offers_it() -> None:
    assert goosequill.logit_lens is logit_lens
