"""Random JSON schemas, and values as a constraint writes them: members in order, numbers short.

Members are named in alphabetical order, and an object lists all names that its alternatives list, so that
however the schema's parts are joined, the order is the same.
"""

from random import Random
from typing import Any

from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator

STRINGS = ["", "a", "b", "ab", "aab", 'a"b', "\\", "\nb", "é😀", "2024-02-29", "10.0.0.1", "x@y.org", "\x7f"]
PATTERNS = ["^a", "b$", "a+b", '^["\\\\]+$', "^.$", "^(a|b)*$", r"\d", "é", r"^\S*$", r"[^\w]"]
FORMATS = ["date", "email", "ipv4", "uuid"]
NAMES = ["a", "b", "c", "d"]
OTHERS = ["x", "y"]


def a_number(random: Random) -> int | float:
    return random.choice([random.randint(-12, 12), random.randint(-40, 40) / 4, random.randint(-999, 999)])


def a_value(random: Random, depth: int = 2) -> Any:
    """Return a random value, without a text that ends a line: Python's ``$`` matches before its end."""
    kind = random.randint(0, 6 if depth else 4)
    if kind == 5:
        return [a_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    if kind == 6:
        return {name: a_value(random, depth - 1) for name in NAMES if random.random() < 0.4}
    choices = [None, random.random() < 0.5, random.randint(-12, 12), a_number(random), random.choice(STRINGS)]
    value = choices[kind]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def without_members(value: Any) -> Any:
    """Return a value with empty objects: which members are written depends on all of a schema."""
    if isinstance(value, list):
        return list(map(without_members, value))
    return {} if isinstance(value, dict) else value


class Schemas:
    """Makes random schemas; `definitions` are what their references are to."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.definitions: dict[str, Any] = {}

    def root(self) -> Any:
        for index in range(self.random.randint(0, 2)):
            self.definitions[f"d{index}"] = self.schema(1)
        found = self.schema(3)
        return found | {"$defs": self.definitions} if isinstance(found, dict) else found

    def schema(self, depth: int, names: list[str] = NAMES) -> Any:
        random = self.random
        if random.random() < 0.08:
            return random.choice([True, {}, {"title": "anything"}])
        if random.random() < 0.1 and self.definitions:
            return {"$ref": f"#/$defs/{random.choice(list(self.definitions))}"}
        kinds = [
            "null",
            "boolean",
            "integer",
            "number",
            "string",
            *(["array", "object", "object"] if depth else []),
        ]
        chosen = random.sample(kinds, random.choice([1, 1, 1, 2]))
        schema: dict[str, Any] = {"type": chosen[0] if len(chosen) == 1 else list(dict.fromkeys(chosen))}
        for kind in chosen:
            self.restrict(schema, kind, depth, names)
        if random.random() < 0.12:
            schema["enum"] = [a_value(random) for _ in range(random.randint(1, 4))]
        if random.random() < 0.04:
            schema["const"] = a_value(random)
        inner = list(schema.get("properties", names))
        if random.random() < 0.3 and depth:
            word = random.choice(["allOf", "anyOf", "anyOf", "oneOf"])
            parts = [self.part(schema, chosen, depth - 1, inner) for _ in range(random.randint(1, 3))]
            schema[word] = parts
        return schema

    def part(self, parent: dict[str, Any], kinds: list[str], depth: int, names: list[str]) -> Any:
        """Return a part of a schema that has types, which need not have any itself."""
        if self.random.random() < 0.1:
            return self.random.choice([True, False, {}])
        part: dict[str, Any] = {}
        for kind in kinds:
            self.restrict(part, kind, depth, names)
        if self.random.random() < 0.3:
            part["type"] = self.random.choice(kinds)
        if self.random.random() < 0.2:
            part["enum"] = [a_value(self.random) for _ in range(3)]
        if "properties" not in parent:
            part.pop("properties", None)
        return part

    def restrict(self, schema: dict[str, Any], kind: str, depth: int, names: list[str]) -> None:
        """Add keywords about a type."""
        random = self.random
        if kind in ("integer", "number"):
            for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
                if random.random() < 0.2:
                    schema[word] = a_number(random)
            if random.random() < 0.15:
                schema["multipleOf"] = random.choice([1, 2, 3, 7, 2.0])
        elif kind == "string":
            if random.random() < 0.2:
                schema["minLength"] = random.choice([0, 1, 2, 3.0])
            if random.random() < 0.3:
                schema["maxLength"] = random.choice([0, 1, 2, 5, 3.0])
            if random.random() < 0.3:
                schema["pattern"] = random.choice(PATTERNS)
            if random.random() < 0.1:
                schema["format"] = random.choice(FORMATS)
        elif kind == "array" and depth:
            if random.random() < 0.4:
                schema["prefixItems"] = [self.schema(depth - 1) for _ in range(random.randint(1, 2))]
            if random.random() < 0.6:
                schema["items"] = random.choice([False, self.schema(depth - 1), self.schema(depth - 1)])
            if random.random() < 0.3:
                schema["minItems"] = random.choice([0, 1, 2])
            if random.random() < 0.4:
                schema["maxItems"] = random.choice([1, 2, 3, 4])
        elif kind == "object" and depth:
            self.restrict_object(schema, depth, names)

    def restrict_object(self, schema: dict[str, Any], depth: int, names: list[str]) -> None:
        random = self.random
        if random.random() < 0.8:
            listed = [name for name in names if random.random() < 0.7]
            schema["properties"] = {name: self.schema(depth - 1) for name in listed}
        if random.random() < 0.5:
            known = list(schema.get("properties", ())) or ([] if "properties" in schema else names[:1])
            schema["required"] = random.sample(known, random.randint(0, len(known)))
        if random.random() < 0.4:
            schema["additionalProperties"] = random.choice([True, False, False, self.schema(0)])

    def instance(self, schema: Any, depth: int = 3) -> Any:
        """Return a value that may be valid, as a constraint would write it."""
        random = self.random
        if isinstance(schema, bool) or not schema or random.random() < 0.03:
            return without_members(a_value(random, min(depth, 2)))
        if "$ref" in schema:
            return self.instance(self.definitions[schema["$ref"].rsplit("/", 1)[1]], depth)
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else random.choice(schema["enum"])
        kind = schema.get("type", "string")
        kind = random.choice(kind) if isinstance(kind, list) else kind
        if kind == "array":
            prefix, items = schema.get("prefixItems", []), schema.get("items", True)
            count = random.randint(least := schema.get("minItems", 0), max(least, schema.get("maxItems", 4)))
            return [
                self.instance(prefix[i] if i < len(prefix) else items or True, depth - 1)
                for i in range(count)
            ]
        if kind == "object":
            return self.members(schema, depth)
        if kind in ("integer", "number"):
            near = [int(schema[word]) for word in schema if word.lower().endswith("imum")] or [0]
            value = random.choice([random.choice(near) + random.randint(-3, 3), a_number(random)])
            return int(value) if float(value).is_integer() else value
        if kind == "string":
            text = "".join(random.choices('ab1" \\é\n', k=random.randint(0, 5))).strip("\n")
            return random.choice([text, *STRINGS[:: random.randint(1, 3)]])
        return None if kind == "null" else random.random() < 0.5

    def members(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        random, listed = self.random, schema.get("properties", {})
        required = schema.get("required", [])
        found = {
            n: self.instance(v, depth - 1)
            for n, v in listed.items()
            if n in required or random.random() < 0.6
        }
        found |= {name: self.instance(True, 1) for name in sorted(required) if name not in listed}
        if schema.get("additionalProperties"):
            rest = schema["additionalProperties"]
            found |= {name: self.instance(rest, depth - 1) for name in OTHERS if random.random() < 0.3}
        return found


def is_schema(schema: Any) -> bool:
    """Return whether a schema is one."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return False
    return True
