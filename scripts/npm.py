"""Assemble the npm package from a built site into build/npm/, and pack it: build/goosequill-VERSION.tgz.

The package has the site's modules, unbundled: those that the library and the element import and no others
(esbuild follows the imports). It has the engine's files (the workers, each bundled, and what they need of
vendor/, python/ and models/), declarations that tsc makes from JSDoc, and the few files of npm/.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.notices import CARRIED, write_notices  # noqa: E402
from scripts.notices import NAME as NOTICES  # noqa: E402
from scripts.versions import versioned  # noqa: E402

DIST = ROOT / "dist"
SITE = ROOT / "site"
OUTPUT = ROOT / "build" / "npm"
ENTRIES = (
    "engine/client.js",
    "engine/openai.js",
    "prompt-api/install.js",
    "prompt-api/semantic-embedder.js",
    "engine/settings.js",
    "widget/goose-quill.js",
    "search/static/search.js",
    "search/static/element.js",
)
"""What npm/ imports."""
WORKERS = ("engine/worker.js", "engine/helper.js", "engine/verifier.js", "engine/preparer.js")
"""Each is bundled into one file, which bundlers copy unchanged."""
ASSETS = (
    "engine/*.json",
    "vendor/pyodide/*",
    "python/*",
    "embed/languages/*",
    "models/default/*",
)
"""What the engine fetches besides its workers. What `npx goosequill assets` copies is listed too."""
INLINED = 4096
"""Vite puts smaller files into the code as data: addresses, which many pages' policies forbid."""
VENDORED = {"pyodide", "open-webui", "stemmer", "hash-wasm", "fflate", *(name for name, *_ in CARRIED)}
"""The packages with parts in this one, for their notices."""
SOCKETS = 'import("ws")'
FILES = 'await import("node:fs/promises")'
CHANGED = """\
Changes: in pyodide.mjs and pyodide.asm.mjs of this package, import("ws") was replaced by Promise.resolve({}),
and the latter was shortened: a loop assigns its exports, and functions without a use are left out. The former
takes the functions of "node:fs/promises" from its default export.
"""

EVENTS = {
    "progress": "progress of a download or the start: status, file, loaded, total",
    "load": "the model is loaded; the detail describes it",
    "token": "text, token, logprob and index",
    "done": "text, finish_reason, usage and seed",
    "error": "code, message and remedy",
    "abort": "generation was stopped; the text so far",
}
SLOTS = {
    "poster": "shown before the model is loaded",
    "progress": "instead of the progress bar",
    "actions": "more buttons",
}
PARTS = {
    "root": "everything",
    "poster": "what is shown before the model is loaded",
    "label": "the label of the input",
    "input": "the prompt or message",
    "hint": "the note below the input",
    "actions": "the row of buttons",
    "button": "any of the quiet buttons: retry, copy, clear",
    "send": "the button that starts",
    "stop": "the button that stops",
    "retry": "the button that generates again",
    "copy": "the button that copies the text",
    "clear": "the button that clears the text",
    "status": "the status line",
    "progress": "the progress bar",
    "figures": "the figures below the text",
    "error": "the error message",
    "output": "the text, or the conversation",
    "prompt-text": "the prompt, as part of the text",
    "text": "what the model has generated",
    "thought": "the folded thought of a model that thinks before it answers",
    "message": "a message of a conversation",
    "user": "a message of the visitor",
    "assistant": "a message of the model",
}
"""A test in tests/browser/test_embed.py compares this with the element's own parts."""

SEARCH = {
    "kind": "javascript-module",
    "path": "search-element.js",
    "declarations": [
        {
            "kind": "class",
            "name": "GooseSearch",
            "tagName": "goose-search",
            "customElement": True,
            "description": "Search of a static site by meaning. Nothing is downloaded before one types.",
            "superclass": {"name": "HTMLElement"},
            "attributes": [
                {"name": "index", "description": "the folder of the index"},
                {"name": "label", "description": "the label of the input"},
                {"name": "placeholder", "description": "the hint in the empty input"},
                {"name": "count", "description": "results at most"},
                {"name": "engine", "description": "the folder of a Goosequill site: offers MiniLM"},
                {"name": "ask", "description": "a page that takes a question after #q="},
            ],
            "events": [
                {"name": "results", "type": {"text": "CustomEvent"}, "description": "one stage of a search"},
                {"name": "choose", "type": {"text": "CustomEvent"}, "description": "a result; cancelable"},
                {"name": "error", "type": {"text": "CustomEvent"}, "description": "code, message and remedy"},
            ],
        }
    ],
    "exports": [
        {
            "kind": "custom-element-definition",
            "name": "goose-search",
            "declaration": {"name": "GooseSearch", "module": "search-element.js"},
        }
    ],
}

DESCRIBE = """
const [settings, styles] = process.argv.slice(1);
const { OWN, DECODER, propertyName } = await import(settings);
const { CSS } = await import(styles);
const attributes = Object.entries({ ...OWN, ...DECODER });
console.log(JSON.stringify({
  attributes: attributes.map(([name, kind]) => ({ name, fieldName: propertyName(name), kind })),
  properties: [...new Set(CSS.match(/--goose-[\\w-]+/g))].sort(),
}));
"""


def imported_modules() -> list[Path]:
    """Return the modules that the package needs, relative to site/: the entries and all they import."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    with tempfile.TemporaryDirectory() as folder:
        metafile = Path(folder) / "meta.json"
        options = ["--bundle", "--format=esm", "--log-level=warning"]
        options += [f"--outdir={folder}", f"--metafile={metafile}"]
        subprocess.run([esbuild, *ENTRIES, *options], cwd=SITE, check=True)
        inputs = json.loads(metafile.read_text(encoding="utf-8"))["inputs"]
        return [Path(name) for name in inputs if "node_modules/" not in name]


def include_hash() -> None:
    """Bundle the one module that downloads take from another package, so that there is no dependency."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    licence = (ROOT / "node_modules" / "hash-wasm" / "LICENSE").read_text(encoding="utf-8")
    folder = OUTPUT / "engine" / "storage"
    options = ["--bundle", "--format=esm", "--minify", f"--banner:js=// @ts-nocheck\n/*\n{licence}*/"]
    code = 'export { createSHA256 } from "hash-wasm";'
    command = [str(esbuild), *options, f"--outfile={folder / 'hash-wasm.js'}"]
    subprocess.run(command, cwd=ROOT, input=code, text=True, check=True, capture_output=True)
    for path in folder.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('from "hash-wasm"', 'from "./hash-wasm.js"'), encoding="utf-8")


def include_stemmer() -> None:
    """Copy the one module that the search takes from another package, so that there is no dependency."""
    words = OUTPUT / "search" / "static" / "words.js"
    source = ROOT / "node_modules" / "stemmer"
    code, licence = ((source / name).read_text(encoding="utf-8") for name in ("index.js", "license"))
    words.with_name("stemmer.js").write_text(f"/*\n{licence}*/\n\n{code}", encoding="utf-8")
    text = words.read_text(encoding="utf-8")
    words.write_text(text.replace('from "stemmer"', 'from "./stemmer.js"'), encoding="utf-8")


def include_engine() -> None:
    """Copy what the engine fetches, bundle its workers, and list the addresses of both for bundlers."""
    for name in ("python", "embed/languages", "vendor/pyodide"):
        shutil.copytree(versioned(DIST) / name, OUTPUT / name)
    model = OUTPUT / "models" / "default"
    model.mkdir(parents=True)
    description = json.loads((DIST / "models" / "default" / "config.json").read_text(encoding="utf-8"))
    for file in description["files"]:
        del file["gzip"]  # a package that has each file twice would be too large
        shutil.copyfile(DIST / "models" / "default" / file["name"], model / file["name"])
    text = json.dumps(description, ensure_ascii=False, indent=2)
    (model / "config.json").write_text(f"{text}\n", encoding="utf-8")
    shutil.copyfile(DIST / "engine" / "parts.json", OUTPUT / "engine" / "parts.json")
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--format=esm", "--target=es2022", "--charset=utf8", "--log-level=warning"]
    subprocess.run([esbuild, *WORKERS, *options, f"--outdir={OUTPUT / 'engine'}"], cwd=SITE, check=True)
    forget_sockets(OUTPUT / "vendor" / "pyodide")
    take_files(OUTPUT / "vendor" / "pyodide" / "pyodide.mjs")
    enlarge_small_files()
    write_addresses()


def forget_sockets(pyodide: Path) -> None:
    """Remove Pyodide's import of a package that is not installed, at which bundlers and servers stop.

    It is reached only under Node without `require`, which node-worker.js provides; sockets are not used.
    """
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        text = (pyodide / name).read_text(encoding="utf-8")
        if text.count(SOCKETS) != 1:
            raise SystemExit(f"npm: {name} does not import ws once: see forget_sockets")
        (pyodide / name).write_text(text.replace(SOCKETS, "Promise.resolve({})"), encoding="utf-8")


def take_files(script: Path) -> None:
    """Let Pyodide read files by functions that npm/node-scope.js replaces, in Deno and Bun, too.

    They ignore `syncBuiltinESMExports`; the default export is one object everywhere.
    """
    text = script.read_text(encoding="utf-8")
    if text.count(FILES) != 1:
        raise SystemExit("npm: pyodide.mjs does not import node:fs/promises once: see take_files")
    script.write_text(text.replace(FILES, f"({FILES}).default"), encoding="utf-8")


def engine_files() -> list[Path]:
    """Everything that the engine fetches, relative to the package."""
    found = (path for pattern in (*WORKERS, *ASSETS) for path in OUTPUT.glob(pattern) if path.is_file())
    return sorted(path.relative_to(OUTPUT) for path in found)


def enlarge_small_files() -> None:
    """Fill up files that Vite would put into the code: JSON with spaces, the empty archive with a comment."""
    parts = OUTPUT / "engine" / "parts.json"
    described = json.loads(parts.read_text(encoding="utf-8"))
    for path in OUTPUT.glob("python/*.zip"):
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b" " * INLINED
        for part in described["parts"]:
            if part["file"] == path.relative_to(OUTPUT).as_posix():
                part["bytes"] = path.stat().st_size
    parts.write_text(json.dumps(described, indent=2), encoding="utf-8")
    for name in engine_files():
        path = OUTPUT / name
        if path.suffix == ".json":
            path.write_text(path.read_text(encoding="utf-8").rstrip().ljust(INLINED) + "\n", encoding="utf-8")
        if path.stat().st_size <= INLINED:
            raise SystemExit(f"npm: {name} is so small that Vite would put it into the code")


def write_addresses() -> None:
    """Write the lists of addresses, one for each file, in the form that bundlers follow."""
    files = engine_files()
    model = [name for name in files if name.parts[0] == "models"]
    for list_name, names in (
        ("root.js", [name for name in files if name not in model]),
        ("default-model.js", model),
    ):
        path = OUTPUT / "engine" / list_name
        lines = [
            f'  "{name.as_posix()}": at(new URL("../{name.as_posix()}", import.meta.url)),' for name in names
        ]
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("  // FILES", "\n".join(lines)), encoding="utf-8")


def declare() -> None:
    """Write types/ from the JSDoc of the package's modules."""
    tsc = ROOT / "node_modules" / ".bin" / "tsc"
    options = [
        "--allowJs",
        "--checkJs",
        "--strict",
        "--declaration",
        "--emitDeclarationOnly",
        "--skipLibCheck",
        "--stripInternal",
    ]
    options += ["--ignoreConfig", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    options += ["--lib", "es2023,dom,dom.iterable,dom.asynciterable", "--types", ""]
    options += ["--rootDir", str(OUTPUT), "--outDir", str(OUTPUT / "types")]
    modules = (
        "index.js",
        "engine.js",
        "widget/goose-quill.js",
        "search.js",
        "search-element.js",
        "prompt-api.js",
        "prompt-api-install.js",
    )
    subprocess.run([tsc, *options, *modules], cwd=OUTPUT, check=True)


def describe_element() -> dict[str, Any]:
    """Return the custom-elements manifest; Node reads attributes and properties from the widget's modules."""
    modules = [(SITE / "widget" / name).as_uri() for name in ("settings.js", "styles.js")]
    command = ["node", "--input-type=module", "--eval", DESCRIBE, *modules]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    types = {"number": "number | null", "list": "string[]"}
    declaration = {
        "kind": "class",
        "name": "GooseQuill",
        "tagName": "goose-quill",
        "customElement": True,
        "description": "A language model in a web page. Nothing is downloaded before the visitor asks.",
        "superclass": {"name": "HTMLElement"},
        "attributes": [
            {
                "name": attribute["name"],
                "fieldName": attribute["fieldName"],
                "type": {"text": types.get(attribute["kind"], "string")},
            }
            for attribute in found["attributes"]
        ],
        "events": [
            {"name": name, "type": {"text": "CustomEvent"}, "description": text}
            for name, text in EVENTS.items()
        ],
        "slots": [{"name": name, "description": text} for name, text in SLOTS.items()],
        "cssParts": [{"name": name, "description": text} for name, text in sorted(PARTS.items())],
        "cssProperties": [{"name": name} for name in found["properties"]],
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
    return {"schemaVersion": "1.0.0", "modules": [module, SEARCH]}


def declare_attributes(attributes: list[dict[str, Any]]) -> None:
    """Put the element's attributes that are numbers into the types of JSX and of templates."""
    numbers = [f'  | "{each["name"]}"' for each in attributes if each["type"]["text"].startswith("number")]
    types = OUTPUT / "element.d.ts"
    before, mark, after = types.read_text(encoding="utf-8").partition("// NUMBERS\n  never")
    if not mark:
        raise SystemExit("npm: element.d.ts has no place for the attributes that are numbers")
    types.write_text(f"{before.rstrip()}\n{chr(10).join(numbers)}{after}", encoding="utf-8")


def assemble_code() -> None:
    """Write what runs."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    shutil.copytree(ROOT / "npm", OUTPUT)
    for module in imported_modules():
        (OUTPUT / module).parent.mkdir(parents=True, exist_ok=True)
        if not (OUTPUT / module).exists():  # npm/ has its own
            shutil.copyfile(SITE / module, OUTPUT / module)
    include_stemmer()
    include_hash()
    include_engine()


def assemble() -> None:
    assemble_code()
    shutil.copyfile(ROOT / "LICENSE", OUTPUT / "LICENSE")
    write_notices(OUTPUT, only=VENDORED)
    notices = OUTPUT / NOTICES
    notices.write_text(f"{notices.read_text(encoding='utf-8').rstrip()}\n\n{CHANGED}", encoding="utf-8")
    declare()
    manifest = describe_element()
    text = json.dumps(manifest, indent=2)
    (OUTPUT / "custom-elements.json").write_text(text + "\n", encoding="utf-8")
    declare_attributes(manifest["modules"][0]["declarations"][0]["attributes"])


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
