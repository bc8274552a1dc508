"""The processors that a configuration asks for, in order, as one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from goosequill.decoding.config import STEPS
from goosequill.decoding.context import Context
from goosequill.decoding.processor import Processor, Setup
from goosequill.decoding.sampling import Candidates, Scores
from goosequill.decoding.steps.temperature import Temperature
from goosequill.decoding.steps.truncators import TopNSigma
from goosequill.errors import SettingsError

Watcher = Callable[[str, Scores], None]


class Chain:
    """Runs processors one after the other.

    Parameters
    ----------
    steps
        The processors, in order.
    """

    def __init__(self, steps: Iterable[Processor]) -> None:
        self.steps = tuple(steps)

    def __call__(self, scores: Scores, context: Context, watch: Watcher | None = None) -> Scores:
        """Return what `narrow` leaves as scores over the whole vocabulary."""
        return self.narrow(scores, context, watch).over(len(scores))

    def narrow(self, scores: Scores, context: Context, watch: Watcher | None = None) -> Candidates:
        """Return what is left; ``watch`` is told the name of each step and all scores after it.

        Raises
        ------
        SettingsError
            ``all-cut``: a step left no token to write.
        """
        left = Candidates(scores)
        for step in self.steps:
            left = step.narrow(left, context)
            if not (step.leaves_some or context.operations.highest(left.scores) > -float("inf")):
                label = step.description.label
                raise SettingsError(
                    f"“{label}” left no token that could be written.",
                    code="all-cut",
                    remedy="Weaken that setting, or the bans and penalties before it.",
                )
            if watch:
                watch(step.description.name, left.over(len(scores)))
        return left

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        """Tell every step which token was taken, and out of what."""
        for step in self.steps:
            step.observe(token, candidates, context)

    def follow(self, tokens: Iterable[int], context: Context) -> None:
        """Let every step go on after tokens that are written already.

        They count as output. Mirostat, which would need their scores, begins at its first limit.
        """
        for token in tokens:
            for step in self.steps:
                step.follow(token, context)
            context.append(token)

    def finished(self, context: Context) -> bool:
        """Return whether some step lets nothing more be written."""
        return any(step.finished(context) for step in self.steps)


def make_chain(setup: Setup) -> Chain:
    """Return the chain of a configuration: the steps that are not neutral, in llama.cpp's order."""
    made = [step for step in (kind.make(setup) for kind in STEPS) if step is not None]
    if setup.config.temperature_first:
        heat = [step for step in made if isinstance(step, Temperature)]
        made = [step for step in made if not isinstance(step, Temperature)]
        first_cut = next(
            (i for i, step in enumerate(made) if STEPS.index(type(step)) >= _FIRST_CUT), len(made)
        )
        made[first_cut:first_cut] = heat
    return Chain(made)


_FIRST_CUT = STEPS.index(TopNSigma)
