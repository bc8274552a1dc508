"""Draw the installed app's icons, site/ui/icon-*.png, from site/ui/quill.svg.

The results are committed; run it again only when the logo changes. It needs Chromium.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

UI = Path(__file__).resolve().parent.parent / "site" / "ui"
ICONS = {
    "apple-touch-icon.png": (180, 0.7),
    "icon-192.png": (192, 0.84),
    "icon-512.png": (512, 0.84),
    "icon-maskable-512.png": (512, 0.62),
}


def main() -> None:
    logo = (UI / "quill.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (size, share) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            style = (
                f"body{{margin:0;width:{size}px;height:{size}px;display:grid;place-items:center;"
                f"background:#faf8f3}}svg{{width:{size * share}px}}"
            )
            page.set_content(f"<style>{style}</style>{logo}")
            page.screenshot(path=UI / name)
        browser.close()


if __name__ == "__main__":
    main()
