"""Each page's scripts are bundled, with source maps for ours, and what they import is preloaded."""

import json
import os
import re
from pathlib import Path

import pytest
from scripts import bundles
from scripts.bundles import ALONE, WIDGET, Bundles
from scripts.command import ROOT, BuildError

SITE = ROOT / "site"
ONE, TWO = '<script type="module" src="one.js"></script>', '<script src="two.js" type="module"></script>'
PAGES = {"room/index.html": ONE, "room/more/index.html": TWO.replace("two", "../two")}
MODULES = {
    "room/one.js": 'import { say } from "../kit/say.js";\nsay((name) => import(`./late/${name}.js`));\n',
    "room/two.js": 'import { say } from "../kit/say.js";\nsay("two", import("../vendor/big.js"));\n',
    "room/late/rare.js": 'import { say } from "../../kit/say.js";\nsay("rare");\n',
    "room/find-worker.js": 'onmessage = () => postMessage("found");\n',
    "kit/say.js": '// Why.\nlet count = 0;\nexport const say = (word) => log("said", ++count, word);\n',
    "kit/unused.js": 'export { say } from "./say.js";\n',
    "kit/theme.js": "document.title = 'classic';\n",
    "vendor/big.js": "export default 'big';\n",
}
"""Two pages of one folder; one fetches a module by a computed name."""


EXPERIMENT = '<section data-experiment="decay"></section><figure data-figure="decay"></figure>'


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def scripts_of(folder: Path) -> set[str]:
    """The scripts below a folder, with `*` for the hashes in their names."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*.js"))
    return {re.sub(r"-[A-Z0-9]{8}\b", "-*", name) for name in found}


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small site, bundled."""
    monkeypatch.setattr(bundles, "WIDGET", {"kit/say.js": "embed/widget.js"})
    write(tmp_path / "site", MODULES)
    write(tmp_path / "output", MODULES | PAGES)
    bundles.bundle_scripts(tmp_path / "site", tmp_path / "output")
    return tmp_path / "output"


def test_modules_are_replaced_by_entries_and_the_chunks_they_share(output: Path) -> None:
    wanted = {"room/one.js", "room/two.js", "room/rare-*.js", "room/chunk-*.js", "room/find-worker.js"}
    assert scripts_of(output) == wanted | {"kit/theme.js", "vendor/big.js", "embed/widget.js"}
    counters = [path.name for path in (output / "room").glob("*.js") if '"said"' in path.read_text()]
    assert len(counters) == 1 and counters[0].startswith("chunk-"), "a module's state has two copies"
    rare = next((output / "room").glob("rare-*.js")).name
    assert f'"./late/rare.js":()=>import("./{rare}")' in (output / "room" / "one.js").read_text()
    assert 'import("../vendor/big.js")' in (output / "room" / "two.js").read_text()
    bundles.check_addresses(output)


def test_exactly_the_static_imports_of_a_page_are_preloaded(output: Path) -> None:
    (shared,) = (path.name for path in (output / "room").glob("chunk-*.js") if '"said"' in path.read_text())
    html = (output / "room" / "more" / "index.html").read_text()
    assert html == f'{TWO.replace("two", "../two")}\n<link rel="modulepreload" href="../{shared}">'
    preloaded = re.findall(r'modulepreload" href="([^"]+)"', (output / "room" / "index.html").read_text())
    assert shared in preloaded and not any("rare" in name for name in preloaded)


def test_a_page_names_the_modules_of_its_experiments(output: Path) -> None:
    site = output.parent / "site"
    write(site, {"lab/decay.js": MODULES["room/two.js"], "lab/not-named.js": MODULES["room/two.js"]})
    write(output, {"lab/decay/index.html": EXPERIMENT})
    assert "lab" not in bundles.page_scripts(site, output.parent / "other")
    assert bundles.page_scripts(site, output)["lab"] == ["lab/decay.js"]


def test_source_maps_have_the_original(output: Path) -> None:
    (shared,) = (path for path in (output / "room").glob("chunk-*.js") if '"said"' in path.read_text())
    assert "Why" not in shared.read_text() and f"sourceMappingURL={shared.name}.map" in shared.read_text()
    found = json.loads(shared.with_name(f"{shared.name}.map").read_text())
    assert found["sources"] == ["../../site/kit/say.js"]
    assert found["sourcesContent"] == [MODULES["kit/say.js"]]


def test_what_is_not_bundled_is_minified(tmp_path: Path) -> None:
    written = "// Why.\nexport function twice(number) {\n  return 2 * number; // as it says\n}\n"
    names = ("compare/one.js", "vendor/other/two.js", "vendor/pyodide/three.js", "compare/bundled.js")
    write(tmp_path, dict.fromkeys(names, written))
    bundles.minify(tmp_path, Bundles(imports={tmp_path / "compare" / "bundled.js": []}))
    ours = (tmp_path / "compare" / "one.js").read_text()
    assert "Why" not in ours and "export function twice(" in ours and "sourceMappingURL=one.js.map" in ours
    assert json.loads((tmp_path / "compare" / "one.js.map").read_text())["sourcesContent"] == [written]
    assert "Why" not in (tmp_path / "vendor" / "other" / "two.js").read_text()
    assert all((tmp_path / name).read_text() == written for name in names[2:])


BROKEN = {
    "static": ("room/a.js", 'import{b}from"./b.js";', "./b.js"),
    "dynamic": ("room/a.js", 'open(()=>import("../vendor/none.js"))', "../vendor/none.js"),
    "export": ("room/a.js", 'export{b}from"../b.js";', "../b.js"),
    "address": ("room/a.js", 'fetch(new URL("a.json",import.meta.url))', "a.json"),
    "depth": ("room/inner/a.js", 'let root=new URL("../",import.meta.url)', "one folder below the root"),
    "top": ("a.js", 'let root=new URL("../",import.meta.url)', "one folder below the root"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_the_build_fails_for_an_address_that_does_not_exist(tmp_path: Path, kind: str) -> None:
    name, text, words = BROKEN[kind]
    write(tmp_path, {"room/b.json": "{}", "room/good.js": 'new URL("b.json",import.meta.url)'})
    bundles.check_addresses(tmp_path)
    write(tmp_path, {name: text})
    with pytest.raises(BuildError, match=re.escape(words)):
        bundles.check_addresses(tmp_path)


def test_only_one_module_of_the_site_makes_addresses_from_its_own() -> None:
    """The build moves code between folders, so the others use its ROOT."""
    modules = [path for path in SITE.rglob("*.js") if "vendor" not in path.parts]
    own = {path.relative_to(SITE).as_posix() for path in modules if "import.meta" in path.read_text()}
    assert own == {"engine/root.js"}


STATELESS = {
    "engine/root.js",
    *(f"ui/{name}.js" for name in ("clipboard", "dom", "framed", "memory", "status", "typed", "unseen")),
}
SHARING = {"engine/startup-lock.js", "engine/trusted.js", "ui/page-words.js", "ui/words.js"}
"""Made to be on a page twice: they share a lock of the browser, a property of the page, or its catalogue."""


def test_scripts_of_one_page_have_no_two_copies_of_a_modules_state(tmp_path: Path) -> None:
    html = (ROOT / "overrides" / "partials" / "everywhere.html").read_text(encoding="utf-8")
    assert "ui/everywhere.js" in html
    pages = {"playground/index.html": "playground", "compare/index.html": "app"}
    pages |= {"storage/index.html": "storage", "embed/index.html": "gallery"}
    tag = '<script type="module" src="../ui/everywhere.js"></script>'
    write(tmp_path, {page: tag + ONE.replace("one", script) for page, script in pages.items()})
    made = bundles.bundle_scripts(SITE, tmp_path)
    for page in pages:
        seen: set[Path] = set()
        for address in bundles.TAG.findall((tmp_path / page).read_text(encoding="utf-8")):
            script = Path(os.path.normpath((tmp_path / page).parent / address))
            parts = set().union(*(made.contents[each] for each in (script, *made.chunks_of(script))))
            assert parts, f"{address} of {page} is not bundled"
            twice = {path.relative_to(SITE).as_posix() for path in seen & parts}
            assert twice <= STATELESS | SHARING, page
            seen |= parts


def test_the_library_keeps_its_exports_and_other_sites_scripts_are_one_file_each(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("engine/client.js", "engine/engine.js"), "to be replaced"))
    made = bundles.bundle_scripts(SITE, tmp_path)
    client = (tmp_path / "engine" / "client.js").read_text(encoding="utf-8")
    names = set(re.findall(r"(?:as |[{,])(\w+)(?=[,}])", client[client.rindex("export{") :]))
    assert {
        "Conversation",
        "Engine",
        "EngineError",
        "Model",
        "ModelState",
        "loadModel",
        "modelSource",
    } <= names
    assert not (tmp_path / "engine" / "engine.js").exists()
    engine = [
        script for script in made.contents if script.parent == tmp_path / "engine" and script.suffix == ".js"
    ]
    errors = [each for each in engine if SITE / "engine" / "protocol.js" in made.contents[each]]
    assert len(set(errors) - {tmp_path / name for name in ALONE}) == 1, "an error has two classes"
    assert all(made.imports[tmp_path / name] == [] for name in (*ALONE, *WIDGET.values()))
