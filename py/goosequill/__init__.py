"""Goosequill: RWKV language models in pure numpy, natively and inside a web page."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goosequill.api.model import Chat, TextModel, load
    from goosequill.decoding import Chunk, DecodingConfig, End
    from goosequill.errors import GoosequillError
    from goosequill.evaluation.perplexity import Evaluation
    from goosequill.insight.attribution import attribute
    from goosequill.insight.lens import logit_lens
    from goosequill.models.saved_state import SavedState
    from goosequill.tuning.adapter import Adapter, read_adapter
    from goosequill.tuning.tune import tune

__version__ = "0.1.0"

_MODULES = {
    "Adapter": "tuning.adapter",
    "Chat": "api.model",
    "Chunk": "decoding",
    "DecodingConfig": "decoding",
    "End": "decoding",
    "Evaluation": "evaluation.perplexity",
    "GoosequillError": "errors",
    "SavedState": "models.saved_state",
    "TextModel": "api.model",
    "attribute": "insight.attribution",
    "load": "api.model",
    "logit_lens": "insight.lens",
    "read_adapter": "tuning.adapter",
    "tune": "tuning.tune",
}
"""Name -> the module that has it, which is imported when the name is first used: a page has some rooms only
then, and `import goosequill` takes no time."""

__all__ = [
    "Adapter",
    "Chat",
    "Chunk",
    "DecodingConfig",
    "End",
    "Evaluation",
    "GoosequillError",
    "SavedState",
    "TextModel",
    "__version__",
    "attribute",
    "load",
    "logit_lens",
    "read_adapter",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
