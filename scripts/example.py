"""Write what the comparer opens with: live columns of the default model, and what differs in its examples.

The page can write and measure both again. The live columns are written by the kernel that rounds inputs as
the page's does; but kernels differ in the last bits, and where two tokens are about equally likely they may
choose different ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goosequill.decoding import PRESETS, Chunk, DecodingConfig, End, generate
from goosequill.evaluation.text_metrics import loops, measure, measure_columns
from goosequill.kernels import load_kernel
from goosequill.loading.load import load_path
from goosequill.support.progress import finish
from goosequill.support.report_format import sampling_report, sampling_result

EXAMPLE_DECODERS = ("greedy", "greedy-penalty", "top-p-0.8")
EXAMPLE_LENGTH = 120
"""Tokens: the page's default, after which greedy decoding has begun to repeat itself."""
EXAMPLE_SEED = 1
REPORTS = ("greedy", "repetition-penalty", "sampling")
"""As the page opens them (site/compare/opening.js)."""


def write_example(output: Path) -> None:
    """Write compare/examples/live.json, the sampling report that the view shows first."""
    loaded = load_path(output / "models" / "default", kernel=load_kernel())
    prompt = loaded.description["prompts"][0]["text"]
    results = []
    for name in EXAMPLE_DECODERS:
        settings: dict[str, Any] = {**PRESETS[name], "max_new_tokens": EXAMPLE_LENGTH, "seed": EXAMPLE_SEED}
        items = list(generate(loaded.model, loaded.tokenizer, prompt, DecodingConfig(**settings)))
        text = "".join(item.text for item in items if isinstance(item, Chunk | End))
        logprobs = [round(item.logprob, 4) for item in items if isinstance(item, Chunk)]
        measures = measure([{"prompt": prompt, "text": text, "logprobs": logprobs}])
        result = sampling_result(name, settings, [text], measures=measures, loops=loops([text]))
        result["sampling_params"]["logprobs"] = logprobs
        finish = next(item.finish_reason for item in items if isinstance(item, End))
        result["sampling_params"]["finish_reason"] = finish
        results.append(result)
    report = sampling_report(loaded.description["title"], [(prompt, results)])
    text = json.dumps(report, ensure_ascii=False, indent=1)
    (output / "compare" / "examples" / "live.json").write_text(text + "\n", encoding="utf-8")


def write_measured(output: Path) -> None:
    """Write compare/examples/measured.json: the answer to what the page asks about its examples.

    It has a hash of the question, which is the one of site/compare/metrics.js value by value; a page with
    another question asks Python.
    """
    folder = output / "compare" / "examples"
    outputs: list[dict[str, Any]] = []
    columns = []
    for letter, name in zip("ABC", REPORTS, strict=True):
        report = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        entries: list[dict[str, Any]] = []
        for each in report["prompts"]:
            entry: dict[str, Any] = {"prompt": each["prompt"], "outputs": []}
            for text in (text for result in each["results"] for text in result["outputs"]):
                asked = {"prompt": each["prompt"], "text": text}
                if asked not in outputs:
                    outputs.append(asked)
                entry["outputs"].append(outputs.index(asked))
            if len(entry["outputs"]) == 1:
                entry["likeness"] = None
            entries.append(entry)
        columns.append({"name": f"{letter} · {report['model_name']} · {name}.json", "prompts": entries})
    baseline = str(columns[0]["name"])
    question = {"outputs": outputs, "columns": columns, "baseline": baseline}
    known = chance(json.dumps(question, ensure_ascii=False, separators=(",", ":")))
    parts = measure(outputs)
    measured = [{**each, "measures": part} for each, part in zip(outputs, parts, strict=True)]
    result = finish(measure_columns(measured, columns, baseline=baseline))
    text = json.dumps({"asked": known, "parts": parts, "result": result}, separators=(",", ":"))
    (folder / "measured.json").write_text(text + "\n", encoding="utf-8")


def chance(words: str) -> float:
    """Return what `chance` of site/ui/seeded.js returns for one text."""
    value = 0x811C9DC5
    for unit in words:
        value = (value ^ ord(unit)) * 0x01000193 & 0xFFFFFFFF
    for factor, shift in ((0x85EBCA6B, 16), (0xC2B2AE35, 13)):
        value = (value ^ value >> shift) * factor & 0xFFFFFFFF
    return (value ^ value >> 16) / 2**32
