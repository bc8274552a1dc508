"""Constrained output: only tokens that can still become a text of a wished form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.context import Context
from goosequill.decoding.grammar.automaton import DEAD, Automaton, compile_regex
from goosequill.decoding.grammar.json_schema import schema_to_regex
from goosequill.decoding.processor import Change, Setup
from goosequill.decoding.sampling import Candidates, Scores
from goosequill.parameters import Description, Parameter
from goosequill.tokenizers import Tokenizer


class TokenTable:
    """The bytes of all tokens side by side, to walk an automaton with all of them at once."""

    def __init__(self, tokenizer: Tokenizer, vocab_size: int) -> None:
        names = [tokenizer.token_bytes(token) for token in range(vocab_size)]
        self._lengths = np.array([len(name) for name in names], np.int32)
        longest = max(1, int(self._lengths.max()))
        self._bytes = np.frombuffer(b"".join(name.ljust(longest, b"\0") for name in names), np.uint8)
        self._bytes = self._bytes.reshape(vocab_size, longest)

    def allowed(self, automaton: Automaton, state: int) -> NDArray[np.bool_]:
        """Return which tokens lead from a state to a living one."""
        ids = np.flatnonzero(self._lengths)
        states = np.full(len(ids), state)
        found = np.zeros(len(self._lengths), bool)
        for place in range(self._bytes.shape[1]):
            states = automaton.table[states, self._bytes[ids, place]]
            living = states != DEAD
            ids, states = ids[living], states[living]
            ended = self._lengths[ids] == place + 1
            found[ids[ended]] = True
            ids, states = ids[~ended], states[~ended]
            if not len(ids):
                break
        return found


@dataclass(frozen=True)
class Constraint(Change):
    """Cuts every token after which no text of the wished form is left."""

    automaton: Automaton
    tokens: TokenTable
    ends: tuple[int, ...]
    masks: dict[int, NDArray[np.bool_]]

    description = Description(
        "constraint",
        "Constraint",
        "Lets only those tokens be written that can still become a text of the wished form.",
        "s[i] = -inf if no text of the form begins with the text so far and i",
        "Willard & Louf 2023; a byte automaton of our own",
        (
            Parameter(
                "regex",
                "Regular expression",
                "The whole output must match it. \\d is 0 to 9; there is no look-around or back-reference.",
                default="",
                neutral="",
                kind="text",
            ),
            Parameter(
                "choices",
                "Choices",
                "The output must be one of these texts.",
                default=(),
                neutral=(),
                kind="texts",
            ),
            Parameter(
                "json_schema",
                "JSON schema",
                "The output must be JSON that fits this schema; true allows any JSON, nested three deep.",
                default=None,
                kind="json",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Constraint | None:
        automaton = make_automaton(setup.config)
        if automaton is None:
            return None
        ends = set(setup.config.stop_tokens)
        if setup.tokenizer.end_token is not None:
            ends.add(setup.tokenizer.end_token)
        return cls(automaton, TokenTable(setup.tokenizer, setup.vocab_size), tuple(sorted(ends)), {})

    def __call__(self, scores: Scores, context: Context) -> Scores:
        state = context.automaton_state
        if state not in self.masks:
            mask = self.tokens.allowed(self.automaton, state)
            mask[list(self.ends)] = bool(self.automaton.accepting[state])
            self.masks[state] = mask
        return np.where(self.masks[state], scores, np.float32(-np.inf))

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        self.follow(token, context)

    def follow(self, token: int, context: Context) -> None:
        if token not in self.ends:
            state = context.automaton_state
            context.automaton_state = self.automaton.walk(state, context.tokenizer.token_bytes(token))

    def finished(self, context: Context) -> bool:
        state = context.automaton_state
        return bool(self.automaton.accepting[state] and (self.automaton.table[state] == DEAD).all())


def make_automaton(config: Any) -> Automaton | None:
    """Return the automaton of the form that the settings wish for, or None.

    Raises
    ------
    SettingsError
        ``regex``, ``regex-empty``, ``regex-too-large``, ``json-schema``: the form cannot be used.
    """
    if config.regex:
        return compile_regex(config.regex)
    if config.choices:
        return compile_regex("|".join(map(escape, config.choices)))
    if config.json_schema is not None:
        return compile_regex(schema_to_regex(config.json_schema))
    return None


def escape(text: str) -> str:
    """Return a regular expression that matches a text and nothing else."""
    return "".join("\\" + c if c in r"\.^$*+?{}[]|()-&#~ " else c for c in text)
