"""Give each documentation page a content security policy in a <meta>: a static host sends no headers of ours.

Applications state their policy in overrides/application.html; MkDocs writes inline scripts, so the policy of
an article lists their hashes. An article with experiments or with a model's state, and the home page, may
also start the engine.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from scripts.command import BuildError

ENGINE_MARKS = ("data-experiment=", "data-figure=", "data-engine")
"""Attributes of elements for which a page may start the engine."""


def policy_of(html: str) -> str:
    """The strictest policy under which a page works: its own inline scripts by hash, and no others."""
    scripts = re.findall(r"<script(?P<attributes>[^>]*)>(.*?)</script>", html, re.DOTALL)
    inline = [text for attributes, text in scripts if "src=" not in attributes and "json" not in attributes]
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline}
    engine = any(mark in html for mark in ENGINE_MARKS)
    allowed = ["'self'", *(["'wasm-unsafe-eval'"] if engine else [])]
    sources = " ".join([*allowed, *(f"'sha256-{value}'" for value in sorted(hashes))])
    workers = "worker-src 'self'; " if engine else ""
    return (
        f"default-src 'self'; script-src {sources}; {workers}style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
    )


def add_policies(folder: Path) -> None:
    """Add its policy to every page of a built documentation."""
    for page in sorted(folder.rglob("*.html")):
        html = page.read_text(encoding="utf-8")
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy_of(html)}">'
        changed = html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n      {meta}', 1)
        if changed == html:
            raise BuildError(f"{page.relative_to(folder)} has no <meta charset> to put its policy after")
        page.write_text(changed, encoding="utf-8")
