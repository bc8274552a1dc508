"""Random schemas against the package jsonschema: what is generated is valid, and what is valid is accepted.

    CASES=10000 python -m pytest tests/py/decoding/grammar/test_random_schemas.py

tries more of them than the few hundred of `make test-rest`.
"""

import json
from random import Random

from jsonschema import FormatChecker
from jsonschema.validators import Draft202012Validator

from goosequill.decoding.grammar.compile import compiled, schema_form
from goosequill.errors import SettingsError

from .random_schemas import Schemas, is_schema
from .walks import each_number_of_cases, random_text

USUAL = ("no value fits it", "two schemas of a oneOf allow the same output", "no number between")


@each_number_of_cases
def test_random_schemas_allow_what_jsonschema_allows(cases: int) -> None:
    random, valid, refused = Random(11), 0, 0
    for _ in range(cases):
        made = Schemas(random)
        schema = made.root()
        assert is_schema(schema)
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        instances = [made.instance(schema) for _ in range(12)]
        try:
            automaton = compiled(schema_form(schema))
        except SettingsError as error:
            refused += 1
            assert any(reason in error.message for reason in USUAL), (schema, error.message)
            if USUAL[0] in error.message:
                assert not any(map(validator.is_valid, instances)), (schema, instances)
            continue
        for _ in range(3):
            text = random_text(automaton, random, 30)
            assert validator.is_valid(json.loads(text)), (schema, text)
        for value in instances:
            text = json.dumps(value, ensure_ascii=False)
            assert automaton.matches(text) == validator.is_valid(value), (schema, text)
            valid += automaton.matches(text)
    assert valid > cases
    assert refused < cases / 3
