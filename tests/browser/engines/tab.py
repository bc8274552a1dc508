"""A browser and its tabs, the same for every engine: what the flows need, and no more.

An engine implements `Browser` and the abstract methods of `Tab`; waiting and reading follow from them. A
selector is CSS; ` >>> ` goes on inside the shadow root of what was found so far.
"""

from __future__ import annotations

import base64
import mimetypes
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LIMIT = 300  # seconds until a wait fails: a slow machine gets the same verdict as a fast one

FIND = """(selector) => {
  const step = (root, css) => root && (root.shadowRoot ?? root).querySelector(css);
  return selector.split(" >>> ").reduce(step, document);
}"""

DROP = f"""([selector, files]) => {{
  const element = ({FIND})(selector);
  const transfer = new DataTransfer();
  for (const {{ name, type, data }} of files) {{
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {{ type }}));
  }}
  const send = (type) => !element.dispatchEvent(new DragEvent(type, {{
    bubbles: true, cancelable: true, composed: true, dataTransfer: transfer,
  }}));
  send("dragenter");
  return send("dragover") && send("drop");
}}"""


class Tab(ABC):
    """One page."""

    @abstractmethod
    def goto(self, url: str) -> None:
        """Open an address and wait until it is loaded."""

    @abstractmethod
    def js(self, function: str, argument: Any = None) -> Any:
        """Call a JavaScript function, async or not, with a JSON value; return what it returns."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Click on an element once it is there and enabled."""

    @abstractmethod
    def press(self, keys: str) -> None:
        """Press a key of the focused element, such as `Escape` or `Control+Enter`."""

    @abstractmethod
    def type(self, selector: str, text: str) -> None:
        """Replace the text of a field by typing."""

    @abstractmethod
    def files(self, selector: str, *paths: Path) -> None:
        """Choose files in a file input."""

    @abstractmethod
    def shot(self, path: Path) -> None:
        """Save a picture of what is visible as PNG."""

    @abstractmethod
    def errors(self) -> list[str]:
        """The console's errors and the uncaught exceptions so far."""

    @abstractmethod
    def close(self) -> None: ...

    def drop(self, selector: str, *paths: Path) -> None:
        """Drop files onto an element, once the page accepts them there."""
        files = [
            {
                "name": path.name,
                "type": mimetypes.guess_type(path)[0] or "",
                "data": base64.b64encode(path.read_bytes()).decode(),
            }
            for path in paths
        ]
        self.wait(DROP, [selector, files])

    def wait(self, function: str, argument: Any = None) -> Any:
        """Wait until a JavaScript function returns something true, and return it."""
        deadline = time.monotonic() + LIMIT
        while not (found := self.js(function, argument)):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited for {function} with {argument}; errors: {self.errors()}")
            time.sleep(0.05)
        return found

    def text(self, selector: str) -> str:
        """The text of an element, also of one that is hidden; "" without it."""
        return str(self.js(f"(selector) => ({FIND})(selector)?.textContent ?? ''", selector))

    def wait_for(self, selector: str, part: str = "") -> str:
        """Wait until an element is visible and its text contains a part of a text; return the text."""
        found = f"""([selector, part]) => {{
          const element = ({FIND})(selector);
          const text = element?.getClientRects().length ? element.textContent : null;
          return text?.includes(part) && text + " ";
        }}"""
        try:
            return str(self.wait(found, [selector, part]))[:-1]
        except AssertionError:
            raise AssertionError(
                f"no “{part}” in {selector}: {self.text(selector)}; errors: {self.errors()}"
            ) from None


class Browser(ABC):
    """One engine, started once; its storage lasts until it is closed."""

    @abstractmethod
    def tab(self) -> Tab:
        """A new tab."""

    @abstractmethod
    def download(self, tab: Tab, selector: str) -> Path:
        """Click on what saves a file, and return the saved file."""

    @abstractmethod
    def close(self) -> None: ...


def newest(folder: Path, before: Sequence[Path], *, limit: float = LIMIT) -> Path:
    """Wait for a file in a folder that was not there before and is complete, at most `limit` seconds."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found = [path for path in folder.iterdir() if path not in before]
        if len(found) == 1 and found[0].suffix != ".part" and found[0].stat().st_size:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"nothing was saved in {folder}")
