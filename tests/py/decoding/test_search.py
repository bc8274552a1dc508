"""Beam search against Hugging Face's and against exhaustive search; contrastive search; guidance."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from goosequill.decoding import DecodingConfig
from goosequill.errors import SettingsError
from goosequill.tokenizers import load_tokenizer
from tests.py.refusals import refused

from .fakes import BYTE, OPERATIONS, FakeModel, random_model, run, saying, text_of

ENDING = load_tokenizer("byte", end_token=0)


def gpt2(seed: int) -> tuple[Any, FakeModel]:
    """Return a tiny random transformer, as Hugging Face's model and as a model for our decoder."""
    from transformers import GPT2Config, GPT2LMHeadModel  # takes seconds, in each worker that collects this

    torch.manual_seed(seed)
    sizes = GPT2Config(vocab_size=256, n_positions=64, n_embd=16, n_layer=1, n_head=2, bos_token_id=1)
    model = GPT2LMHeadModel(sizes).eval()
    with torch.no_grad():
        model.transformer.wte.weight.mul_(30.0)

    def rule(tokens: list[int]) -> Any:
        with torch.no_grad():
            return model(torch.tensor([tokens])).logits[0, -1].numpy()

    return model, FakeModel(rule)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("beams", "length_penalty"), [(2, 1.0), (4, 0.0), (3, 2.0)])
def test_beam_search_equals_hugging_face(seed: int, beams: int, length_penalty: float) -> None:
    theirs, ours = gpt2(seed)
    prompt = [10 + seed, 77]
    greedy = theirs.generate(torch.tensor([prompt]), max_new_tokens=6, do_sample=False, pad_token_id=2)
    for end in (0, int(greedy[0, 4])):  # an end token that never occurs, and one that does
        wanted = theirs.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, 2),
            max_new_tokens=8,
            num_beams=beams,
            do_sample=False,
            length_penalty=length_penalty,
            eos_token_id=end,
            pad_token_id=end,
        )[0, 2:].tolist()
        wanted = wanted[: wanted.index(end)] if end in wanted else wanted
        config = DecodingConfig(num_beams=beams, length_penalty=length_penalty, max_new_tokens=8)
        tokenizer = load_tokenizer("byte", end_token=end)
        chunks, _ = run(ours, prompt, config, tokenizer=tokenizer)
        assert [chunk.token for chunk in chunks] == wanted


def test_wide_beam_finds_the_most_likely_of_all_texts() -> None:
    def rule(tokens: list[int]) -> Any:
        logits = np.random.default_rng([3, *tokens]).normal(0, 2, 4)
        return logits - OPERATIONS.log_total(logits.astype(np.float32))

    model = FakeModel(rule, 4)
    tokenizer = load_tokenizer("byte")
    tokenizer.vocab_size = 4

    def total(tokens: tuple[int, ...]) -> float:
        return sum(float(rule([0, *tokens[:index]])[token]) for index, token in enumerate(tokens))

    best = max(itertools.product(range(4), repeat=4), key=total)
    chunks, _ = run(model, [0], DecodingConfig(num_beams=64, max_new_tokens=4), tokenizer=tokenizer)
    assert tuple(chunk.token for chunk in chunks) == best


def test_beams_stop_at_stop_texts_and_end_tokens() -> None:
    result = run(saying("one. two"), "x", DecodingConfig(num_beams=3, stop=(". ",)))
    assert (text_of(result), result[1].finish_reason) == ("one", "stop")
    result = run(saying("one"), "x", DecodingConfig(num_beams=3), tokenizer=ENDING)
    assert (text_of(result), result[1].finish_reason) == ("one", "stop")


def test_beams_emit_shared_tokens_during_the_search() -> None:
    seen: list[int] = []
    model = saying("abcdefgh")
    config = DecodingConfig(num_beams=2, max_new_tokens=8)
    chunks, _ = run(model, "x", config, cancelled=lambda: bool(seen.append(len(model.read))))
    assert "".join(chunk.text for chunk in chunks) == "abcdefgh"
    assert len(seen) >= 8


def test_beams_follow_a_constraint() -> None:
    result = run(random_model(5), "x", DecodingConfig(num_beams=4, regex="[ab]{3}c"), tokenizer=ENDING)
    assert len(text_of(result)) == 4
    assert text_of(result)[3] == "c"


def test_contrastive_search_equals_its_formula() -> None:
    model = random_model(2)
    prompt, k, alpha = [5], 4, 0.6

    def unit(logits: Any) -> Any:
        centred = np.asarray(logits, np.float64) - np.mean(logits)
        return centred / np.linalg.norm(centred)

    tokens, seen = list(prompt), [unit(model.rule(prompt))]
    for _ in range(10):
        logits = model.rule(tokens)
        shares = np.exp(logits - logits.max())
        top = np.argsort(-shares)[:k]
        shares = shares / shares[top].sum()
        ahead = {int(t): unit(model.rule([*tokens, int(t)])) for t in top}
        value = {
            t: (1 - alpha) * shares[t] - alpha * max(float(v @ s) for s in seen) for t, v in ahead.items()
        }
        best = max(value, key=lambda t: value[t])
        tokens.append(best)
        seen.append(ahead[best])
    config = DecodingConfig(penalty_alpha=alpha, top_k=k, max_new_tokens=10)
    assert [chunk.token for chunk in run(model, prompt, config)[0]] == tokens[1:]


def test_contrastive_search_leaves_a_loop_that_traps_greedy() -> None:
    def rule(tokens: list[int]) -> Any:
        logits = np.full(256, -5.0)
        last = tokens[-1] % 2
        logits[97 + last] = 3.0
        logits[100 + len(tokens) % 20] = 2.0
        return logits

    greedy = run(FakeModel(rule), [97], DecodingConfig(temperature=0, max_new_tokens=20))[0]
    contrast = DecodingConfig(penalty_alpha=0.6, top_k=4, max_new_tokens=20)
    assert {chunk.token for chunk in greedy} == {97, 98}
    assert {chunk.token for chunk in run(FakeModel(rule), [97], contrast)[0]} > {97, 98}


def test_guidance_steers_away_from_the_negative_prompt() -> None:
    def rule(tokens: list[int]) -> Any:
        logits = np.zeros(256)
        logits[65] = 2.0
        logits[66] = 1.5
        if tokens[0] == ord("n"):
            logits[65] = 6.0
        return logits

    plain = DecodingConfig(temperature=0, max_new_tokens=3)
    guided = DecodingConfig(temperature=0, max_new_tokens=3, guidance_scale=2.0, negative_prompt="n")
    assert text_of(run(FakeModel(rule), "p", plain)) == "AAA"
    assert text_of(run(FakeModel(rule), "p", guided)) == "BBB"


def test_second_state_reads_the_negative_prompt_and_the_output() -> None:
    model = saying("abc")
    config = DecodingConfig(temperature=0, max_new_tokens=2, guidance_scale=1.1, negative_prompt="no")
    run(model, "x", config)
    assert bytes(model.read) == b"xno" + b"aa"


CONFLICTS: list[tuple[dict[str, Any], str, str]] = [
    ({"num_beams": 2, "top_k": 1}, "num_beams", "top_k"),
    ({"num_beams": 2, "top_p": 0.5}, "num_beams", "top_p"),
    ({"num_beams": 2, "temperature": 0.7}, "num_beams", "temperature"),
    ({"num_beams": 2, "penalty_alpha": 0.5, "top_k": 4}, "num_beams", "penalty_alpha"),
    ({"num_beams": 2, "guidance_scale": 2}, "num_beams", "guidance_scale"),
    ({"penalty_alpha": 0.5}, "penalty_alpha", "top_k"),
    ({"penalty_alpha": 0.5, "top_k": 4, "mirostat": 2}, "penalty_alpha", "mirostat"),
    ({"regex": "a", "choices": ["a"]}, "regex", "choices"),
    ({"choices": ["a"], "json_schema": {}}, "choices", "json_schema"),
    ({"regex": "a", "ignore_end": True}, "regex", "ignore_end"),
    ({"min_new_tokens": 9, "max_new_tokens": 8}, "min_new_tokens", "max_new_tokens"),
]


@pytest.mark.parametrize(("settings", "first", "second"), CONFLICTS, ids=str)
def test_conflict_names_both_settings(settings: dict[str, Any], first: str, second: str) -> None:
    with refused(SettingsError, "settings-conflict") as caught:
        DecodingConfig.from_dict(settings)
    assert first in str(caught.value)
    assert second in str(caught.value)


def test_minimum_length_delays_the_end() -> None:
    config = DecodingConfig(temperature=0, min_new_tokens=5, max_new_tokens=9)
    result = run(saying("ab"), "x", config, tokenizer=ENDING)
    assert result[1].usage["completion_tokens"] == 5
    assert BYTE.decode([chunk.token for chunk in result[0]])[:2] == "ab"
