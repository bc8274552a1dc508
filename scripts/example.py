"""Write the example that the comparer's live columns open with: the default model, three decoders.

The page can write it again. It is written by the kernel that rounds inputs as the page's does; but kernels
differ in the last bits, and where two tokens are about equally likely they may choose different ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goosequill.decoding import PRESETS, Chunk, DecodingConfig, End, generate
from goosequill.evaluation.text_metrics import loops, measure
from goosequill.kernels import load_kernel
from goosequill.loading.load import load_path
from goosequill.support.report_format import sampling_report, sampling_result

EXAMPLE_DECODERS = ("greedy", "greedy-penalty", "top-p-0.8")
EXAMPLE_LENGTH = 120
"""Tokens: the page's default, after which greedy decoding has begun to repeat itself."""
EXAMPLE_SEED = 1


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
