"""Loading models from a disk and from other sources of bytes."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.errors import FileFormatError, GoosequillError, LoadError, SettingsError
from goosequill.kernels import load_kernel
from goosequill.loading import load as loading
from goosequill.loading.inspect import inspect_files
from goosequill.loading.load import Fit, LoadedModel, LoadOptions, load_files, load_path, quantization_bits
from goosequill.models import load_model
from goosequill.models.estimate import estimate
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints
from tests.py.checkpoints import source_of
from tests.py.refusals import refused

TENSORS = checkpoints.rwkv4(vocab=256)
WEIGHTS = b"".join(encode(TENSORS.items()))
TOKENS = [71, 111, 111, 115, 101]


def describe(**changes: Any) -> bytes:
    entry = {
        "name": "model.safetensors",
        "bytes": len(WEIGHTS),
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    }
    description = {
        "format": "goosequill-model",
        "format_version": 1,
        "name": "test",
        "tokenizer": {"kind": "byte"},
        "files": [entry],
        **changes,
    }
    return json.dumps(description).encode()


def assert_computes_the_same(loaded: LoadedModel) -> None:
    expected = load_model(open_tensors(BytesSource(WEIGHTS)))
    np.testing.assert_array_equal(
        loaded.model.forward(TOKENS, loaded.model.new_state()), expected.forward(TOKENS, expected.new_state())
    )


def test_a_folder_on_disk_loads(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(describe(end_token=0))
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    loaded = load_path(tmp_path)
    assert loaded.description["name"] == "test"
    assert (loaded.tokenizer.name, loaded.tokenizer.end_token) == ("byte", 0)
    assert_computes_the_same(loaded)


def test_a_file_on_disk_gets_the_tokenizer_of_its_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    loaded = load_path(tmp_path / "model.safetensors")
    assert (loaded.tokenizer.name, loaded.description["title"]) == ("byte", "model.safetensors")
    assert loaded.description["parameters"] == sum(tensor.size for tensor in TENSORS.values())
    assert_computes_the_same(loaded)


def test_a_bare_model_of_an_unknown_vocabulary_asks_for_its_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"".join(encode(checkpoints.rwkv4(vocab=2048).items())))
    with refused(GoosequillError, "tokenizer-needed"):
        load_path(tmp_path / "model.safetensors")


def test_the_end_of_text_is_the_folders() -> None:
    files = {"config.json": describe(end_token=None), "model.safetensors": WEIGHTS}
    loaded = load_files({name: BytesSource(data, name) for name, data in files.items()}, verify=False)
    assert loaded.tokenizer.end_token is None


def test_a_tokenizer_of_another_vocabulary_is_refused() -> None:
    files = {"config.json": describe(tokenizer={"kind": "world"}), "model.safetensors": WEIGHTS}
    with refused(GoosequillError, "tokenizer-mismatch"):
        load_files({name: BytesSource(data, name) for name, data in files.items()})


def test_picked_shards_without_a_description_are_one_model() -> None:
    items = list(TENSORS.items())
    files = {
        name: BytesSource(b"".join(encode(part)), name)
        for name, part in {"b.safetensors": items[:9], "a.safetensors": items[9:]}.items()
    }
    assert_computes_the_same(load_files(files))


def test_a_model_that_is_too_large_is_refused_unread() -> None:
    class Noting(BytesSource):
        """Bytes that note how many are read."""

        count = 0

        def read(self, offset: int, length: int) -> bytes:
            self.count += length
            return super().read(offset, length)

    source = Noting(WEIGHTS, "model.safetensors")
    with refused(GoosequillError, "model-too-large", match=r"needs .* MB of memory"):
        load_files({"model.safetensors": source}, LoadOptions(available=1_000_000))
    assert source.count < len(WEIGHTS) / 10
    files = {"config.json": BytesSource(describe()), "model.safetensors": source}
    with pytest.raises(GoosequillError, match=r"needs .* MB of memory"):
        load_files(files, LoadOptions(available=1_000_000), verify=False)
    assert load_files(files, LoadOptions(available=1_000_000_000)).tokenizer.name == "byte"


def test_matrices_are_quantized_while_loading() -> None:
    files = {"model.safetensors": BytesSource(WEIGHTS)}
    quantized = load_files(files, LoadOptions(quantize=8)).model
    exact = load_files(files).model
    found = quantized.forward(TOKENS, quantized.new_state())
    expected = exact.forward(TOKENS, exact.new_state())
    assert 0 < np.abs(found - expected).max() < 0.5


def test_auto_quantizes_large_models_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = open_tensors(BytesSource(WEIGHTS))
    assert quantization_bits(tensors, "auto") is None
    assert quantization_bits(tensors, 4) == 4
    monkeypatch.setattr(loading, "LARGE", 1000)
    assert quantization_bits(tensors, "auto") == 8
    assert quantization_bits(tensors, None) is None


def room_for(bits: int | None) -> int:
    """Bytes into which the model fits with these bits, and not with more."""
    return estimate(open_tensors(BytesSource(WEIGHTS)), quantize=bits).peak  # type: ignore[arg-type]


def test_auto_takes_the_most_bits_that_fit_and_says_so() -> None:
    files = {"model.safetensors": BytesSource(WEIGHTS)}
    roomy = load_files(files, LoadOptions(quantize="auto", available=room_for(None)))
    assert (roomy.quantized, roomy.notice) == (None, "")
    found = {}
    for bits in (8, 4):
        loaded = load_files(files, LoadOptions(quantize="auto", available=room_for(bits)))
        assert f"It runs in {bits} bits" in loaded.notice
        assert loaded.quantized is not None
        found[bits] = {loaded.quantized.dtype(name) for name in loaded.quantized.names()}
    assert "int8" in found[8]
    assert "int4" in found[4]
    with pytest.raises(LoadError):
        load_files(files, LoadOptions(quantize="auto", available=room_for(4) - 1))


@pytest.mark.parametrize(("bits", "remedy"), [(8, "In 8 bits it needs"), (4, "In 4 bits it needs")])
def test_a_model_that_does_not_fit_is_refused_with_the_bits_that_would(bits: int, remedy: str) -> None:
    files = {"model.safetensors": BytesSource(WEIGHTS)}
    with refused(LoadError, "model-too-large", match="MB are available") as caught:
        load_files(files, LoadOptions(available=room_for(bits)))
    assert caught.value.remedy.startswith(remedy)


def test_a_model_that_fits_in_no_bits_is_refused_with_the_size_that_would() -> None:
    checkpoint = checkpoints.rwkv4(layers=4, width=512, ffn=2048)
    tensors = source_of(checkpoint)
    fit = Fit(tensors, load_kernel(), estimate(tensors, quantize=4).peak - 1_000_000)
    with pytest.raises(LoadError) as caught:
        fit.require(4)
    words = re.search(r"at most ([0-9]+) million parameters", caught.value.remedy)
    assert words is not None
    smaller = estimate(tensors, quantize=4).weights - 1_000_000
    count = sum(array.size for array in checkpoint.values())
    assert int(words[1]) == round(count * smaller / estimate(tensors, quantize=4).weights / 1e6)


def test_a_model_that_is_too_large_is_described() -> None:
    files = {"model.safetensors": BytesSource(WEIGHTS)}
    assert inspect_files(files, available=10**9)["problem"] is None
    found = inspect_files(files, available=10**6)
    assert found["problem"]["code"] == "model-too-large"
    assert found["config"]["version"] == "4"


def test_the_group_norm_epsilon_can_be_set(tmp_path: Path) -> None:
    tensors = checkpoints.rwkv6(vocab=256)
    (tmp_path / "model.safetensors").write_bytes(b"".join(encode(tensors.items())))
    assert load_path(tmp_path).model.config.group_norm_eps == 64e-5
    assert load_path(tmp_path, group_norm_eps=1e-5).model.config.group_norm_eps == 1e-5


def test_files_are_described_without_loading_them() -> None:
    bare = inspect_files({"model.safetensors": BytesSource(WEIGHTS)})
    assert (bare["config"]["version"], bare["tokenizer"]) == ("4", "byte")
    weights = BytesSource(WEIGHTS)
    folder = inspect_files({"config.json": BytesSource(describe()), "model.safetensors": weights})
    assert folder["tensors"] == bare["tensors"]
    with pytest.raises(GoosequillError):
        inspect_files({"model.safetensors": BytesSource(b"nothing")})


def test_picked_files_that_are_two_models_are_refused() -> None:
    files = {name: BytesSource(WEIGHTS, name) for name in ("a.safetensors", "b.gguf")}
    with refused(GoosequillError, "which-file"):
        load_files(files)


def test_bare_weights_take_the_tokenizer_beside_them(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"".join(encode(checkpoints.rwkv4(vocab=4096).items())))
    tokenizer = Path(__file__).parents[3] / "site" / "models" / "default" / "tokenizer.json"
    (tmp_path / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    for path in (tmp_path, tmp_path / "model.safetensors"):
        assert load_path(path).tokenizer.name == "bpe"


def test_peak_memory_is_listed_for_every_quantization(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = open_tensors(BytesSource(WEIGHTS))
    found = loading.peak_memory(tensors)
    assert found["none"] == found["auto"] > found["8"] > found["4"]
    monkeypatch.setattr(loading, "LARGE", 1000)
    assert loading.peak_memory(tensors)["auto"] == found["8"]


HOSTILE_FIELDS: dict[str, dict[str, Any]] = {
    "a device as the tokenizer": {"tokenizer": {"kind": "/dev/zero"}},
    "a file of the system's as the tokenizer": {"tokenizer": {"kind": "/etc/passwd"}},
    "a file beside the folder as the tokenizer": {"tokenizer": {"kind": "../tokenizer.json"}},
    "a tokenizer of a kind that is a list": {"tokenizer": {"kind": ["byte"]}},
    "an end token that is a text": {"end_token": "0"},
    "an end token that is true": {"end_token": True},
    "an end token beyond the vocabulary": {"end_token": 256},
}


@pytest.mark.parametrize("fields", HOSTILE_FIELDS.values(), ids=HOSTILE_FIELDS)
def test_a_folder_with_hostile_fields_is_refused_and_opens_nothing_else(fields: dict[str, Any]) -> None:
    files = {"config.json": BytesSource(describe(**fields)), "model.safetensors": BytesSource(WEIGHTS)}
    with refused(FileFormatError, "model-folder"):
        load_files(files)


@pytest.mark.parametrize("value", ["1e-5", True, float("nan"), float("inf"), 0, -1, 10**400, [1]])
def test_an_epsilon_that_is_no_small_number_is_refused(value: Any) -> None:
    with pytest.raises(SettingsError, match="group_norm_eps"):
        load_model(open_tensors(BytesSource(WEIGHTS)), group_norm_eps=value)
    config = BytesSource(describe(group_norm_eps=value))
    with pytest.raises(SettingsError, match="group_norm_eps"):
        load_files({"config.json": config, "model.safetensors": BytesSource(WEIGHTS)})


def folder_with(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_bytes(describe())
    return folder


def test_a_link_out_of_a_model_folder_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (tmp_path / "elsewhere").write_bytes(WEIGHTS)
    (folder / "model.safetensors").symlink_to("../elsewhere")
    with pytest.raises(FileFormatError, match="is outside the model folder"):
        load_path(folder)
    (folder / "model.safetensors").unlink()
    (folder / "weights").write_bytes(WEIGHTS)
    (folder / "model.safetensors").symlink_to("weights")
    assert_computes_the_same(load_path(folder))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_link_out_of_a_folder_of_weights_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "tokenizer.json").write_bytes(b"{}")
    (folder / name).replace(tmp_path / "elsewhere")
    (folder / name).symlink_to("../elsewhere")
    with pytest.raises(FileFormatError, match="is outside the model folder"):
        load_path(folder)


def test_a_snapshot_in_hugging_faces_cache_links_to_its_blobs(tmp_path: Path) -> None:
    folder = tmp_path / "models--a--b" / "snapshots" / "0123"
    folder.mkdir(parents=True)
    (tmp_path / "models--a--b" / "blobs").mkdir()
    (tmp_path / "models--a--b" / "blobs" / "4567").write_bytes(WEIGHTS)
    (folder / "model.safetensors").symlink_to("../../blobs/4567")
    assert_computes_the_same(load_path(folder))


def test_a_pipe_in_a_model_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    os.mkfifo(folder / "model.safetensors")
    with pytest.raises(FileFormatError, match="not a regular file"):
        load_path(folder)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "a\0b"])
def test_a_path_that_is_no_file_is_refused(path: str) -> None:
    with refused(FileFormatError, "file-missing"):
        load_path(path)
