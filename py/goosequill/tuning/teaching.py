"""The jobs of the Teach page: describe examples, and tune a model while showing how it writes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from goosequill.decoding import Chunk, DecodingConfig, generate
from goosequill.kernels import SimdKernel
from goosequill.loading.load import LoadedModel
from goosequill.models import Model
from goosequill.support.resources import Resource
from goosequill.tokenizers import Tokenizer
from goosequill.tuning.adapter import Adapter, AdapterFacts, Method
from goosequill.tuning.applying import adapt
from goosequill.tuning.examples import Example, texts_of
from goosequill.tuning.gradient import Gradient
from goosequill.tuning.sequences import split
from goosequill.tuning.training import STEPS, Step, Training, prepare
from goosequill.tuning.tune import adapter_of, examples_in, start
from goosequill.tuning.versions import gradient_of

MOST_SHOWN = 40
"""Examples held back that a page gets."""

Given = str | bytes | memoryview | Sequence[str | Mapping[str, Any]]
"""The text or the bytes of a file of examples; or texts, or objects as its lines have them."""


def describe_examples(
    model: Model, tokenizer: Tokenizer, description: Mapping[str, Any], *, examples: Given
) -> dict[str, Any]:
    """Return what kind of examples these are, their number, and the tokens that they have in all.

    ``kind`` is "texts", "preferences" or "ratings".

    Raises
    ------
    FileFormatError, UnsupportedModelError, SettingsError
        As `goosequill.tune`.
    """
    loaded = LoadedModel(model, tokenizer, dict(description))
    found = examples_in(loaded, _encoded(examples))
    prepared = prepare(gradient_of(model), tokenizer, found, seed=0)
    units = [*prepared.kept, *prepared.held_back]
    tokens = sum(len(row) for unit in units for row in unit.rows)
    return {"kind": prepared.objective.name, "examples": len(found), "tokens": tokens}


def open_gradient(model: Model, *, threads: int) -> Resource:
    """Keep what computes a model's gradients: helper threads share its products, transposed ones too.

    Parameters
    ----------
    threads
        How many.
    """
    kernel = model.kernel.apart() if isinstance(model.kernel, SimdKernel) else model.kernel
    gradient = gradient_of(model, kernel)
    gradient.compute_a_little()  # helpers copy all matrices at once
    return Resource("gradient", gradient, {"divisible": True, "threads": threads})


def teach(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    *,
    examples: Given,
    method: Method = "vectors",
    name: str = "",
    steps: int = STEPS,
    learning_rate: float | None = None,
    seed: int = 0,
    prompt: str | None = None,
    settings: Mapping[str, Any] | None = None,
    gradient: Gradient | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[dict[str, Any], None, dict[str, Any]]:
    """Tune a model, and yield after every step, also before the first.

    Parameters
    ----------
    prompt, settings
        What to continue whenever what is held back was measured, and how; None is the beginning of the first
        example held back, "" continues nothing.
    gradient
        Of this model, from `open_gradient`; by default one that computes on this thread alone.
    cancelled
        Asked after every step; the job ends when it returns true, with the best so far.

    Yields
    ------
    The fields of `goosequill.tuning.training.Step`; with a prompt, ``sample`` is how the model continues it
    now, "" where it was not asked. The first is of the untuned model, without a ``loss``, and
    with the ``prompt``.

    Returns
    -------
    ``data``, the adapter's file, and its ``about`` (`goosequill.tuning.adapter.AdapterFacts`); ``held_back``,
    up to 40 of the examples from which nothing was learned, each as ``prompt`` and ``text``.

    Raises
    ------
    FileFormatError, UnsupportedModelError, SettingsError
        As `goosequill.tune`.
    """
    loaded = LoadedModel(model.base, tokenizer, dict(description))
    found = examples_in(loaded, _encoded(examples))
    held = [_shown(example) for example in split(found, seed)[1][:MOST_SHOWN]]
    config = DecodingConfig.from_dict(dict(settings or {"max_new_tokens": 40}))
    if prompt is None:
        prompt = held[0]["prompt"] or _words(held[0]["text"])
    training = start(loaded, found, method=method, steps=steps, learning_rate=learning_rate, seed=seed,
                     gradient=gradient)  # fmt: skip

    def sample(tuned: Model) -> str:
        items = generate(tuned, tokenizer, prompt, config, cancelled=cancelled) if prompt else ()
        return "".join(item.text for item in items if isinstance(item, Chunk))

    before = training.before
    first = asdict(Step(0, 0, 0, 0.0, 0.0, before.loss, before.loss, before.right, 0.0))
    yield {**first, "loss": None, "sample": sample(loaded.model), "prompt": prompt}
    for step in training.run():
        if cancelled():
            break
        shown = "" if step.held_back is None else sample(_current(training, loaded.model))
        yield {**asdict(step), "sample": shown}
    adapter = adapter_of(training, loaded, name)
    return {"data": adapter.encode(), "about": asdict(adapter.about), "held_back": held}


def _current(training: Training, model: Model) -> Model:
    """The model as it is after the last step, not at its best."""
    return adapt(model, Adapter(training.tensors(training.current), AdapterFacts(training.method)))


def _shown(example: Example) -> dict[str, str]:
    """An example's first text: what comes before what the model should write first, and all after that."""
    parts = texts_of(example)[0].parts
    first = next(at for at, (_, wanted) in enumerate(parts) if wanted)
    prompt, text = ("".join(part for part, _ in some) for some in (parts[:first], parts[first:]))
    return {"prompt": prompt, "text": text}


def _words(text: str) -> str:
    """The first words of a text."""
    return " ".join(text.split(" ")[:5])


def _encoded(examples: Given) -> bytes | Sequence[str | Mapping[str, Any]]:
    if isinstance(examples, memoryview):  # as bytes come from a page
        return bytes(examples)
    return examples.encode("utf-8", "replace") if isinstance(examples, str) else examples
