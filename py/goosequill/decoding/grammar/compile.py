"""Forms of the output, and the making of their automata.

Reading a form finds its mistakes, and is quick. Making the automaton is work in steps, so that it can be
stopped, and is done once: the last few are kept. All of it is bounded by counts (`WORK`, `MAX_STATES`).
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Generator
from typing import Any, Literal, NamedTuple, TypeVar

from goosequill.decoding.grammar.automaton import determine
from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton, in_bytes
from goosequill.decoding.grammar.calls import reply_expression
from goosequill.decoding.grammar.expressions import Expressions, Node, TooComplex
from goosequill.decoding.grammar.json_schema import schema_expression
from goosequill.decoding.grammar.regex import NotUsable, fully_matched
from goosequill.errors import SettingsError
from goosequill.support.progress import finish

KEPT = 4
"""Automata that are kept: at most 16 MB each."""
LONGEST = 200_000
"""Characters of a JSON schema, or of all choices."""
DEEPEST = 150
"""Brackets within each other in a JSON schema; Python's JSON needs stack for each, and a page has little."""
_TOO_DEEP = f"it has more than {DEEPEST} brackets within each other"
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)


class Form(NamedTuple):
    """What the output must be: one of the setting's names, and its value, in which a schema is JSON.

    A "reply" that may call tools is JSON, too (`goosequill.decoding.grammar.calls`); its ``text`` is the kind
    and the value of another form, or null.
    """

    kind: Literal["regex", "choices", "json_schema", "reply"]
    value: str | tuple[str, ...]

    def refused(self, why: object, *, code: str) -> SettingsError:
        """Return the error that it cannot be used; that of a schema has one code."""
        noun, param = _NOUNS[self.kind]
        message = f"The {noun} cannot be used: {why}."
        if self.kind in ("json_schema", "reply"):
            return SettingsError(message, code="json-schema", param=param)
        return SettingsError(message, code=code, param=param)


_NOUNS = {
    "regex": ("regular expression", "regex"),
    "choices": ("list of choices", "choices"),
    "json_schema": ("JSON schema", "json_schema"),
    "reply": ("list of tools", "tools"),
}
"""How an error names each kind, and whose fault it is."""


_Kept = TypeVar("_Kept")
_read: OrderedDict[Form, tuple[Expressions, Node]] = OrderedDict()
_made: OrderedDict[Form, Automaton] = OrderedDict()


def check(form: Form) -> None:
    """Refuse a form that has a mistake.

    Raises
    ------
    SettingsError
        ``regex``, ``json-schema``: it is invalid, or uses what is not supported.
        ``regex-too-large``: it takes too much work to read.
    """
    if form not in _made and form not in _read:
        _keep(_read, form, _expression(form))


def compiled(form: Form) -> Automaton:
    """Return a form's automaton; see `work`."""
    return finish(work(form))


def work(form: Form) -> Generator[int, None, Automaton]:
    """Make a form's automaton in steps, yielding how many states there are so far; nothing if it is kept.

    Raises
    ------
    SettingsError
        Those of `check`; ``regex-empty``: no output matches, or only the empty one. ``regex-too-large``: it
        needs too much work or too many states. For a JSON schema the code is always ``json-schema``.
    """
    if form not in _made:
        make, node = _read.pop(form) if form in _read else _expression(form)
        try:
            derivatives, machine = determine(make, node)
            automaton = yield from in_bytes(make, derivatives, (yield from machine))
        except TooComplex as error:
            raise form.refused(error, code="regex-too-large") from error
        if (automaton.table[0] == DEAD).all():
            what = "only the empty text" if automaton.accepting[0] else "no text at all"
            why = "no value fits it" if form.kind == "json_schema" else f"it matches {what}"
            raise form.refused(why, code="regex-empty")
        _keep(_made, form, automaton)
    _made.move_to_end(form)
    return _made[form]


def _keep(kept: OrderedDict[Form, _Kept], form: Form, value: _Kept) -> None:
    kept[form] = value
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _expression(form: Form) -> tuple[Expressions, Node]:
    make = Expressions()
    try:
        if sum(map(len, form.value)) > LONGEST:
            raise NotUsable(f"it is longer than {LONGEST:,} characters")
        return make, _node(make, form)
    except NotUsable as error:
        raise form.refused(error, code="regex") from error
    except RecursionError as error:
        raise form.refused("it is nested too deeply", code="regex") from error
    except TooComplex as error:
        raise form.refused(error, code="regex-too-large") from error


def _node(make: Expressions, form: Form) -> Node:
    if form.kind == "regex":
        return fully_matched(make, str(form.value))
    if form.kind == "choices":
        return make.either([make.text(choice) for choice in form.value])
    value = _loaded(str(form.value))
    if form.kind == "json_schema":
        return schema_expression(make, value)
    return reply_expression(make, value, _node(make, Form(*value["text"])) if value["text"] else None)


def _loaded(text: str) -> Any:
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += (match[1] is not None) - (match[2] is not None)
        if depth > DEEPEST:
            raise NotUsable(_TOO_DEEP)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotUsable(f"it is not JSON: {error}") from error


def schema_form(schema: Any) -> Form:
    """Return the form of a JSON schema, as JSON or as its values.

    Raises
    ------
    SettingsError
        ``json-schema``: it cannot be written as JSON, or is too large.
    """
    try:
        if isinstance(schema, str):
            return Form("json_schema", schema)
        _check_size(schema)
        return Form("json_schema", json.dumps(schema))
    except NotUsable as error:
        raise Form("json_schema", "").refused(error, code="json-schema") from error
    except (TypeError, ValueError) as error:
        raise Form("json_schema", "").refused(f"it is not JSON: {error}", code="json-schema") from error


def _check_size(schema: Any) -> None:
    """Refuse values that are nested too deeply to be written, or contain themselves."""
    level, depth, count = [schema], 0, 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > DEEPEST + 1:
            raise NotUsable(_TOO_DEEP)
        if count > LONGEST:
            raise NotUsable(f"it has more than {LONGEST:,} values")
        lists = [value.values() if isinstance(value, dict) else value for value in level if _contains(value)]
        level = [value for values in lists for value in values]


def _contains(value: Any) -> bool:
    return isinstance(value, dict | list | tuple)
