"""Reading and evaluating files of votes."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from goosequill.errors import FileFormatError, SettingsError
from goosequill.evaluation.statistics import wilson
from goosequill.evaluation.votes import Vote, agreement, judge, position_bias, read_votes, strengths


def file_of(choices: list[tuple[str, str, str, str]], rater: str = "ann") -> dict[str, Any]:
    """A file of votes from (prompt, left, right, choice)."""
    votes = [
        {"prompt": prompt, "left": {"name": left}, "right": {"name": right}, "choice": choice}
        for prompt, left, right, choice in choices
    ]
    return {"format": "goosequill-votes", "format_version": 1, "rater": rater, "votes": votes}


def test_judge_says_who_is_stronger_whatever_the_side() -> None:
    votes = [(f"p{i}", *(("a", "b", "left") if i % 2 else ("b", "a", "right"))) for i in range(30)]
    votes += [("q1", "a", "b", "tie"), ("q2", "b", "a", "both_bad"), ("q3", "a", "b", "right")]
    result = judge([file_of(votes)])
    first, second = result["strengths"]
    counts = [first[name] for name in ("name", "wins", "losses", "ties", "both_bad")]
    assert counts == ["a", 30, 1, 1, 1]
    assert first["low"] < first["strength"] < first["high"]
    assert first["low"] > second["high"]
    assert result["choices"] == {"left": 15, "right": 16, "tie": 1, "both_bad": 1}
    assert result["prompts"] == 33
    assert result["agreement"] is None
    assert judge([file_of(votes)]) == result


def test_votes_on_one_prompt_count_as_one_draw_of_the_bootstrap() -> None:
    spread_out = judge([file_of([(f"p{i}", "a", "b", "left" if i % 3 else "right") for i in range(60)])])
    clumped = judge([file_of([(f"p{i // 12}", "a", "b", "left" if i >= 24 else "right") for i in range(60)])])
    width = [one["strengths"][0]["high"] - one["strengths"][0]["low"] for one in (spread_out, clumped)]
    assert width[1] > 2 * width[0]


@pytest.mark.parametrize("choices", [["left"], ["left", "right"], ["left"] * 12], ids=["1", "2", "alike"])
def test_too_few_votes_give_no_interval_rather_than_one_of_no_width(choices: list[str]) -> None:
    result = judge([file_of([(f"p{i}", "a", "b", choice) for i, choice in enumerate(choices)])])
    for row in result["strengths"]:
        assert (row["low"], row["high"]) == (None, None)


@pytest.mark.parametrize("prompts", [10, 40])
def test_without_a_loss_ties_do_not_give_an_interval(prompts: int) -> None:
    votes = [(f"p{i}", "a", "b", "left" if i % 5 < 3 else "tie") for i in range(prompts)]
    for row in judge([file_of(votes)])["strengths"]:
        assert (row["low"], row["high"]) == (None, None)


def rounds(prompts: int, *, lead: float, tie: float, count: int) -> Iterator[list[Vote]]:
    """Rounds of votes; the strengths of "a" and "b" are `lead` apart, and "c" is in the middle."""
    generator = np.random.default_rng([prompts, int(10 * tie), int(10 * lead)])
    for _ in range(count):
        votes = []
        for one, other, gap in (("a", "b", lead), ("a", "c", lead / 2), ("c", "b", lead / 2)):
            odds = np.exp([gap / 2, -gap / 2, math.log(tie)])
            drawn = generator.choice(["left", "right", "tie"], prompts, p=odds / odds.sum())
            votes += [Vote("r", str(i), one, other, choice, ()) for i, choice in enumerate(drawn)]
        yield votes


def test_intervals_contain_the_strength_93_to_97_times_in_100() -> None:
    """From 5 to 100 prompts, with none to half of the votes tied; some leads leave one without a loss."""
    found: dict[float, list[bool]] = {1e-9: [], 0.6: [], 2.0: []}
    for prompts, tie, lead in product((5, 10, 30, 100), found, (0.0, 1.0, 2.5)):
        truth = {"a": lead / 2, "b": -lead / 2, "c": 0.0}
        found[tie] += [
            row["low"] <= truth[row["name"]] <= row["high"]
            for votes in rounds(prompts, lead=lead, tie=tie, count=12)
            for row in strengths(votes, resamples=200)
            if row["low"] is not None
        ]
    assert 0.93 <= np.mean([hit for hits in found.values() for hit in hits]) <= 0.97
    assert all(0.91 <= np.mean(hits) <= 0.98 for hits in found.values())


def test_both_bad_is_counted_on_its_own_everywhere() -> None:
    choices = ["left", "right", "tie", "both_bad", "both_bad"]
    result = judge([file_of([(f"p{i}", "a", "b", choice) for i, choice in enumerate(choices)])])
    for row in [*result["strengths"], *result["comparisons"]]:
        assert (row["ties"], row["both_bad"]) == (1, 2)
    assert (result["choices"]["tie"], result["choices"]["both_bad"]) == (1, 2)


def test_a_contender_with_too_few_votes_of_its_own_has_no_interval() -> None:
    votes = [(f"p{i}", "a", "b", "left" if i % 3 else "right") for i in range(20)]
    rows = {row["name"]: row for row in judge([file_of([*votes, ("p0", "a", "c", "left")])])["strengths"]}
    assert rows["a"]["low"] < rows["a"]["strength"] < rows["a"]["high"]
    assert rows["c"]["low"] is None


def test_position_bias_counts_only_votes_with_a_winner() -> None:
    choices = ["left"] * 8 + ["right"] * 2 + ["tie"] * 5
    bias = position_bias(Vote("r", str(i), "a", "b", choice, ()) for i, choice in enumerate(choices))
    assert (bias["left"], bias["decided"], bias["share"]) == (8, 10, 0.8)
    expected = stats.binomtest(8, 10).proportion_ci(method="wilson")
    assert (bias["low"], bias["high"]) == pytest.approx((expected.low, expected.high))
    assert wilson(0, 0) == (0.0, 1.0)


def test_agreement_is_about_winners_not_sides() -> None:
    ann = file_of([("p", "a", "b", "left"), ("q", "a", "b", "tie"), ("r", "a", "b", "left")], "ann")
    bob = file_of([("p", "b", "a", "right"), ("q", "b", "a", "tie"), ("r", "a", "b", "right")], "bob")
    found = agreement(read_votes(ann) + read_votes(bob))
    assert found is not None
    assert (found["units"], found["pairs"][0]["same"]) == (3, 2)
    assert judge([ann, bob])["raters"] == ["ann", "bob"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, r'mine\.json: format is not "goosequill-votes"'),
        ({"format_version": 2}, r"mine\.json: format_version is 2, but this Goosequill reads 1"),
        ({"votes": None}, r"mine\.json: votes is missing"),
        ({"rater": 7}, r"mine\.json: rater is missing or not a string"),
        ({"votes": [None]}, r"votes\[0\] is not an object"),
        ({"votes": [{"prompt": "p", "left": {"name": "a"}}]}, r"votes\[0\]\.right is missing"),
        (
            {"votes": [{"prompt": "p", "left": {}, "right": {"name": "b"}, "choice": "tie"}]},
            r"votes\[0\]\.left\.name is missing",
        ),
        (
            {"votes": [{"prompt": "p", "left": {"name": "a"}, "right": {"name": "b"}, "choice": "x"}]},
            r"votes\[0\]\.choice is 'x'",
        ),
    ],
)
def test_refusals_name_file_and_path(change: dict[str, Any], words: str) -> None:
    with pytest.raises(FileFormatError, match=words):
        judge([{**file_of([]), "file": "mine.json", **change}])


def test_no_votes_and_votes_against_oneself_are_errors() -> None:
    with pytest.raises(SettingsError, match="no votes"):
        judge([file_of([])])
    with pytest.raises(SettingsError, match="with itself"):
        judge([file_of([("p", "a", "a", "left")])])


def test_two_contenders_are_tested_over_the_prompts_that_both_were_judged_on() -> None:
    votes = [(f"p{i}", *(("a", "b", "right") if i % 2 else ("b", "a", "left"))) for i in range(9)]
    result = judge([file_of([*votes, ("p0", "a", "b", "left"), ("p9", "a", "b", "tie")])])
    (row,) = result["comparisons"]
    assert (row["first"], row["second"]) == ("b", "a")
    assert (row["wins"], row["losses"], row["ties"], row["prompts"]) == (9, 1, 1, 10)
    # On p0 each won once and on p9 they tied: eight prompts are left, all for b.
    assert row["p"] == row["adjusted"] == pytest.approx(stats.binomtest(8, 8).pvalue)
    assert row["significant"]


def test_pairs_are_corrected_together_and_too_many_are_not_tested() -> None:
    votes = [(f"p{i}", one, other, "left") for i in range(6) for one, other in ("ab", "ac", "bc")]
    rows = judge([file_of(votes)])["comparisons"]
    assert [row["adjusted"] for row in rows] == pytest.approx([3 * 2 / 2**6] * 3)
    many = [("p", f"c{i}", f"c{j}", "left") for i in range(21) for j in range(i)]
    assert judge([file_of(many)], resamples=10)["comparisons"] is None


def test_strengths_say_how_often_a_contender_was_on_the_left() -> None:
    votes = [("p", "a", "b", "left"), ("q", "a", "b", "tie"), ("r", "b", "a", "right")]
    rows = judge([file_of(votes)])["strengths"]
    assert {row["name"]: row["left"] for row in rows} == {"a": 2, "b": 1}
