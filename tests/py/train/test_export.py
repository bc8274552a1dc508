"""What training leaves becomes a model folder that loads, writes and says what it is."""

import json

import numpy as np
import pytest
from scripts.train import curves, export, train
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from goosequill.loading import load_path
from tests.py.train.test_train import SMALL


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A training folder with a run of two steps over a vocabulary of single bytes."""
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path))
    random = np.random.default_rng(0)
    np.save(tmp_path / "train.npy", random.integers(257, size=2000).astype(np.uint16))
    np.save(tmp_path / "valid.npy", random.integers(257, size=1000).astype(np.uint16))
    (tmp_path / "valid.txt").write_text("x" * 3000)
    letters = ["<|endoftext|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({letter: index for index, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    train.main(["--run", "tiny", "--steps", "2", *SMALL, "--vocab", "257"])
    return tmp_path


@pytest.mark.parametrize(("bits", "tolerance"), [(None, 1e-6), (8, 0.02), (4, 0.3)])
def test_an_exported_run_is_a_model_folder(folder, bits, tolerance):
    export.export("tiny", folder / "model", bits=bits)
    loaded = load_path(folder / "model")
    assert loaded.description["quantization"] == {"bits": bits}
    assert loaded.tokenizer.end_token == 0
    ids = loaded.tokenizer.encode("goose")
    assert len(ids) == 5
    tensors, figures = export.read_checkpoint("tiny")
    assert figures["step"] == 2
    whole = export.compress(tensors, None)
    assert loaded.description["parameters"] == sum(value.size for value in whole.values())
    stored = export.compress(tensors, bits)["head.weight"]
    found = stored if bits is None else stored.dequantize()
    assert np.abs(found - tensors["head.weight"]).max() <= tolerance * np.abs(tensors["head.weight"]).max()


def test_curves_have_a_line_for_every_run_and_count_repeated_steps_once(folder):
    log = folder / "runs" / "tiny" / "log.jsonl"
    log.write_text(
        "".join(json.dumps({"tokens": t, "valid_bpb": y}) + "\n" for t, y in [(1, 3), (2, 2), (1, 2.5)])
    )
    curve = curves.read_curve(folder / "runs" / "tiny", "tiny & quick")
    assert curve.points == [(1, 2.5), (2, 2)]
    svg = curves.draw([curve], title="t", x_title="x", y_title="y")
    assert "tiny &amp; quick" in svg
    assert svg.count("<path") >= 2
