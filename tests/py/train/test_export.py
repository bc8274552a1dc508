"""A trained checkpoint becomes a model folder that loads, generates and describes itself."""

import json

import numpy as np
import pytest
import torch
from scripts.train import curves, export, train
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from goosequill.loading.load import load_path, peak_memory
from goosequill.loading.opening import open_path
from tests.py.train.test_train import SMALL

WIDE = [*SMALL, "--vocab", "257"]
STYLES = ["novel", "verse"]
MANIFEST = {
    "sources": [],
    "talk": {"bytes": 1_500_000},
    "splits": {split: {"registers": dict.fromkeys(STYLES, 1000)} for split in ("train", "valid", "test")},
}


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
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    train.main(["--run", "tiny", "--steps", "2", *WIDE])
    return tmp_path


@pytest.mark.parametrize(("bits", "tolerance"), [(None, 1e-6), (8, 0.02), (4, 0.3)])
def test_an_exported_run_is_a_model_folder(folder, bits, tolerance):
    export.export("tiny", folder / "model", bits=bits)
    loaded = load_path(folder / "model")
    assert loaded.description["quantization"] == {"bits": bits}
    assert [style["name"] for style in loaded.description["registers"]] == STYLES
    assert loaded.tokenizer.end_token == 0
    ids = loaded.tokenizer.encode("goose")
    assert len(ids) == 5
    tensors, figures = export.read_checkpoint("tiny")
    assert figures["step"] == 2
    whole = export.compress(tensors, None)
    assert loaded.description["memory"] == peak_memory(open_path(folder / "model").tensors)
    assert loaded.description["parameters"] == sum(value.size for value in whole.values())
    stored = export.compress(tensors, bits)["head.weight"]
    found = stored if bits is None else stored.dequantize()
    assert np.abs(found - tensors["head.weight"]).max() <= tolerance * np.abs(tensors["head.weight"]).max()


def test_a_run_from_a_model_folder_has_its_weights_and_continues_its_counts(folder):
    export.export("tiny", folder / "model", bits=8)
    options = train.parse(["--run", "more", "--start-from", str(folder / "model"), "--peak", "0.5", *WIDE])
    run = train.Run(options)
    tensors, figures = export.read_checkpoint("tiny")
    head = export.compress(tensors, 8)["head.weight"].dequantize()
    assert np.array_equal(run.model.head.weight.detach().numpy(), head)
    assert (run.step, run.tokens_seen) == (figures["step"], figures["tokens"])
    assert run.rate() == 0.25  # half of the warm-up's two steps, to half the rate
    train.main(
        ["--run", "more", "--start-from", str(folder / "model"), "--peak", "0.5", "--steps", "4", *WIDE]
    )
    train.main(["--run", "end", "--branch-of", "more", "--decay-steps", "2", *WIDE])
    rates = [line["rate"] for line in curves.read_log(folder / "runs" / "end") if "rate" in line]
    assert rates == [0.25, 0.0]
    export.export("end", folder / "second")
    described = load_path(folder / "second").description
    assert described["training"]["steps"] == 6
    assert described["training"]["origin"]["steps"] == 2
    assert described["training"]["origin"]["sha256"] in (folder / "model" / "config.json").read_text()


def test_a_run_of_another_size_than_the_model_folder_is_refused(folder):
    export.export("tiny", folder / "model")
    other = [*WIDE, "--ffn", "128"]
    with pytest.raises(SystemExit, match=r"ffn_width=64.*ffn_width=128"):
        train.Run(train.parse(["--run", "more", "--start-from", str(folder / "model"), *other]))


def test_layers_beyond_the_model_folders_start_as_no_ops(folder):
    export.export("tiny", folder / "model", bits=None)
    start = ["--start-from", str(folder / "model"), *WIDE]
    same, deeper = (train.Run(train.parse([*start, "--layers", layers])).model for layers in ("1", "3"))
    tokens = torch.arange(64).view(2, 32)
    assert torch.equal(deeper(tokens), same(tokens))
    assert len(deeper.blocks) == 3


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


def test_the_released_model_states_the_memory_it_needs():
    described = json.loads((export.DEFAULT / "config.json").read_text(encoding="utf-8"))
    assert described["memory"] == peak_memory(open_path(export.DEFAULT).tensors)
