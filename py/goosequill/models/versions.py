"""The versions of RWKV that run here: a new version is its file, and its class in this list."""

from __future__ import annotations

from goosequill.models.model import Model
from goosequill.models.rwkv4 import Rwkv4
from goosequill.models.rwkv5 import Rwkv5
from goosequill.models.rwkv6 import Rwkv6
from goosequill.models.rwkv7 import Rwkv7
from goosequill.models.rwkv7a import Rwkv7a

MODELS: tuple[type[Model], ...] = (Rwkv7a, Rwkv7, Rwkv6, Rwkv5, Rwkv4)
"""In the order in which a checkpoint is compared with them; Rwkv4 accepts whatever no other does."""

VERSIONS: dict[str, type[Model]] = {version: model for model in MODELS for version in model.versions}
"""The class for each version, by the name that `ModelConfig.version` has."""
