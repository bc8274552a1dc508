"""What search engines and link previews read: each page's tags, robots.txt, sitemap.xml.

Addresses in them must be absolute, so the site's own is needed, in the environment variable SITE_ADDRESS:
https://example.org/goosequill/, for example. Without it there is no canonical address and no sitemap, and the
site works under any address.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from scripts.command import BuildError
from scripts.pages import Page

VARIABLE = "SITE_ADDRESS"
PICTURE = "ui/preview.png"
PICTURE_SIZE = (1200, 630)
"""Width and height; scripts/pictures.py makes it."""

PICTURE_ALT = "Goosequill: watch a language model choose every word."


def site_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return the site's address, ending in a slash, or "" if it is not known.

    Raises
    ------
    BuildError
        It is not an absolute http or https address.
    """
    address = environment.get(VARIABLE, "").strip()
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise BuildError(
            f"{VARIABLE} is {address!r}; write the site's whole address, such as https://example.org/goosequill/"
        )
    return address.rstrip("/") + "/"


@dataclass(frozen=True)
class Preview:
    """What a link to a page shows elsewhere."""

    title: str
    description: str
    canonical: str
    """The page's absolute address, or "" if the site's is not known."""
    picture: str
    """The picture's absolute address, or its path from the site's root."""
    width: int = PICTURE_SIZE[0]
    height: int = PICTURE_SIZE[1]
    alt: str = PICTURE_ALT


def preview(pages: list[Page], root: str, address: str) -> Preview:
    """Return the preview of the page at `address`, for a site at `root` ("" if unknown)."""
    (page,) = (page for page in pages if page.address == address)
    return Preview(page.full_title, page.description, root and root + address, root + PICTURE)


def write_crawler_files(output: Path, pages: list[Page], root: str) -> None:
    """Write robots.txt and, for a known address, sitemap.xml."""
    lines = ["User-agent: *", "Allow: /"]
    if root:
        lines.append(f"Sitemap: {root}sitemap.xml")
        entries = "".join(f"<url><loc>{escape(root + page.address)}</loc></url>\n" for page in pages)
        (output / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n',
            encoding="utf-8",
        )
    (output / "robots.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
