"""Assemble the npm package from a built site into build/npm/, and pack it: build/goosequill-VERSION.tgz.

The package is the site's own engine and widget as they are written, what they need of vendor/, python/ and
wheels/, declarations that tsc makes from JSDoc, and the few files of npm/.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.frames import imports_of  # noqa: E402

DIST = ROOT / "dist"
SITE = ROOT / "site"
OUTPUT = ROOT / "build" / "npm"
EVENTS = {
    "progress": "how far a download or the start has come: status, file, loaded, total",
    "load": "the model is loaded; the detail is what is known of it",
    "token": "text, token, logprob and index",
    "done": "text, finish_reason, usage and seed",
    "error": "code, message and remedy",
    "abort": "it was stopped; the text so far",
}
SLOTS = {
    "poster": "shown before the model is loaded",
    "progress": "instead of the progress bar",
    "actions": "more buttons",
}


def declare() -> None:
    """Write types/ from the JSDoc of the engine and the widget."""
    tsc = ROOT / "node_modules" / ".bin" / "tsc"
    options = [
        "--allowJs",
        "--checkJs",
        "--strict",
        "--declaration",
        "--emitDeclarationOnly",
        "--skipLibCheck",
    ]
    options += ["--ignoreConfig", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    options += ["--lib", "es2023,dom,dom.iterable,dom.asynciterable", "--types", ""]
    options += ["--rootDir", str(OUTPUT), "--outDir", str(OUTPUT / "types")]
    subprocess.run([tsc, *options, OUTPUT / "index.js", OUTPUT / "element.js"], cwd=OUTPUT, check=True)


def describe_element() -> dict[str, Any]:
    """The custom-elements manifest, its attributes read from the widget's own list."""
    source = (SITE / "widget" / "settings.js").read_text(encoding="utf-8")
    lists = re.findall(r"export const (?:OWN|DECODER) = \{(.*?)\};", source, re.DOTALL)
    attributes = re.findall(r'^\s*"?([\w-]+)"?: "(\w+)"', "\n".join(lists), re.MULTILINE)
    view = "".join(path.read_text(encoding="utf-8") for path in (SITE / "widget").glob("view.js"))
    styles = (SITE / "widget" / "styles.js").read_text(encoding="utf-8")
    parts = {*re.findall(r'part: "([\w-]+)"', view), "send", "stop", "retry", "copy", "clear"}
    declaration = {
        "kind": "class",
        "name": "GooseQuill",
        "tagName": "goose-quill",
        "customElement": True,
        "description": "A language model that writes in a page; nothing is downloaded before it is asked.",
        "superclass": {"name": "HTMLElement"},
        "attributes": [
            {
                "name": name,
                "fieldName": re.sub(r"-(\w)", lambda match: match[1].upper(), name),
                "type": {"text": {"number": "number | null", "list": "string[]"}.get(kind, "string")},
            }
            for name, kind in attributes
        ],
        "events": [
            {"name": name, "type": {"text": "CustomEvent"}, "description": text}
            for name, text in EVENTS.items()
        ],
        "slots": [{"name": name, "description": text} for name, text in SLOTS.items()],
        "cssParts": [{"name": name} for name in sorted(parts)],
        "cssProperties": [{"name": name} for name in sorted(set(re.findall(r"--goose-[\w-]+", styles)))],
    }
    module = {
        "kind": "javascript-module",
        "path": "element.js",
        "declarations": [declaration],
        "exports": [
            {
                "kind": "custom-element-definition",
                "name": "goose-quill",
                "declaration": {"name": "GooseQuill", "module": "element.js"},
            }
        ],
    }
    return {"schemaVersion": "1.0.0", "modules": [module]}


def assemble() -> None:
    shutil.rmtree(OUTPUT, ignore_errors=True)
    shutil.copytree(ROOT / "npm", OUTPUT)
    (OUTPUT / "ui").mkdir()
    for folder, name in ((SITE, "engine"), (SITE, "widget"), (DIST, "python"), (DIST, "wheels")):
        shutil.copytree(folder / name, OUTPUT / name)
    for path in imports_of(SITE / "widget" / "index.html", "goose-quill.js"):
        if path.startswith("../ui/"):
            shutil.copyfile(SITE / "widget" / path, OUTPUT / "ui" / Path(path).name)
    shutil.copyfile(DIST / "engine" / "parts.json", OUTPUT / "engine" / "parts.json")
    shutil.copytree(DIST / "vendor" / "pyodide", OUTPUT / "vendor" / "pyodide")
    shutil.copyfile(ROOT / "LICENSE", OUTPUT / "LICENSE")
    declare()
    manifest = json.dumps(describe_element(), indent=2)
    (OUTPUT / "custom-elements.json").write_text(manifest + "\n", encoding="utf-8")


def main() -> int:
    if not (DIST / "engine" / "parts.json").is_file():
        print("npm: dist/ is not built: run make build first", file=sys.stderr)
        return 1
    assemble()
    command = ["npm", "pack", "--silent", "--pack-destination", str(OUTPUT.parent)]
    subprocess.run(command, cwd=OUTPUT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
