"""The laboratory's experiments by name: what they are, and how one is run with settings from outside.

Every module of this room that has a ``DESCRIPTION`` is an experiment: it declares its ``Settings`` and
computes from them with ``compute(settings, **data)``, a function or a generator that yields progress and
partial results. Its name is the module's, with "-" for "_". Nothing else lists it.

A module may also have ``files(settings)``, the names of the data files that a run needs: ``compute`` then
takes their bytes as ``files``. A name with a folder is that of a file of the site, such as the default
model's, which a package does not have. The least and greatest value of a number that depends on other
settings is the page's matter (``ranges`` in site/lab): its controls need it before Python is loaded.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Generator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import goosequill.lab
from goosequill.errors import FileFormatError, SettingsError
from goosequill.support.progress import Progress

DATA = Path(__file__).parent / "data"
"""The data files. A page does not have them here: it fetches them and passes their bytes."""
SITE = Path(__file__).parents[3] / "site"
"""In a clone of the repository, the site's own files."""


def names() -> list[str]:
    """Return the names of all experiments, in alphabetical order."""
    modules = [module.name for module in pkgutil.iter_modules(goosequill.lab.__path__)]
    found = [name for name in modules if hasattr(import_module(f"goosequill.lab.{name}"), "DESCRIPTION")]
    return sorted(name.replace("_", "-") for name in found)


def describe(name: str) -> dict[str, Any]:
    """Return an experiment's description, from which controls are made; see `parameters.Description`.

    Raises
    ------
    SettingsError
        ``unknown-experiment``.
    """
    description: dict[str, Any] = _module(name).DESCRIPTION.to_dict()
    return description


def files(name: str, settings: Mapping[str, Any] | None = None) -> list[str]:
    """Return the names of the data files that a run with these settings needs.

    Raises
    ------
    SettingsError
        As `run`, for the name and the settings.
    """
    module = _module(name)
    chosen = module.Settings.from_dict(settings or {})
    return list(module.files(chosen)) if hasattr(module, "files") else []


def run(
    name: str, settings: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Run an experiment.

    Parameters
    ----------
    settings
        By the names of its parameters; the others have their defaults.
    data
        The visitor's own arrays, by the keyword arguments of the experiment's ``compute``. Data files that
        are not among them, as ``files``, are read from the package.

    Yields
    ------
    Progress or dict
        How far it has come, and partial results: some of the result's values.

    Returns
    -------
    dict
        The settings that were used, as ``settings``, and what the experiment returns.

    Raises
    ------
    SettingsError
        ``unknown-experiment``; ``setting-unknown``, ``setting-type`` or ``setting-range`` for the settings;
        and those of the experiment.
    FileFormatError
        ``file-missing``: a data file is neither given, nor in the package, nor among the site's in a clone.
    """
    module = _module(name)
    chosen = module.Settings.from_dict(settings or {})
    given = {key: _unwrapped(value) for key, value in (data or {}).items()}
    accepted = list(inspect.signature(module.compute).parameters)[1:]
    for key in given:
        if key not in accepted:
            raise SettingsError(
                f"The experiment {name} takes no data named {key!r}.",
                code="setting-unknown",
                remedy=f"It takes {', '.join(accepted)}." if accepted else "It takes no data.",
            )
    if hasattr(module, "files"):
        given["files"] = _complete(given.get("files") or {}, module.files(chosen))
    result = module.compute(chosen, **given)
    if inspect.isgenerator(result):
        result = yield from result
    return {"settings": dict(vars(chosen)), **result}


def _unwrapped(value: Any) -> Any:
    """Return bytes for what JavaScript's Uint8Array becomes, also inside a dict."""
    if isinstance(value, dict):
        return {key: _unwrapped(item) for key, item in value.items()}
    return bytes(value) if isinstance(value, memoryview) else value


def _complete(given: Mapping[str, bytes], needed: tuple[str, ...]) -> dict[str, bytes]:
    """Return the needed files, those that are not given from the package."""
    missing = [name for name in needed if name not in given and not path_of(name).is_file()]
    if missing:
        whole = "run it in a clone of the repository" if "/" in missing[0] else "install the package again"
        raise FileFormatError(
            f"The data file {missing[0]} is missing.",
            code="file-missing",
            remedy=f"Reload the page, or {whole}.",
        )
    return {name: given[name] if name in given else path_of(name).read_bytes() for name in needed}


def path_of(name: str) -> Path:
    """Return the path of a data file."""
    return (SITE if "/" in name else DATA) / name


def _module(name: str) -> Any:
    if name not in names():
        raise SettingsError(
            f"There is no experiment named {name!r}.",
            code="unknown-experiment",
            remedy=f"There are {', '.join(names())}.",
        )
    return import_module(f"goosequill.lab.{name.replace('-', '_')}")
