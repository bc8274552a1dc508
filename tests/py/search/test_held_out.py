"""The questions of the collections that nothing is tuned on, and how their answers' sections are named."""

import pytest
from scripts.search.held_out import MADE, section_of


def test_each_collection_has_many_different_questions() -> None:
    asked = [text for made in MADE["sets"].values() for text, _ in made["questions"]] + MADE["foreign"]
    assert len(set(asked)) == len(asked)
    assert all(len(made["questions"]) >= 30 for made in MADE["sets"].values())
    assert sorted(made["use"] for made in MADE["sets"].values()) == ["development", "test", "test"]


def test_an_answer_names_one_section() -> None:
    sections = ["a › Keys", "a › Keys › Movement", "a › Exploring › Movement", "a › Targeting keys"]
    assert section_of("Exploring › Movement", sections) == 2
    assert section_of("Targeting", sections) == 3
    assert section_of("Keys", sections) == 0
    for wrong in ("Movement", "nowhere"):
        with pytest.raises(SystemExit, match="is the heading of"):
            section_of(wrong, sections)
