"""Connects to an existing Dask cluster, which the extra ``cluster`` is for."""

from __future__ import annotations

import importlib
from typing import Any

from goosequill.errors import SettingsError

TIMEOUT = 5
"""Seconds in which the scheduler must answer."""


def connect(address: str) -> Any:
    """Return a client of the cluster whose scheduler is at an address, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    SettingsError
        ``no-dask``: the package is not installed. ``no-cluster``: no scheduler answers at the address.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise SettingsError(
            "A cluster needs the package distributed, which is not installed.", code="no-dask"
        ) from error
    try:
        return distributed.Client(address, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise SettingsError(f"No Dask scheduler answers at {address!r}.", code="no-cluster") from error
