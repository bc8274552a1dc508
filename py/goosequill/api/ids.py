"""Ids of models on a host: ``owner/repo:path/in/repo[@revision][#sha256=HEX]``, and their addresses.

Without a path, ``owner/repo[@revision]``, an id is short: it means the only file of weights there.

site/engine/model-ids.js reads the same ids; tests/data/model-ids.json has the cases for both.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from goosequill.errors import SettingsError
from goosequill.weights.file_names import is_weights

HOST = "https://huggingface.co"
"""Where models are published, unless ``$GOOSEQUILL_HUB`` or an argument names another host."""

_NAME = r"[A-Za-z0-9_][\w.-]{0,99}"
_START = re.compile(rf"({_NAME})/({_NAME}):", re.ASCII)
_PART = r"[A-Za-z0-9_][\w.+ -]*"
_REST = re.compile(
    rf"({_PART}(?:/{_PART})*/?)(?:@({_NAME}(?:/{_NAME})*))?(?:#sha256=([0-9a-fA-F]{{64}}))?", re.ASCII
)
_SHORT = re.compile(rf"({_NAME})/({_NAME})(?:@({_NAME}(?:/{_NAME})*))?", re.ASCII)
_MOST = 1000


@dataclass(frozen=True)
class ModelId:
    """A file in a repository of models or, if the path ends in a slash, a model folder.

    Attributes
    ----------
    path
        In the repository; empty for the only file of weights there.
    revision
        A branch, tag or commit.
    sha256
        Of the file, in lower case; empty if it is not to be checked.
    """

    owner: str
    repo: str
    path: str
    revision: str = "main"
    sha256: str = ""

    def address(self, host: str | None = None) -> str:
        """Return where the file is: ``{host}/{owner}/{repo}/resolve/{revision}/{path}``.

        Parameters
        ----------
        host
            By default ``$GOOSEQUILL_HUB``, and else the Hugging Face hub.
        """
        revision = quote(self.revision, safe="")
        return f"{_root(host)}/{self.owner}/{self.repo}/resolve/{revision}/{quote(self.path)}"

    def listing(self, host: str | None = None) -> str:
        """Return where the repository's files are listed."""
        revision = quote(self.revision, safe="")
        return f"{_root(host)}/api/models/{self.owner}/{self.repo}/revision/{revision}"


def is_model_id(text: str) -> bool:
    """Whether a text is meant as an id, though it may be invalid; paths and addresses are not."""
    return _START.match(text) is not None


def is_short_id(text: str) -> bool:
    """Whether a text is ``owner/repo``, perhaps with a revision; a relative path may look alike.

    So it is an id only if nothing here has the name of its owner, and if it does not end as weights do.
    """
    found = _SHORT.fullmatch(text)
    return found is not None and not is_weights(text) and not os.path.lexists(found[1])


def parse_model_id(text: str) -> ModelId:
    """Read an id such as ``BlinkDL/rwkv7-g1:rwkv7-g1a-0.1b-20250728-ctx4096.pth``.

    Raises
    ------
    SettingsError
        ``model-id``: it is not one.

    Examples
    --------
    >>> parse_model_id("BlinkDL/rwkv7-g1:rwkv7-g1a-0.1b-20250728-ctx4096.pth@main").address()
    'https://huggingface.co/BlinkDL/rwkv7-g1/resolve/main/rwkv7-g1a-0.1b-20250728-ctx4096.pth'
    """
    short = _SHORT.fullmatch(text) if len(text) <= _MOST else None
    if short:
        return ModelId(short[1], short[2], "", short[3] or "main")
    start = _START.match(text)
    rest = _REST.fullmatch(text, start.end()) if start and len(text) <= _MOST else None
    if start is None or rest is None or (rest[1].endswith("/") and rest[3]):
        raise SettingsError(f"{text!r} is not the id of a model.", code="model-id")
    return ModelId(start[1], start[2], rest[1], rest[2] or "main", (rest[3] or "").lower())


def _root(host: str | None) -> str:
    return checked_host(host or os.environ.get("GOOSEQUILL_HUB") or HOST)


def checked_host(host: str) -> str:
    """Return the address of a host of models without a slash at its end.

    Raises
    ------
    SettingsError
        ``model-id``: it is not an http or https address, or has a query or a password.
    """
    if not re.fullmatch(r"https?://[^?#@\s/]+(/[^?#@\s]*)?", host):
        raise SettingsError(
            f"{host!r} is not a model host.",
            code="model-id",
            remedy=f"Give an address that starts with https:// or http://, such as {HOST}.",
        )
    return host.rstrip("/")
