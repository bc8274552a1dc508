"""Whatever program wrote a checkpoint, names, values and logits are those of the original."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, quants

from goosequill.errors import UnsupportedModelError
from goosequill.models import detect_config, load_model
from goosequill.weights import BytesSource, TensorSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints
from tests.py.checkpoints import MAKERS, Tensors
from tests.py.weights import converters

TOKENS = np.random.default_rng(2).integers(0, 50, 12).tolist()


def wide(version: str) -> Tensors:
    """A checkpoint whose rows are whole blocks of 256, as the K types need."""
    return MAKERS[version](width=256, ffn=512, layers=2)


def source_of(data: bytes | list[bytes]) -> TensorSource:
    return open_tensors(BytesSource(data if isinstance(data, bytes) else b"".join(data)))


def assert_same(
    found: TensorSource, expected: Tensors, *, rtol: float = 0.0, absent: frozenset[str] = frozenset()
) -> None:
    assert set(found.names()) == expected.keys() - absent
    for name in found.names():
        array = found.read(name)
        assert array.shape == expected[name].shape == found.shape(name), name
        np.testing.assert_allclose(array, expected[name], rtol=rtol, atol=rtol, err_msg=name)


def rounded(tensors: Tensors, dtype: str) -> Tensors:
    """What is left of the matrices in a type."""
    kind, found = GGMLQuantizationType[dtype], dict(tensors)
    for name in filter(lambda name: converters.is_matrix(name, tensors[name]), tensors):
        found[name] = quants.dequantize(quants.quantize(tensors[name], kind), kind)
    return found


def logits(tensors: TensorSource) -> np.ndarray:
    model = load_model(tensors)
    return model.forward(TOKENS, model.new_state(), logits="all")


# Layer 0 of RWKV-7 has no use for these, and GGUF has copies of other tensors in their place.
UNUSED = frozenset(f"blocks.0.att.v{index}" for index in range(3))


@pytest.mark.parametrize("version", MAKERS)
def test_rwkv_cpp_is_read(version: str) -> None:
    tensors = MAKERS[version]()
    found = source_of(converters.rwkv_cpp(tensors))
    assert found.format == "rwkv.cpp"
    assert detect_config(found).version == version
    assert_same(found, tensors, rtol=2e-5)
    expected = logits(source_of(encode(tensors.items())))
    np.testing.assert_allclose(logits(found), expected, atol=2e-5)


@pytest.mark.parametrize("dtype", ["F16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"])
def test_rwkv_cpp_of_every_type(dtype: str) -> None:
    tensors = MAKERS["4"]()
    found = source_of(converters.rwkv_cpp(tensors, dtype))
    assert_same(found, rounded(tensors, dtype), rtol=1e-6)
    assert found.dtype("emb.weight") == dtype


@pytest.mark.parametrize("dtype", ["F16", "Q4_0", "Q4_1", "Q4_1_O", "Q4_2", "Q4_3", "Q5_0", "Q5_1", "Q8_0"])
def test_rwkv_cpp_from_before_may_2023(dtype: str) -> None:
    tensors = MAKERS["4"](layers=1)
    found = source_of(converters.rwkv_cpp(tensors, dtype, version=100))
    matrices = {name for name, array in tensors.items() if converters.is_matrix(name, array)}
    expected = dict(tensors)
    for name in matrices:
        if dtype == "F16":
            expected[name] = tensors[name].astype(np.float16).astype(np.float32)
        else:
            _, expected[name] = converters.old_blocks(tensors[name], dtype)
            spread = np.abs(expected[name] - tensors[name]).max()
            assert spread < np.abs(tensors[name]).max() / 2 ** (int(dtype[1]) - 2)
    assert_same(found, expected, rtol=1e-6)


@pytest.mark.parametrize(("version", "dtype"), [(101, "Q4_2"), (101, "Q4_1_O")])
def test_rwkv_cpp_with_a_type_of_another_version_is_refused(version: int, dtype: str) -> None:
    data = converters.rwkv_cpp(MAKERS["4"](layers=1), dtype, version=100)
    with pytest.raises(UnsupportedModelError, match="version 101"):
        source_of(data[:4] + version.to_bytes(4, "little") + data[8:])


@pytest.mark.parametrize(("version", "every"), [("6", 0), ("6", 2), ("7", 0)])
def test_gguf_is_read(version: str, every: int, tmp_path: Path) -> None:
    tensors = MAKERS[version](layers=5)
    path = converters.write_gguf(tmp_path / "model.gguf", tensors, version, rescale_every=every)
    found = open_tensors(path)
    assert found.format == "gguf"
    assert found.metadata["tokenizer"] == "world"
    assert detect_config(found).version == version
    assert_same(found, tensors, absent=UNUSED)
    np.testing.assert_array_equal(logits(found), logits(source_of(encode(tensors.items()))))


@pytest.mark.parametrize("version", ["6", "7"])
@pytest.mark.parametrize("dtype", ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"])
def test_gguf_of_every_type(version: str, dtype: str, tmp_path: Path) -> None:
    tensors = wide(version)
    found = open_tensors(converters.write_gguf(tmp_path / "model.gguf", tensors, version, dtype))
    assert_same(found, rounded(tensors, dtype), absent=UNUSED)


@pytest.mark.parametrize("dtype", ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"])
def test_gguf_of_every_k_type(dtype: str, tmp_path: Path) -> None:
    tensors = wide("7")
    found = open_tensors(converters.write_gguf(tmp_path / "model.gguf", tensors, "7", dtype))
    for ours, theirs in (
        ("blocks.1.ffn.key.weight", "blk.1.channel_mix_key.weight"),
        ("emb.weight", "token_embd.weight"),
    ):
        raw = converters.blocks_of(theirs, tensors[ours], dtype)
        expected = quants.dequantize(raw, GGMLQuantizationType[dtype])
        np.testing.assert_array_equal(found.read(ours), expected)
    assert np.isfinite(logits(found)).all()


def test_gguf_of_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    path = converters.write_gguf(tmp_path / "model.gguf", MAKERS["7"](layers=1), "7")
    path.write_bytes(path.read_bytes().replace(b"rwkv7", b"llama"))
    with pytest.raises(UnsupportedModelError, match="'llama'"):
        open_tensors(path)


@pytest.mark.parametrize("version", ["5.2", "6", "7"])
def test_web_rwkv_is_read(version: str) -> None:
    tensors = MAKERS[version]()
    found = source_of(encode(converters.web_rwkv(tensors, dynamic=version == "6").items(), {"format": "pt"}))
    assert detect_config(found).version == version
    assert_same(found, {name: array.astype(np.float16) for name, array in tensors.items()})


def test_blinkdl_files_are_left_alone() -> None:
    for version, maker in MAKERS.items():
        tensors = maker()
        found = source_of(encode(tensors.items()))
        assert detect_config(found).version == version
        assert_same(found, tensors)


@pytest.mark.parametrize("prefix", ["model.", "module.", "_forward_module."])
def test_a_training_programs_prefix_is_dropped(prefix: str) -> None:
    tensors = checkpoints.rwkv4()
    found = source_of(encode((prefix + name, array) for name, array in tensors.items()))
    assert_same(found, tensors)


def test_transformers_rwkv4_is_read_and_agrees(tmp_path: Path) -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    torch.manual_seed(0)
    config = RwkvConfig(
        vocab_size=50, hidden_size=64, num_hidden_layers=3, intermediate_size=128, rescale_every=0
    )
    model = RwkvForCausalLM(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".time_" in name:
                parameter.copy_(torch.rand_like(parameter) - (2.0 if "decay" in name else 0.0))
            elif parameter.ndim == 2:
                parameter.copy_(torch.randn_like(parameter) / parameter.shape[1] ** 0.5)
        expected = model(torch.tensor([TOKENS]))[0][0].numpy()
    model.save_pretrained(tmp_path)
    found = open_tensors(tmp_path)
    assert set(found.names()) == checkpoints.rwkv4().keys()
    np.testing.assert_allclose(logits(found), expected, atol=1e-4)


def test_fla_rwkv7_is_read_and_agrees(tmp_path: Path) -> None:
    from rwkv7_hf.configuration_rwkv7 import RWKV7Config
    from rwkv7_hf.converter import prepare_translated_weight, translate_name
    from rwkv7_hf.modeling_rwkv7 import RWKV7ForCausalLM

    tensors = checkpoints.rwkv7()
    config = RWKV7Config(
        vocab_size=50,
        hidden_size=128,
        num_hidden_layers=3,
        head_dim=64,
        intermediate_size=256,
        decay_low_rank_dim=16,
        a_low_rank_dim=16,
        v_low_rank_dim=8,
        gate_low_rank_dim=32,
    )
    model = RWKV7ForCausalLM(config).eval()
    theirs = model.state_dict()
    for name, array in tensors.items():
        target, transposed = translate_name(name, 3)
        if target:
            theirs[target].copy_(
                prepare_translated_weight(
                    torch.from_numpy(array),
                    src_name=name,
                    dst_name=target,
                    transposed=transposed,
                    expected=theirs[target],
                    dtype=torch.float32,
                )
            )
    with torch.no_grad():
        expected = model(torch.tensor([TOKENS])).logits[0].numpy()
    found = source_of(encode((name, tensor.numpy()) for name, tensor in theirs.items()))
    assert_same(found, tensors, absent=UNUSED)
    np.testing.assert_allclose(logits(found), expected, atol=1e-4)


def test_fla_with_stacked_token_shift_weights_is_read() -> None:
    tensors = checkpoints.rwkv7(layers=1)
    stack = np.stack([tensors[f"blocks.0.att.x_{letter}"].ravel() for letter in "rwkvag"])
    theirs = {
        "model.embeddings.weight": tensors["emb.weight"],
        "model.layers.0.attn.r_proj.weight": tensors["blocks.0.att.receptance.weight"],
        "model.layers.0.attn.x_x": stack,
    }
    found = source_of(encode(theirs.items()))
    for letter in "rwkvag":
        name = f"blocks.0.att.x_{letter}"
        np.testing.assert_array_equal(found.read(name), tensors[name])
