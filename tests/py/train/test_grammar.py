"""Sentences that are judged, and how their votes are counted."""

import json

import pytest
from scripts.train import grammar


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (" He came. She went! They slept.", " He came. She went!"),
        (' "Is it so?" he asked. Yes. No.', ' "Is it so?" he asked.'),
        (" He paid 3.50 for it. And then. More", " He paid 3.50 for it. And then."),
        (" no end of it", " no end of it"),
        (" One. and", " One. and"),
    ],
)
def test_two_sentences_are_judged(text, first):
    assert grammar.two_sentences(text) == first


def test_votes_count_for_the_sides_that_were_chosen():
    votes = [
        {"left": {"name": "old"}, "right": {"name": "new"}, "choice": "right"},
        {"left": {"name": "new"}, "right": {"name": "old"}, "choice": "left"},
        {"left": {"name": "new"}, "right": {"name": "old"}, "choice": "tie"},
        {"left": {"name": "new"}, "right": {"name": "old"}, "choice": "both_bad"},
    ]
    assert grammar.count(votes) == {"old": 1, "new": 3}
    assert grammar.count(votes, ties=False) == {"old": 0, "new": 2}


def test_there_are_sixty_different_prompts():
    prompts = json.loads((grammar.FOLDER / "prompts.json").read_text(encoding="utf-8"))
    assert len(set(prompts)) == len(prompts) == 60
