"""Pre-tokenization: normalizes a text and splits it into words, as a ``tokenizer.json`` describes.

Supports what byte-level tokenizers use: ``ByteLevel``, ``Split``, ``Digits`` and sequences of them, and
Unicode's four normal forms. Anything else is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from goosequill.errors import TokenizerError
from goosequill.tokenizers.normal_forms import normalized
from goosequill.tokenizers.unicode_classes import NUMBER, compile_pattern

Splitter = Callable[[str], list[str]]
Normalizer = Callable[[str], str]

MAX_STEPS = 16
"""Steps in a sequence, those of sequences within it included; the published ones have up to five."""

# From GPT-2's source; GPT-NeoX uses the same.
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def make_normalizer(description: Any) -> Normalizer:
    """Return the function that a tokenizer.json's ``normalizer`` describes."""
    steps = [_one_normalizer(step) for step in _steps("normalizer", description, "normalizers")]
    return partial(_apply_all, steps) if steps else _unchanged


def _one_normalizer(description: dict[str, Any]) -> Normalizer:
    kind = _kind(description)
    if kind in ("NFC", "NFD", "NFKC", "NFKD"):
        return partial(normalized, kind)  # type: ignore[arg-type]
    raise _unknown("normalizer", kind)


def make_splitter(description: Any) -> Splitter:
    """Return the function that a tokenizer.json's ``pre_tokenizer`` describes."""
    steps = [_one_splitter(step) for step in _steps("pre-tokenizer", description, "pretokenizers")]
    if not steps:
        raise _unknown("pre-tokenizer", "None")
    return steps[0] if len(steps) == 1 else partial(_split_all, steps)


def _one_splitter(description: dict[str, Any]) -> Splitter:
    kind = _kind(description)
    if kind == "ByteLevel":
        pattern = compile_pattern(GPT2_PATTERN) if description.get("use_regex", True) else None
        return partial(_byte_level, pattern, bool(description.get("add_prefix_space", True)))
    if kind == "Digits":
        each = description.get("individual_digits", False)
        return partial(_isolate, re.compile(f"[{NUMBER}]" if each else f"[{NUMBER}]+"))
    if kind == "Split":
        return _make_split(description)
    raise _unknown("pre-tokenizer", kind)


def _steps(what: str, description: Any, inner: str) -> list[dict[str, Any]]:
    """Return the steps of a description, those of sequences in their place."""
    found: list[dict[str, Any]] = []
    waiting = [] if description is None else [description]
    while waiting:
        step = waiting.pop(0)
        if not isinstance(step, dict):
            raise _invalid(what)
        if step.get("type") == "Sequence":
            steps = step.get(inner)
            if not isinstance(steps, list):
                raise _invalid(what)
            waiting[:0] = steps
        else:
            found.append(step)
        if len(waiting) + len(found) > MAX_STEPS:
            raise _unknown(what, f"more than {MAX_STEPS} steps")
    return found


def _make_split(description: dict[str, Any]) -> Splitter:
    wanted = description.get("pattern")
    if not isinstance(wanted, dict) or not isinstance(wanted.get("Regex", wanted.get("String")), str):
        raise _invalid("pre-tokenizer")
    if "Regex" in wanted:
        pattern = compile_pattern(wanted["Regex"])
    else:
        pattern = re.compile(re.escape(wanted["String"]))
    behaviour, invert = description.get("behavior"), bool(description.get("invert", False))
    if behaviour == "Isolated":
        return partial(_isolate, pattern)
    if behaviour == "Removed" and invert:
        return partial(_only_matches, pattern)
    raise _unknown("behaviour of Split", f"{behaviour}{', inverted' if invert else ''}")


def _kind(description: dict[str, Any]) -> str:
    return str(description.get("type"))


def _invalid(what: str) -> TokenizerError:
    return TokenizerError(
        f"The tokenizer.json is invalid: its {what} is not described.", code="tokenizer-file"
    )


def _unknown(what: str, kind: str) -> TokenizerError:
    return TokenizerError(
        f"The tokenizer has an unsupported {what}: {kind}.",
        code="tokenizer-unsupported",
    )


def _unchanged(text: str) -> str:
    return text


def _apply_all(steps: list[Normalizer], text: str) -> str:
    for step in steps:
        text = step(text)
    return text


def _byte_level(pattern: re.Pattern[str] | None, add_prefix_space: bool, text: str) -> list[str]:
    if add_prefix_space and text and not text.startswith(" "):
        text = " " + text
    if pattern is None:
        return [text] if text else []
    return pattern.findall(text)


def _only_matches(pattern: re.Pattern[str], text: str) -> list[str]:
    return [match.group() for match in pattern.finditer(text) if match.group()]


def _isolate(pattern: re.Pattern[str], text: str) -> list[str]:
    pieces, end = [], 0
    for match in pattern.finditer(text):
        if match.end() > match.start():
            pieces += [text[end : match.start()], match.group()]
            end = match.end()
    pieces.append(text[end:])
    return [piece for piece in pieces if piece]


def _split_all(steps: list[Splitter], text: str) -> list[str]:
    pieces = [text]
    for step in steps:
        pieces = [part for piece in pieces for part in step(piece)]
    return pieces
