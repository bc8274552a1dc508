"""The package's front door: load by path or id, write, chat, measure, save."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torch import from_numpy, log_softmax

import goosequill as gq
from goosequill.api.download import fetch
from goosequill.api.ids import parse_model_id
from goosequill.decoding import generate
from goosequill.errors import LoadError, SettingsError
from goosequill.evaluation.perplexity import surprisal
from goosequill.weights import QuantizedMatrix, folder_reader, open_folder
from goosequill.weights.formats import safetensors
from tests.py.api.hub import running

FOLDER = Path(__file__).parents[3] / "site" / "models" / "default"


@pytest.fixture(scope="module")
def model() -> gq.TextModel:
    return gq.load(FOLDER)


def test_the_import_loads_nothing_else() -> None:
    code = "import sys, goosequill; print('numpy' in sys.modules, hasattr(goosequill, 'loaded'))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


def test_every_public_name_is_there() -> None:
    assert all(hasattr(gq, name) for name in gq.__all__)
    assert set(gq.__all__) <= set(dir(gq))


def test_printed_chunks_are_the_text(model: gq.TextModel) -> None:
    items = list(model.generate("The sea", max_new_tokens=9, temperature=0.8, seed=3))
    config = gq.DecodingConfig(max_new_tokens=9, temperature=0.8, seed=3)
    assert items == list(generate(model.loaded.model, model.loaded.tokenizer, "The sea", config))
    assert isinstance(items[-1], gq.End)
    text = "".join(f"{item}" for item in items)
    assert text == model.write("The sea", config) == model.write("The sea", config, seed=3)
    assert text != model.write("The sea", config, seed=4)
    assert model.tokenize(text)[:1] and model.detokenize(model.tokenize(text)) == text


def test_a_misspelt_setting_is_refused_with_the_nearest(model: gq.TextModel) -> None:
    with pytest.raises(SettingsError, match="temprature") as caught:
        model.generate("A", temprature=0)
    assert "temperature" in caught.value.remedy


def test_logprobs_are_those_of_the_model(model: gq.TextModel) -> None:
    text = "It was a dark evening. " * 20
    found = model.logprobs(text, top=2)
    ids = model.tokenize(text)
    assert [chunk.token for chunk in found] == ids
    assert "".join(map(str, found)) == text
    history = [model.loaded.tokenizer.end_token or 0, *ids[:-1]]
    logits = model.loaded.model.forward(history, model.loaded.model.new_state(), logits="all")
    expected = log_softmax(from_numpy(logits), dim=-1).numpy()
    np.testing.assert_allclose([c.logprob for c in found], expected[np.arange(len(ids)), ids], atol=1e-4)
    best = [chunk.top_logprobs[0].token for chunk in found]
    np.testing.assert_array_equal(best, expected.argmax(axis=-1))
    bits = surprisal(model.loaded.model, ids, end_token=model.loaded.tokenizer.end_token)
    np.testing.assert_allclose(-np.array([c.logprob for c in found]) / np.log(2), bits, atol=1e-3)
    assert model.evaluate(text).bits == pytest.approx(bits.sum())
    with pytest.raises(SettingsError, match="empty"):
        model.logprobs("")


def test_a_saved_state_continues_a_text(model: gq.TextModel, tmp_path: Path) -> None:
    whole = model.write("Once upon a time", temperature=0, max_new_tokens=8)
    state = model.read("Once upon a")
    model.save_state(tmp_path / "s.safetensors", state)
    saved = model.load_state(tmp_path / "s.safetensors")
    for _ in range(2):  # a saved state is not changed
        assert model.write(" time", temperature=0, max_new_tokens=8, state=saved) == whole
    assert model.write(" time", temperature=0, max_new_tokens=8, state=state) == whole


def test_a_conversation_is_saved_and_continued(model: gq.TextModel, tmp_path: Path) -> None:
    chat = model.chat("Be brief.")
    reply = "".join(map(str, chat.say("Hello", max_new_tokens=12, seed=1)))
    assert reply.strip() and chat.messages[-1] == {"role": "assistant", "content": reply.strip()}
    model.save_state(tmp_path / "c.safetensors", chat)
    again = model.chat(state=model.load_state(tmp_path / "c.safetensors"))
    replies = ["".join(map(str, each.say("Why?", max_new_tokens=8, seed=2))) for each in (chat, again)]
    assert replies[0] == replies[1]
    assert chat.messages == again.messages
    with pytest.raises(SettingsError, match="no chat format"):
        model.chat(chat_format="morse")


def test_an_id_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = open_folder(folder_reader(FOLDER)).tensors
    full = [(name, tensors.read(name)) for name in tensors.names()]
    plain = [(name, x.dequantize() if isinstance(x, QuantizedMatrix) else x) for name, x in full]
    safetensors.write(tmp_path / "m.safetensors", plain)
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path / "cache"))
    with running() as hub:
        monkeypatch.setenv("GOOSEQUILL_HUB", hub.address)
        hub.files["/o/r/resolve/v1/m.safetensors"] = (tmp_path / "m.safetensors").read_bytes()
        tokenizer = FOLDER / "tokenizer.json"
        text = gq.load("o/r:m.safetensors@v1", tokenizer=tokenizer).write("A", max_new_tokens=3, seed=1)
    assert gq.load("o/r:m.safetensors@v1", tokenizer=tokenizer).write("A", max_new_tokens=3, seed=1) == text
    with pytest.raises(LoadError):
        gq.load("o/r:other.safetensors")


def test_a_folder_on_a_host_is_downloaded_with_all_its_files(tmp_path: Path) -> None:
    with running() as hub:
        for file in FOLDER.iterdir():
            hub.files[f"/o/r/resolve/main/default/{file.name}"] = file.read_bytes()
        path = fetch(parse_model_id("o/r:default/"), host=hub.address, cache=tmp_path)
        assert (path / "model.safetensors").read_bytes() == (FOLDER / "model.safetensors").read_bytes()
        assert len(hub.asked) == 3
    assert gq.load(path).write("A", max_new_tokens=2, seed=1)


def test_an_invalid_id_is_not_taken_for_a_path() -> None:
    with pytest.raises(SettingsError, match="not the id of a model"):
        gq.load("o/r:../m.pth")
