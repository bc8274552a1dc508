"""JSON schemas as regular expressions, from which the constraint makes an automaton.

Supported: type (one or several), properties in their order, required, items, minItems, maxItems, enum,
const, anyOf, oneOf, allOf with one schema, $ref without recursion, minLength, maxLength, pattern, and true.
The JSON has one space after each colon and comma. Any other keyword that restricts values is refused by name.
"""

from __future__ import annotations

import json
from typing import Any

from goosequill.errors import SettingsError

_CHARACTER = r'(?:[^"\\\x00-\x1f\x7f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})'
_INTEGER = r"-?(?:0|[1-9]\d{0,17})"
_NUMBER = _INTEGER + r"(?:\.\d{1,17})?(?:[eE][+-]?\d{1,3})?"
_SCALARS = {
    "string": f'"{_CHARACTER}*"',
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": "(?:true|false)",
    "null": "null",
}
_ANNOTATIONS = {
    "$schema",
    "$id",
    "$defs",
    "definitions",
    "title",
    "description",
    "examples",
    "default",
    "$comment",
}
_SUPPORTED = {
    *("type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
    *("enum", "const", "anyOf", "oneOf", "allOf", "$ref", "minLength", "maxLength", "pattern"),
}
_DEPTH = 12
_ANY_DEPTH = 3


def schema_to_regex(schema: Any) -> str:
    """Return a regular expression for the JSON texts that are valid under a schema.

    Raises
    ------
    SettingsError
        ``json-schema``: the schema is invalid, recursive, or uses an unsupported keyword.
    """
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError as error:
            raise _refused(f"it is not JSON: {error}") from error
    return _Schema(schema).regex(schema, 0)


def _refused(why: str) -> SettingsError:
    return SettingsError(
        f"The JSON schema cannot be used: {why}.",
        code="json-schema",
        remedy="Simplify the schema; the documentation lists the supported keywords.",
    )


def literal(value: Any) -> str:
    """Return a regular expression for one JSON value."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join("\\" + c if c in r"\.^$*+?{}[]|()-&#~ " else c for c in text)


class _Schema:
    def __init__(self, root: Any) -> None:
        self._root = root

    def regex(self, schema: Any, depth: int) -> str:
        """Return the expression for one part of the schema."""
        if depth > _DEPTH:
            raise _refused("it is recursive or nested too deeply")
        if schema is True or schema == {}:
            return self.any_value(_ANY_DEPTH)
        if not isinstance(schema, dict):
            raise _refused(f"{json.dumps(schema)[:40]} is not a schema")
        unknown = sorted(set(schema) - _SUPPORTED - _ANNOTATIONS)
        if unknown:
            raise _refused(f"the keyword {unknown[0]!r} is not supported")
        if "$ref" in schema:
            return self.regex(self.resolve(schema["$ref"]), depth + 1)
        if "const" in schema:
            return literal(schema["const"])
        if "enum" in schema:
            return self.one_of([literal(value) for value in self.list_of(schema, "enum")])
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                parts = self.list_of(schema, keyword)
                if keyword == "allOf" and len(parts) > 1:
                    raise _refused("allOf with several schemas is not supported")
                return self.one_of([self.regex(part, depth + 1) for part in parts])
        return self.typed(schema, depth)

    def list_of(self, schema: dict[str, Any], keyword: str) -> list[Any]:
        parts = schema[keyword]
        if not isinstance(parts, list) or not parts:
            raise _refused(f"{keyword} must be a non-empty list")
        return parts

    def one_of(self, parts: list[str]) -> str:
        return f"(?:{'|'.join(parts)})"

    def resolve(self, reference: Any) -> Any:
        found = self._root
        for step in str(reference).removeprefix("#").split("/")[1:]:
            if not isinstance(found, dict) or step not in found:
                raise _refused(f"$ref {str(reference)[:60]!r} does not exist")
            found = found[step]
        return found

    def typed(self, schema: dict[str, Any], depth: int) -> str:
        kind = schema.get("type")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else None
        if isinstance(kind, list):
            return self.one_of([self.typed(schema | {"type": one}, depth) for one in kind])
        if kind == "object":
            return self.object(schema, depth)
        if kind == "array":
            return self.array(schema, depth)
        if kind == "string":
            return self.string(schema)
        if kind not in _SCALARS:
            raise _refused(f"the type {kind!r} is not supported")
        return _SCALARS[kind]

    def string(self, schema: dict[str, Any]) -> str:
        if "pattern" in schema:
            return f'"(?:{str(schema["pattern"]).removeprefix("^").removesuffix("$")})"'
        minimum, maximum = schema.get("minLength", 0), schema.get("maxLength", "")
        return f'"{_CHARACTER}{{{minimum},{maximum}}}"' if minimum or maximum != "" else _SCALARS["string"]

    def object(self, schema: dict[str, Any], depth: int) -> str:
        """Return properties in the order of the schema; those that are not required are optional."""
        properties = schema.get("properties", {})
        if not properties:
            return self.any_object(_ANY_DEPTH)
        required = set(schema.get("required", ()))
        missing = sorted(required - set(properties))
        if missing:
            raise _refused(f"{missing[0]!r} is required, but not in properties")
        fields = [(f"{literal(k)}: {self.regex(v, depth + 1)}", k in required) for k, v in properties.items()]
        return r"\{" + _fields(fields) + r"\}"

    def array(self, schema: dict[str, Any], depth: int) -> str:
        item = self.regex(schema.get("items", True), depth + 1)
        minimum, maximum = schema.get("minItems", 0), schema.get("maxItems")
        if maximum is not None and maximum < minimum:
            raise _refused("minItems and maxItems contradict each other")
        if maximum == 0:
            return r"\[\]"
        more = f"(?:, {item}){{{max(minimum - 1, 0)},{'' if maximum is None else maximum - 1}}}"
        return rf"\[{item}{more}\]" if minimum else rf"\[(?:{item}{more})?\]"

    def any_value(self, depth: int) -> str:
        parts = list(_SCALARS.values())
        if depth:
            inner = self.any_value(depth - 1)
            parts += [rf"\[(?:{inner}(?:, {inner})*)?\]", self.any_object(depth)]
        return self.one_of(parts)

    def any_object(self, depth: int) -> str:
        pair = f"{_SCALARS['string']}: {self.any_value(depth - 1)}"
        return rf"\{{(?:{pair}(?:, {pair})*)?\}}"


def _fields(fields: list[tuple[str, bool]]) -> str:
    """Return the fields in order, with commas between those that are present."""
    after = "".join(f", {text}" if needed else f"(?:, {text})?" for text, needed in fields[1:])
    text, needed = fields[0]
    if needed or len(fields) == 1:
        return text + after if needed else f"(?:{text})?"
    return f"(?:{text}{after}|{_fields(fields[1:])})"
