"""Reads several tokens at once where the text copies what was read before (speculative decoding).

The continuation is guessed (`lookup`), and the model reads the next token and the guesses in one pass, which
takes hardly longer than one token does, as long as the memory is what it waits for. A token is still chosen
from the model's logits after all tokens before it, with the same random numbers, so the text and all its
probabilities are the same; where the token is the one that was guessed, its logits are there already.
A wrong guess is lost time, so an account sees to it that little is lost: guessing must pay for itself.

Sources: Leviathan et al. 2023 (speculative decoding); Saxena 2023 (prompt lookup). Unlike there, nothing is
accepted or rejected at random: tokens are drawn as always, and only compared.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from goosequill.decoding.lookup import PromptLookup
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Logits
from goosequill.errors import GoosequillError
from goosequill.kernels import Shortlist
from goosequill.models import Model, State
from goosequill.models.lookahead import COUNTS, Lookahead, Lookaheads, Pace

START, SHARE, MOST = 2.0, 0.02, 10.0
"""What may be lost, in tokens' time: at the start, for each token that is read alone, and altogether."""

WORTH = 1.1
"""Several tokens are read together only if that promises to be faster by this factor."""

LEAST = 0.0005
"""Seconds of a token below which nothing is guessed, because looking it up takes a few microseconds."""

REFRESH = 16
"""Plans between two looks at what passes cost."""

CHANCES = (0.2, 0.3, 0.3, 0.4, 0.55, 0.65, 0.75, 0.8, 0.9)
"""The chance that a guessed token is right before anything is known, by `PromptLookup.length`."""

_LEARNED = 0.1  # how far one more guess moves such a chance


class Account:
    """Decides how many tokens are guessed, from what it costs and how often it was right.

    Parameters
    ----------
    pace
        How long the model takes.
    """

    def __init__(self, pace: Pace) -> None:
        self.balance = START
        self._pace = pace
        self._chances = list(CHANCES)
        self._costs: list[tuple[int, float]] = []
        self._follow = 0.0
        self._fresh = 0

    def is_worth_it(self) -> bool:
        """Return whether a token takes long enough to look anything up for it, as far as is known."""
        return not 0 < self._pace.expected(1) < LEAST

    def read_alone(self, seconds: float) -> None:
        """Note a token that was read alone."""
        self._pace.note(1, seconds)
        self.balance = min(self.balance + SHARE, MOST)

    def learn(self, length: int, right: float) -> None:
        """Note whether a token was what had been guessed, 1 or 0; it need not have been read together."""
        self._chances[length] += _LEARNED * (right - self._chances[length])

    def plan(self, most: int, length: int) -> int:
        """Return how many tokens to read at once, of which one is certain; 1 if guessing does not pay.

        Parameters
        ----------
        most
            Guesses that there are.
        length
            Of the match that they come from.
        """
        if not self._fresh:
            for count in COUNTS:
                self._pace.forget(count)
            self._look_at_costs()
        self._fresh -= 1
        chance, follow, budget = self._chances[length], self._follow, self.balance + 1 - self._follow
        best, planned = WORTH, 1
        for count, cost in self._costs:
            if count > most + 1:
                break
            if cost <= budget:
                # Tokens that the pass is good for: the certain one, and each guess if all before are right.
                expected = count if chance == 1 else (1 - chance**count) / (1 - chance)
                if expected > best * (cost + expected * follow):
                    best, planned = expected / (cost + expected * follow), count
        return planned

    def _look_at_costs(self) -> None:
        """Take over what passes cost now, in tokens' time."""
        pace, one = self._pace, self._pace.expected(1)
        self._fresh = REFRESH
        self._costs.clear()
        if one > 0:
            self._follow = pace.expected(0) / one
            for count in COUNTS:
                self._costs.append((count, pace.expected(count) / one))

    def read_together(self, used: int, seconds: float) -> None:
        """Note a pass that took so long: `used` of its tokens were right, the first of them anyway."""
        if one := self._pace.expected(1):
            cost = (seconds + used * self._pace.expected(0)) / one
            self.balance = min(self.balance + used - cost, MOST)
        self._look_at_costs()


class SpeculativePredictor(Predictor):
    """A predictor that reads guesses too; its state has always read exactly the text.

    Parameters
    ----------
    lookaheads
        The model's.
    lookup
        What the text may copy; the tokens that are read next are added to it.
    most
        Tokens to guess at once, at most.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        model: Model,
        state: State | None = None,
        *,
        lookaheads: Lookaheads,
        lookup: PromptLookup,
        most: int,
        shortlist: Shortlist | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        super().__init__(model, state, shortlist=shortlist)
        self._model, self._lookaheads = model, lookaheads
        self._lookup, self._most, self._clock = lookup, most, clock
        self._pace = lookaheads.pace(shortlist)
        self._account = Account(self._pace)
        self._is_worth_it = self._account.is_worth_it()
        self._lookahead: Lookahead | None = None
        self._rows: Logits | None = None
        self._guesses: list[int] = []
        self._used = 0
        self._seconds = 0.0

    def follow(self, token: int, *, left: int) -> None:
        if not self._is_worth_it:
            self.read([token])
            return
        lookup = self._lookup
        if (expected := lookup.next) is not None:
            self._account.learn(lookup.length, token == expected)
        lookup.append(token)
        if self._is_next(token):
            self._advance()
            return
        self._settle()
        most = min(self._most, left - 1)
        count = 1
        if most > 0 and lookup.next is not None:
            count = self._account.plan(most, lookup.length)
        if count == 1 or not self._read_ahead([token, *lookup.guess(count - 1)]):
            start = self._clock()
            self.read([token])
            self._account.read_alone(self._clock() - start)

    def _is_next(self, token: int) -> bool:
        rows, used = self._rows, self._used
        return rows is not None and used < len(rows) and self._guesses[used - 1] == token

    def _read_ahead(self, tokens: list[int]) -> bool:
        """Read tokens together, and let the state read the first; return whether that was possible."""
        start = self._clock()
        try:
            self._lookahead = self._lookahead or self._lookaheads.borrow(self._model)
            if self._lookahead is None:
                return False
            rows = self._lookahead.read(self._model, tokens, self.state, self.shortlist)
        except (GoosequillError, MemoryError):  # of a guess; the text may not need it
            self._most = 0
            return False
        if rows is None:
            return False
        seconds = self._clock() - start
        if not self._lookahead.is_first:
            self._pace.note(len(tokens), seconds)
        # Neither a record nor an interruption is what it usually costs.
        self._seconds = min(seconds, 2 * self._pace.expected(len(tokens)))
        self._rows, self._guesses, self._used = rows, tokens[1:], 0
        self._advance()
        return True

    def _advance(self) -> None:
        """Let the state read the next token of the pass."""
        rows, lookahead = self._rows, self._lookahead
        assert rows is not None and lookahead is not None  # of the pass that was read ahead
        start = self._clock()
        lookahead.advance(self.state, self._used)
        if not lookahead.is_first:
            self._pace.note(0, self._clock() - start)
        self._used += 1
        self.logits = self._checked(rows[self._used - 1])

    def _settle(self) -> None:
        """Forget the rest of a pass."""
        if self._rows is not None:
            self.guessed += len(self._guesses)
            self.right += self._used - 1
            self._account.read_together(self._used, self._seconds)
            self._rows = None

    def close(self) -> None:
        self._settle()
        if self._lookahead is not None:
            self._lookaheads.give_back(self._lookahead)
            self._lookahead = None
