"""What a kept state gives is what reading everything again gives: the same text, to the letter."""

from __future__ import annotations

from typing import Any

import pytest

from goosequill.decoding import Chunk, DecodingConfig, StateMemory, generate
from goosequill.decoding.memory import SPACING
from tests.py.decoding.fakes import BYTE, random_model

PROMPT = "Goose"


def write(memory: StateMemory | None, given: list[int] | None = None, **settings: Any) -> list[int]:
    config = DecodingConfig.from_dict({"seed": 3, **settings})
    items = generate(random_model(), BYTE, PROMPT, config, given=given or [], memory=memory)
    return [item.token for item in items if isinstance(item, Chunk)]


@pytest.mark.parametrize("length", [SPACING - 1, SPACING, SPACING + 1, 2 * SPACING])
@pytest.mark.parametrize("search", [{}, {"num_beams": 2}, {"penalty_alpha": 0.5, "top_k": 3}], ids=str)
def test_a_text_goes_on_from_its_end_as_if_it_were_read_again(length: int, search: dict[str, Any]) -> None:
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


def test_a_branch_reads_no_more_than_lies_behind_the_nearest_kept_state() -> None:
    memory = StateMemory()
    written = write(memory, max_new_tokens=100)
    model = random_model()
    config = DecodingConfig(max_new_tokens=1)
    list(generate(model, BYTE, PROMPT, config, given=[*written[:70], 65], memory=memory))
    assert len(model.read) == 70 - 2 * SPACING + 1


@pytest.mark.parametrize("given", [0, 3, 8])
def test_what_is_given_counts_as_written_for_a_constraint(given: int) -> None:
    settings = {"regex": "[a-f]{12}", "max_new_tokens": 40}
    written = write(None, **settings)
    assert len(written) == 12
    assert len(write(None, written[:given], **settings)) == 12 - given


def test_a_branch_completes_a_character_that_was_cut_in_two() -> None:
    first, second = "é".encode()
    settings = DecodingConfig(regex="é!", max_new_tokens=2)
    items = generate(random_model(), BYTE, PROMPT, settings, given=[first])
    assert [(item.token, item.text) for item in items if isinstance(item, Chunk)] == [
        (second, "é"),
        (33, "!"),
    ]
