"""Continuing from a kept state gives exactly the text that rereading everything gives."""

from typing import Any

import numpy as np
import pytest

from goosequill.decoding import Chunk, DecodingConfig, StateMemory, generate
from goosequill.decoding.memory import SPACING
from goosequill.kernels import Shortlist
from tests.py.decoding.fakes import BYTE, FakeState, random_model, run, text_of

PROMPT = "Goose"


def write(memory: StateMemory | None, given: list[int] | None = None, **settings: Any) -> list[int]:
    config = DecodingConfig.from_dict({"seed": 3, **settings})
    items = generate(random_model(), BYTE, PROMPT, config, given=given or [], memory=memory)
    return [item.token for item in items if isinstance(item, Chunk)]


@pytest.mark.parametrize("length", [SPACING - 1, SPACING, SPACING + 1, 2 * SPACING])
@pytest.mark.parametrize(
    "search",
    [
        {},
        {"num_beams": 2},
        {"penalty_alpha": 0.5, "top_k": 3},
        {"guidance_scale": 2.0, "negative_prompt": "n"},
    ],
    ids=str,
)
def test_continuing_from_memory_equals_rereading(length: int, search: dict[str, Any]) -> None:
    memory = StateMemory()
    first = write(memory, max_new_tokens=length, **search)
    assert len(first) == length
    assert write(memory, first, max_new_tokens=8, **search) == write(None, first, max_new_tokens=8, **search)


def test_the_same_seed_gives_the_same_text_after_other_texts() -> None:
    memory = StateMemory()
    alone = write(None, max_new_tokens=80)
    for seed in range(5):
        write(memory, max_new_tokens=64, seed=seed)
        assert write(memory, max_new_tokens=80) == alone
        branch = [*alone[: 10 * seed], 65]
        assert write(memory, branch, max_new_tokens=40) == write(None, branch, max_new_tokens=40)


def test_branch_starts_from_the_nearest_kept_state() -> None:
    memory = StateMemory()
    written = write(memory, max_new_tokens=100)
    model = random_model()
    config = DecodingConfig(max_new_tokens=1)
    list(generate(model, BYTE, PROMPT, config, given=[*written[:70], 65], memory=memory))
    assert len(model.read) == 70 - 2 * SPACING + 1


@pytest.mark.parametrize("given", [0, 3, 8])
def test_given_tokens_count_as_output_for_a_constraint(given: int) -> None:
    settings = {"regex": "[a-f]{12}", "max_new_tokens": 40}
    written = write(None, **settings)
    assert len(written) == 12
    assert len(write(None, written[:given], **settings)) == 12 - given


def test_branch_completes_a_split_character() -> None:
    first, second = "é".encode()
    settings = DecodingConfig(regex="é!", max_new_tokens=2)
    items = generate(random_model(), BYTE, PROMPT, settings, given=[first])
    assert [(item.token, item.text) for item in items if isinstance(item, Chunk)] == [
        (second, "é"),
        (33, "!"),
    ]


def test_branch_of_a_prompt_starts_from_the_nearest_kept_state() -> None:
    model, memory = random_model(), StateMemory()
    prompt = [ord(c) for c in "The goose"]
    config = DecodingConfig(seed=1, max_new_tokens=100)
    chunks = [c for c in generate(model, BYTE, prompt, config, memory=memory) if isinstance(c, Chunk)]
    written = [chunk.token for chunk in chunks]
    model.read.clear()
    branch = [*prompt, *written[:70], 65]
    list(generate(model, BYTE, branch, DecodingConfig(seed=1, max_new_tokens=1), memory=memory))
    assert len(model.read) == 70 - 64 + 1


def test_branch_from_memory_equals_one_from_rereading() -> None:
    config = DecodingConfig(seed=3, max_new_tokens=30)
    memory = StateMemory()
    run(random_model(), [1, 2, 3], config, memory=memory)
    branch = [1, 2, 3, 4, 5]
    assert text_of(run(random_model(), branch, config, memory=memory)) == text_of(
        run(random_model(), branch, config)
    )


def test_same_prompt_is_not_read_again() -> None:
    model, memory = random_model(), StateMemory()
    config = DecodingConfig(seed=3, max_new_tokens=5)
    first = text_of(run(model, "hello", config, memory=memory))
    model.read.clear()
    assert text_of(run(model, "hello", config, memory=memory)) == first
    assert len(model.read) == 4


def test_memory_drops_the_least_recently_used_state() -> None:
    logits = np.zeros(10, np.float32)
    memory = StateMemory(budget=3 * (40 + 8))
    for token in range(4):
        memory.keep([token], FakeState([token]), logits)
        if token == 2:
            memory.recall([0, 9])
    assert memory.recall([1]) is None
    found = memory.recall([0, 5, 6])
    assert found is not None
    assert found[0] == 1
    assert len(memory) == 3
    memory.clear()
    assert memory.recall([0]) is None


def test_logits_of_another_shortlist_are_not_used_as_exact_ones() -> None:
    memory, logits, likely = StateMemory(), np.zeros(10, np.float32), Shortlist()
    memory.keep([1], FakeState([1]), logits)
    memory.keep([1, 2], FakeState([1, 2]), logits + 1, shortlist=likely)

    def count(tokens: list[int], shortlist: Shortlist | None) -> int:
        found = memory.recall(tokens, shortlist=shortlist)
        assert found is not None
        return found[0]

    assert count([1, 2], likely) == 2
    assert count([1, 2], None) == count([1, 2], Shortlist(count=2)) == 1
    assert count([1, 2, 3], None) == 2  # the state is the same, and the logits are not needed
    assert count([1], likely) == 1  # exact logits serve every shortlist


def test_kept_state_is_a_copy() -> None:
    memory, state = StateMemory(), FakeState([1])
    memory.keep([1], state, np.zeros(3, np.float32))
    state.tokens.append(2)
    for _ in range(2):
        found = memory.recall([1])
        assert found is not None
        assert found[1].tokens == [1]
        found[1].tokens.append(9)
