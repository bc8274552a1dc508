"""Model folders made of any file, and loaded again."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import safetensors.numpy
import torch

from goosequill.chat.choosing import format_of
from goosequill.chat.formats import FORMATS
from goosequill.errors import GoosequillError, SettingsError, TokenizerError
from goosequill.kernels import NumpyKernel
from goosequill.loading.convert import convert
from goosequill.loading.inspect import as_text, inspect
from goosequill.loading.load import load_path
from goosequill.loading.opening import open_path
from goosequill.models import load_model
from goosequill.tokenizers import load_tokenizer
from goosequill.weights import open_tensors, quantize
from goosequill.weights.quantize import bits_for
from goosequill.weights.writing import stream
from tests.py.checkpoints import MAKERS, Tensors
from tests.py.weights import converters

TOKENS = [34, 105, 110, 3]
TOKENIZER = Path(__file__).parents[3] / "site" / "models" / "default" / "tokenizer.json"
VOCAB = load_tokenizer(TOKENIZER).vocab_size


def save(path: Path, tensors: Tensors, dtype: torch.dtype = torch.float32) -> Path:
    torch.save({name: torch.from_numpy(array).to(dtype) for name, array in tensors.items()}, path)
    return path


def logits(path: Path) -> np.ndarray:
    model = load_model(open_tensors(path), kernel=NumpyKernel())
    return model.forward(TOKENS, model.new_state(), logits="all")


@pytest.mark.parametrize("version", MAKERS)
def test_a_folder_gives_the_logits_of_its_original(version: str, tmp_path: Path) -> None:
    original = save(tmp_path / "model.pth", MAKERS[version](vocab=256))
    out = tmp_path / "out"
    description = convert(original, out, tokenizer="byte")
    assert description["architecture"] == f"rwkv{version}"
    np.testing.assert_array_equal(logits(out), logits(original))
    loaded = load_path(out)
    assert loaded.tokenizer.name == "byte"
    assert loaded.description == description == json.loads((out / "config.json").read_text())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_stay_16_bits(dtype: torch.dtype, tmp_path: Path) -> None:
    original = save(tmp_path / "model.pth", MAKERS["7"](vocab=256), dtype)
    out = tmp_path / "out"
    convert(original, out)
    assert (out / "model.safetensors").stat().st_size < original.stat().st_size * 1.05
    np.testing.assert_array_equal(logits(out), logits(original))


@pytest.mark.parametrize("bits", [8, 4])
def test_matrices_are_quantized_as_while_loading(bits: Literal[8, 4], tmp_path: Path) -> None:
    tensors = MAKERS["6"](vocab=256)
    out = tmp_path / "out"
    convert(save(tmp_path / "model.pth", tensors), out, bits=bits)
    found = open_tensors(out)
    for name, array in tensors.items():
        actual = bits_for(name, array.shape, bits)
        expected = quantize(array, actual).dequantize() if actual else array
        value = found.read(name)
        np.testing.assert_array_equal(getattr(value, "dequantize", lambda v=value: v)(), expected)
    description = json.loads((out / "config.json").read_text())
    assert description["quantization"] == {"bits": bits}


def test_no_file_is_larger_than_a_shard(tmp_path: Path) -> None:
    tensors = MAKERS["4"](vocab=VOCAB)
    original = save(tmp_path / "model.pth", tensors)
    for bits in (None, 8, 4):
        out = tmp_path / f"out{bits}"
        description = convert(original, out, bits=bits, shard_size=60_000, tokenizer=str(TOKENIZER))
        shards = sorted(out.glob("model-*.safetensors"))
        assert len(shards) > 3
        assert all(shard.stat().st_size <= 60_000 for shard in shards)
        assert [file["name"] for file in description["files"]][:-1] == [shard.name for shard in shards]
        for file in description["files"]:
            data = (out / file["name"]).read_bytes()
            assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    np.testing.assert_array_equal(logits(tmp_path / "outNone"), logits(original))
    assert safetensors.numpy.load_file(shards[0])


def test_every_format_becomes_the_same_folder(tmp_path: Path) -> None:
    tensors = MAKERS["7"](vocab=256)
    save(tmp_path / "a.pth", tensors)
    (tmp_path / "b.bin").write_bytes(converters.rwkv_cpp(tensors))
    converters.write_gguf(tmp_path / "c.gguf", tensors, "7")
    for name in ("a.pth", "b.bin", "c.gguf"):
        convert(tmp_path / name, tmp_path / name[0], bits=8)
    expected = logits(tmp_path / "a")
    np.testing.assert_array_equal(logits(tmp_path / "b"), expected)
    np.testing.assert_array_equal(logits(tmp_path / "c"), expected)


def test_a_folder_is_converted_again_with_all_that_it_says(tmp_path: Path) -> None:
    original = save(tmp_path / "model.pth", MAKERS["4"](vocab=VOCAB))
    about = {"title": "A title", "licence": "MIT", "prompts": [{"title": "t", "text": "x"}]}
    convert(original, tmp_path / "a", tokenizer=str(TOKENIZER), about=about, group_norm_eps=1e-5)
    found = convert(tmp_path / "a", tmp_path / "b", bits=4)
    assert {key: found[key] for key in about} == about
    assert found["group_norm_eps"] == 1e-5
    assert (tmp_path / "b" / "tokenizer.json").read_bytes() == TOKENIZER.read_bytes()
    assert convert(tmp_path / "b", tmp_path / "c")["quantization"] == {"bits": 4}
    np.testing.assert_array_equal(logits(tmp_path / "c"), logits(tmp_path / "b"))
    card = (tmp_path / "b" / "README.md").read_text()
    assert "A title" in card and "MIT" in card and "4 bits" in card


def test_a_wrong_or_missing_tokenizer_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    original = save(tmp_path / "model.pth", MAKERS["4"](vocab=VOCAB))
    for tokenizer, message in ((None, f"{VOCAB:,} tokens"), ("world", "65,536")):
        with pytest.raises(TokenizerError, match=message):
            convert(original, tmp_path / "out", tokenizer=tokenizer)
        assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    original = save(tmp_path / "model.pth", MAKERS["4"](vocab=256))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    with pytest.raises(SettingsError, match="not empty"):
        convert(original, tmp_path / "out")
    assert (tmp_path / "out" / "precious").read_text() == "x"


def test_shards_too_small_for_a_row_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    original = save(tmp_path / "model.pth", MAKERS["4"](vocab=256))
    with pytest.raises(SettingsError, match="too small for one row"):
        convert(original, tmp_path / "out", shard_size=1200)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("version", MAKERS)
def test_inspection_returns_version_sizes_types_tokenizer_and_tensors(version: str, tmp_path: Path) -> None:
    tensors = MAKERS[version](vocab=256)
    found = inspect(open_tensors(save(tmp_path / "model.pth", tensors, torch.float16)))
    assert json.loads(json.dumps(found)) == found
    assert found["config"]["version"] == version
    assert found["types"] == {"F16": sum(array.size for array in tensors.values())}
    assert found["tokenizer"] == "byte"
    assert found["problem"] is None
    assert found["memory"]["int4"] < found["memory"]["int8"] < found["memory"]["as stored"]
    assert [tensor["name"] for tensor in found["tensors"]] == list(tensors)
    text = as_text(found)
    for part in (f"RWKV-{version}", "vocabulary 256", "F16", "byte", "blocks.1.att.key.weight", "64 x 64"):
        assert part in text or version in ("7", "7a")
    assert ("of which only rows are read" in text) == (version == "7a")


@pytest.mark.parametrize("bits", [None, 8, 4])
def test_the_tables_of_rwkv7a_are_copied_as_they_are(bits: Literal[8, 4] | None, tmp_path: Path) -> None:
    tensors = MAKERS["7a"](vocab=VOCAB, layers=2)
    original = save(tmp_path / "model.pth", tensors, torch.bfloat16)
    table = "blocks.1.ffn.s_emb.weight"
    found = convert(original, tmp_path / "out", bits=bits, shard_size=3_000_000, tokenizer=str(TOKENIZER))
    assert len(found["files"]) > 5
    out, source = open_tensors(tmp_path / "out"), open_tensors(original)
    assert out.dtype(table) == "BF16" and len(out.extents(table)) > 1
    np.testing.assert_array_equal(out.read(table), source.read(table))
    if bits is None:
        np.testing.assert_array_equal(logits(tmp_path / "out"), logits(original))
    assert found["architecture"] == "rwkv7a"
    assert found["parameters"] == sum(array.size for name, array in tensors.items() if ".s_emb.w" not in name)


def test_inspection_describes_what_does_not_run_here(tmp_path: Path) -> None:
    tensors: Any = {**MAKERS["7"](vocab=256), "blocks.0.qkv.weight": np.zeros((2, 3), np.float32)}
    found = inspect(open_tensors(save(tmp_path / "model.pth", tensors)))
    assert found["config"] is None
    assert "RWKV-7b" in found["problem"]["message"]
    assert "RWKV-7b" in as_text(found)
    with pytest.raises(GoosequillError, match="RWKV-7b"):
        convert(tmp_path / "model.pth", tmp_path / "out")


def test_gguf_metadata_is_kept(tmp_path: Path) -> None:
    path = converters.write_gguf(tmp_path / "model.gguf", MAKERS["7"](vocab=256), "7", "Q8_0")
    found = inspect(open_tensors(path))
    assert found["tokenizer"] == "world"
    assert found["metadata"]["rwkv7.wkv.head_size"] == 64
    assert set(found["types"]) == {"F32", "Q8_0"}


def test_half_surrogates_and_numbers_that_are_none_in_a_description_are_no_obstacle(tmp_path: Path) -> None:
    source = save(tmp_path / "a.safetensors", MAKERS["4"](vocab=256))
    about = {"title": "a\ud800", "description": "b\udfff"}
    convert(source, tmp_path / "out", tokenizer="byte", about=about)
    assert json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))["title"] == "a\ufffd"
    assert "a\ufffd" in (tmp_path / "out" / "README.md").read_text("utf-8")
    opened = open_tensors(source)
    opened.metadata["x"] = float("nan")
    assert inspect(opened)["metadata"]["x"] == "nan"


def test_the_chat_format_is_found_from_names_and_metadata(tmp_path: Path) -> None:
    tensors = MAKERS["7"](vocab=256)
    named = save(tmp_path / "rwkv7-g1d-0.1b.pth", tensors)
    titled = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(tensors, titled, {"modelspec.title": "RWKV7-G1f"})
    for path in (named, titled):
        assert format_of(load_path(path).description).name == "g1"
        opened = open_path(path)
        assert "chat format G1" in as_text(inspect(opened.tensors, name=opened.name))
        found = convert(path, tmp_path / f"{path.stem}-folder")
        assert found["chat"] == FORMATS["g1"].to_dict()
    plain = save(tmp_path / "model.pth", tensors)
    assert convert(plain, tmp_path / "plain")["chat"] is None  # bytes as tokens: nothing is known of it


def test_a_quantized_copy_keeps_what_names_the_chat_format(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(MAKERS["7"](vocab=256), path, {"modelspec.title": "RWKV7-G1f", "x": "y"})
    quantized = load_path(path, quantize=8).quantized
    assert quantized is not None
    length, parts = stream(quantized)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(b"".join(parts))
    assert copy.stat().st_size == length
    assert format_of(load_path(copy).description).name == "g1"
    assert open_tensors(copy).metadata.keys() >= {"modelspec.title", "goosequill.quantization"}
    assert "x" not in open_tensors(copy).metadata
