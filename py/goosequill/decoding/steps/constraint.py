"""Constrained output: allows only tokens after which the output can still match a given form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.context import Context
from goosequill.decoding.grammar.automaton import DEAD, Automaton, compile_regex
from goosequill.decoding.grammar.json_schema import schema_to_regex
from goosequill.decoding.processor import Change, Setup, StepSettings
from goosequill.decoding.sampling import Candidates, Logits
from goosequill.parameters import setting
from goosequill.tokenizers import Tokenizer


class TokenTable:
    """The bytes of all tokens side by side, so that an automaton reads all of them at once."""

    def __init__(self, tokenizer: Tokenizer, vocab_size: int) -> None:
        names = [tokenizer.token_bytes(token) for token in range(vocab_size)]
        self._lengths = np.array([len(name) for name in names], np.int32)
        longest = max(1, int(self._lengths.max()))
        self._bytes = np.frombuffer(b"".join(name.ljust(longest, b"\0") for name in names), np.uint8)
        self._bytes = self._bytes.reshape(vocab_size, longest)

    def allowed(self, automaton: Automaton, state: int) -> NDArray[np.bool_]:
        """Return which tokens lead from a state to another state that is not dead: [vocab_size]."""
        ids = np.flatnonzero(self._lengths)
        states = np.full(len(ids), state)
        found = np.zeros(len(self._lengths), bool)
        for position in range(self._bytes.shape[1]):
            states = automaton.table[states, self._bytes[ids, position]]
            alive = states != DEAD
            ids, states = ids[alive], states[alive]
            ended = self._lengths[ids] == position + 1
            found[ids[ended]] = True
            ids, states = ids[~ended], states[~ended]
            if not len(ids):
                break
        return found


@dataclass(frozen=True)
class Constraint(Change):
    """Masks every token after which the output can no longer match the form."""

    automaton: Automaton
    tokens: TokenTable
    ends: list[int]
    masks: dict[int, NDArray[np.bool_]]

    class Settings(StepSettings):
        regex: str = setting(
            "Regular expression",
            "The whole output must match it. \\d is 0 to 9; look-around and back-references are unsupported.",
            default="",
            neutral="",
            kind="text",
        )
        choices: tuple[str, ...] = setting(
            "Choices",
            "The output must be one of these texts.",
            default=(),
            neutral=(),
            kind="texts",
        )
        json_schema: Any = setting(
            "JSON schema",
            "The output must be JSON that fits this schema; true allows any JSON, nested up to three levels.",
            default=None,
            kind="json",
        )

    description = Settings.describe(
        "constraint",
        "Constraint",
        "Allows only tokens after which the output can still match the given form.",
        "logit[i] = -inf if no matching output starts with the text so far followed by i",
        "Willard & Louf 2023; an automaton over bytes of our own",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Constraint | None:
        automaton = make_automaton(settings)
        if automaton is None:
            return None
        return cls(automaton, TokenTable(setup.tokenizer, setup.vocab_size), setup.ends, {})

    def __call__(self, logits: Logits, context: Context) -> Logits:
        state = context.automaton_state
        if state not in self.masks:
            mask = self.tokens.allowed(self.automaton, state)
            mask[self.ends] = bool(self.automaton.accepting[state])
            self.masks[state] = mask
        return np.where(self.masks[state], logits, np.float32(-np.inf))

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        self.follow(token, context)

    def follow(self, token: int, context: Context) -> None:
        if token not in self.ends:
            state = context.automaton_state
            context.automaton_state = self.automaton.walk(state, context.tokenizer.token_bytes(token))

    def finished(self, context: Context) -> bool:
        state = context.automaton_state
        return bool(self.automaton.accepting[state] and (self.automaton.table[state] == DEAD).all())


def make_automaton(settings: Constraint.Settings) -> Automaton | None:
    """Return the automaton of the form that the settings ask for, or None.

    Raises
    ------
    SettingsError
        ``regex``, ``regex-empty``, ``regex-too-large``, ``json-schema``: the form cannot be used.
    """
    if settings.regex:
        return compile_regex(settings.regex)
    if settings.choices:
        return compile_regex("|".join(map(escape, settings.choices)))
    if settings.json_schema is not None:
        return compile_regex(schema_to_regex(settings.json_schema))
    return None


def escape(text: str) -> str:
    """Return a regular expression that matches exactly this text."""
    return "".join("\\" + c if c in r"\.^$*+?{}[]|()-&#~ " else c for c in text)
