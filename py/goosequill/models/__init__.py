"""RWKV models: one version a file, over the operations of a kernel."""

from __future__ import annotations

from typing import Literal

from goosequill.kernels import Kernel, load_kernel
from goosequill.models.config import GROUP_NORM_EPS, ModelConfig, detect_config
from goosequill.models.model import Model
from goosequill.models.parameters import Parameters, Progress
from goosequill.models.rwkv4 import Rwkv4
from goosequill.models.rwkv5 import Rwkv5
from goosequill.models.rwkv6 import Rwkv6
from goosequill.models.rwkv7 import Rwkv7
from goosequill.models.state import State
from goosequill.weights.source import TensorSource

VERSIONS: dict[str, type[Model]] = {
    "4": Rwkv4,
    "5.0": Rwkv5,
    "5.1": Rwkv5,
    "5.2": Rwkv5,
    "6": Rwkv6,
    "7": Rwkv7,
}

__all__ = ["Model", "ModelConfig", "State", "detect_config", "load_model"]


def load_model(
    tensors: TensorSource,
    *,
    kernel: Kernel | None = None,
    quantize: Literal[8, 4] | None = None,
    group_norm_eps: float | None = None,
    progress: Progress | None = None,
) -> Model:
    """Load a model tensor by tensor.

    Parameters
    ----------
    tensors
        An opened checkpoint (`goosequill.weights.open_tensors`).
    kernel
        What computes; the fastest that runs here by default (`goosequill.kernels.load_kernel`).
    quantize
        Turn the matrices into 8 or 4 bits while loading; None keeps the file's form.
    group_norm_eps
        Added to the variance of each head; 64e-5 by default, as in BlinkDL's code.
    progress
        Called with (tensors read so far, tensors in all).

    Raises
    ------
    UnsupportedModelError, FileFormatError
        If the file holds no model that runs here, or an unsound one.
    """
    eps = GROUP_NORM_EPS if group_norm_eps is None else group_norm_eps
    config = detect_config(tensors, group_norm_eps=eps)
    kernel = kernel or load_kernel()
    parameters = Parameters(tensors, kernel, bits=quantize, progress=progress)
    return VERSIONS[config.version](config, parameters, kernel)
