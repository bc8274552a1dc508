"""Render the application pages of site/ into their frame, overrides/application.html: head, header, footer.

Title and description come from site/pages.json. Each script's imports are preloaded.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from scripts.command import ROOT
from scripts.pages import Page, menu

IMPORT = re.compile(r"""^(?:import|export|\} from)\b[^"'();]*"(\.[^"]+)";""", re.MULTILINE)
"""A static import, or the last line of one that spans several lines."""


def fill_frames(pages: list[Page], output: Path) -> None:
    """Render every listed application; `output` already has the unrendered files of site/."""
    frames = Environment(
        loader=FileSystemLoader([output, ROOT / "overrides"]),
        undefined=StrictUndefined,
        autoescape=False,  # nothing here comes from a visitor
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    frames.globals["menu"] = partial(menu, pages)
    # Without the context Jinja evaluates constant addresses once, when it compiles the shared frame.
    frames.filters |= {"url": pass_context(relative_url), "imports": pass_context(page_imports)}
    for page in pages:
        if page.article:
            continue
        html = frames.get_template(page.file).render(page=page, address=page.address)
        (output / page.file).write_text(html, encoding="utf-8")


def relative_url(context: Context, address: str) -> str:
    """An address from the site's root, as the rendered page reaches it."""
    root: str = "../" * context["page"].file.count("/")
    return root if address == "." else root + address


def page_imports(context: Context, script: str) -> list[str]:
    return imports_of(ROOT / "site" / context["page"].file, script)


def imports_of(page: Path, script: str) -> list[str]:
    """Every module that a page's script imports, directly or not, as addresses relative to the page.

    Preloaded, they arrive together; otherwise the browser discovers each one only after reading its importer.
    """
    found = [page.parent / script]
    for module in found:  # grows while it is walked; a bundle does not exist yet and imports nothing
        names = IMPORT.findall(module.read_text(encoding="utf-8")) if module.is_file() else []
        found += {Path(os.path.normpath(module.parent / name)) for name in names}.difference(found)
    return sorted(Path(os.path.relpath(module, page.parent)).as_posix() for module in found[1:])
