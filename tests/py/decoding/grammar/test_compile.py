"""The making of automata: bounded work, bounded states, once, and in steps."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.decoding.grammar import compile as compiling
from goosequill.decoding.grammar.automaton import MAX_STATES
from goosequill.decoding.grammar.compile import KEPT, Form, check, compiled, schema_form, work
from goosequill.decoding.grammar.expressions import WORK, Expressions
from goosequill.errors import SettingsError

from .walks import automaton_of

FITTING = {
    r"\w{1,50}": 15_451,
    r"\w{1,100}": 30_901,
    r"[\w ]{1,100}": 30_901,
    '[^"]{0,200}': 1_601,
    "(a?){2000}": 2_001,
    "(a?b?){2000}": 4_001,
    "(a|aa){1,1000}": 2_001,
    "a?" * 3000 + "a" * 3000: 6_001,
    "(x+x+)+y": 4,
    "(a*)*b": 2,
    "(.*a.{10})": 9_216,
}


@pytest.mark.parametrize("pattern", FITTING, ids=lambda pattern: pattern[:20])
def test_expression_that_looks_large_fits(pattern: str) -> None:
    """The number of states is that of the smallest automaton; see test_automaton for that it is."""
    assert len(automaton_of(pattern).table) == FITTING[pattern]


FANNED: dict[str, Any] = {
    f"r{i}": {"properties": {name: {"$ref": f"#/$defs/r{i + 1}"} for name in "ab"}} for i in range(20)
}
FANNED["r20"] = {"type": "integer"}
ALTERNATIVES: dict[str, Any] = {f"r{i}": {"anyOf": [{"$ref": f"#/$defs/r{i + 1}"}] * 9} for i in range(9)}
ALTERNATIVES["r9"] = {"type": "integer"}
LARGE = [
    "(a{1,200}){1,200}",
    "(a{1,1000}){1,1000}",
    "(.*a.{20})",
    "((a{9}){9}){99999}",
    "(a?b?c?d?e?){300}",
    r"(\w{1,10}|[a-f]{1,20}x|\d{3,30}z){1,10}",
    "".join(f"[^{chr(1000 + i)}]?" for i in range(1000)),
    "a{4294967294}",
    "(a{0,65535}){65535}b|(a{3}){9999}|(b{3}){9999}",
]


@pytest.mark.parametrize("pattern", LARGE, ids=lambda pattern: pattern[:20])
def test_large_expression_is_refused_within_the_bound_of_work(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refused_within_bounds(Form("regex", pattern), monkeypatch)


SCHEMAS: list[Any] = [
    {"$defs": FANNED, "$ref": "#/$defs/r0"},
    {"$defs": ALTERNATIVES, "$ref": "#/$defs/r0"},
    {"allOf": [{"anyOf": [{"minLength": i}, {"maxLength": i}]} for i in range(30)], "type": "string"},
    {"type": "string", "maxLength": 10**9},
    {"type": "array", "maxItems": 10**30, "items": {"type": "string"}},
    {"type": "object", "properties": {f"p{i}": True for i in range(200)}},
    {"enum": [f"{i * 7919 % 100_003:017d}" for i in range(8_000)]},
    {"type": "string", "allOf": [{"pattern": f"^(.*{c}.{{9}})*$"} for c in "abcdefgh"]},
    {"type": "integer", "multipleOf": 999_983},
    {"oneOf": [{"type": "string", "pattern": f"{i}.*{i}"} for i in range(150)]},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: str(schema)[:20])
def test_large_schema_is_refused_within_the_bound_of_work(
    schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = _refused_within_bounds(schema_form(schema), monkeypatch)
    assert error.code == "json-schema"


def test_large_list_of_choices_is_refused_within_the_bound_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = tuple(f"{i * 7919 % 100_003:017d}" for i in range(8_000))
    assert "The list of choices" in str(_refused_within_bounds(Form("choices", choices), monkeypatch))


def _refused_within_bounds(form: Form, monkeypatch: pytest.MonkeyPatch) -> SettingsError:
    spent: list[int] = []
    spend = Expressions.spend

    def counted(self: Expressions, units: int) -> None:
        spent.append(units)
        spend(self, units)

    monkeypatch.setattr(Expressions, "spend", counted)
    with pytest.raises(SettingsError) as caught:
        compiled(form)
    assert re.search("needs more than|takes too much work|allow the same output", str(caught.value))
    assert sum(spent[:-1]) <= WORK
    assert len(spent) <= WORK
    return caught.value


NOTHING = [r"[^\s\S]", "a{0}", "(?:)", r"x[^\w\W]", r"[\ud800-\udfff]+", "(a{2}){0}", r"$|^"]


@pytest.mark.parametrize("pattern", NOTHING)
def test_expression_that_can_match_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError, match=r"matches (no text at all|only the empty text)") as caught:
        automaton_of(pattern)
    assert caught.value.code == "regex-empty"


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_choices_are_taken_literally(choices: list[str]) -> None:
    automaton = compiled(Form("choices", tuple(choices)))
    for choice in choices:
        assert automaton.matches(choice)
    assert not automaton.matches(choices[0] + "\x00longer than any of them")


def test_choices_of_characters_that_do_not_exist_are_refused() -> None:
    with pytest.raises(SettingsError, match="no text at all"):
        compiled(Form("choices", ("\ud800",)))


def test_automata_that_were_made_last_are_kept() -> None:
    forms = [Form("regex", f"kept{i}") for i in range(KEPT + 1)]
    made = [compiled(form) for form in forms]
    assert compiled(forms[-1]) is made[-1]
    assert compiled(forms[0]) is not made[0]
    assert len(compiling._made) == KEPT


def test_a_form_that_was_checked_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    form = Form("regex", "checked{3}")
    check(form)
    monkeypatch.setattr(compiling, "_expression", None)
    assert compiled(form).matches("checkeddd")


def test_work_is_done_in_steps_that_count_states() -> None:
    steps = list(work(Form("regex", "(in [st]eps){200}")))
    assert len(steps) > 20
    assert max(steps) < MAX_STATES
    assert not list(work(Form("regex", "(in [st]eps){200}")))
