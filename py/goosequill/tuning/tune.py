"""`tune`: from a model and examples to an adapter, in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from goosequill.chat.choosing import format_of
from goosequill.errors import SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.support.budget import Budget, File
from goosequill.tuning.adapter import Adapter, AdapterFacts, Method
from goosequill.tuning.examples import MOST_BYTES, Example, make_examples, read_examples
from goosequill.tuning.gradient import Gradient
from goosequill.tuning.sequences import Unit
from goosequill.tuning.training import STEPS, Step, Training
from goosequill.tuning.versions import gradient_of

Examples = str | Path | bytes | Iterable[str | Mapping[str, Any]]


class HasModel(Protocol):
    """A `goosequill.TextModel`."""

    loaded: LoadedModel


def tune(
    model: HasModel,
    examples: Examples,
    *,
    method: Method = "vectors",
    name: str = "",
    steps: int = STEPS,
    learning_rate: float | None = None,
    seed: int = 0,
    on_progress: Callable[[Step], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Adapter:
    """Teach a model a manner from examples; the model itself stays as it is.

    Parameters
    ----------
    examples
        The path or the bytes of a file (`goosequill.tuning.examples`); or texts, or objects with text, prompt
        and completion, messages, or prompt, chosen and rejected. At least 5; a fifth is held back.
    method
        "vectors": tune all vectors of the model, among them its layer norms. "state": tune what it remembers
        before the first token.
    name
        What to call the result.
    steps
        At most; tuning stops before, where what is held back no longer gets better.
    learning_rate
        By default the better of two after ten steps.
    seed
        The same examples, seed and machine give the same result.
    on_progress
        Called after every step.
    cancelled
        Asked after every step; tuning ends when it returns true, with the best so far.

    Returns
    -------
    The differences to the model's vectors, or the initial states, and how well they do.

    Raises
    ------
    UnsupportedModelError
        ``tuning-version``: only models of RWKV 4 and 7 can be tuned.
    FileFormatError
        ``examples``, ``conversations``: as `goosequill.tuning.examples.read_examples`.
    SettingsError
        ``too-few-examples``; ``file-missing``; ``option``; ``setting-range``: `steps` or the rate is 0.

    Examples
    --------
    >>> verses = [{"prompt": f"{n} mice", "completion": f", said the owl, are {n}."} for n in range(9)]
    >>> adapter = gq.tune(model, verses, steps=10, learning_rate=0.01)
    >>> adapter.about.after < adapter.about.before
    True
    """
    training = start(model.loaded, examples_in(model.loaded, examples), method=method, steps=steps,
                     learning_rate=learning_rate, seed=seed)  # fmt: skip
    for step in training.run():
        if on_progress:
            on_progress(step)
        if cancelled and cancelled():
            break
    return adapter_of(training, model.loaded, name)


def examples_in(loaded: LoadedModel, examples: Examples) -> list[Example]:
    """Return examples as a model reads them; see `tune` for the parameters and errors."""
    chat = format_of(loaded.description, "")
    if isinstance(examples, bytes):
        return read_examples(examples, chat)
    if not isinstance(examples, str | Path):
        return make_examples(examples, chat)
    try:
        return read_examples(File.open(examples, Budget(packed=MOST_BYTES)).bytes(), chat)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"{examples} cannot be read: {reason}.", code="file-missing") from error


def start(
    loaded: LoadedModel,
    examples: list[Example],
    *,
    method: Method = "vectors",
    steps: int = STEPS,
    learning_rate: float | None = None,
    seed: int = 0,
    gradient: Gradient | None = None,
) -> Training:
    """Return a training that has not taken a step; see `tune` for the parameters and errors."""
    if not steps > 0 or not (learning_rate is None or 0 < learning_rate < 10):
        raise SettingsError("The steps and the learning rate must be above 0.", code="setting-range")
    rates = None if learning_rate is None else (learning_rate,)
    return Training(
        gradient or gradient_of(loaded.model),
        loaded.tokenizer,
        examples,
        method=method,
        seed=seed,
        steps=steps,
        rates=rates,
    )


def adapter_of(training: Training, loaded: LoadedModel, name: str = "") -> Adapter:
    """Return the best of a training so far, described."""
    texts = not training.objective.relative
    about = AdapterFacts(
        method=training.method,
        model=loaded.model.fingerprint,
        model_name=str(loaded.description.get("name", "")),
        name=name,
        recipe={
            "objective": training.objective.name,
            "learning_rate": training.rate,
            "steps": training.best_steps,
            "seed": training.seed,
            **({} if training.best.right is None else {"held_back_right": training.best.right}),
        },
        counts={
            "examples": training.examples,
            "units": len(training.kept),
            "held_back": len(training.held_back),
            "tokens": _tokens(training.kept),
        },
        before=training.before.loss if texts else None,
        after=training.best.loss if texts else None,
    )
    return Adapter(training.tensors(), about)


def _tokens(units: list[Unit]) -> int:
    return sum(row.count for unit in units for row in unit.rows)
