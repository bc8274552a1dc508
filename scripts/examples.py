"""Write the example reports that the comparer opens with: three decoders, one file each.

PYTHONPATH=py python scripts/examples.py
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from goosequill.cli.main import main as goosequill

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "site" / "compare" / "examples"
PROMPTS = [
    "<novel>\nIt was a dark evening in November, and",
    "<speech>\nFellow citizens, the state of our Union",
    "<verse>\nKING.\nWhat news, good cousin, from",
    "<scripture>\nAnd it came to pass in those days, that",
    "<definition>\ngoosequill (noun):",
    "<dialogue>\nUser: What is a feather?\n\nAssistant:",
    "<novel>\nThe old house stood at the end of the lane, and nobody",
    "<novel>\nMy dear Elizabeth,",
    "<novel>\nThe whale rose slowly out of the water, and",
    "<novel>\nShe had never seen so many books in one room;",
]
DECODERS = {
    "greedy": {"temperature": 0, "max_new_tokens": 80},
    "repetition-penalty": {"temperature": 0, "repetition_penalty": 1.2, "max_new_tokens": 80},
    "sampling": {"temperature": 0.8, "top_p": 0.95, "max_new_tokens": 80},
}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prompts, decoders = folder / "prompts.json", folder / "decoders.json"
        prompts.write_text(json.dumps(PROMPTS), encoding="utf-8")
        for decoder, settings in DECODERS.items():
            decoders.write_text(json.dumps({decoder: settings}), encoding="utf-8")
            options = [
                "--models",
                ROOT / "site" / "models" / "default",
                "--prompts",
                prompts,
                "--decoders",
                decoders,
            ]
            options += ["--samples", 2, "--seed", 1, "--out", FOLDER / f"{decoder}.json"]
            if goosequill(["report", *map(str, options)]):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
