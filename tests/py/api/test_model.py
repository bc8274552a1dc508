"""The package's front door: load by path or id, write, chat, measure, save."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torch import from_numpy, log_softmax

import goosequill as gq
from goosequill.api.download import fetch
from goosequill.api.ids import parse_model_id
from goosequill.api.model import Chat
from goosequill.conversations.reading import read
from goosequill.conversations.writing import write
from goosequill.decoding import generate
from goosequill.errors import LoadError, SettingsError
from goosequill.evaluation.perplexity import surprisal
from goosequill.weights import QuantizedMatrix, folder_reader, open_folder
from goosequill.weights.formats import safetensors
from tests.py.api.hub import running
from tests.py.refusals import refused

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


def test_an_adapter_is_used_and_removed(tmp_path: Path) -> None:
    plain = gq.load(FOLDER)
    base, settings = plain.loaded.model, {"temperature": 0, "max_new_tokens": 9}
    rng = np.random.default_rng(1)
    changes = {name: rng.normal(0, 0.4, array.shape) for name, array in base.vectors.items() if "ln" in name}
    adapter = gq.Adapter({name: change.astype(np.float32) for name, change in changes.items()})
    path = tmp_path / "pirate.safetensors"
    adapter.write(path)
    before, chat = plain.write("The sea", **settings), plain.chat()
    first = "".join(map(str, plain.chat().say("Hello", **settings)))
    plain.use(path, strength=0.5)
    text = plain.write("The sea", **settings)
    assert text != before and repr(plain).startswith("<TextModel default+pirate:")
    assert plain.description["adapter"] == {"name": "pirate", "strength": 0.5}
    assert gq.load(FOLDER, adapter=path, strength=0.5).write("The sea", **settings) == text
    plain.use(path.read_bytes())
    assert plain.write("The sea", **settings) not in (text, before)
    assert "".join(map(str, chat.say("Hello", **settings))) == first, "a chat continues with what it has"
    assert "".join(map(str, plain.chat().say("Hello", **settings))) != first
    plain.use(None)
    assert plain.write("The sea", **settings) == before and plain.loaded.model is base
    assert "adapter" not in plain.description
    with refused(SettingsError, "setting-range"):
        plain.use(adapter, strength=2)


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
        hub.files["/api/models/o/r/revision/v1"] = b'{"siblings": [{"rfilename": "m.safetensors"}]}'
        assert gq.load("o/r@v1", tokenizer=tokenizer).write("A", max_new_tokens=3, seed=1) == text
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


def test_branches_of_a_chat_have_one_tree_that_is_rated_ranked_and_exported(model: gq.TextModel) -> None:
    chat = model.chat("Be brief.")

    def said(branch: Chat, text: str, seed: int) -> str:
        return "".join(map(str, branch.say(text, seed=seed, max_new_tokens=4, temperature=1)))

    with pytest.raises(SettingsError, match="Nothing has been said"):
        chat.rate(1)
    other, third = chat.branch(), chat.branch()
    first = [said(branch, "Good morning.", seed) for seed, branch in enumerate((chat, other, third))]
    again = said(chat, "And then?", 1)
    assert [message.text for message in other.siblings()] == [text.strip() for text in first]
    other.rate(1, reason="polite")
    third.rank([third, other])
    assert chat.undo() == "And then?"
    assert [message.rank for message in chat.siblings()] == [None, 1, 0]
    assert [message.text for message in chat.tree][:4] == [
        "Good morning.",
        first[0].strip(),
        "And then?",
        again.strip(),
    ]
    assert chat.siblings()[1].fields == {
        **chat.siblings()[1].fields,
        "emojis": {"+1": 1},
        "reason": "polite",
        "model_name": "default",
    }
    assert read(write([chat.tree], "oasst-messages")) == [chat.tree]
    [pair] = chat.tree.preferences()
    assert (pair[0].text, pair[1].text) == (first[2].strip(), first[1].strip())
