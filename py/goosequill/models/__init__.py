"""RWKV models: each version is one file, written over the operations of a kernel."""

from __future__ import annotations

from typing import Literal

from goosequill.kernels import Kernel, load_kernel
from goosequill.models.config import GROUP_NORM_EPS, ModelConfig, check_eps
from goosequill.models.detect import detect_config
from goosequill.models.model import Model
from goosequill.models.parameters import Parameters
from goosequill.models.state import State
from goosequill.models.versions import VERSIONS
from goosequill.support.progress import OnProgress
from goosequill.weights.source import TensorSource

__all__ = ["VERSIONS", "Model", "ModelConfig", "State", "detect_config", "load_model"]


def load_model(
    tensors: TensorSource,
    *,
    kernel: Kernel | None = None,
    quantize: Literal[8, 4] | None = None,
    group_norm_eps: float | None = None,
    progress: OnProgress | None = None,
) -> Model:
    """Load a model tensor by tensor.

    Parameters
    ----------
    tensors
        An opened checkpoint (`goosequill.weights.open_tensors`).
    kernel
        The kernel that computes; by default the fastest that runs here (`goosequill.kernels.load_kernel`).
    quantize
        Quantize the matrices to 8 or 4 bits while loading; None keeps them as they are in the file.
    group_norm_eps
        Added to the variance of each head; 64e-5 by default, as in BlinkDL's code.
    progress
        Called with (tensors read so far, number of tensors).

    Raises
    ------
    UnsupportedModelError, FileFormatError
        If the file does not contain a supported model, or is invalid.
    SettingsError
        ``setting-range``: `group_norm_eps` is not a number above 0 and at most 1.

    Examples
    --------
    >>> tensors = open_tensors("site/models/default/model.safetensors")
    >>> model = load_model(tensors)
    >>> model.config.version, model.config.layers, model.config.width
    ('4', 6, 320)
    """
    eps = GROUP_NORM_EPS if group_norm_eps is None else check_eps(group_norm_eps)
    config = detect_config(tensors, group_norm_eps=eps)
    kernel = kernel or load_kernel()
    parameters = Parameters(tensors, kernel, bits=quantize, progress=progress)
    return VERSIONS[config.version](config, parameters, kernel)
