"""The default model learns a manner, for longer than is good for it. Nothing is drawn here.

It is tuned as `goosequill.tuning` does it on the Teach page, but by one learning rate and without a stop, so
that it can be seen how three losses part: of what it learns from, of the same manner in other words, and of
other text.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any, Literal

import numpy as np

from goosequill.chat.choosing import format_of
from goosequill.decoding import Chunk, DecodingConfig, generate
from goosequill.decoding.randomness import Pcg64
from goosequill.loading.load import LoadedModel, load_files
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress
from goosequill.tuning.adapter import Adapter, AdapterFacts
from goosequill.tuning.applying import adapt
from goosequill.tuning.examples import make_examples
from goosequill.tuning.sequences import shuffled, units_of
from goosequill.tuning.training import PACE, Training
from goosequill.tuning.versions import gradient_of
from goosequill.weights import BytesSource

MODEL = ("config.json", "model.safetensors", "tokenizer.json")
FOLDER = "models/default/"
SETS = "teach/sets.json"
STUDY = "tuning-study.json"
MANNERS = (
    "pirate", "haiku", "quips", "manual", "fairy", "noir", "butler", "sports", "telegram", "forecast",
    "proverb", "stage",
)  # fmt: skip
ASKED = "Good morning!"
"""Answered again and again: the first prompt of every set, from which nothing is learned."""
LONGEST = 48
"""Tokens of an answer."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    manner: str = setting(
        "Manner", "Which of the Teach page's ready sets it learns.", default="pirate", choices=MANNERS
    )
    examples: int = setting(
        "Examples",
        "How many answers of the set it learns from. The others, of 15, are held back.",
        default=10,
        range=(5, 12),
    )
    method: Literal["vectors", "norms", "state"] = setting(
        "What is tuned",
        "All vectors, only those of layer norms, or what it remembers before the first token.",
        default="vectors",
    )
    rate: float = setting(
        "Learning rate",
        "The length of a step; a state gets ten times that.",
        default=0.01,
        range=(0.001, 0.05, 0.001),
    )
    steps: int = setting("Steps", "How often it learns from four examples.", default=60, range=(10, 300, 10))
    seed: int = setting("Which examples are held back, and their order.", default=0, range=(0, 2**31 - 1))


DESCRIPTION = Settings.describe(
    "tuning",
    "Learning by heart",
    "Tunes the default model on a few examples, and measures other examples and other text on the way.",
    "minimize sum(-log p(wanted token)) over vectors or an initial state, by Adam",
    "Kingma & Ba 2015 (Adam); Ben Zaken et al. 2022 (tuning vectors); Prechelt 1998 (early stopping)",
)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the names of the data files that a run needs: the model and the sets are files of the site."""
    return (*(FOLDER + name for name in MODEL), SETS, STUDY)


def compute(
    settings: Settings, *, files: Mapping[str, bytes]
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Tune, and measure every five steps.

    Yields
    ------
    The result so far.

    Returns
    -------
    dict
        ``steps`` [n], from 0; ``learned``, ``held`` and ``other``, bits per byte of the examples that it
        learns from, of those that were held back, and of other text, [n] each; ``best``, the step at which
        those held back were cheapest; ``asked``, and ``answers`` [n], how that is answered after each step;
        ``numbers``, how many are tuned; ``study``, what scripts/lab_data/tuning_study.py found.
    """
    loaded = load_files({name: BytesSource(files[FOLDER + name], name) for name in MODEL})
    training, other = begin(settings, loaded, json.loads(files[SETS]))
    curves: dict[str, list[float]] = {"steps": [], "learned": [], "held": [], "other": []}
    answers = list[str]()

    def measure(step: int, held: float) -> dict[str, Any]:
        found = (step, training.loss(training.kept), held, training.loss(other))
        for values, value in zip(curves.values(), found, strict=True):
            values.append(value)
        answers.append(reply(loaded, adapt(loaded.model, adapter() if step else None)))
        arrays = {name: np.array(values) for name, values in curves.items()}
        best = arrays["steps"][arrays["held"].argmin()]
        texts = {"answers": answers.copy(), "asked": ASKED}
        return {**arrays, **texts, "best": int(best), "numbers": training.current.size}

    def adapter() -> Adapter:
        about = AdapterFacts("state" if settings.method == "state" else "vectors")
        return Adapter(training.tensors(training.current), about)

    found = measure(0, training.before.loss)
    for step in training.run():
        yield Progress("steps", step.step, settings.steps)
        if step.held_back is not None:
            found = measure(step.step, step.held_back)
            yield found
    return found | {"study": json.loads(files[STUDY])}


def begin(settings: Settings, loaded: LoadedModel, sets: Mapping[str, Any]) -> tuple[Training, list[Any]]:
    """Return a training that has not taken a step, and units of other text."""
    chat = format_of(loaded.description, "")
    answers = next(each["answers"] for each in sets["sets"] if each["name"] == settings.manner)
    pairs = [pair for pair in zip(sets["prompts"], answers, strict=True) if pair[0] != ASKED]
    messages = [
        {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": reply}]}
        for said, reply in shuffled(pairs, Pcg64(settings.seed))
    ]
    examples = make_examples(messages, chat)
    other = make_examples([sets["neutral"]], chat)
    is_state = settings.method == "state"
    training = Training(
        gradient_of(loaded.model),
        loaded.tokenizer,
        examples[: settings.examples],
        held_back=examples[settings.examples :],
        method="state" if is_state else "vectors",
        only="ln" if settings.method == "norms" else "",
        rates=[settings.rate * (10 if is_state else 1)],
        steps=settings.steps,
        seed=settings.seed,
        pace=PACE._replace(patience=float("inf")),
    )
    return training, [unit for one in other for unit in units_of(one, loaded.tokenizer, 256)]


def reply(loaded: LoadedModel, model: Any) -> str:
    """Return the likeliest answer to a greeting."""
    chat = format_of(loaded.description, "")
    prompt = chat.prompt([{"role": "user", "content": ASKED}])
    config = DecodingConfig(temperature=0, max_new_tokens=LONGEST, stop=chat.stop)
    items = generate(model, loaded.tokenizer, prompt, config)
    return "".join(item.text for item in items if isinstance(item, Chunk)).strip()
