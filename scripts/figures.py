"""The drawn figures of the documentation, computed with the default model when the site is built.

    <!-- generate: steps -->        what each step of a decoder does to one real distribution
    <!-- generate: memory -->       what the state of one layer holds while a sentence is read
    <!-- generate: rounding -->     what fewer bits for each weight cost, on docs/assets/figures/alice.txt
    <!-- generate: ratios -->       how many times as fast as others, in sentences
    <!-- generate: speeds -->       tokens per second against the bound, ours and theirs
    <!-- generate: line goosequill.kernels.numpy_kernel NumpyKernel.add return a + b -->
                                  that line of the source

A figure is an SVG in the colours of the theme, with a description and, behind it, a table of its numbers. All
of them come from the numpy kernel, so that they are the same on every machine. A line of the source that
is no longer there fails the build, so a formula beside it cannot fall behind.

What rounding costs takes weights that are not rounded yet, which are only where the default model was
trained: `python -m scripts.figures` writes it to docs/assets/figures/rounding.json. The speeds are those that
scripts/bench/bench.py --docs wrote to speed.json beside it; README and home page show some of them.
"""

from __future__ import annotations

import html
import importlib
import inspect
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scripts.command import ROOT, BuildError
from scripts.sections import with_section

MODEL = ROOT / "site" / "models" / "default"
TEXT = ROOT / "docs" / "assets" / "figures" / "alice.txt"
COSTS = TEXT.with_name("rounding.json")
SPEEDS = TEXT.with_name("speed.json")
README = ROOT / "README.md"

PROMPT = "It was a fine morning, and the goose"
DECODER = {
    "max_new_tokens": 24,
    "frequency_penalty": 0.6,
    "repetition_penalty": 1.1,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.05,
    "temperature": 0.7,
    "seed": 4,
}
TOKEN = 9
"""Which generated token the figure explains: one that every step changes."""
SHOWN = 7
"""Candidates in the figure."""

SENTENCE = "The goose was white, the river was wide, and she could not stay."
LAYER = 2
CHANNELS = 16

BITS = (32, 8, 6, 4, 3, 2)


@cache
def _loaded() -> Any:
    """The default model in float32 on the numpy kernel."""
    kernel = importlib.import_module("goosequill.kernels.numpy_kernel").NumpyKernel()
    return importlib.import_module("goosequill.loading.load").load_path(MODEL, kernel=kernel)


def _tensors() -> Any:
    weights = importlib.import_module("goosequill.weights")
    return weights.open_folder(weights.folder_reader(MODEL)).tensors


def line(module: str, name: str, *code: str) -> str:
    """Show statements of a function as a fence, from `code` until the statement that `code` starts ends.

    Raises
    ------
    BuildError
        The function has no such line, or more than one.
    """
    value: Any = importlib.import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    wanted = " ".join(code)
    found = [text for text in inspect.getsource(value).splitlines() if " ".join(text.split()) == wanted]
    if len(found) != 1:
        raise BuildError(
            f"an article shows the line {wanted!r} of {module}.{name}, which has it {len(found)} times: "
            "show the new line, and correct the formula beside it"
        )
    return f"```python\n{found[0].strip()}\n```"


def _visible(text: str) -> str:
    """A token's text, with its spaces shown."""
    return html.escape(text.replace(" ", "·").replace("\n", "¶"))


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    cells = "".join(f"<th>{html.escape(str(each))}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{each}</td>" for each in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _figure(drawings: Sequence[str], caption: str, table: str) -> str:
    """A figure whose numbers can be unfolded."""
    return (
        f'<figure class="drawing"><div class="drawing-panels">{"".join(drawings)}</div>'
        f"<figcaption>{caption}</figcaption>"
        f"<details><summary>The numbers as a table</summary>{table}</details></figure>"
    )


def _svg(width: int, height: int, label: str, content: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{html.escape(label)}">{"".join(content)}</svg>'
    )


def _text(x: float, y: float, content: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{content}</text>'


def _bar(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:g}" class="{kind}"/>'


def _line(x1: float, x2: float, y1: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:g}" x2="{x2:g}" y1="{y1:.1f}" y2="{y2:.1f}" class="{kind}"/>'


@cache
def explained() -> dict[str, Any]:
    """How one token of a real text was chosen, as the playground explains it."""
    decoding = importlib.import_module("goosequill.decoding")
    explain = importlib.import_module("goosequill.decoding.explain").explain
    model, tokenizer = _loaded().model, _loaded().tokenizer
    config = decoding.DecodingConfig(**DECODER)
    chunks = decoding.generate(model, tokenizer, PROMPT, config)
    written = [item.token for item in chunks if isinstance(item, decoding.Chunk)]
    found = explain(model, tokenizer, PROMPT, written, TOKEN, DECODER)
    return {**found, "before": PROMPT + tokenizer.decode(written[:TOKEN])}


def _panel(found: dict[str, Any], at: int) -> str:
    """One step: a bar for each candidate, over the outline of the bar before the step."""
    step, width = found["steps"][at], 270
    drawing = [
        _text(0, 15, f"{at}. {html.escape(step['label'])}" if at else "The model", "title"),
        _text(width, 15, f"{step['kept']:,} left", "note end"),
    ]
    words = []
    for row, candidate in enumerate(found["candidates"][:SHOWN]):
        y, share = 26 + 23 * row, candidate["probabilities"][at]
        gone = candidate["cut_by"] is not None and candidate["cut_by"] <= at
        before = candidate["probabilities"][at - 1] if at else share
        drawing += [
            _text(70, y + 13, _visible(candidate["text"]), "token end gone" if gone else "token end"),
            _bar(78, y, 140 * share, 17, "bar"),
            _bar(78, y, 140 * before, 17, "outline") if at else "",
            _text(84 + 140 * max(share, before), y + 13, "removed" if gone else f"{share:.1%}", "note"),
        ]
        words.append(f"{candidate['text'].strip()} {'removed' if gone else f'{share:.0%}'}")
    label = f"{step['label']}: {', '.join(words)}"
    return _svg(width, 30 + 23 * SHOWN, label, drawing)


def steps() -> str:
    found = explained()
    labels = [step["label"] for step in found["steps"]]
    rows = [
        (f"<code>{_visible(each['text'])}</code>", *(f"{share:.2%}" for share in each["probabilities"]))
        for each in found["candidates"]
    ]
    left = ("tokens left", *(f"{step['kept']:,}" for step in found["steps"]))
    first = max(found["candidates"], key=lambda each: each["probabilities"][0])
    caption = (
        f"The token after “{html.escape(found['before'])}”. Outlines show the probability before each step; "
        f"a dot is a space. The model prefers <code>{_visible(first['text'])}</code>, the decoder chose "
        f"<code>{_visible(found['text'])}</code>. The default model, with "
        + ", ".join(f"<code>{name}</code> {value}" for name, value in DECODER.items() if "max" not in name)
        + "."
    )
    drawings = [_panel(found, at) for at in range(len(labels))]
    return _figure(drawings, caption, _table(("token", *labels), [*rows, left]))


@cache
def remembered() -> tuple[list[str], list[float], list[list[float]]]:
    """Tokens; the half-lives, in tokens, of some channels of one layer; what each remembers after each token.

    A channel's memory is the weighted average that its state holds, divided by its largest magnitude.
    """
    import numpy as np

    model, tokenizer = _loaded().model, _loaded().tokenizer
    ids = tokenizer.encode(SENTENCE)
    state, columns = model.new_state(), []
    for token in ids:
        model.forward([token], state)
        numerator, denominator, _ = state.layers[LAYER]["wkv"]
        columns.append(numerator / denominator)
    average = np.array(columns).T  # [C, T]
    stored = _tensors().read(f"blocks.{LAYER}.att.time_decay").reshape(-1)
    decay = np.exp(stored)  # what the logarithm of a weight loses with each token
    order = np.argsort(-decay)[np.linspace(0, len(decay) - 1, CHANNELS).astype(int)]
    kept = average[order] / np.abs(average[order]).max(axis=1, keepdims=True)
    return (
        [tokenizer.decode([token]) for token in ids],
        [float(math.log(2) / rate) for rate in decay[order]],
        kept.round(3).tolist(),
    )


def _duration(tokens: float) -> str:
    if tokens >= 1000:
        return "1,000 or more"
    return f"{tokens:.0f}" if tokens >= 10 else f"{tokens:.1f}"


def _heat_map(tokens: Sequence[str], lives: Sequence[float], rows: Sequence[Sequence[float]]) -> str:
    left, top, wide, high = 92, 62, 34, 19
    drawing = [_text(0, 14, "half-life", "note"), _text(0, 28, "in tokens", "note")]
    for column, token in enumerate(tokens):
        x = left + wide * column + wide / 2
        drawing.append(
            f'<text transform="translate({x:g} {top - 6}) rotate(-45)" class="token">{_visible(token)}</text>'
        )
    for row, (life, values) in enumerate(zip(lives, rows, strict=True)):
        y = top + high * row
        drawing.append(_text(left - 8, y + 13, _duration(life), "note end"))
        for column, value in enumerate(values):
            x = left + wide * column
            sign = "more" if value >= 0 else "less"
            drawing.append(
                f'<rect x="{x}" y="{y}" width="{wide - 1}" height="{high - 1}" class="cell {sign}" '
                f'fill-opacity="{abs(value):.2f}"/>'
            )
            if value < -0.3:
                drawing.append(_text(x + wide / 2, y + 13, "−", "note middle"))
    label = (
        f"Heat map: {len(rows)} channels of layer {LAYER + 1} while the model reads {len(tokens)} tokens. "
        "Channels at the top change with every token, those at the bottom slowly."
    )
    return _svg(left + wide * len(tokens) + 30, top + high * len(rows), label, drawing)


def memory() -> str:
    tokens, lives, rows = remembered()
    caption = (
        f"What {CHANNELS} of the 192 channels of layer {LAYER + 1} remember after each token of "
        f"“{html.escape(SENTENCE)}”, in the default model. Each row is one channel, from fast to slow "
        "forgetting; teal is positive, amber with a minus sign negative, and stronger is larger."
    )
    table = _table(
        ("half-life", *(token.strip() for token in tokens)),
        ((_duration(life), *values) for life, values in zip(lives, rows, strict=True)),
    )
    return _figure([_heat_map(tokens, lives, rows)], caption, table)


def rounded(weights: Any, bits: int) -> Any:
    """Round a matrix [out, in] to `bits` bits a weight, in groups of 64 columns with a scale each.

    With 4 bits this is what `goosequill.weights.quantize` stores.
    """
    import numpy as np

    groups = weights.reshape(len(weights), -1, 64)
    low, high = groups.min(axis=2, keepdims=True), groups.max(axis=2, keepdims=True)
    half = 2 ** (bits - 1)
    scale = (np.where(-low > high, low, high) / np.float32(-half)).astype(np.float16).astype(np.float32)
    steps = np.where(scale != 0, scale, np.float32(1))
    return (np.clip(np.rint(groups / steps), -half, half - 1) * scale).reshape(weights.shape)


def measure_rounding(tensors: Mapping[str, Any], choices: Sequence[int] = BITS) -> dict[str, Any]:
    """Measure a float32 model with the default model's vocabulary on a text, then with its matrices rounded.

    Returns
    -------
    dict
        ``bytes`` of the text, and ``rows``: the bits of a weight, the bits per byte, how much more that is
        than in the first row, and half the width of the latter's 95% interval, from the differences of
        single tokens.
    """
    import numpy as np

    weights, models = (importlib.import_module(f"goosequill.{name}") for name in ("weights", "models"))
    surprisal = importlib.import_module("goosequill.evaluation.perplexity").surprisal
    encode = importlib.import_module("goosequill.weights.formats.safetensors").encode
    bits_for = importlib.import_module("goosequill.weights.quantize").bits_for
    tokenizer, kernel = _loaded().tokenizer, _loaded().model.kernel
    text = TEXT.read_text(encoding="utf-8").strip()
    ids, size = tokenizer.encode(text), len(text.encode())
    found = {}
    for bits in choices:
        small = {
            name: rounded(x, bits) if bits < 32 and bits_for(name, x.shape, 4) == 4 else x
            for name, x in tensors.items()
        }
        source = weights.open_tensors(weights.BytesSource(b"".join(encode(small.items()))))
        found[bits] = surprisal(models.load_model(source, kernel=kernel), ids, end_token=tokenizer.end_token)
    rows = []
    for bits, surprisals in found.items():
        change = surprisals - found[choices[0]]
        half = 1.96 * change.std(ddof=1) * np.sqrt(len(ids))
        rows.append(
            [bits, *(round(float(value) / size, 5) for value in (surprisals.sum(), change.sum(), half))]
        )
    return {"bytes": size, "rows": rows}


Cost = tuple[int, float, float, float]
"""The bits of a weight, bits per byte, and shares: how much more that is, and half its interval's width."""


def _cost_chart(rows: Sequence[Cost]) -> str:
    left, top, wide, high = 40, 22, 40, 170
    most: float = max(cost + half for *_, cost, half in rows)

    def level(value: float) -> float:
        return top + high * (1 - min(value, most) / most)

    right, drawing, points = left + wide * len(rows), [], []
    for mark in (0, 0.05, 0.1, 0.15, 0.2, 0.3):
        if mark <= most:
            drawing.append(_line(left, right, level(mark), level(mark), "rule"))
            drawing.append(_text(left - 6, level(mark) + 4, f"{mark:.0%}", "note end"))
    for at, (bits, _, cost, half) in enumerate(rows):
        x = left + wide * at + wide / 2
        shown = f"{0 if abs(cost) < 5e-4 else cost:.1%}"
        points.append(f"{x:g},{level(cost):.1f}")
        drawing += [
            _line(x, x, level(cost - half), level(cost + half), "interval"),
            f'<circle cx="{x:g}" cy="{level(cost):.1f}" r="4.5" class="bar"/>',
            _text(x, level(cost + half) - 8, shown, "note middle"),
            _text(x, top + high + 24, f"{bits}", "middle"),
        ]
    drawing.append(_text((left + right) / 2, top + high + 44, "bits a weight", "note middle"))
    drawing.insert(0, f'<polyline points="{" ".join(points)}" class="curve"/>')
    costs = ", ".join(f"{bits} bits {cost:+.1%}" for bits, _, cost, _ in rows[1:])
    label = f"Line chart of what fewer bits for each weight cost in bits per byte: {costs}"
    return _svg(right + 10, top + high + 54, label, drawing)


def rounding() -> str:
    found = json.loads(COSTS.read_text(encoding="utf-8"))
    reference = found["rows"][0][1]
    rows = [(bits, total, cost / reference, half / reference) for bits, total, cost, half in found["rows"]]
    caption = (
        "How many more bits per byte the default model, as it was before the last decay of its training, "
        "needs for the beginning of <i>Alice’s Adventures in Wonderland</i> "
        f"({found['bytes'] / 1e3:.1f} kB), which it was not trained on, when its matrices are rounded. "
        "With 32 they are not; each 64 weights have a scale of their own. The lines are 95% intervals."
    )
    table = _table(
        ("bits a weight", "bits per byte", "cost"),
        ((bits, f"{total:.4f}", f"{cost:+.2%} ± {half:.2%}") for bits, total, cost, half in rows),
    )
    return _figure([_cost_chart(rows)], caption, table)


OURS = ("Goosequill, relaxed",)
LARGER = "Larger models"
ENGINES = {
    "Goosequill, relaxed": "Goosequill",
    "llama.cpp with SIMD, 1 thread": "llama.cpp",
    "onnxruntime-web, 1 thread": "onnxruntime-web",
    "wllama, 1 thread": "wllama",
}
"""The contestants of the benchmark that the chart shows, and what it calls them."""
SIZES = {
    "float32": ("f32",),
    "8 bits": ("int8", "uint8", "Q8_0"),
    "4 bits": ("int4", "Q4_0"),
}
"""The benchmark's names of weights of about the same size."""

Bar = tuple[str, float, float | None, bool]
"""A label, a speed, what bounds it if that is known, and whether it is ours."""


@cache
def measured_speeds() -> dict[str, Any]:
    """What the last benchmark for the documentation found."""
    found: dict[str, Any] = json.loads(SPEEDS.read_text(encoding="utf-8"))
    return found


def _charted() -> dict[str, list[dict[str, Any]]]:
    """The rows that the chart shows, the fastest first, by model; models without peers share a chart."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in measured_speeds()["rows"]:
        if row["name"] in ENGINES:
            groups.setdefault(row["shape"], []).append(row)
    alone = [shape for shape, rows in groups.items() if all(row["name"] in OURS for row in rows)]
    larger = [row for shape in alone for row in groups.pop(shape)]
    shown = {**groups, **({LARGER: larger} if larger else {})}
    return {name: sorted(rows, key=lambda row: -float(row["tokens_per_s"])) for name, rows in shown.items()}


def _bars(title: str, rows: Sequence[Bar]) -> str:
    """A bar for each row, in the outline of what is possible."""
    left, wide, high = 152, 92, 23
    most = max(max(speed, bound or 0) for _, speed, bound, _ in rows)
    drawing = [_text(0, 15, html.escape(title), "title")]
    for at, (name, speed, bound, own) in enumerate(rows):
        y, length = 24 + high * at, wide * speed / most
        end = max(length, wide * (bound or 0) / most)
        drawing += [
            _text(left - 8, y + 13, html.escape(name), "end"),
            _bar(left, y, length, 17, "bar" if own else "other"),
            _bar(left, y, wide * bound / most, 17, "outline") if bound else "",
            _text(left + end + 6, y + 13, f"{speed:.0f}", "note"),
        ]
    words = (f"{name} {speed:.0f}{f' of {bound:.0f}' if bound else ''}" for name, speed, bound, _ in rows)
    return _svg(left + wide + 34, 28 + high * len(rows), f"{title}: {', '.join(words)}", drawing)


def _speed_panels(model: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Generated text and prompts of one model."""
    panels = []
    for what, key in (("generated text", "tokens_per_s"), ("prompt", "prompt_tokens_per_s")):
        bars = [
            (
                f"{row['shape'] if model == LARGER else ENGINES[row['name']]}, {row['weights']}",
                row[key],
                row[f"{key}_possible"],
                row["name"] in OURS,
            )
            for row in rows
        ]
        panels.append(_bars(f"{model}, {what}", bars))
    return panels


def speeds() -> str:
    found = measured_speeds()
    drawings = [panel for model, rows in _charted().items() for panel in _speed_panels(model, rows)]
    caption = (
        "Tokens per second on one thread: generated text, and a prompt that is read. Outlines show what is "
        "possible: for text what this machine’s memory allows, for prompts what multiplying and adding alone "
        f"reach. Gray is another engine. {found['date']}, {html.escape(found['machine'])}, "
        f"{html.escape(' '.join(found['browser'].split()[:2]))}; random weights in the shapes of the models."
    )
    columns = ("tokens_per_s", "tokens_per_s_possible", "prompt_tokens_per_s", "prompt_tokens_per_s_possible")
    table = _table(
        ("model", "engine", "weights", "tokens/s", "possible", "prompt tokens/s", "possible"),
        (
            (
                *(html.escape(row[name]) for name in ("shape", "name", "weights")),
                *("" if row[column] is None else f"{row[column]:.0f}" for column in columns),
            )
            for row in found["rows"]
        ),
    )
    return _figure(drawings, caption, table)


def _ratio(rows: Sequence[dict[str, Any]], other: str, weights: Sequence[str]) -> tuple[float, float] | None:
    """Ours to another engine's, for text and for prompts; None if one of them has no such weights."""
    same = [row for row in rows if row["weights"] in weights]
    own = [row for row in same if row["name"] in OURS]
    peers = [row for row in same if ENGINES[row["name"]] == other]
    if not own or not peers:
        return None
    text, prompt = (
        own[0][key] / max(row[key] for row in peers) for key in ("tokens_per_s", "prompt_tokens_per_s")
    )
    return text, prompt


def ratios() -> str:
    lines = ["| on one thread, times as fast as | weights | text | prompt |", "|---|---|---:|---:|"]
    for model, rows in _charted().items():
        for other in dict.fromkeys(ENGINES[row["name"]] for row in rows if row["name"] not in OURS):
            for size, weights in SIZES.items():
                if found := _ratio(rows, other, weights):
                    text, prompt = found
                    lines.append(f"| {other}, {model} | {size} | **{text:.1f}** | {prompt:.1f} |")
    return "\n".join(lines)


SHOWN_SIZES = (
    ("RWKV-4 169M", "int8"),
    ("RWKV-7 0.19B", "int4"),
    ("RWKV-7 1.5B", "int4"),
    ("RWKV-7 2.9B", "int4"),
)
"""The models that README and home page show, and their weights."""


@dataclass(frozen=True)
class Size:
    """A model's tokens per second in a page: text on one thread and on two, and a prompt on one."""

    model: str
    weights: str
    one: float
    two: float
    prompt: float


def sizes() -> list[Size]:
    """The models that README and home page show."""
    speeds = {(row["shape"], row["weights"], row["name"]): row for row in measured_speeds()["rows"]}
    found = []
    for model, weights in SHOWN_SIZES:
        one, two = (speeds[model, weights, OURS[0] + more] for more in ("", ", 2 threads"))
        found.append(
            Size(model, weights, one["tokens_per_s"], two["tokens_per_s"], one["prompt_tokens_per_s"])
        )
    return found


def readme() -> str:
    """README's table of speeds."""
    lines = [
        "| in a page, tokens/s | weights | text, one thread | two threads | prompt, one thread |",
        "|---|---|---:|---:|---:|",
    ]
    for size in sizes():
        speeds = " | ".join(f"{speed:.0f}" for speed in (size.one, size.two, size.prompt))
        lines.append(f"| {size.model} | {size.weights} | {speeds} |")
    return "\n".join(lines)


def files() -> dict[Path, str]:
    """README with the table."""
    return {README: with_section(README, "speeds", readme())}


GENERATORS: dict[str, Callable[..., str]] = {
    "line": line,
    "memory": memory,
    "rounding": rounding,
    "ratios": ratios,
    "speeds": speeds,
    "steps": steps,
}


def main() -> None:
    """Measure what rounding costs, with the weights of the default model's training before its decay."""
    from scripts.train.export import read_checkpoint
    from scripts.train.phases import PHASES

    tensors, _ = read_checkpoint([phase for phase in PHASES if phase.decay][-1].constant)
    COSTS.write_text(json.dumps(measure_rounding(tensors), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
