"""How a decoder's parts tell about themselves: the one source of controls, help texts and the reference.

Plain data. :func:`goosequill.decoding.describe` gives it as dictionaries.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["number", "integer", "boolean", "text", "choice", "texts", "tokens", "biases", "json"]


@dataclass(frozen=True)
class Parameter:
    """One setting.

    ``neutral`` is the value that switches it off, None where there is none; ``step`` is a sensible
    step for a control; ``minimum`` and ``maximum`` are inclusive, None where there is no limit.
    """

    name: str
    label: str
    sentence: str
    default: Any
    neutral: Any = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    kind: Kind = "number"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """One part of the decoder.

    ``formula`` is in plain characters; ``source`` is the paper or the program that the rule is taken from.
    """

    name: str
    label: str
    sentence: str
    formula: str
    source: str
    parameters: tuple[Parameter, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain dictionaries and lists."""
        return asdict(self) | {
            "parameters": [asdict(p) | {"choices": list(p.choices)} for p in self.parameters]
        }
