"""Chromium and Firefox by Playwright, the systems' own builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from playwright.sync_api import Browser as Launched
from playwright.sync_api import ConsoleMessage, Page, Playwright

from ..conftest import CHROMIUM as ARGUMENTS
from .tab import LIMIT, Browser, Tab, newest

BOUNDED = """async (argument) => {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error("no result after LIMIT s")), LIMIT * 1000);
  });
  try {
    return await Promise.race([(FUNCTION)(argument), late]);
  } finally {
    clearTimeout(timer);
  }
}""".replace("LIMIT", str(LIMIT))
"""Playwright itself waits for ever for a promise that a page does not keep."""


class PlaywrightTab(Tab):
    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []
        page.set_default_timeout(LIMIT * 1000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.found.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.found.append(message.text)

    def goto(self, url: str) -> None:
        self.page.goto(url)

    def js(self, function: str, argument: Any = None) -> Any:
        return self.page.evaluate(BOUNDED.replace("FUNCTION", function), argument)

    def click(self, selector: str) -> None:
        self.page.locator(selector.replace(" >>> ", " >> ")).first.click()

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)

    def type(self, selector: str, text: str) -> None:
        field = self.page.locator(selector.replace(" >>> ", " >> ")).first
        field.evaluate("(field) => { field.focus(); field.select(); }")
        if text:
            self.page.keyboard.type(text)
        else:
            self.page.keyboard.press("Backspace")

    def files(self, selector: str, *paths: Path) -> None:
        self.page.locator(selector.replace(" >>> ", " >> ")).first.set_input_files(list(paths))

    def shot(self, path: Path) -> None:
        self.page.screenshot(path=path)

    def errors(self) -> list[str]:
        return self.found

    def close(self) -> None:
        self.page.close()


class PlaywrightBrowser(Browser):
    """Its tabs share one context, and thus one storage."""

    def __init__(self, launched: Launched) -> None:
        self.launched = launched
        self.context = launched.new_context(accept_downloads=True, reduced_motion="reduce")

    def tab(self) -> PlaywrightTab:
        return PlaywrightTab(self.context.new_page())

    def close(self) -> None:
        self.launched.close()


class Chromium(PlaywrightBrowser):
    def __init__(
        self, playwright: Playwright, executable: str, folder: Path, arguments: Sequence[str] = ()
    ) -> None:
        options = [*ARGUMENTS, *arguments]
        super().__init__(playwright.chromium.launch(executable_path=executable, args=options))
        self.folder = folder

    def download(self, tab: Tab, selector: str) -> Path:
        assert isinstance(tab, PlaywrightTab)
        with tab.page.expect_download() as started:
            tab.click(selector)
        path = self.folder / started.value.suggested_filename
        started.value.save_as(path)
        return path


class Firefox(PlaywrightBrowser):
    """Playwright misses the event of a download here, but saves it in a folder of its own."""

    def __init__(
        self,
        playwright: Playwright,
        executable: str,
        folder: Path,
        preferences: Mapping[str, str | int | bool] | None = None,
    ) -> None:
        self.downloads = folder
        launched = playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=executable,
            downloads_path=folder,
            firefox_user_prefs=dict(preferences or {}),
        )
        super().__init__(launched)

    def download(self, tab: Tab, selector: str) -> Path:
        before = list(self.downloads.iterdir())
        tab.click(selector)
        found = newest(self.downloads, before)
        return found.rename(Path(mkdtemp(dir=self.downloads)) / found.name)  # the name is free again
