"""WebKit by its own driver, under a display that nobody sees."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import WebKitGTK
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from .tab import FIND, LIMIT, Browser, Tab, newest

MINIBROWSER = Path(__file__).with_name("minibrowser.py")
CALL = """
const [argument, done] = arguments;
Promise.resolve().then(() => (%s)(argument)).then(
  (value) => done(JSON.stringify({ value })),
  (error) => done(JSON.stringify({ error: `${error}\\n${error?.stack}` })),
);
"""
# CONSOLE JS ERROR, CONSOLE NETWORK ERROR, CONSOLE ERROR ...
ERROR = re.compile(r"^CONSOLE (?:\w+ )*ERROR (.*)$", re.MULTILINE)
CLICKABLE = f"""(selector) => {{
  const element = ({FIND})(selector);
  return element?.getClientRects().length && !element.disabled && element;
}}"""


class WebKitTab(Tab):
    def __init__(self, driver: WebKitGTK, console: Path) -> None:
        self.driver = driver
        self.console = console
        driver.switch_to.new_window("tab")
        self.handle = driver.current_window_handle
        self.start = console.stat().st_size

    def _focus(self) -> None:
        if self.driver.current_window_handle != self.handle:
            self.driver.switch_to.window(self.handle)

    def goto(self, url: str) -> None:
        self._focus()
        self.driver.get(url)

    def js(self, function: str, argument: Any = None) -> Any:
        self._focus()
        found = json.loads(self.driver.execute_async_script(CALL.replace("%s", function), argument))
        if "error" in found:
            raise RuntimeError(found["error"])
        return found.get("value")

    def _element(self, selector: str, condition: str) -> WebElement:
        self.wait(f"(selector) => Boolean(({condition})(selector))", selector)
        found: WebElement = self.driver.execute_script(f"return ({condition})(arguments[0])", selector)
        return found

    def click(self, selector: str) -> None:
        for _ in range(100):
            element = self._element(selector, CLICKABLE)
            try:
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                return element.click()
            except StaleElementReferenceException:
                pass  # the page has drawn it anew meanwhile
        raise AssertionError(f"{selector} never stays")

    def press(self, keys: str) -> None:
        self._focus()
        *held, last = keys.split("+")
        focused = self.driver.switch_to.active_element
        focused.send_keys("".join(getattr(Keys, key.upper(), key) for key in (*held, last)))

    def type(self, selector: str, text: str) -> None:
        element = self._element(selector, CLICKABLE)
        self.driver.execute_script("arguments[0].focus(); arguments[0].select()", element)
        element.send_keys(text.replace("\n", Keys.ENTER) or Keys.BACKSPACE)

    def files(self, selector: str, *paths: Path) -> None:
        element = self._element(selector, FIND)
        element.send_keys("\n".join(str(path) for path in paths))

    def shot(self, path: Path) -> None:
        self._focus()
        self.driver.save_screenshot(str(path))

    def errors(self) -> list[str]:
        printed = self.console.read_bytes()[self.start :].decode(errors="replace")
        return ERROR.findall(printed)

    def close(self) -> None:
        self._focus()
        self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])


class WebKit(Browser):
    """`without` names features that Safari has and that are left off.

    Unless it is `optimized`, its last compiler is off, which takes a third of the time of a start.
    """

    def __init__(
        self, driver: str, folder: Path, without: Sequence[str] = (), *, optimized: bool = False
    ) -> None:
        self.folder = folder
        self.display = Display()
        options = Options()
        options.binary_location = str(MINIBROWSER)
        for argument in (str(folder), *without):
            options.add_argument(argument)
        environment = {**os.environ, "DISPLAY": self.display.name, "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
        environment |= {} if optimized else {"JSC_useOMGJIT": "0"}
        service = Service(driver, env=environment)
        try:
            self.driver = WebKitGTK(options=options, service=service)
        except WebDriverException:
            self.display.close()
            raise
        self.driver.set_script_timeout(LIMIT)

    def tab(self) -> WebKitTab:
        return WebKitTab(self.driver, self.folder / "console.txt")

    def download(self, tab: Tab, selector: str) -> Path:
        """A click is lost if the page draws the button anew during it; then it is repeated."""
        folder = self.folder / "downloads"
        before = list(folder.iterdir())
        for _ in range(2):
            tab.click(selector)
            with contextlib.suppress(AssertionError):
                return newest(folder, before, limit=LIMIT / 10)
        tab.click(selector)
        return newest(folder, before)

    def close(self) -> None:
        self.driver.quit()
        self.display.close()


class Display:
    """A virtual screen."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
        self.process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.name = f":{pipe.readline().strip()}"

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
