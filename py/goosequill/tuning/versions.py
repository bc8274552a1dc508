"""The versions of RWKV that can be tuned: a new one is its file, and its class in this table."""

from __future__ import annotations

from goosequill.errors import UnsupportedModelError
from goosequill.kernels import Kernel
from goosequill.models import Model
from goosequill.tuning.gradient import Gradient
from goosequill.tuning.rwkv4 import Rwkv4Gradient
from goosequill.tuning.rwkv7 import Rwkv7Gradient

GRADIENTS: dict[str, type[Gradient]] = {"4": Rwkv4Gradient, "7": Rwkv7Gradient}
"""By the name that `ModelConfig.version` has."""


def gradient_of(model: Model, kernel: Kernel | None = None) -> Gradient:
    """Return what computes a model's gradients; those of a model with an adapter are as without it.

    The kernel is by default the model's.

    Raises
    ------
    UnsupportedModelError
        ``tuning-version``: models of this version cannot be tuned.
    """
    if model.config.version not in GRADIENTS:
        raise UnsupportedModelError(
            f"RWKV-{model.config.version} models cannot be tuned yet.",
            code="tuning-version",
        )
    return GRADIENTS[model.config.version](model.base, kernel)
