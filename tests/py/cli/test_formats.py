"""`goosequill convert` and `goosequill inspect`."""

import argparse
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from goosequill.cli import convert, evaluate, inspect
from goosequill.cli.main import main
from goosequill.errors import SettingsError
from goosequill.models import load_model
from goosequill.weights import open_tensors
from goosequill.weights.formats.safetensors import write
from tests.py.checkpoints import MAKERS
from tests.py.weights import converters
from tests.py.weights.test_pth import saved


def call(module: ModuleType, *arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return module.run(parser.parse_args(list(map(str, arguments))))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    write(tmp_path / "model.safetensors", MAKERS["7"](vocab=256).items())
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize(("quantize", "dtype"), [("int8", "int8"), ("int4", "int4"), ("none", "F32")])
def test_convert_writes_a_folder_and_lists_it(
    quantize: str, dtype: str, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = weights.parent / "out"
    about = ("--title", "A goose", "--licence", "MIT", "--chat", "g1")
    assert call(convert, weights, out, "--quantize", quantize, "--shard-size", "150kB", *about) == 0
    printed = capsys.readouterr().out
    description = json.loads((out / "config.json").read_text())
    assert (description["title"], description["licence"]) == ("A goose", "MIT")
    assert description["chat"]["opening"] == " <think"
    assert len(description["files"]) > 1
    for file in description["files"]:
        assert (out / file["name"]).stat().st_size <= 150_000
        assert file["sha256"] in printed
    found = open_tensors(out)
    assert found.dtype("blocks.0.att.key.weight") == dtype
    np.testing.assert_array_equal(found.read("ln_out.bias"), open_tensors(weights).read("ln_out.bias"))


def test_inspect_prints_version_sizes_types_tokenizer_and_tensors(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(inspect, weights) == 0
    printed = capsys.readouterr().out
    for part in ("RWKV-7", "3 layers", "width 128", "2 heads of 64", "F32", "byte", "blocks.2.ffn.value"):
        assert part in printed
    assert call(inspect, weights, "--json") == 0
    assert json.loads(capsys.readouterr().out)["config"]["version"] == "7"


def test_inspect_of_a_folder_prints_its_tokenizer(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(convert, weights, weights.parent / "out", "--quantize", "int8", "--tokenizer", "byte")
    capsys.readouterr()
    assert call(inspect, weights.parent / "out") == 0
    printed = capsys.readouterr().out
    assert "tokenizer   byte" in printed
    assert "int8" in printed


def test_inspect_prints_why_a_model_does_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tensors = {**MAKERS["7"](layers=1), "blocks.0.qkv.weight": np.zeros(2, np.float32)}
    write(tmp_path / "model.safetensors", tensors.items())
    assert call(inspect, tmp_path / "model.safetensors") == 1
    assert "RWKV-7b" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "size"),
    [("90MB", 90_000_000), ("1GiB", 2**30), ("0.5 kB", 500), ("1000", 1000), ("2ki", 2048), ("7b", 7)],
)
def test_sizes(text: str, size: int) -> None:
    assert convert.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1TB", "0", "1e9", "ninety"])
def test_invalid_sizes_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="not a size"):
        convert.parse_size(text)


def logits(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[float]:
    assert main(["logits", *map(str, arguments), "--tokens", "34,105,110"]) == 0
    found: list[float] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("version", MAKERS)
def test_logits_takes_every_version_in_every_format(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = MAKERS[version](vocab=256)
    write(tmp_path / "a.safetensors", tensors.items())
    (tmp_path / "b.pth").write_bytes(
        saved({name: torch.from_numpy(array) for name, array in tensors.items()})
    )
    (tmp_path / "c.bin").write_bytes(converters.rwkv_cpp(tensors))
    names = ["a.safetensors", "b.pth", "c.bin"]
    if version in ("6", "7"):
        converters.write_gguf(tmp_path / "d.gguf", tensors, version)
        names.append("d.gguf")
    model = load_model(open_tensors(tmp_path / "a.safetensors"))
    expected = model.forward([34, 105, 110], model.new_state())
    for name in names:
        found = logits(capsys, "--model", tmp_path / name)
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=name)


def test_logits_with_another_group_norm_epsilon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.safetensors", MAKERS["5.2"](vocab=256).items())
    model = load_model(open_tensors(tmp_path / "a.safetensors"), group_norm_eps=0.1)
    expected = model.forward([34, 105, 110], model.new_state())
    found = logits(capsys, "--model", tmp_path / "a.safetensors", "--group-norm-eps", "0.1")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not np.allclose(logits(capsys, "--model", tmp_path / "a.safetensors"), expected, atol=1e-3)


def test_convert_and_inspect_by_the_command_line(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = weights.parent / "out"
    assert main(["convert", str(weights), str(out), "--quantize", "int8", "--shard-size", "90MB"]) == 0
    assert main(["inspect", str(out)]) == 0
    assert "RWKV-7" in capsys.readouterr().out
    assert main(["convert", str(weights), str(out)]) == 1
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize("command", [convert, evaluate])
def test_the_bits_of_a_quantization_have_one_spelling(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    places = {convert: ["in", "out"], evaluate: ["--model", "in", "text"]}[command]
    spelled = {"int8": 8, "int4": 4, "none": None}
    for text, bits in spelled.items():
        assert parser.parse_args([*places, "--quantize", text]).quantize == bits
    assert parser.parse_args(places).quantize is None
    for text, wanted in {"8": "write int8 instead of 8", "4": "write int4 instead of 4", "3": "int8"}.items():
        with pytest.raises(SystemExit):
            parser.parse_args([*places, "--quantize", text])
        assert wanted in capsys.readouterr().err
