"""The collector of the interface's texts, and its check of a catalogue."""

import ast
import json
from pathlib import Path

import pytest
from scripts.pages import read_languages
from scripts.words import (
    CATALOGUES,
    is_said,
    joined,
    messages_of,
    problems,
    variants,
    write_catalogue,
    wrong_marks,
)


def messages(source: str) -> list[tuple[str, ...]]:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    return [parts for value in messages_of(call) for parts in variants(value, {})]


def test_the_message_and_the_remedy_of_an_error_are_collected() -> None:
    source = 'LoadError(f"{name} has {count:,} bytes" " or more.", code="x", remedy="Try " + again)'
    assert messages(source) == [("", " has ", " bytes or more."), ("Try ", "")]


def test_each_branch_of_a_message_is_a_text() -> None:
    found = messages('SettingsError("Leave out " + ("one" if one else f"{n} of them"), code="x")')
    assert found == [("Leave out one",), ("Leave out ", " of them")]


def test_other_calls_say_nothing() -> None:
    assert messages('ValueError("a bug")') == []


def test_a_message_with_many_branches_is_bounded() -> None:
    assert len(joined([[("a",), ("b",)]] * 20)) == 16


@pytest.mark.parametrize(
    ("text", "to", "wrong"),
    [
        ("Copy", "Kopieren", ""),
        ("{n} of {m}", "{m}: {n}", ""),
        ("{n} of {m}", "{n} von {n}", "other placeholders"),
        ("See <1>this</1>", "Siehe <1>dies</1>", ""),
        ("See <1>this</1>", "Siehe <2>dies</2>", "other tags"),
        ("{n} file|{n} files", "eine Datei|{n} Dateien", ""),
        ("{n} file|{n} files", "{n} Dateien", "wrong number of plural forms"),
        ("{n} file|{n} files", "{n} Datei|{m} Dateien", "other placeholders"),
    ],
)
def test_a_translation_has_the_marks_of_its_text(text: str, to: str, wrong: str) -> None:
    assert wrong_marks("de", text, to) == wrong


def test_missing_unused_and_empty_translations_are_reported() -> None:
    found = list(problems("de", {"Copy": "Kopieren", "Undo": "", "Old": "Alt"}, ["Copy", "Undo", "New"]))
    assert found == ["de: missing: 'New'", "de: unused: 'Old'", "de: untranslated: 'Undo'"]


def test_the_element_gets_the_texts_that_its_scripts_have() -> None:
    scripts = 'say(t("Stop")),tn(n,"{n} token","{n} tokens"),`The file ${name} is not on the server.`'
    said = ["Stop", "{n} token|{n} tokens", "The file {0} is not on the server."]
    assert all(is_said(text, scripts) for text in said)
    assert not any(is_said(text, scripts) for text in ["say", "{n} file|{n} files", "The file {0} is empty."])


def test_every_language_has_its_catalogue() -> None:
    languages = read_languages()
    assert languages
    assert sorted(languages) == sorted(path.stem for path in CATALOGUES.glob("*.json"))


def test_a_catalogue_is_sorted_with_one_entry_a_line(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "de.json", {"b": "ä", "a": "\n"})
    text = (tmp_path / "de.json").read_text(encoding="utf-8")
    assert text == '{\n "a": "\\n",\n "b": "ä"\n}\n'
    assert json.loads(text) == {"a": "\n", "b": "ä"}
