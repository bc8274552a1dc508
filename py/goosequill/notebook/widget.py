"""The widget: traits that the page and Python share, and commands for the page (widget.js)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from os import PathLike
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from goosequill.decoding import DecodingConfig
from goosequill.errors import GoosequillError
from goosequill.notebook.folder import serve_folder

DOCUMENTATION = "documentation/"
"""Where a site has the page that the package's metadata name."""


class GooseQuill(anywidget.AnyWidget):
    """`<goose-quill>` in a notebook. Nothing is downloaded before somebody asks for a text.

    Every attribute can be observed, as with any widget: ``quill.observe(function, "text")``. Of an attribute
    below that the page writes, a value that Python sets is not shown.

    Parameters
    ----------
    site
        Where the browser finds a built site: its address, which may be relative to the notebook's page, or
        a Path of a folder on this machine, which then is served on loopback. By default the published site
        of this release.
    **traits
        Values of the attributes `mode`, `model`, `system`, `prompt`, `settings`, `messages` and `theme`.

    Attributes
    ----------
    mode
        "completion" or "chat".
    model
        The address of a model folder, or an id of a hub; "" is the site's own model.
    system
        The system prompt of a chat.
    prompt
        The text in the input, in both directions.
    settings
        Decoding settings by their names, such as ``{"temperature": 0.8, "max_new_tokens": 60}``.
    messages
        The conversation of a chat, in both directions: ``[{"role": "user", "content": "Hello."}]``.
    theme
        "light" or "dark"; "" is what the browser prefers.
    text
        What the model has written, while it writes. The page writes it, at most ten times a second.
    state
        "idle", "loading", "ready", "writing" or "error". The page writes it.
    event
        The last event: its `name` ("load", "done", "abort" or "error"), its `detail`, as the element's
        events have it, and its `index`. The page writes it.

    Raises
    ------
    GoosequillError
        ``option``: `site` is missing, and the package does not know of a published one.
    FileFormatError
        ``file-missing``: there is no built site in the folder.
    SettingsError
        `settings` are not the decoder's.

    Examples
    --------
    >>> quill = GooseQuill(site="https://example.org/goosequill/", settings={"max_new_tokens": 60})
    >>> quill.prompt = "Once upon a time"
    >>> quill.generate()  # once it is displayed
    """

    _esm = Path(__file__).with_name("widget.js")

    site = traitlets.Unicode().tag(sync=True)
    mode = traitlets.Enum(["completion", "chat"], "completion").tag(sync=True)
    model = traitlets.Unicode().tag(sync=True)
    system = traitlets.Unicode().tag(sync=True)
    prompt = traitlets.Unicode().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    messages = traitlets.List(traitlets.Dict()).tag(sync=True)
    theme = traitlets.Enum(["", "light", "dark"], "").tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode("idle").tag(sync=True)
    event = traitlets.Dict().tag(sync=True)

    def __init__(self, *, site: str | PathLike[str] | None = None, **traits: Any) -> None:
        super().__init__(site=_address(site), **traits)

    @traitlets.validate("settings")
    def _check_settings(self, proposal: dict[str, Any]) -> dict[str, Any]:
        DecodingConfig.from_dict(proposal["value"])
        return dict(proposal["value"])

    def generate(self, text: str | None = None) -> None:
        """Let the page continue a text, or answer a message; by default the one in the input.

        It returns at once: `text` grows, and `event` says when it is done. The widget must be displayed; of
        several displays the newest writes.
        """
        self.send({"command": "generate", "text": text})

    def load(self) -> None:
        """Let the page download and load the model, without writing."""
        self.send({"command": "load"})

    def abort(self) -> None:
        """Stop loading or writing; the text so far stays."""
        self.send({"command": "abort"})

    def clear(self) -> None:
        """Remove the text and the conversation."""
        self.send({"command": "clear"})


def _address(site: str | PathLike[str] | None) -> str:
    """Return the address of a site, with a slash at the end."""
    if isinstance(site, PathLike):
        return serve_folder(Path(site).resolve())
    found = _published() if site is None else site
    if not found:
        raise GoosequillError(
            "The address of a built site is not known.",
            code="option",
            remedy="Give site=, its address or a pathlib.Path of its folder.",
        )
    return found.rstrip("/") + "/"


def _published() -> str:
    """Return the address of the site that this release is published with, "" if its metadata have none."""
    try:
        urls = metadata("goosequill").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    found = dict(each.split(", ", 1) for each in urls).get("Documentation", "")
    return found.removesuffix(DOCUMENTATION) if found.endswith(DOCUMENTATION) else ""
