"""What pages of the laboratory compute by themselves, without Python."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

SCRIPT = """
const { readFileSync } = await import("node:fs");
const page = await import(process.argv[1]);
const found = JSON.parse(readFileSync(0, "utf8")).map((given) => page[process.argv[2]](...given));
process.stdout.write(JSON.stringify(found));
"""


def at_once(name: str, asked: list[dict[str, Any]]) -> list[Any]:
    """Return what ``instant`` of ``site/lab/NAME-instant.js`` answers to each that is asked."""
    return called(name, "instant", [(each,) for each in asked])


def called(name: str, function: str, given: list[tuple[Any, ...]]) -> list[Any]:
    """Return what a function of ``site/lab/NAME-instant.js`` returns for each of many arguments."""
    module = (Path(__file__).parents[3] / f"site/lab/{name}-instant.js").as_uri()
    command = ["node", "--input-type=module", "-e", SCRIPT, module, function]
    found = subprocess.run(command, input=json.dumps(given).encode(), capture_output=True, check=True)
    return json.loads(found.stdout)  # type: ignore[no-any-return]
