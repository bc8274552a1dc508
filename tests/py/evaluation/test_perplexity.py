"""Bits per byte: the chain rule over the model's own probabilities, whatever the chunks."""

import argparse
import json
import math

import numpy as np
import pytest
from scripts.train.model import Rwkv, Size

from goosequill.cli import evaluate as command
from goosequill.errors import SettingsError
from goosequill.evaluation import perplexity as evaluation
from goosequill.models import load_model
from goosequill.tokenizers import load_tokenizer
from goosequill.weights import BytesSource, QuantizedMatrix, open_tensors
from goosequill.weights.formats.safetensors import encode

MODEL = "site/models/default"
TEXT = "It was a dark night, and the goose’s quill wrote — slowly.\n"


def test_bits_are_those_of_one_token_after_another(loaded):
    result = evaluation.evaluate(loaded.model, loaded.tokenizer, TEXT)
    state, bits, previous = loaded.model.new_state(), [], loaded.tokenizer.end_token
    for token in loaded.tokenizer.encode(TEXT):
        logits = loaded.model.forward([previous], state).astype(np.float64)
        bits.append((np.log(np.exp(logits).sum()) - logits[token]) / math.log(2))
        previous = token
    np.testing.assert_allclose(result.surprisal, bits, rtol=1e-4)
    assert result.tokens == len(bits)
    assert result.bytes == len(TEXT.encode())
    assert result.bits_per_byte == pytest.approx(sum(bits) / result.bytes, rel=1e-5)
    assert result.perplexity == pytest.approx(2 ** (sum(bits) / len(bits)), rel=1e-4)


def test_chunks_do_not_matter(loaded, monkeypatch):
    whole = evaluation.evaluate(loaded.model, loaded.tokenizer, TEXT * 3)
    monkeypatch.setattr(evaluation, "CHUNK", 7)
    parts = evaluation.evaluate(loaded.model, loaded.tokenizer, TEXT * 3)
    np.testing.assert_allclose(parts.surprisal, whole.surprisal, rtol=1e-4, atol=1e-4)


def test_without_an_end_token_the_first_token_costs_log2_of_the_vocabulary(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path))
    trained = Rwkv(Size(layers=1, width=64, ffn_width=64, vocab_size=256))
    data = b"".join(encode([(name, value.detach().numpy()) for name, value in trained.named_parameters()]))
    model, tokenizer = load_model(open_tensors(BytesSource(data, "bytes"))), load_tokenizer("byte")
    result = evaluation.evaluate(model, tokenizer, "goose")
    assert result.surprisal[0] == 8
    assert result.tokens == result.bytes == 5


def test_an_empty_text_is_refused(loaded):
    with pytest.raises(SettingsError, match="empty"):
        evaluation.evaluate(loaded.model, loaded.tokenizer, "")


def run(capsys, *arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args([*map(str, arguments)])) == 0
    return capsys.readouterr().out


def test_the_command_prints_figures_or_json(tmp_path, capsys):
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    shown = run(capsys, "--model", MODEL, file)
    assert shown.startswith("bits per byte  ")
    found = json.loads(run(capsys, "--model", MODEL, file, "--json", "--surprisal"))
    assert f"{found['bits_per_byte']:.4f}" in shown
    assert sum(item["bits"] for item in found["surprisal"]) == pytest.approx(
        found["bits_per_byte"] * found["bytes"]
    )
    assert "goose" in "".join(item["text"] for item in found["surprisal"])


@pytest.mark.parametrize(("bits", "cost"), [(8, 0.003), (4, 0.03)])
def test_quantizing_costs_little(loaded, bits, cost):
    source = open_tensors(f"{MODEL}/model.safetensors")
    tensors = [(name, source.read(name)) for name in source.names()]
    whole = [(name, t.dequantize() if isinstance(t, QuantizedMatrix) else t) for name, t in tensors]
    data = BytesSource(b"".join(encode(whole)), "whole")
    text = "And the king said unto them, Go ye out of the city, and return unto your own land. " * 3
    exact, coarse = (
        evaluation.evaluate(load_model(open_tensors(data), quantize=to), loaded.tokenizer, text).bits_per_byte
        for to in (None, bits)
    )
    assert coarse == pytest.approx(exact, rel=cost)


@pytest.mark.parametrize(("name", "data"), [("missing.txt", None), ("binary.txt", b"\xff\xfe\x00")])
def test_a_file_that_is_not_text_is_refused(tmp_path, name, data):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SettingsError, match=name):
        command.read_text(tmp_path / name)


def test_a_half_surrogate_is_measured_as_what_the_model_reads(loaded):
    result = evaluation.evaluate(loaded.model, loaded.tokenizer, "a\ud800")
    assert result.bytes == len("a\ufffd".encode())


def test_a_perplexity_beyond_floats_is_infinite():
    assert evaluation.Evaluation(1, 1, 5000.0, np.zeros(1), (0,)).perplexity == math.inf
