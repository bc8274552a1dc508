"""The format of sampling reports, which docs/assets/sampling-report.schema.json describes.

This is the one place in Python that knows it; evaluations and exports of conversations write it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def sampling_report(
    model: str,
    results: Sequence[tuple[str, list[dict[str, Any]]]],
    *,
    date: str | None = None,
    args: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a sampling report.

    Parameters
    ----------
    results
        For each prompt what `sampling_result` returned for each decoder.
    date
        In ISO 8601.
    args
        How the report was made.
    """
    return {
        "model_name": model,
        **({"date": date} if date else {}),
        **({"args": dict(args)} if args else {}),
        "prompts": [{"prompt": prompt, "results": of_prompt} for prompt, of_prompt in results],
    }


def sampling_result(
    decoder: str, settings: Mapping[str, Any], outputs: Sequence[str], **more: Any
) -> dict[str, Any]:
    """Return the outputs of one decoder for one prompt, as a sampling report has them.

    Settings are numbers, booleans and strings there; all other values become JSON text. `more` has members
    that only some readers know, such as the outputs' ``measures``.
    """
    plain = (int, float, str, type(None))
    params = {
        name: value if isinstance(value, plain) else json.dumps(value, ensure_ascii=False)
        for name, value in settings.items()
    }
    return {"sampling_config": decoder, "sampling_params": params, "outputs": list(outputs), **more}
