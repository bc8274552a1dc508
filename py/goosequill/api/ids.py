"""Ids of models on a host: ``owner/repo:path/in/repo[@revision][#sha256=HEX]``, and their addresses.

site/engine/model-ids.js reads the same ids; tests/data/model-ids.json has the cases for both.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from goosequill.errors import SettingsError

HOST = "https://huggingface.co"
"""Where models are published, unless ``$GOOSEQUILL_HUB`` or an argument names another host."""

_NAME = r"[A-Za-z0-9_][\w.-]{0,99}"
_START = re.compile(rf"({_NAME})/({_NAME}):", re.ASCII)
_PART = r"[A-Za-z0-9_][\w.+ -]*"
_REST = re.compile(
    rf"({_PART}(?:/{_PART})*/?)(?:@({_NAME}(?:/{_NAME})*))?(?:#sha256=([0-9a-fA-F]{{64}}))?", re.ASCII
)
_MOST = 1000


@dataclass(frozen=True)
class ModelId:
    """A file in a repository of models or, if the path ends in a slash, a model folder.

    Attributes
    ----------
    path
        In the repository.
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
        root = checked_host(host or os.environ.get("GOOSEQUILL_HUB") or HOST)
        revision = quote(self.revision, safe="")
        return f"{root}/{self.owner}/{self.repo}/resolve/{revision}/{quote(self.path)}"


def is_model_id(text: str) -> bool:
    """Whether a text is meant as an id, though it may be invalid; paths and addresses are not."""
    return _START.match(text) is not None


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
    start = _START.match(text)
    rest = _REST.fullmatch(text, start.end()) if start and len(text) <= _MOST else None
    if start is None or rest is None or (rest[1].endswith("/") and rest[3]):
        raise SettingsError(f"{text!r} is not the id of a model.", code="model-id")
    return ModelId(start[1], start[2], rest[1], rest[2] or "main", (rest[3] or "").lower())


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
