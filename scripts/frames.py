"""Render the application pages of site/ into their frame, overrides/application.html: head, header, footer.

Title and description come from site/pages.json.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import markdown
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from scripts.command import ROOT, BuildError
from scripts.crawlers import preview, site_address
from scripts.pages import Page, menu, read_languages
from scripts.report_formats import report_formats

CARRIER = re.compile(r'(<script type="application/json" data-file="([^"]+)">)(</script>)')
"""An empty element that will carry a file, whose path is relative to the page."""


def fill_frames(pages: list[Page], output: Path) -> None:
    """Render every listed application; `output` already has the unrendered files of site/."""
    frames = make_frames(pages, output)
    for page in pages:
        if not page.article:
            (output / page.file).write_text(render_frame(frames, page), encoding="utf-8")


def make_frames(pages: list[Page], folder: Path) -> Environment:
    """The templates of overrides/ and of the applications in `folder`, with what they use."""
    frames = Environment(
        loader=FileSystemLoader([folder, ROOT / "overrides"]),
        undefined=StrictUndefined,
        autoescape=False,  # nothing here comes from a visitor
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    frames.globals["menu"] = partial(menu, pages)
    frames.globals["preview"] = partial(preview, pages, site_address())
    frames.globals["languages"] = read_languages()
    frames.globals["marked_part"] = marked_part
    frames.globals["report_formats"] = report_formats
    catalogue = (ROOT / "site" / "models" / "catalogue.json").read_text(encoding="utf-8")
    frames.globals["public_models"] = [model for model in json.loads(catalogue)["models"] if model["file"]]
    # Without the context Jinja evaluates constant addresses once, when it compiles the shared frame.
    frames.filters["url"] = pass_context(relative_url)
    return frames


def render_frame(frames: Environment, page: Page) -> str:
    """The HTML of an application's page."""
    html: str = frames.get_template(page.file).render(page=page, address=page.address)
    return html


def carry_files(output: Path) -> None:
    """Write into each page the JSON files that it carries: site/ui/fetch.js reads them there, unfetched.

    The text may end neither the element nor begin a comment, so every "<" in it is escaped.
    """
    for page in output.rglob("*.html"):
        html = page.read_text(encoding="utf-8")

        def fill(tag: re.Match[str], folder: Path = page.parent) -> str:
            data = json.loads((folder / tag[2]).read_text(encoding="utf-8"))
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            return tag[1] + text.replace("<", "\\u003c") + tag[3]

        filled = CARRIER.sub(fill, html)
        if filled != html:
            page.write_text(filled, encoding="utf-8")


def relative_url(context: Context, address: str) -> str:
    """An address from the site's root, as the rendered page reaches it."""
    root: str = "../" * context["page"].file.count("/")
    return root if address == "." else root + address


def marked_part(article: str, mark: str, docs: Path = ROOT / "docs") -> str:
    """The HTML of what stands between ``<!-- MARK: begin -->`` and ``end`` in an article below `docs`.

    So a table that a command writes into an article stands in an application too, and both stay the same.
    """
    text = (docs / article).read_text(encoding="utf-8")
    found = re.findall(rf"<!-- {re.escape(mark)}: begin -->(.*?)<!-- {re.escape(mark)}: end -->", text, re.S)
    if len(found) != 1:
        raise BuildError(f"docs/{article} does not contain the marks of {mark!r} once")
    html: str = markdown.markdown(found[0], extensions=["tables"])
    return html
