"""hatchling's hook for the metadata that depend on where the repository is: URLs, and the README of an index.

The address is $GOOSEQUILL_REPOSITORY, or what a GitHub workflow knows; a source distribution keeps
it in its file REPOSITORY. Without an address there are no URLs. An index has none of the repository's files,
so relative links in the README become absolute, or plain text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)\s]+)\)")
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


def repository(root: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return the repository's address without a slash at the end, "" if it is not known."""
    kept = root / "REPOSITORY"
    if address := environment.get("GOOSEQUILL_REPOSITORY"):
        return address.rstrip("/")
    if kept.is_file():
        return kept.read_text(encoding="utf-8").strip()
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else ""


def urls(address: str) -> dict[str, str]:
    """Return the project's URLs."""
    if not address:
        return {}
    owner, name = urlsplit(address).path.strip("/").rsplit("/", 1)
    pages = {"Documentation": f"https://{owner.lower()}.github.io/{name}/documentation/"}
    return {
        "Source": address,
        "Issues": f"{address}/issues",
        "Changelog": f"{address}/blob/main/CHANGELOG.md",
        **(pages if urlsplit(address).hostname == "github.com" else {}),
    }


def index_readme(text: str, address: str, version: str) -> str:
    """Return a README whose links lead somewhere from an index: to the release's own files."""

    def replace(link: re.Match[str]) -> str:
        image, label, target = link.groups()
        if not address:
            return "" if image else label
        return f"{image}[{label}]({address}/{'raw' if image else 'blob'}/v{version}/{target})"

    return re.sub(r"\n{3,}", "\n\n", LINK.sub(replace, text))


class PackageMetadata(MetadataHookInterface):
    """Sets `readme` and `urls`."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what is known."""
        root = Path(self.root)
        address = repository(root)
        source = (root / "py" / "goosequill" / "__init__.py").read_text(encoding="utf-8")
        version = VERSION.search(source)
        assert version  # tests/py/test_package.py
        text = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": index_readme(text, address, version[1]),
        }
        if address:
            metadata["urls"] = urls(address)
