"""The laboratory's experiments by name: what they are, and how one is run with settings from outside.

Every module of this room that has a ``DESCRIPTION`` is an experiment: it declares its ``Settings`` and
computes from them with ``compute(settings, **data)``, a function or a generator that yields progress. Nothing
else lists it.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Generator, Mapping
from importlib import import_module
from typing import Any

import goosequill.lab
from goosequill.errors import SettingsError
from goosequill.progress import Progress


def names() -> list[str]:
    """Return the names of all experiments, in alphabetical order."""
    modules = [module.name for module in pkgutil.iter_modules(goosequill.lab.__path__)]
    return sorted(name for name in modules if hasattr(import_module(f"goosequill.lab.{name}"), "DESCRIPTION"))


def describe(name: str) -> dict[str, Any]:
    """Return an experiment's description, from which controls are made; see `parameters.Description`.

    Raises
    ------
    SettingsError
        ``unknown-experiment``.
    """
    description: dict[str, Any] = _module(name).DESCRIPTION.to_dict()
    return description


def run(
    name: str, settings: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> Generator[Progress, None, dict[str, Any]]:
    """Run an experiment.

    Parameters
    ----------
    settings
        By the names of its parameters; the others have their defaults.
    data
        The visitor's own arrays, by the keyword arguments of the experiment's ``compute``.

    Returns
    -------
    dict
        The settings that were used, as ``settings``, and what the experiment returns.

    Raises
    ------
    SettingsError
        ``unknown-experiment``; ``setting-unknown``, ``setting-type`` or ``setting-range`` for the settings;
        and those of the experiment.
    """
    module = _module(name)
    chosen = module.Settings.from_dict(settings or {})
    accepted = list(inspect.signature(module.compute).parameters)[1:]
    for key in data or {}:
        if key not in accepted:
            raise SettingsError(
                f"The experiment {name} takes no data named {key!r}.",
                code="setting-unknown",
                remedy=f"It takes {', '.join(accepted)}." if accepted else "It takes no data.",
            )
    result = module.compute(chosen, **(data or {}))
    if inspect.isgenerator(result):
        result = yield from result
    return {"settings": dict(vars(chosen)), **result}


def _module(name: str) -> Any:
    if name not in names():
        raise SettingsError(
            f"There is no experiment named {name!r}.",
            code="unknown-experiment",
            remedy=f"There are {', '.join(names())}.",
        )
    return import_module(f"goosequill.lab.{name}")
