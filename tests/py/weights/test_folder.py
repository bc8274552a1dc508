"""Model folders: shards put together, every file verified."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.errors import FileFormatError
from goosequill.weights import BytesSource, ShardedSource, folder_reader, open_folder, open_tensors, quantize
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints
from tests.py.refusals import refused

TENSORS = checkpoints.rwkv4(layers=1)


def shards() -> dict[str, bytes]:
    """The checkpoint in two files, its embedding cut in two."""
    first = {"emb.weight.rows.0": TENSORS["emb.weight"][:20]}
    second = {"emb.weight.rows.1": TENSORS["emb.weight"][20:]}
    for name, array in TENSORS.items():
        if name != "emb.weight":
            (first if name.startswith("blocks") else second)[name] = array
    files = {"model-00001-of-00002.safetensors": first, "model-00002-of-00002.safetensors": second}
    return {name: b"".join(encode(tensors.items())) for name, tensors in files.items()}


def write(folder: Path, **changes: Any) -> dict[str, Any]:
    """A model folder; `changes` go over its description."""
    files = {**shards(), "tokenizer.json": b"{}"}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    entries = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    description = {
        "format": "goosequill-model",
        "format_version": 1,
        "tokenizer": {"kind": "bpe", "file": "tokenizer.json"},
        "files": entries,
        **changes,
    }
    (folder / "config.json").write_text(json.dumps(description))
    return description


def test_shards_are_one_model(tmp_path: Path) -> None:
    description = write(tmp_path)
    folder = open_folder(folder_reader(tmp_path))
    assert folder.description == description
    assert sorted(folder.tensors.names()) == sorted(TENSORS)
    for name, array in TENSORS.items():
        assert folder.tensors.shape(name) == array.shape
        np.testing.assert_array_equal(folder.tensors.read(name), array)
    assert open_tensors(tmp_path).names() == folder.tensors.names()


def test_rows_of_quantized_matrices_are_put_together() -> None:
    matrix = quantize(TENSORS["emb.weight"], 8)
    pieces = [quantize(TENSORS["emb.weight"][rows], 8) for rows in (slice(0, 9), slice(9, None))]
    files = [b"".join(encode([(f"emb.weight.rows.{index}", piece)])) for index, piece in enumerate(pieces)]
    found = ShardedSource([open_tensors(BytesSource(data)) for data in files]).read("emb.weight")
    np.testing.assert_array_equal(found.values, matrix.values)
    np.testing.assert_array_equal(found.scales, matrix.scales)


@pytest.mark.parametrize("name", ["model-00002-of-00002.safetensors", "tokenizer.json"])
def test_an_altered_file_is_named(name: str, tmp_path: Path) -> None:
    write(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[-1] ^= 1
    (tmp_path / name).write_bytes(data)
    with refused(FileFormatError, "file-altered", match=name):
        open_folder(folder_reader(tmp_path))


def test_a_truncated_shard_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FileFormatError, match="truncated"):
        open_folder(folder_reader(tmp_path), verify=False)


def test_a_missing_shard_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "model-00001-of-00002.safetensors").unlink()
    with refused(FileFormatError, "file-missing"):
        open_folder(folder_reader(tmp_path))


def entry(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "model.safetensors", "bytes": 3, "sha256": "0" * 64, **changes}]


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other"},
        {"format_version": 2},
        {"tokenizer": None},
        {"tokenizer": {"kind": "bpe", "file": "other.json"}},
        {"files": None},
        {"files": []},
        {"files": ["model.safetensors"]},
        {"files": entry() * 2},
        {"files": entry(name="../model.safetensors")},
        {"files": entry(name="/etc/passwd")},
        {"files": entry(name="a/b.safetensors")},
        {"files": entry(name=".hidden")},
        {"files": entry(name="")},
        {"files": entry(bytes=-1)},
        {"files": entry(bytes="3")},
        {"files": entry(sha256="0")},
    ],
)
def test_an_invalid_description_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, **changes)
    with refused(FileFormatError, "model-folder") as caught:
        open_folder(folder_reader(tmp_path))
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff"])
def test_a_description_that_is_not_json_is_refused(text: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with refused(FileFormatError, "model-folder"):
        open_folder(folder_reader(tmp_path))


def test_shards_that_do_not_belong_together_are_refused() -> None:
    files = list(shards().values())
    with pytest.raises(FileFormatError, match="is in 2 of them"):
        open_tensors([BytesSource(files[0]), BytesSource(files[0])])
    with pytest.raises(FileFormatError, match=r"rows of the tensor 'emb\.weight' are missing"):
        open_tensors([BytesSource(files[1]), BytesSource(b"".join(encode([("x", TENSORS["ln_out.bias"])])))])


def test_a_directory_with_one_weight_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "rwkv"}')
    (tmp_path / "model.safetensors").write_bytes(b"".join(encode(TENSORS.items())))
    assert sorted(open_tensors(tmp_path).names()) == sorted(TENSORS)


def test_a_directory_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="contains no weights"):
        open_tensors(tmp_path)
