"""Sentences about tests and position: what they claim follows from the numbers."""

import numpy as np
import pytest

from goosequill.evaluation import wording
from goosequill.evaluation.statistics import paired_permutation
from goosequill.evaluation.votes import Vote, position_bias
from goosequill.evaluation.wording import p_value


def sentence(differences: list[float], *, adjusted: float | None = None, tests: int = 1) -> str:
    test = paired_permutation(np.array(differences))
    found = wording.tested(test, adjusted=test.p if adjusted is None else adjusted, tests=tests)
    return " ".join(found["sentences"])


def test_an_exact_test_names_its_ways_and_its_verdict() -> None:
    assert sentence([1.0] * 8) == (
        "There are 256 ways to swap the two within prompts; 2 of them give a difference at least as large "
        "(p = 0.0078). The difference is significant at the 5% level."
    )


def test_many_prompts_are_said_to_be_swapped_at_random() -> None:
    words = sentence([1.0, -1.0] * 20)
    assert words.startswith("Of 9,999 random ways to swap the two within prompts, ")
    assert words.endswith("The difference is not significant at the 5% level; it may be due to chance.")
    assert "(p < 0.001)" in sentence([1.0] * 40)


def test_too_few_prompts_are_named_as_the_reason() -> None:
    assert sentence([1.0] * 4).endswith(
        "They differ on only 4 prompts, which is too few for any difference to be significant."
    )
    assert "on only 1 prompt," in sentence([2.0, 0.0, 0.0])
    assert sentence([0.0, 0.0]) == "They are equal on every shared prompt."


def test_a_correction_is_named_and_decides() -> None:
    words = sentence([1.0] * 8, adjusted=0.078, tests=10)
    assert words.endswith(
        "Corrected for 10 tests, p = 0.078. They differ on only 8 prompts, which is too few for any "
        "difference to be significant."
    )


def test_a_test_crosses_as_plain_values() -> None:
    found = wording.tested(paired_permutation(np.array([1.0] * 8)), adjusted=0.0625, tests=8)
    assert (found["significant"], found["exact"], found["flips"]) == (False, True, 256)
    assert {type(value) for value in found.values()} == {float, bool, int, str, list}


@pytest.mark.parametrize(("p", "words"), [(1.0, "p = 1"), (0.0312, "p = 0.031"), (0.00099, "p < 0.001")])
def test_p_values_have_two_digits(p: float, words: str) -> None:
    assert p_value(p) == words


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["left"] * 18 + ["right"] * 2, "in favour of the first text."),
        (["left"] * 2 + ["right"] * 18, "in favour of the second text."),
        (["left", "right"] * 10, "there is no evidence of position bias."),
        (["tie", "both_bad"], "so position bias cannot be measured."),
    ],
)
def test_position_bias_is_said_in_words(choices: list[str], words: str) -> None:
    votes = [Vote("ann", f"p{i}", "a", "b", choice, ()) for i, choice in enumerate(choices)]
    assert position_bias(votes)["sentences"][-1].endswith(words)
