"""A small site in two languages that MkDocs builds with our plugin, and models of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config

from tests.py.search.encoder import write_folder

SITE = {
    "index.md": "# Kettle\n\nWelcome to the manual.\n",
    "care.md": "# Care\n\n## Limescale\n\nVinegar removes deposits.\n",
    "de/pflege.md": "# Pflege\n\n## Kalk entfernen\n\nEssig löst weiße Ablagerungen.\n",
    "secret.md": "---\nsearch:\n  exclude: true\n---\n# Secret\n\nNobody finds the unicorn.\n",
    "odd.md": "---\nsearch:\n---\n# Odd\n\nA page whose meta data say nothing.\n",
}


def write_project(root: Path) -> Path:
    """Write the sources and the models into a folder."""
    write_folder(root / "models" / "minilm", name="minilm-l6")
    write_folder(root / "models" / "minilm-static", "static", name="static-minilm")
    for name, text in SITE.items():
        (root / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "docs" / name).write_text(text, encoding="utf-8")
    return root


def built(project: Path, *features: str, own: dict[str, Any] | None = None, **settings: Any) -> Path:
    """Build the site as `mkdocs build` does."""
    theme = {"name": "material", "font": False, "language": "de", "features": list(features)}
    plugins = [{"search": {"lang": ["en", "de"]}}, {"goosequill": own or {}}]
    config = {"site_name": "Kettle", "theme": theme, "plugins": plugins, **settings}
    (project / "mkdocs.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    site = project / "site"
    build(load_config(str(project / "mkdocs.yml"), site_dir=str(site)))
    return site
