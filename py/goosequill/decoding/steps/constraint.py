"""Constrained output: allows only tokens after which the output can still match a given form.

The grammar's modules are imported when a form is used: they are a third of what a page would import to write
its first text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.items import Constrained
from goosequill.decoding.processor import Change, Setup, StepSettings
from goosequill.decoding.sampling import Candidates, Logits
from goosequill.errors import SettingsError
from goosequill.kernels import LogitOperations
from goosequill.parameters import neutral_setting, setting
from goosequill.tokenizers import Tokenizer

if TYPE_CHECKING:
    from goosequill.decoding.grammar.byte_automaton import Automaton
    from goosequill.decoding.grammar.compile import Form
    from goosequill.decoding.grammar.token_mask import TokenMasks


@dataclass(frozen=True)
class Constraint(Change):
    """Masks every token after which the output can no longer match the form."""

    automaton: Automaton
    masks: TokenMasks
    ends: list[int]

    class Settings(StepSettings):
        regex: str = neutral_setting(
            "Regular expression",
            "The whole output must match it, as with Python's re.fullmatch. \\d is 0 to 9.",
            default="",
        )
        choices: tuple[str, ...] = neutral_setting("The output must be one of these texts.", default=())
        json_schema: Any = setting(
            "JSON schema",
            "The output must be JSON that fits this schema; true allows any JSON, nested up to three levels.",
            default=None,
        )

    description = Settings.describe(
        "constraint",
        "Constraint",
        "Allows only tokens after which the output can still match the given form.",
        "logit[i] = -inf if no matching output starts with the text so far followed by i",
        "Willard & Louf 2023; automata from derivatives (Brzozowski 1964), minimal (Hopcroft 1971)",
    )

    @classmethod
    def prepare(cls, settings: Settings) -> Iterator[int]:
        form = form_of(settings)
        if form is not None:
            from goosequill.decoding.grammar.compile import work

            yield from work(form)

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Constraint | None:
        form = form_of(settings)
        if form is None:
            return None
        from goosequill.decoding.grammar.compile import compiled
        from goosequill.decoding.grammar.token_mask import TokenMasks, token_table

        automaton, table = compiled(form), token_table(setup.tokenizer, setup.vocab_size)
        return cls(automaton, TokenMasks(automaton, table, setup.ends), setup.ends)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        return np.where(self.masks.of(context.automaton_state), logits, np.float32(-np.inf))

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        self.follow(token, context)

    def follow(self, token: int, context: Context) -> None:
        context.automaton_state = self.after(context.automaton_state, token, context.tokenizer)
        if context.automaton_state == self.automaton.dead:  # tokens that were given, not generated
            raise SettingsError(
                "No text that starts with the given one matches the constraint.",
                code="all-tokens-removed",
                remedy="Change the start of the text, or the constraint.",
            )

    def after(self, state: int, token: int, tokenizer: Tokenizer) -> int:
        """Return the automaton's state after a token."""
        return state if token in self.ends else self.automaton.walk(state, tokenizer.token_bytes(token))

    def effect(self, logits: Logits, state: int, operations: LogitOperations) -> Constrained:
        """Return what the constraint does to the model's logits in a state of the automaton."""
        weights, _, total = operations.weigh(logits)  # the highest is 1
        kept = weights[self.masks.of(state)]
        share = float(kept.sum(dtype=np.float64)) / total
        return Constrained(len(kept), max(0.0, 1 - share), bool(kept.max(initial=0) < 1))

    def finished(self, context: Context) -> bool:
        state = context.automaton_state
        return bool(
            self.automaton.accepting[state] and (self.automaton.table[state] == self.automaton.dead).all()
        )


def form_of(settings: Constraint.Settings) -> Form | None:
    """Return the form that the settings ask for, or None.

    Raises
    ------
    SettingsError
        ``json-schema``: the schema is not JSON.
    """
    own: Form | None = getattr(settings, "reply", None)
    if own is not None:
        return own
    if not settings.regex and not settings.choices and settings.json_schema is None:
        return None
    from goosequill.decoding.grammar.compile import Form, schema_form

    if settings.regex:
        return Form("regex", settings.regex)
    if settings.choices:
        return Form("choices", settings.choices)
    return schema_form(settings.json_schema)
