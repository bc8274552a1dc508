"""The collector of the interface's texts, and its check of a catalogue."""

import ast
import json
from pathlib import Path

import pytest
from scripts import words
from scripts.pages import read_languages
from scripts.words import (
    CATALOGUES,
    is_said,
    joined,
    messages_of,
    problems,
    renewed,
    unfinished,
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
    words = {"Copy": "Kopieren", "Undo": "", "Old": "Alt", "{n} rows": "Zeilen"}
    assert list(problems("de", words, ["Copy", "Undo", "New", "{n} rows"])) == [
        "de: missing, run make generate: 'New'",
        "de: unused, run make generate: 'Old'",
        "de: other placeholders: '{n} rows'",
    ]
    assert list(unfinished("de", words, {"Copy": "Abschreiben"})) == ["de: untranslated: 'Undo'"]


OLD, NEW, TO = "The file has {n} rows.", "The file has {n} long rows.", "Die Datei hat {n} Zeilen."


def test_a_changed_text_keeps_its_translation_which_is_stale_until_it_is_changed() -> None:
    words, stale = renewed("de", {OLD: TO, "Copy": "Kopieren"}, {}, ["Copy", NEW, "Undo"])
    assert words == {"Copy": "Kopieren", NEW: TO, "Undo": ""}
    assert stale == {NEW: TO}
    assert f"de: stale: {NEW!r} has the translation of an older text, {TO!r}" in unfinished(
        "de", words, stale
    )
    assert renewed("de", words, stale, words) == (words, stale), "a second run changes nothing"
    words[NEW] = "Die Datei hat {n} lange Zeilen."
    assert renewed("de", words, stale, words) == (words, {})
    assert renewed("de", {NEW: TO}, stale, ["Undo"]) == ({"Undo": ""}, {})


@pytest.mark.parametrize(
    "new", ["The file has {count} rows.", "The file has {n} row.|The file has {n} rows."]
)
def test_a_translation_is_not_kept_where_it_lacks_what_is_inserted(new: str) -> None:
    assert renewed("de", {OLD: TO}, {}, [new]) == ({new: ""}, {})


def test_a_text_that_is_still_used_keeps_its_translation_for_itself() -> None:
    assert renewed("de", {OLD: TO}, {}, [OLD, NEW]) == ({OLD: TO, NEW: ""}, {})


def test_new_and_stale_texts_are_warnings_and_wrong_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(words, "CATALOGUES", tmp_path)
    monkeypatch.setattr(words, "STALE", tmp_path / "stale.txt")
    monkeypatch.setattr(words, "collect", lambda: ({NEW: "", "Undo": ""}, []))
    (tmp_path / "stale.txt").write_text("{}", encoding="utf-8")
    write_catalogue(tmp_path / "de.json", {OLD: TO})
    assert words.main(["--check"]) == 1
    assert "missing, run make generate" in capsys.readouterr().err
    assert words.main([]) == words.main(["--check"]) == 0
    assert capsys.readouterr().err.count("warning: words: de: ") == 4
    assert json.loads((tmp_path / "de.json").read_text(encoding="utf-8")) == {NEW: TO, "Undo": ""}


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
