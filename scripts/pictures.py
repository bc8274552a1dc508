"""Take the pictures of the site from the built site itself, in Chromium.

The results are committed; run it again after the pages that they show have changed:

    python scripts/build.py && python scripts/pictures.py [NAME ...]
"""

from __future__ import annotations

import base64
import html
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.crawlers import PICTURE, PICTURE_SIZE  # noqa: E402
from scripts.serve import make_server  # noqa: E402
from scripts.versions import versioned  # noqa: E402

DIST = ROOT / "dist"
FOLDER = ROOT / "site" / "home" / "pictures"
SHOWN = (560, 380)
"""Width and height of a picture on the home page, in CSS pixels; it has twice as many of its own."""

LARGEST = 66_000
"""Bytes of a picture."""
QUALITIES = (0.35, 0.3, 0.25, 0.2)
"""Of WebP: the first with which a picture is small enough, or else the last."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ENCODE = """async ([png, quality]) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", quality);
}"""


@contextmanager
def served(folder: Path = DIST) -> Iterator[str]:
    """The address of the built site, served for as long as the context lasts."""
    server = make_server(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


EXAMPLE = ROOT / "site" / "compare" / "examples" / "repetition-penalty.json"
"""The comparer's example whose first text begins on the preview."""
PREVIEW = """<!doctype html><link rel="stylesheet" href="{files}/ui/tokens.css"><style>
body { margin: 0; padding: 72px 84px; }
body { background: var(--paper); color: var(--ink); font-family: var(--serif); }
header { display: flex; align-items: center; gap: 18px; font-size: 40px; font-weight: 600; }
header img { width: 64px; }
h1 { margin: 56px 0 40px; font-size: 78px; font-weight: 600; line-height: 1.12; letter-spacing: -0.01em; }
p { margin: 0; color: var(--ink-soft); font-size: 34px; line-height: 1.5; }
em { color: var(--accent); font-style: normal; }
</style><header><img src="ui/quill.svg" alt="">Goosequill</header>
<h1>Watch a language model choose every word</h1>
<p>{prompt} <em>{words}&nbsp;…</em></p>
<p>In your browser: no server, nothing to install.</p>"""


def preview() -> str:
    """The page that becomes the preview: its text is the default model's."""
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))["prompts"][0]
    words = example["results"][0]["outputs"][0].split()[:3]
    texts = {"prompt": example["prompt"].split("\n")[-1], "words": " ".join(words)}
    texts["files"] = versioned(DIST).name
    page = PREVIEW
    for name, text in texts.items():
        page = page.replace(f"{{{name}}}", html.escape(text))
    return page


def take_preview(browser: Browser, site: str) -> None:
    """The picture that links to the site show elsewhere."""
    width, height = PICTURE_SIZE
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    page.goto(f"{site}robots.txt")
    page.set_content(preview(), wait_until="networkidle")
    page.set_content(preview(), wait_until="networkidle")  # once more: an optional font must be in the cache
    page.screenshot(path=ROOT / "site" / PICTURE)


def show_token(page: Page) -> Locator:
    """A text in the playground, with the explanation of one of its tokens."""
    page.goto(f"{page.url}playground/#seed=3&temperature=0.8&top_p=1&max_new_tokens=40")
    page.get_by_test_id("generate").click()
    page.get_by_text("40 tokens").first.wait_for()
    page.get_by_test_id("output").locator("[data-token]").nth(2).click()
    page.locator("#explanation").wait_for()
    return page.get_by_test_id("output")


def show_decoders(page: Page) -> Locator:
    """The texts of three decoders, as the page shows them when it opens."""
    page.goto(f"{page.url}compare/#page=write")
    page.locator("#prompts").get_by_text("Longest repeated passage").first.wait_for()
    return page.locator("#prompts")


def show_comparer(page: Page) -> Locator:
    """The comparer's examples."""
    page.goto(f"{page.url}compare/")
    page.get_by_role("button", name="Raw").first.wait_for()
    return page.get_by_text("It was a dark evening in November, and").first


def show_search(page: Page) -> Locator:
    """The answers to a question that shares few words with them."""
    page.goto(f"{page.url}search/")
    page.get_by_role("button", name="Made-up medical texts").click()
    page.get_by_role("dialog").get_by_role("button", name="Download").click()
    page.get_by_text("Ready to search.").first.wait_for()
    question = page.get_by_test_id("question")
    question.fill("why does my head hurt when I look at screens")
    page.get_by_test_id("result").first.filter(has_text="Migraine").wait_for()
    return question


def show_lab(page: Page) -> Locator:
    """The laboratory's first picture of a dilated convolution."""
    page.goto(f"{page.url}lab/dilation/")
    frame = page.locator("[data-experiment]").first
    frame.locator("svg").first.wait_for()
    return frame


@dataclass(frozen=True)
class Picture:
    """A part of a page: `show` opens the page at the site's address and returns what is at its upper left."""

    show: Callable[[Page], Locator]
    width: int
    """Width of the part, in CSS pixels; its height follows from the shape that all pictures have."""
    left: int = 20
    """CSS pixels to the left of it."""
    top: int = 20
    screen: int = 0
    """Width of the window, if it must be larger."""


PICTURES = {
    "token": Picture(show_token, 980, left=40, top=130, screen=1020),
    "decoders": Picture(show_decoders, 1160),
    "comparer": Picture(show_comparer, 900, left=70, screen=1280),
    "search": Picture(show_search, 850, top=46, screen=1200),
    "lab": Picture(show_lab, 800),
}


def take(browser: Browser, site: str, name: str, theme: Literal["light", "dark"]) -> None:
    """Take one picture and write it as WebP, which Chromium itself encodes."""
    picture = PICTURES[name]
    height = round(picture.width * SHOWN[1] / SHOWN[0])
    page = browser.new_page(
        viewport={"width": max(picture.screen, picture.width + 40), "height": height + 600},
        device_scale_factor=2 * SHOWN[0] / picture.width,
        color_scheme=theme,
        reduced_motion="reduce",
    )
    page.goto(site)
    page.set_default_timeout(180_000)
    box = picture.show(page).bounding_box() or {"x": 0, "y": 0}
    top, left = (
        max(0, box["y"] + page.evaluate("scrollY") - picture.top),
        max(0, box["x"] - picture.left),
    )
    clip: FloatRect = {"x": left, "y": top, "width": picture.width, "height": height}
    png = page.screenshot(full_page=True, clip=clip, style=".update-notice, header { display: none }")
    page.goto(f"{site}robots.txt")
    target = FOLDER / f"{name}-{theme}.webp"
    for quality in QUALITIES:
        webp = page.evaluate(ENCODE, [base64.b64encode(png).decode(), quality])
        target.write_bytes(base64.b64decode(webp.split(",")[1]))
        if target.stat().st_size <= LARGEST:
            break
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")
    page.context.close()


def main(names: list[str]) -> int:
    known = {"preview", *PICTURES}
    if unknown := set(names) - known:
        print(f"pictures: no picture {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with served() as site, sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name in names or sorted(known):
            if name == "preview":
                take_preview(browser, site)
                continue
            for theme in THEMES:
                take(browser, site, name, theme)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
