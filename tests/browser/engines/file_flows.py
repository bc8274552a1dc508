"""Files in every browser engine: what is saved, and what is dropped onto a page."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .site import Site
from .tab import Browser, Tab

STATUS = "[data-testid=status]"
GEESE = "# Geese\n\nGeese fly south in autumn and return in spring.\n"
BREAD = "# Bread\n\nKnead the dough for ten minutes and let it rise.\n"
STORED = """async () => {
  const names = [];
  const walk = async (within, path) => {
    for await (const [name, handle] of within.entries()) {
      names.push(path + name);
      if (handle.kind === "directory") await walk(handle, `${path}${name}/`);
    }
  };
  await walk(await navigator.storage.getDirectory(), "");
  return names;
}"""


def report(output: str, model: str = "m") -> str:
    """A report of one text, as JSON."""
    result = {"sampling_config": "greedy", "sampling_params": {}, "outputs": [output]}
    prompts = [{"prompt": "p", "results": [result]}]
    return json.dumps({"model_name": model, "date": "", "args": {}, "prompts": prompts})


def consent(tab: Tab) -> None:
    """Agree to the download of what search needs, without MiniLM."""
    tab.wait_for("[data-testid=agree]")
    if tab.js("() => document.querySelector('[data-testid=agree-full]').checked"):
        tab.click("[data-testid=agree-full]")
    tab.click("[data-testid=agree]")


class FileFlows:
    """The flows of files."""

    @pytest.mark.rest
    def test_a_chart_is_saved_as_svg_png_and_csv(
        self, browser: Browser, tab: Tab, site: Site, tmp_path: Path
    ) -> None:
        paths = [tmp_path / "short.json", tmp_path / "long.json"]
        for path, text in zip(paths, ("three short words", "word " * 12), strict=True):
            path.write_text(report(text, model=path.stem), encoding="utf-8")
        tab.goto(f"{site.url}compare/")
        tab.files("[data-testid=file-input]", *paths)
        tab.wait_for("[data-testid=output]", "word")
        tab.click("[data-page=metrics]")
        buttons = "[aria-label^='Save “Words”'][aria-label$='as {}']"
        csv, svg, png = (browser.download(tab, buttons.format(kind)) for kind in ("CSV", "SVG", "PNG"))
        assert [path.name for path in (csv, svg, png)] == ["words.csv", "words.svg", "words.png"]
        source = f"Source: {site.url.split('//')[1]}compare/"
        title, from_where, head, *rows = csv.read_text(encoding="utf-8").splitlines()
        assert (title, from_where) == ("# Words", f"# {source}")
        assert head == "name,mean,low,high" and len(rows) == 2
        assert [row.split(",")[1] for row in rows] == ["3", "12"]
        picture = ElementTree.parse(svg).getroot()
        assert picture.findtext("{*}title") == "Words" and len(list(picture.iter())) > 20
        text = svg.read_text(encoding="utf-8")
        assert source in text and "var(--" not in text and "font/woff2;base64" in text
        data = png.read_bytes()
        assert data.startswith(b"\x89PNG\r\n")
        width, height = struct.unpack(">II", data[16:24])
        assert (width, height) == tuple(2 * round(float(picture.attrib[n])) for n in ("width", "height"))
        assert tab.errors() == []

    @pytest.mark.rest
    def test_a_dropped_report_is_opened(self, tab: Tab, site: Site, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        path.write_text(report("a dropped goose"), encoding="utf-8")
        tab.goto(f"{site.url}compare/")
        tab.wait_for("[data-testid=output]")  # an example: the page takes files now
        tab.drop("body", path)
        tab.wait_for("[data-testid=output]", "a dropped goose")
        assert tab.errors() == []

    @pytest.mark.rest
    def test_dropped_documents_are_found_saved_and_there_on_the_next_visit(
        self, browser: Browser, tab: Tab, site: Site, tmp_path: Path
    ) -> None:
        geese, bread = tmp_path / "geese.md", tmp_path / "bread.md"
        geese.write_text(GEESE, encoding="utf-8")
        bread.write_text(BREAD, encoding="utf-8")
        tab.goto(f"{site.url}search/")
        tab.wait_for("main", "Or drop files anywhere on this page.")
        tab.drop("main", geese, bread)
        consent(tab)
        tab.wait_for(STATUS, "2 documents added. Ready to search.")
        saved = browser.download(tab, "[data-testid=export-collection]")
        assert saved.name == "My documents.zip"
        with zipfile.ZipFile(saved) as archive:
            assert archive.testzip() is None
            index = json.loads(archive.read("index.json"))
        assert (index["name"], index["documents"]) == ("My documents", 2)
        for visit in range(2):
            if visit:
                tab.goto(f"{site.url}search/?again")
                tab.wait_for(STATUS, "Ready to search.")
            tab.type("[data-testid=question]", "when do geese fly south")
            tab.wait_for("[data-testid=result][data-document='geese.md']")
        probes = [name for name in tab.js(STORED) if "Probe" in name]
        assert set(probes) <= {f"goosequill/{name}/Probe" for name in ("models", "collections")}
        assert tab.errors() == []
