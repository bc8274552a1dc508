"""The build: the same bytes every time, policies that allow no more than they must."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from pathlib import Path

from scripts import build

PAGE = """<!doctype html><html><head>
      <meta charset="utf-8">
<script>one()</script><script type="application/json">{"a": 1}</script>
<script src="bundle.js"></script></head><body><script>
two()
</script></body></html>"""


def hash_of(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_policy_allows_the_inline_scripts_by_hash_and_no_others() -> None:
    directives = dict(part.strip().split(" ", 1) for part in build.policy_of(PAGE).split(";"))
    sources = directives["script-src"].split()
    assert sources[0] == "'self'"
    assert set(sources[1:]) == {hash_of("one()"), hash_of("\ntwo()\n")}


def test_policy_stands_before_every_script(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE)
    build.add_policies(tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert html.index("Content-Security-Policy") < html.index("<script")


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build.build(tmp_path / name)
    assert "index.html" in digests(tmp_path / "one")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_scripts_are_short_and_a_debugger_finds_what_was_written(tmp_path: Path) -> None:
    written = "// Why.\nexport function twice(number) {\n  return 2 * number; // as it says\n}\n"
    for name in ("compare/one.js", "vendor/other/two.js", "vendor/pyodide/three.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(written)
    build.shorten(tmp_path)
    ours = (tmp_path / "compare" / "one.js").read_text()
    assert "Why" not in ours and "export function twice(" in ours and "sourceMappingURL=one.js.map" in ours
    assert json.loads((tmp_path / "compare" / "one.js.map").read_text())["sourcesContent"] == [written]
    assert "Why" not in (tmp_path / "vendor" / "other" / "two.js").read_text()
    assert (tmp_path / "vendor" / "pyodide" / "three.js").read_text() == written


def test_a_page_names_beforehand_every_module_that_its_script_imports(tmp_path: Path) -> None:
    scripts = {
        "page/main.js": 'import "./a.js";\nimport {\n  b,\n} from "../other/b.js";\nimport("./late.js");\n',
        "page/a.js": 'import "./main.js";\nexport { b } from "../other/b.js";\nconst from = "./no.js";\n',
        "other/b.js": 'export * from "./c.js";\n',
        "other/c.js": "",
    }
    for name, text in scripts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = build.imports_of(tmp_path / "page" / "index.html", "main.js")
    assert found == ["../other/b.js", "../other/c.js", "a.js"]
    assert build.imports_of(tmp_path / "page" / "index.html", "made-by-the-build.js") == []


def test_wheel_is_pure_and_holds_the_package_alone(tmp_path: Path) -> None:
    build.build_wheel(tmp_path / "wheels")
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        requirements = [
            line
            for line in archive.read(metadata).decode().splitlines()
            if line.startswith("Requires-Dist") and "extra ==" not in line
        ]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"goosequill"}
    assert requirements == ["Requires-Dist: numpy>=1.26"]


def test_pages_are_put_into_their_frame_and_marked_in_the_menu(tmp_path: Path) -> None:
    build.copy_site(tmp_path)
    marks = {}
    for path in ("playground/index.html", "playground/side.html", "compare/index.html", "storage/index.html"):
        html = (tmp_path / path).read_text(encoding="utf-8")
        assert html.startswith("<!doctype html>") and "{%" not in html
        assert html.index("Content-Security-Policy") < html.index("<script")
        assert '<a href="../storage/">' in html
        marks[path] = re.findall(r'<a href="([^"]*)" aria-current="(\w+)">', html)
    assert marks == {
        "playground/index.html": [("../playground/", "page")],
        "playground/side.html": [("../playground/", "true")],
        "compare/index.html": [("../compare/", "page")],
        "storage/index.html": [],
    }
