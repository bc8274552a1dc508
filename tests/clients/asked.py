"""What each client asks, and how it reports the answers; test_clients.py knows which they should be."""

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

ASKED = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
MESSAGE, PROMPT, ORDER, LENGTH, SCHEMA = (
    ASKED[name] for name in ("message", "prompt", "order", "length", "schema")
)
MESSAGES = [{"role": "user", "content": MESSAGE}]
BASE = sys.argv[1]
KEY = "none"
MODEL = "default"
EMBEDDER = "static-minilm"
TOOL = {"type": "function", "function": {"name": "lay", "description": "Lay eggs.", "parameters": SCHEMA}}


class Nest(BaseModel):
    """The form of an answer."""

    eggs: Literal[1, 2, 3]


def lay(eggs: Literal[1, 2, 3]) -> str:
    """Lay eggs.

    Args:
        eggs: How many.
    """
    return f"{eggs} eggs"


def report(**found: Any) -> None:
    print(json.dumps(found))
