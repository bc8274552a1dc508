"""Explanations, and states kept to branch from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from goosequill.decoding import Chunk, DecodingConfig, Reading, StateMemory, generate
from goosequill.decoding.sampling import log_total

from .fakes import BYTE, SCORES, FakeModel, FakeState, random_model, run, text_of


def first_explanation(scores: Any, **settings: Any) -> dict[str, Any]:
    config = DecodingConfig.from_dict({"max_new_tokens": 1, "seed": 1, **settings})
    chunks, _ = run(FakeModel(lambda tokens: scores), "x", config, explain=True)
    assert chunks[0].explanation is not None
    return json.loads(json.dumps(chunks[0].explanation))  # type: ignore[no-any-return]


def scores_of(**by_letter: float) -> Any:
    scores = np.full(256, -4.0)
    for letter, score in by_letter.items():
        scores[ord(letter)] = score
    return scores


def test_stages_follow_the_chain_and_count_what_is_kept() -> None:
    found = first_explanation(scores_of(a=5, b=4, c=3), top_k=20, top_p=0.9, temperature=0.5)
    assert [stage["name"] for stage in found["stages"]] == ["model", "top_k", "top_p", "temperature"]
    assert [stage["kept"] for stage in found["stages"]] == [256, 20, 2, 2]


def test_candidates_tell_who_was_cut_by_whom() -> None:
    found = first_explanation(scores_of(a=5, b=4, c=3), top_k=20, top_p=0.9, banned_tokens=[ord("d")])
    by_text = {candidate["text"]: candidate for candidate in found["candidates"]}
    assert by_text["a"]["cut_by"] is None
    assert by_text["c"]["cut_by"] == "top_p"
    assert by_text["c"]["probabilities"][-1] is None
    assert by_text["a"]["probabilities"][-1] > by_text["a"]["probabilities"][0]
    assert [c["text"] for c in found["candidates"]][:3] == ["a", "b", "c"]


def test_probabilities_before_and_after_are_right() -> None:
    scores = scores_of(a=5, b=4)
    found = first_explanation(scores, temperature=2.0)
    a = next(c for c in found["candidates"] if c["text"] == "a")
    assert a["probabilities"][0] == pytest.approx(
        math.exp(5 - log_total(scores.astype(np.float32), SCORES)), abs=1e-5
    )
    halved = (scores / 2).astype(np.float32)
    assert a["probabilities"][1] == pytest.approx(math.exp(2.5 - log_total(halved, SCORES)), abs=1e-5)


def test_taken_token_is_there_even_when_it_was_unlikely() -> None:
    found = first_explanation(scores_of(a=9), logit_bias={ord("z"): 50.0})
    assert found["token"] == ord("z")
    assert "z" in [c["text"] for c in found["candidates"]]
    assert found["rank"] == 2
    assert found["surprisal"] == pytest.approx(13 / math.log(2), abs=0.2)
    assert found["probability"] == pytest.approx(1.0, abs=1e-6)


def test_explaining_changes_nothing() -> None:
    config = DecodingConfig(seed=4, top_p=0.9, temperature=0.8, max_new_tokens=20)
    plain, told = run(random_model(), "xy", config), run(random_model(), "xy", config, explain=True)
    assert text_of(plain) == text_of(told)
    assert [c.logprob for c in plain[0]] == [c.logprob for c in told[0]]
    for chunk in told[0]:
        assert chunk.explanation is not None
        assert chunk.explanation["surprisal"] == pytest.approx(-chunk.logprob / math.log(2), abs=1e-5)


def test_prompts_own_tokens_are_explained() -> None:
    model = random_model()
    items = list(generate(model, BYTE, "abc" * 30, DecodingConfig(max_new_tokens=1), explain=True))
    told = [token for item in items if isinstance(item, Reading) for token in item.tokens]
    assert "".join(token["text"] for token in told) == "abc" * 30
    assert told[0]["surprisal"] is None
    for place in (1, 63, 64, 65, 89):
        scores = model.rule([ord(c) for c in ("abc" * 30)[:place]]).astype(np.float32)
        token = ord(("abc" * 30)[place])
        assert told[place]["surprisal"] == pytest.approx(
            (log_total(scores, SCORES) - scores[token]) / math.log(2), abs=1e-4
        )
        assert told[place]["rank"] == int((scores > scores[token]).sum()) + 1
        assert told[place]["candidates"][0]["token"] == int(scores.argmax())
    json.dumps([asdict(item) for item in items])


def test_branch_reads_only_what_is_new() -> None:
    model, memory = random_model(), StateMemory()
    prompt = [ord(c) for c in "The goose"]
    config = DecodingConfig(seed=1, max_new_tokens=100)
    chunks = [c for c in generate(model, BYTE, prompt, config, memory=memory) if isinstance(c, Chunk)]
    written = [chunk.token for chunk in chunks]
    model.read.clear()
    branch = [*prompt, *written[:70], 65]
    list(generate(model, BYTE, branch, DecodingConfig(seed=1, max_new_tokens=1), memory=memory))
    assert len(model.read) == 70 - 64 + 1


def test_branch_writes_what_a_fresh_reading_would_write() -> None:
    config = DecodingConfig(seed=3, max_new_tokens=30)
    memory = StateMemory()
    run(random_model(), [1, 2, 3], config, memory=memory)
    branch = [1, 2, 3, 4, 5]
    assert text_of(run(random_model(), branch, config, memory=memory)) == text_of(
        run(random_model(), branch, config)
    )


def test_same_prompt_again_is_not_read_again() -> None:
    model, memory = random_model(), StateMemory()
    config = DecodingConfig(seed=3, max_new_tokens=5)
    first = text_of(run(model, "hello", config, memory=memory))
    model.read.clear()
    assert text_of(run(model, "hello", config, memory=memory)) == first
    assert len(model.read) == 4


def test_memory_lets_go_of_what_was_used_longest_ago() -> None:
    scores = np.zeros(10, np.float32)
    memory = StateMemory(budget=3 * (40 + 8))
    for token in range(4):
        memory.keep([token], FakeState([token]), scores)
        if token == 2:
            memory.recall([0, 9])
    assert memory.recall([1]) is None
    found = memory.recall([0, 5, 6])
    assert found is not None
    assert found[0] == 1
    assert len(memory) == 3
    memory.clear()
    assert memory.recall([0]) is None


def test_kept_state_is_a_copy() -> None:
    memory, state = StateMemory(), FakeState([1])
    memory.keep([1], state, np.zeros(3, np.float32))
    state.tokens.append(2)
    for _ in range(2):
        found = memory.recall([1])
        assert found is not None
        assert found[1].tokens == [1]
        found[1].tokens.append(9)
