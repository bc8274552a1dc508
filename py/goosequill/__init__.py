"""Goosequill: RWKV language models in pure numpy, natively and inside a web page."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goosequill.insight.attribution import attribute
    from goosequill.insight.lens import logit_lens

__version__ = "0.1.0"

__all__ = ["__version__", "attribute", "logit_lens"]

_MODULES = {"attribute": "goosequill.insight.attribution", "logit_lens": "goosequill.insight.lens"}
"""Imported when they are first used: a page has their room only then."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
