"""The drawn figures: their numbers are the model's, and the lines of code are those of the source."""

import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from scripts import figures
from scripts.command import BuildError
from scripts.train.export import read_released

from goosequill.weights import quantize


def drawings(figure: str) -> list[ET.Element]:
    """Every SVG of a figure; each is well-formed and has a description."""
    found = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", figure)]
    assert found and all(svg.get("role") == "img" and svg.get("aria-label") for svg in found)
    return found


def test_the_steps_are_those_of_the_decoder_and_each_changes_something() -> None:
    found = figures.explained()
    names = ["model", "penalties", "top_k", "top_p", "min_p", "temperature"]
    assert [step["name"] for step in found["steps"]] == names
    shares = [[each["probabilities"][at] for each in found["candidates"]] for at in range(len(names))]
    assert all(before != after for before, after in pairwise(shares))
    figure = figures.steps()
    assert len(drawings(figure)) == len(names)
    assert f"{found['candidates'][0]['probabilities'][0]:.2%}" in figure


def test_the_memory_is_the_state_of_the_model_from_fast_to_slow() -> None:
    tokens, lives, rows = figures.remembered()
    assert "".join(tokens) == figures.SENTENCE
    assert lives == sorted(lives)
    values = np.array(rows)
    assert values.shape == (figures.CHANNELS, len(tokens))
    assert np.abs(values).max(axis=1).round(3).tolist() == [1] * figures.CHANNELS
    changes = np.abs(np.diff(values, axis=1)).mean(axis=1)
    assert changes[:4].mean() > 2 * changes[-4:].mean()
    drawings(figures.memory())


def test_rounding_to_four_bits_is_what_models_are_quantized_to() -> None:
    weights = np.random.default_rng(0).standard_normal((8, 128)).astype(np.float32)
    assert np.array_equal(figures.rounded(weights, 4), quantize(weights, 4).dequantize())


@pytest.mark.rest
def test_fewer_bits_cost_more() -> None:
    stored = json.loads(figures.COSTS.read_text(encoding="utf-8"))
    assert [bits for bits, *_ in stored["rows"]] == list(figures.BITS)
    tensors, _ = read_released(figures.MODEL)
    again = figures.measure_rounding(tensors, (32, 3, 2))
    assert again["bytes"] == stored["bytes"]
    for rows in (stored["rows"][-3:], again["rows"]):
        costs = [cost for *_, cost, _ in rows]
        assert costs == sorted(costs)
        assert costs[-1] > 2 * costs[1] > 0
    drawings(figures.rounding())


def test_the_speeds_are_the_tables_of_the_article() -> None:
    rows = figures.measured_speeds()["rows"]
    text = (figures.ROOT / "docs" / "reference" / "benchmarks.md").read_text(encoding="utf-8")
    parts = re.split(r"\n\| (RWKV[^|]*) \| weights \| tokens/s \|", text)
    tables = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert {row["name"].split(",")[0] for row in rows} >= {"Goosequill", "onnxruntime-web", "wllama"}
    for row in rows:
        start = f"| {row['name']} | {row['weights']} | {row['tokens_per_s']:.1f} |"
        assert start in tables[row["shape"]]


MADE_UP = [
    ("RWKV-7 0.19B", "Goosequill, relaxed", "int4", 300, 400, 500, 1000),
    ("RWKV-7 0.19B", "Goosequill, relaxed", "int8", 210, 200, 400, None),
    ("RWKV-7 0.19B", "Goosequill, relaxed, 2 threads", "int8", 350, 200, 600, 1000),
    ("RWKV-7 0.19B", "llama.cpp with SIMD, 1 thread", "Q4_0", 50, 400, 100, 1000),
    ("RWKV-7 2.9B", "Goosequill, relaxed", "int4", 14, 14, 30, 60),
]


def test_a_chart_has_one_thread_of_each_engine_and_the_models_without_peers_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("shape", "name", "weights", "tokens_per_s", "tokens_per_s_possible")
    names += ("prompt_tokens_per_s", "prompt_tokens_per_s_possible")
    rows = [dict(zip(names, row, strict=True)) for row in MADE_UP]
    found = {"date": "2026-11-25", "machine": "a machine", "browser": "A <browser> 1", "rows": rows}
    monkeypatch.setattr(figures, "measured_speeds", lambda: found)
    text, prompt, *larger = (svg.get("aria-label") for svg in drawings(figures.speeds()))
    ours = "RWKV-7 0.19B, generated text: Goosequill, int4 300 of 400, Goosequill, int8 210 of 200"
    assert text == f"{ours}, llama.cpp, Q4_0 50 of 400"
    ours = "RWKV-7 0.19B, prompt: Goosequill, int4 500 of 1000, Goosequill, int8 400"
    assert prompt == f"{ours}, llama.cpp, Q4_0 100 of 1000"
    assert larger == [
        "Larger models, generated text: RWKV-7 2.9B, int4 14 of 14",
        "Larger models, prompt: RWKV-7 2.9B, int4 30 of 60",
    ]
    assert figures.ratios().splitlines()[2:] == ["| llama.cpp, RWKV-7 0.19B | 4 bits | **6.0** | 5.0 |"]


def test_readme_and_home_page_show_what_was_measured() -> None:
    (text,) = figures.files().values()
    assert f"begin -->\n{figures.readme()}\n<!--" in text
    found = {size.model: size for size in figures.sizes()}
    assert list(found) == ["RWKV-4 169M", "RWKV-7 0.19B", "RWKV-7 1.5B", "RWKV-7 2.9B"]
    rows = json.loads(figures.SPEEDS.read_text(encoding="utf-8"))["rows"]
    (large,) = (row for row in rows if (row["shape"], row["name"]) == ("RWKV-7 2.9B", "Goosequill, relaxed"))
    assert found["RWKV-7 2.9B"].one == large["tokens_per_s"]


def test_every_line_that_an_article_shows_is_in_its_source() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (figures.ROOT / "docs").rglob("*.md")]
    shown = [
        each.split() for text in texts for each in re.findall(r"^<!-- generate: line (.*) -->$", text, re.M)
    ]
    assert len(shown) > 5
    for where in shown:
        assert figures.line(*where)


def test_a_line_that_is_no_longer_in_the_source_fails_the_build() -> None:
    where = ("goosequill.kernels.numpy_kernel", "NumpyKernel.add")
    assert figures.line(*where, "return a + b") == "```python\nreturn a + b\n```"
    with pytest.raises(BuildError, match="0 times"):
        figures.line(*where, "return a - b")
