"""The browser's own segmenter, Node's ICU, as an oracle, and random texts to compare with it."""

import json
import random
import subprocess
from collections.abc import Sequence
from typing import Any

SCRIPT = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const segmenter = new Intl.Segmenter("en", { granularity: process.argv[1] });
const found = texts.map((text) =>
  Array.from(segmenter.segment(text), ({ segment, isWordLike }) => [segment, isWordLike]));
process.stdout.write(JSON.stringify({ unicode: process.versions.unicode, found }));
"""


def segmented(granularity: str, real: list[str], more: list[str]) -> list[tuple[str, list[Any]]]:
    """Texts and their segments, each with whether it is a word; with an older ICU only the real texts."""
    command = ["node", "-e", SCRIPT, granularity]
    given = json.dumps(real + more)
    ran = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    texts = real + more if found["unicode"] == "17.0" else real
    return list(zip(texts, found["found"], strict=False))


def random_texts(count: int, pieces: Sequence[str], planes: Sequence[tuple[int, int]]) -> list[str]:
    """Texts of pieces, and of a tenth of other code points; unassigned ones included."""
    draw = random.Random(17)

    def piece() -> str:
        return draw.choice(pieces) if draw.random() < 0.9 else chr(draw.randrange(*draw.choice(planes)))

    return ["".join(piece() for _ in range(draw.randrange(1, 40))) for _ in range(count)]
