"""The keywords of JSON Schema: what each means to a constraint, and which are refused, and why."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from goosequill.decoding.grammar.formats import FORMATS
from goosequill.decoding.grammar.regex import NotUsable

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


class Keyword(NamedTuple):
    """A keyword that is honoured.

    Attributes
    ----------
    about
        The type of values that it is about; "" for any.
    meaning
        What the documentation says of it.
    wanted
        What its value must be, in words.
    accepts
        Whether a value is that.
    """

    about: str
    meaning: str
    wanted: str
    accepts: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_schema(value: Any) -> bool:
    return isinstance(value, bool | dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _are_schemas(value: Any) -> bool:
    return _is_list(value) and all(map(_is_schema, value))


def _are_named_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


def _are_types(value: Any) -> bool:
    return (_is_list(value) and all(kind in TYPES for kind in value)) or (_is_text(value) and value in TYPES)


def _number(meaning: str) -> Keyword:
    return Keyword("number", meaning, "a number", _is_number)


def _count(about: str, meaning: str) -> Keyword:
    return Keyword(about, meaning, "a whole number, 0 or more", _is_count)


def _schemas(meaning: str) -> Keyword:
    return Keyword("", meaning, "a list of schemas, which is not empty", _are_schemas)


KEYWORDS: dict[str, Keyword] = {
    "type": Keyword("", "The type, or several.", f"of {', '.join(TYPES)}, or a list of these", _are_types),
    "enum": Keyword("", "One of these values.", "a list, which is not empty", _is_list),
    "const": Keyword("", "This value.", "a value", lambda value: True),
    "$ref": Keyword("", "A schema elsewhere in this one, as in `#/$defs/name`.", "a text", _is_text),
    "allOf": _schemas("All of these schemas."),
    "anyOf": _schemas("Any of these schemas."),
    "oneOf": _schemas("Exactly one of these schemas, of which no two may allow the same output."),
    "minimum": _number("The least number."),
    "maximum": _number("The greatest number."),
    "exclusiveMinimum": _number("The number must be above this."),
    "exclusiveMaximum": _number("The number must be below this."),
    "multipleOf": Keyword(
        "number",
        "The number must be divisible by this whole number.",
        "a whole number from 1 to 1,000,000",
        lambda value: _is_count(value) and 1 <= value <= 1_000_000,
    ),
    "minLength": _count("string", "The least number of characters."),
    "maxLength": _count("string", "The greatest number of characters."),
    "pattern": Keyword(
        "string",
        "A regular expression that matches somewhere in the text; `^` and `$` are its ends. "
        "`\\d`, `\\s` and `\\w` are ASCII.",
        "a text",
        _is_text,
    ),
    "format": Keyword(
        "string",
        f"One of {', '.join(f'`{name}`' for name in FORMATS)}.",
        f"one of {', '.join(FORMATS)}",
        lambda value: _is_text(value) and value in FORMATS,
    ),
    "items": Keyword(
        "array", "The schema of the items after those of `prefixItems`.", "a schema", _is_schema
    ),
    "prefixItems": Keyword("array", "The schemas of the first items.", "a list of schemas", _are_schemas),
    "minItems": _count("array", "The least number of items."),
    "maxItems": _count("array", "The greatest number of items."),
    "properties": Keyword(
        "object", "The schemas of members, in their order.", "an object of schemas", _are_named_schemas
    ),
    "required": Keyword(
        "object",
        "The names of members that must be there.",
        "a list of texts",
        lambda value: isinstance(value, list) and all(map(_is_text, value)),
    ),
    "additionalProperties": Keyword(
        "object",
        "The schema of all other members. They come last; without it they are written only where "
        "`properties` is missing too.",
        "a schema",
        _is_schema,
    ),
}
"""The keywords that are honoured."""

ANNOTATIONS = (
    *("$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples"),
    *("deprecated", "readOnly", "writeOnly"),
)
"""Keywords that restrict nothing; `$id` only at the top."""

REFUSED: dict[str, str] = {
    "not": "list what is allowed, with enum or anyOf",
    "if": "use anyOf, with a schema for each case",
    "then": "use anyOf, with a schema for each case",
    "else": "use anyOf, with a schema for each case",
    "dependentRequired": "use anyOf, with a schema for each case",
    "dependentSchemas": "use anyOf, with a schema for each case",
    "dependencies": "use anyOf, with a schema for each case",
    "patternProperties": "use properties and additionalProperties",
    "propertyNames": "use properties and additionalProperties",
    "unevaluatedProperties": "use additionalProperties",
    "unevaluatedItems": "use items",
    "additionalItems": "use items, after prefixItems",
    "minProperties": "use required",
    "maxProperties": "use properties, with additionalProperties false",
    "uniqueItems": "an automaton cannot compare items",
    "contains": "use prefixItems and items",
    "minContains": "use prefixItems and items",
    "maxContains": "use prefixItems and items",
    "contentEncoding": "use pattern",
    "contentMediaType": "use pattern",
    "contentSchema": "use pattern",
    "$anchor": "use a $ref such as #/$defs/name",
    "$dynamicAnchor": "use a $ref such as #/$defs/name",
    "$dynamicRef": "use a $ref such as #/$defs/name",
    "$recursiveAnchor": "use a $ref such as #/$defs/name",
    "$recursiveRef": "use a $ref such as #/$defs/name",
    "$vocabulary": "a schema cannot change what keywords mean",
}
"""Keywords that are refused, and what to do instead."""


def check_keywords(schema: dict[str, Any], *, root: bool) -> None:
    """Refuse a schema that has a keyword that is not supported, or a value that its keyword cannot have.

    Raises
    ------
    NotUsable
        The message names the keyword.
    """
    for name, value in schema.items():
        if name in KEYWORDS:
            if not KEYWORDS[name].accepts(value):
                raise NotUsable(f"{name} must be {KEYWORDS[name].wanted}")
        elif name in REFUSED and not (name == "uniqueItems" and value is False):
            raise NotUsable(f"the keyword {name!r} is not supported; {REFUSED[name]}")
        elif name == "$id" and not root:
            raise NotUsable("the keyword '$id' is supported only at the top")
        elif name not in ANNOTATIONS and name not in REFUSED:
            raise NotUsable(f"{name[:60]!r} is not a keyword of JSON Schema")
