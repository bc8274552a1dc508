"""The LSTM that writes: the same as torch's, with every decoder, from a file with 8 bits a weight."""

from pathlib import Path

import numpy as np
import pytest

from goosequill.decoding import DecodingConfig, generate
from goosequill.errors import GoosequillError
from goosequill.lab import experiments, lstm_text
from goosequill.lab.lstm_text import CHAINS, NAME, CharacterModel, Settings
from tests.py.jobs import run

DATA = experiments.DATA / NAME
FILES = {name: (experiments.DATA / name).read_bytes() for name in (NAME, CHAINS)}


@pytest.fixture(scope="module")
def writer() -> CharacterModel:
    return CharacterModel.unpack(DATA.read_bytes())


def write(**settings):
    return run(lstm_text.compute(Settings(**settings), files=FILES))[0]


def test_the_weights_are_small_and_their_licence_is_beside_them() -> None:
    assert DATA.stat().st_size <= 300_000
    assert "public domain" in Path(f"{DATA}.LICENSE").read_text()


def test_it_knows_english_better_than_the_frequency_of_letters_does(writer: CharacterModel) -> None:
    """A sentence of this file: 4.2 bits a character by single letters, less by a network that has learned."""
    tokens = writer.tokenizer.encode("She was very glad to see him, and said that she had been at home.")
    logits = writer.forward(tokens, writer.new_state(), logits="all")
    assert logits is not None
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    bits = -np.log2(shares[np.arange(len(tokens) - 1), tokens[1:]]).mean()
    assert bits < 2.5


def test_logits_are_those_of_torch(writer: CharacterModel) -> None:
    torch = pytest.importorskip("torch")
    tokens = writer.tokenizer.encode("My dear Mr. Bennet")
    cell, v, c = writer.reader.split(writer.weights)
    w, r, b = (torch.tensor(part) for part in writer.reader.cell.split(cell))
    i, f, o, g = np.split(np.arange(len(b)), 4)
    order = np.concatenate([i, f, g, o])
    module = torch.nn.LSTM(len(w), len(r))
    given = {"weight_ih_l0": w.T[order], "weight_hh_l0": r.T[order], "bias_ih_l0": b[order]}
    given["bias_hh_l0"] = torch.zeros(len(b))
    x = torch.nn.functional.one_hot(torch.tensor(tokens), len(w)).float()[:, None]
    wanted = torch.func.functional_call(module, given, (x,))[0][:, 0].detach().numpy() @ v + c
    found = writer.forward(tokens, writer.new_state(), logits="all")
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_packing_changes_a_weight_by_at_most_half_a_step_of_its_column(writer: CharacterModel) -> None:
    rng = np.random.default_rng(0)
    small = CharacterModel("abc \n", 3)
    weights = rng.standard_normal(small.reader.size).astype(np.float32)
    back = CharacterModel.unpack(small.pack(weights))
    assert back.characters == "abc \n" and back.reader.cell.hidden == 3
    assert np.abs(back.weights - weights).max() <= np.abs(weights).max() / 254 + 1e-6
    np.testing.assert_array_equal(CharacterModel.unpack(back.pack(back.weights)).weights, back.weights)


def test_the_greedy_text_is_pinned() -> None:
    found = write(temperature=0.0, length=40, prompt="It is a truth")
    assert found["text"] == write(temperature=0.0, length=40, seed=7)["text"]
    assert found["prompt"] + found["text"] == GREEDY


GREEDY = "It is a truther of the something to her from the some"


def test_every_kind_of_decoder_writes(writer: CharacterModel) -> None:
    for config in (
        {"num_beams": 3},
        {"mirostat": 2},
        {"top_k": 4, "penalty_alpha": 0.5},
        {"typical_p": 0.8},
        {"min_p": 0.1, "xtc_probability": 0.5},
        {"dry_multiplier": 0.8, "repetition_penalty": 1.2},
    ):
        items = list(
            generate(
                writer, writer.tokenizer, "She ", DecodingConfig.from_dict({"max_new_tokens": 12, **config})
            )
        )
        assert len("".join(getattr(item, "text", "") for item in items)) == 12


def test_settings_of_the_decoder_are_used() -> None:
    plain = write(length=60)
    assert write(length=60)["text"] == plain["text"] != write(length=60, seed=2)["text"]
    for change in ({"top_k": 2}, {"temperature": 1.5}, {"min_p": 0.3}, {"top_p": 0.3}):
        assert write(length=60, **change)["text"] != plain["text"]
    assert (
        write(length=200, temperature=0.0, frequency_penalty=1.0)["text"]
        != write(length=200, temperature=0.0)["text"]
    )


def test_the_result_shows_what_the_network_remembers() -> None:
    found = write(length=40)
    assert len(found["text"]) == 40 == len(found["surprise"])
    assert found["memory"].shape == (lstm_text.SHOWN, 40) and (found["surprise"] >= 0).all()
    assert np.abs(found["memory"]).max() <= 1
    memory = found["memory"]
    pace = np.diff(memory, axis=1).std(axis=1) / memory.std(axis=1)
    assert np.all(np.diff(pace) > -0.05) and pace[0] < 0.8 * pace[-1]


def test_prompts_are_bounded_and_unknown_characters_left_out() -> None:
    assert write(length=20, prompt="a\u4e00b\x00" * 10_000)["prompt"] == "ab" * 150
    assert write(length=20, prompt="\u4e00")["prompt"] == "\n"
    with pytest.raises(GoosequillError):
        write(length=5000)


def test_the_text_comes_in_parts() -> None:
    found, steps = run(lstm_text.compute(Settings(length=60), files=FILES))
    texts = [step["text"] for step in steps if isinstance(step, dict)]
    assert len(texts) == 3 and texts[-1] == found["text"] and found["text"].startswith(texts[0])


def test_the_comparison_with_chains_is_of_this_network(writer: CharacterModel) -> None:
    found = write(length=20)["chains"]
    assert found["weights"] == writer.weights.size
    chains = found["chains"]
    assert [chain["seen"] for chain in chains] == list(range(5))
    assert chains[0]["numbers"] == len(writer.characters)
    assert np.all(np.diff([chain["bits"] for chain in chains]) < 0)
