"""What pages of the laboratory compute by themselves, without Python."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

SCRIPT = """
const { readFileSync } = await import("node:fs");
const { instant } = await import(process.argv[1]);
const found = JSON.parse(readFileSync(0, "utf8")).map((asked) => instant(asked));
process.stdout.write(JSON.stringify(found));
"""


def at_once(name: str, asked: list[dict[str, Any]]) -> list[Any]:
    """Return what ``instant`` of ``site/lab/NAME-instant.js`` answers to each that is asked."""
    module = (Path(__file__).parents[3] / f"site/lab/{name}-instant.js").as_uri()
    command = ["node", "--input-type=module", "-e", SCRIPT, module]
    given = json.dumps(asked).encode()
    return json.loads(subprocess.run(command, input=given, capture_output=True, check=True).stdout)  # type: ignore[no-any-return]
