"""JSON schemas into expressions of the JSON texts that are valid.

A schema becomes cases, each of which is several plain schemas, all of which must hold: allOf and $ref add
to a case, anyOf and oneOf divide it. In a case each type is one expression. What is written is only part of
what is valid: values as `json_text` writes them, members in the order of `properties`, and, of a schema that
has no type, the types that its keywords are about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from goosequill.decoding.grammar.derivatives import Derivatives
from goosequill.decoding.grammar.expressions import Expressions, Node
from goosequill.decoding.grammar.formats import FORMATS
from goosequill.decoding.grammar.json_text import JsonText
from goosequill.decoding.grammar.keywords import KEYWORDS, TYPES, check_keywords
from goosequill.decoding.grammar.numbers import Limits, number, whole_number
from goosequill.decoding.grammar.regex import NotUsable, searched

DEEPEST = 30
"""Schemas within each other."""
ANY_DEPTH = 3
"""How deep a value that may be anything is nested."""

Plain = tuple[dict[str, Any], ...]
"""Schemas that must all hold, and whose references and alternatives are resolved."""


class Case(NamedTuple):
    """Plain schemas that must hold, and schemas that must not, because others of their oneOf do."""

    schemas: Plain
    others: tuple[Any, ...]


def schema_expression(make: Expressions, schema: Any) -> Node:
    """Return the expression of the JSON texts of a schema.

    Raises
    ------
    NotUsable
        The schema is invalid or recursive, or has a keyword that is not supported, which the message names.
    TooComplex
        It takes too much work.
    """
    return _Schema(make, schema).value((schema,), 0)


class _Schema:
    def __init__(self, make: Expressions, root: Any) -> None:
        self._make, self._root, self._text = make, root, JsonText(make)
        self._values: dict[tuple[int, ...], Node | None] = {}

    def value(self, schemas: Sequence[Any], depth: int) -> Node:
        """Return the expression of the values for which all of some schemas hold."""
        if depth > DEEPEST:
            raise NotUsable(f"it is nested more than {DEEPEST} levels deep")
        key = (min(depth, 1), *dict.fromkeys(map(id, schemas)))
        if key not in self._values:
            self._values[key] = None
            self._values[key] = self._make.either(
                [self._of_case(case, depth) for case in self._cases(schemas)]
            )
        found = self._values[key]
        if found is None:
            raise NotUsable("it is recursive")
        return found

    def _cases(self, schemas: Iterable[Any], inside: tuple[int, ...] = ()) -> list[Case]:
        """Return the cases in which all of some schemas hold."""
        return self._together(self._cases_of(schema, inside) for schema in schemas)

    def _together(self, parts: Iterable[list[Case]]) -> list[Case]:
        """Return the cases in which one of each part holds."""
        cases = [Case((), ())]
        for more in parts:
            self._make.spend(4 * len(cases) * len(more))
            cases = [Case(a.schemas + b.schemas, a.others + b.others) for a in cases for b in more]
        return cases

    def _cases_of(self, schema: Any, inside: tuple[int, ...]) -> list[Case]:
        if isinstance(schema, bool):
            return [Case((), ())] if schema else []
        if not isinstance(schema, dict):
            raise NotUsable(f"{json.dumps(schema)[:40]} is not a schema")
        if id(schema) in inside:
            raise NotUsable("it is recursive")
        if len(inside) > DEEPEST:
            raise NotUsable(f"it is nested more than {DEEPEST} levels deep")
        check_keywords(schema, root=schema is self._root)
        inside = (*inside, id(schema))
        parts = [[Case((schema,), ())]]
        if "$ref" in schema:
            parts.append(self._cases_of(self._referred(schema["$ref"]), inside))
        parts += [self._cases_of(part, inside) for part in schema.get("allOf", ())]
        if "anyOf" in schema:
            parts.append([case for part in schema["anyOf"] for case in self._cases_of(part, inside)])
        if "oneOf" in schema:
            parts.append(list(self._of_one(schema["oneOf"], inside)))
        return self._together(parts)

    def _of_one(self, parts: list[Any], inside: tuple[int, ...]) -> Iterator[Case]:
        for index, part in enumerate(parts):
            others = (*parts[:index], *parts[index + 1 :])
            for case in self._cases_of(part, inside):
                self._make.spend(len(parts))
                yield Case(case.schemas, case.others + others)

    def _referred(self, reference: str) -> Any:
        """Return the schema that a reference is to."""
        if not re.fullmatch("#(/.*)?", reference, re.DOTALL):
            raise NotUsable(f"the $ref {reference[:60]!r} is not one within the schema, such as #/$defs/name")
        found = self._root
        for part in unquote(reference).split("/")[1:]:
            step = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            elif isinstance(found, dict) and step in found:
                found = found[step]
            else:
                raise NotUsable(f"the $ref {reference[:60]!r} leads nowhere")
        return found

    def _of_case(self, case: Case, depth: int) -> Node:
        """Return the expression of a case; refuse one in which two schemas of a oneOf can hold."""
        found = self._plain(case.schemas, depth)
        for other in case.others if found is not self._make.nothing else ():
            closed = (*case.schemas, _closing(case.schemas))
            both = [self._plain(closed + more.schemas, depth) for more in self._cases((other,))]
            if not Derivatives(self._make).is_empty(self._make.either(both)):
                raise NotUsable("two schemas of a oneOf allow the same output; use anyOf")
        return found

    def _plain(self, schemas: Plain, depth: int) -> Node:
        """Return the expression of the values for which plain schemas hold."""
        listed = [values for values in map(_listed, schemas) if values is not None]
        if listed:
            return self._any_of(listed, schemas, depth)
        kinds = _kinds(schemas)
        if kinds is None:
            return self._text.any_value(ANY_DEPTH - min(depth, 1))
        return self._make.either([self._typed(kind, schemas, depth) for kind in TYPES if kind in kinds])

    def _any_of(self, listed: list[list[Any]], schemas: Plain, depth: int) -> Node:
        """Return the values that are in all of some lists, and for which plain schemas hold."""
        self._make.spend(sum(map(len, listed)))
        known = [set(map(_same, values)) for values in listed]
        values = [value for value in listed[0] if all(_same(value) in more for more in known)]
        texts = self._make.either([self._text.literal(value) for value in values if isinstance(value, str)])
        if not _allows(schemas, "string"):
            texts = self._make.nothing
        elif _restrict_strings(schemas):
            texts = self._make.both([texts, self._text.quoted(self._string(schemas))])
        rest = [
            value for value in values if not isinstance(value, str) and self._keeps(value, schemas, depth)
        ]
        return self._make.either([texts, *map(self._text.literal, rest)])

    def _typed(self, kind: str, schemas: Plain, depth: int) -> Node:
        if kind == "object":
            return self._object(schemas, depth)
        if kind == "array":
            return self._array(schemas, depth)
        if kind == "string":
            return self._text.quoted(self._string(schemas))
        if kind == "integer":
            return whole_number(self._make, _limits(schemas))
        if kind == "number":
            return number(self._make, _limits(schemas))
        words = ("null",) if kind == "null" else ("true", "false")
        return self._make.either([self._make.text(word) for word in words])

    def _string(self, schemas: Plain) -> Node:
        """Return what is inside the quotes of a string."""
        parts = [self._text.characters(*_counts(schemas, "minLength", "maxLength"))]
        parts += [searched(self._make, pattern, self._text.spelled) for pattern in _given(schemas, "pattern")]
        for name in _given(schemas, "format"):
            parts.append(searched(self._make, f"^(?:{FORMATS[name]})$", self._text.spelled))
        return self._make.both(parts)

    def _array(self, schemas: Plain, depth: int) -> Node:
        low, high = _counts(schemas, "minItems", "maxItems")
        count = max((len(prefix) for prefix in _given(schemas, "prefixItems")), default=0)
        first = [self.value(_item(schemas, place), depth + 1) for place in range(max(count, 1))]
        more = self.value(_item(schemas, count), depth + 1)
        return self._text.listed("[", first, more, "]", low, high)

    def _object(self, schemas: Plain, depth: int) -> Node:
        """Return members in the order in which they are first named, then any others that may be there."""
        make, required = self._make, {name for names in _given(schemas, "required") for name in names}
        rest = self._others(schemas, depth)
        first = self._text.listed("", [rest], rest, "") if rest is not make.nothing else make.empty
        after = make.repeat(make.join(make.text(", "), rest))
        for name in reversed(_names(schemas)):
            value = self.value(_member(schemas, name), depth + 1)
            pair = self._text.pair(self._text.literal(name), value)
            alone, added = make.join(pair, after), make.sequence([make.text(", "), pair, after])
            first = alone if name in required else make.either([alone, first])
            after = added if name in required else make.either([added, after])
        return make.sequence([make.text("{"), first, make.text("}")])

    def _others(self, schemas: Plain, depth: int) -> Node:
        """Return a member that no schema names."""
        if not _is_open(schemas):
            return self._make.nothing
        names = [self._text.literal(name) for name in _names(schemas)]
        key = self._text.quoted(self._text.characters())
        other = self._make.both([key, self._make.without(self._make.either(names))]) if names else key
        return self._text.pair(other, self.value(_member(schemas, None), depth + 1))

    def _holds(self, value: Any, schemas: Sequence[Any], depth: int) -> bool:
        """Return whether all of some schemas hold for a value."""
        if depth > DEEPEST:
            raise NotUsable(f"a value in it is nested more than {DEEPEST} levels deep")
        return any(
            self._is_listed(value, case.schemas)
            and self._keeps(value, case.schemas, depth)
            and not any(self._holds(value, (other,), depth + 1) for other in case.others)
            for case in self._cases(schemas)
        )

    def _is_listed(self, value: Any, schemas: Plain) -> bool:
        """Return whether a value is in the lists of all schemas that have one."""
        listed = [values for values in map(_listed, schemas) if values is not None]
        self._make.spend(sum(map(len, listed)))
        return all(_same(value) in map(_same, values) for values in listed)

    def _keeps(self, value: Any, schemas: Plain, depth: int) -> bool:
        """Return whether plain schemas hold for a value, apart from the values that they list."""
        self._make.spend(len(schemas))
        own = _kind_of(value)
        if not _allows(schemas, own):
            return False
        if own in ("integer", "number"):
            return _limits(schemas).allow(value)
        if own == "string":
            return self._holds_string(value, schemas)
        if own == "array":
            low, high = _counts(schemas, "minItems", "maxItems")
            items = (self._holds(item, _item(schemas, i), depth + 1) for i, item in enumerate(value))
            return low <= len(value) and (high is None or len(value) <= high) and all(items)
        if own == "object":
            named = all(name in value for names in _given(schemas, "required") for name in names)
            return named and all(self._holds(v, _member(schemas, k), depth + 1) for k, v in value.items())
        return True

    def _holds_string(self, value: str, schemas: Plain) -> bool:
        if not _restrict_strings(schemas):
            return True
        text = self._make.both([self._text.literal(value), self._text.quoted(self._string(schemas))])
        return not Derivatives(self._make).is_empty(text)


def _given(schemas: Plain, keyword: str) -> list[Any]:
    """Return the values of a keyword."""
    return [schema[keyword] for schema in schemas if keyword in schema]


def _listed(schema: dict[str, Any]) -> list[Any] | None:
    """Return the values that a schema lists, if it does; a const wins, and must be in the enum."""
    if "const" in schema:
        const = _same(schema["const"])
        return [value for value in schema.get("enum", [schema["const"]]) if _same(value) == const]
    return schema.get("enum")


def _declared(schemas: Plain) -> set[str] | None:
    """Return the types that all schemas allow, of which number includes integer; None if they allow all."""
    kinds: set[str] | None = None
    for given in _given(schemas, "type"):
        more = {given} if isinstance(given, str) else set(given)
        more |= {"integer"} if "number" in more else set()
        kinds = more if kinds is None else kinds & more
    return kinds if kinds is None or "number" not in kinds else kinds - {"integer"}


def _allows(schemas: Plain, kind: str) -> bool:
    kinds = _declared(schemas)
    return kinds is None or kind in kinds or (kind == "integer" and "number" in kinds)


def _restrict_strings(schemas: Plain) -> bool:
    return any(word.about == "string" and _given(schemas, name) for name, word in KEYWORDS.items())


def _kinds(schemas: Plain) -> set[str] | None:
    """Return the types that are written: those allowed or, if all are, those that keywords are about."""
    about = {KEYWORDS[name].about for schema in schemas for name in schema if name in KEYWORDS} - {""}
    return _declared(schemas) if _declared(schemas) is not None else about or None


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if value == value // 1 else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _same(value: Any) -> str:
    """Return a text that equal JSON values share: 1 and 1.0, and objects in any order."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return f"[{','.join(map(_same, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{_same(value[key])}' for key in sorted(value))}}}"
    return json.dumps(value)


def _limits(schemas: Plain) -> Limits:
    limits = Limits()
    for schema in schemas:
        for name, value in schema.items():
            if name in KEYWORDS and KEYWORDS[name].about == "number":
                limits = limits.narrowed(name, value)
    return limits


def _counts(schemas: Plain, least: str, most: str) -> tuple[int, int | None]:
    high = [int(value) for value in _given(schemas, most)]
    return max(map(int, _given(schemas, least)), default=0), min(high) if high else None


def _names(schemas: Plain) -> list[str]:
    """Return the names of members, those of `properties` first."""
    listed = [name for names in _given(schemas, "properties") for name in names]
    return list(dict.fromkeys([*listed, *(name for names in _given(schemas, "required") for name in names)]))


def _is_open(schemas: Plain) -> bool:
    """Return whether members that have no name are written."""
    given = _given(schemas, "additionalProperties")
    return False not in given if given else not any(_given(schemas, "properties"))


def _member(schemas: Plain, name: str | None) -> tuple[Any, ...]:
    """Return the schemas of a member; None is one that no schema names."""
    return tuple(
        schema.get("properties", {}).get(name, schema.get("additionalProperties", True)) for schema in schemas
    )


def _item(schemas: Plain, place: int) -> tuple[Any, ...]:
    """Return the schemas of the item at a place of an array."""
    found = []
    for schema in schemas:
        prefix = schema.get("prefixItems", ())
        found.append(prefix[place] if place < len(prefix) else schema.get("items", True))
    return tuple(found)


def _closing(schemas: Plain) -> dict[str, Any]:
    """Return the schema that allows only the members that are written for some schemas."""
    names = _names(schemas)
    if not names or _is_open(schemas):
        return {}
    return {"properties": dict.fromkeys(names, True), "additionalProperties": False}
