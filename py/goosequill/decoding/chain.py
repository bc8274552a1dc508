"""The steps that a configuration asks for, run in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.processor import Processor, Setup
from goosequill.decoding.sampling import Candidates, Logits
from goosequill.decoding.steps import STEPS
from goosequill.decoding.steps.constraint import Constraint
from goosequill.decoding.steps.temperature import Temperature
from goosequill.errors import SettingsError

Watcher = Callable[[str, Logits], None]


class Chain:
    """Runs processors one after the other.

    Parameters
    ----------
    steps
        The processors, in order.
    """

    def __init__(self, steps: Iterable[Processor]) -> None:
        self.steps = tuple(steps)
        # Most steps do neither, and a token takes long enough without asking them.
        self._observing = [step for step in self.steps if type(step).observe is not Processor.observe]
        self._finishing = [step for step in self.steps if type(step).finished is not Processor.finished]

    def __call__(self, logits: Logits, context: Context, watch: Watcher | None = None) -> Logits:
        """Return the result of `narrow` as logits over the whole vocabulary."""
        return self.narrow(logits, context, watch).over(len(logits))

    def narrow(self, logits: Logits, context: Context, watch: Watcher | None = None) -> Candidates:
        """Return the remaining candidates.

        After each step, ``watch`` is called with the step's name and the logits over the whole vocabulary.

        Raises
        ------
        SettingsError
            ``all-tokens-removed``: a step removed every token.
        """
        left = Candidates(logits)
        for step in self.steps:
            left = step.narrow(left, context)
            if not (step.leaves_some or context.operations.highest(left.logits) > -float("inf")):
                raise SettingsError(
                    f"“{step.description.label}” removed every token.",
                    code="all-tokens-removed",
                    remedy="Weaken that setting, or the bans and penalties before it.",
                )
            if watch:
                watch(step.description.name, left.over(len(logits)))
        return left

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        """Tell every step which token was chosen, and from which candidates."""
        for step in self._observing:
            step.observe(token, candidates, context)

    def follow(self, tokens: Iterable[int], context: Context) -> None:
        """Let every step continue after tokens that were generated before; they count as output.

        Mirostat would need their logits, so it starts at its initial limit.
        """
        for token in tokens:
            for step in self.steps:
                step.follow(token, context)
            context.append(token)

    @property
    def constraint(self) -> Constraint | None:
        """The step that constrains the text, if there is one."""
        return next((step for step in self.steps if isinstance(step, Constraint)), None)

    def finished(self, context: Context) -> bool:
        """Return whether a step has ended the text."""
        return bool(self._finishing) and any(step.finished(context) for step in self._finishing)


def prepare_chain(config: DecodingConfig) -> Iterator[int]:
    """Do, in steps, what takes `make_chain` long; yield how much of a step is done."""
    for kind in STEPS:
        yield from kind.prepare(config)


def make_chain(config: DecodingConfig, setup: Setup) -> Chain:
    """Return the steps of a configuration that are not neutral, in the order of `STEPS`."""
    made = [step for step in (kind.make(config, setup) for kind in STEPS) if step is not None]
    if config.temperature_first:
        first = [step for step in made if isinstance(step, Temperature)]
        made = [step for step in made if not isinstance(step, Temperature)]
        index = next((i for i, step in enumerate(made) if step.truncates), len(made))
        made[index:index] = first
    return Chain(made)
