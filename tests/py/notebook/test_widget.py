"""The widget for notebooks, without a page: its traits, its commands, and the folder that it serves."""

import json
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import comm
import pytest

from goosequill.errors import GoosequillError
from goosequill.notebook import GooseQuill, widget
from goosequill.notebook.folder import serve_folder
from tests.py.refusals import refused

ROOT = Path(__file__).resolve().parents[3]
SITE = "https://example.org/goosequill"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder that looks like a built site, beside a file that is not for others."""
    folder = tmp_path / "site"
    (folder / "embed").mkdir(parents=True)
    (folder / "embed" / "goosequill.js").write_text("export {};", encoding="utf-8")
    (tmp_path / "private.txt").write_text("private", encoding="utf-8")
    return folder


def ask(address: str, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection(urlsplit(address).netloc)
    connection.request(method, path)
    response = connection.getresponse()
    found = (
        response.status,
        {name.lower(): value for name, value in response.getheaders()},
        response.read().decode(),
    )
    connection.close()
    return found


def test_a_folder_is_served_to_any_origin_and_nothing_beside_it(site: Path) -> None:
    address = GooseQuill(site=site).site
    assert address == GooseQuill(site=site).site == serve_folder(site)
    status, headers, text = ask(address, "/embed/goosequill.js")
    assert (status, text, headers["content-type"]) == (200, "export {};", "text/javascript")
    assert headers["access-control-allow-origin"] == "*"
    for path in (
        "/",
        "/embed/",
        "/none.js",
        "/../private.txt",
        "/%2e%2e/private.txt",
        "/embed/..%2f..%2fprivate.txt",
    ):
        status, _, text = ask(address, path)
        assert status == 404 and "goosequill.js" not in text and text != "private", path
    assert ask(address, "/embed/goosequill.js", "POST")[0] == 501


def test_no_link_out_of_the_folder_is_served(site: Path) -> None:
    (site / "link.txt").symlink_to("../private.txt")
    (site / "folder").symlink_to("..")
    (site / "embed" / "index.html").symlink_to("../../private.txt")
    (site / "inside.js").symlink_to("embed/goosequill.js")
    address = serve_folder(site)
    for path in ("/link.txt", "/folder/private.txt", "/embed/"):
        status, _, text = ask(address, path)
        assert status == 404 and text != "private", path
    assert ask(address, "/inside.js")[2] == "export {};"


def test_a_folder_without_a_site_is_an_error(tmp_path: Path) -> None:
    with refused(GoosequillError, "file-missing", match=r"embed/goosequill\.js"):
        GooseQuill(site=tmp_path)


def test_the_default_is_the_site_that_the_release_is_published_with(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Message()
    monkeypatch.setattr(widget, "metadata", lambda name: known)
    with pytest.raises(GoosequillError) as raised:
        GooseQuill()
    assert raised.value.code == "option" and "site=" in raised.value.remedy
    known["Project-URL"] = "Source, https://example.org/source"
    known["Project-URL"] = f"Documentation, {SITE}/documentation/"
    assert GooseQuill().site == f"{SITE}/" == GooseQuill(site=SITE).site


def test_settings_are_those_of_the_decoder() -> None:
    quill = GooseQuill(site=SITE, settings={"temperature": 0.8})
    for wrong, code in (({"temprature": 1}, "setting-unknown"), ({"top_p": 2}, "setting-range")):
        with refused(GoosequillError, code):
            quill.settings = wrong
    assert quill.settings == {"temperature": 0.8}


def test_commands_are_messages_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(
        comm.DummyComm, "publish_msg", lambda self, kind, data=None, **_: sent.append(data or {})
    )
    quill = GooseQuill(site=SITE)
    state = next(message["state"] for message in sent if "_esm" in message["state"])
    code = ROOT / "py" / "goosequill" / "notebook" / "widget.js"
    assert state["_esm"] == code.read_text(encoding="utf-8")
    sent.clear()
    quill.generate("Once")
    quill.load()
    quill.abort()
    quill.clear()
    contents = [message["content"] for message in sent]
    assert [content["command"] for content in contents] == ["generate", "load", "abort", "clear"]
    assert contents[0] == {"command": "generate", "text": "Once"}


def test_the_example_is_a_notebook_whose_cells_run(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = json.loads((ROOT / "examples" / "notebook" / "goosequill.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    known = Message()
    known["Project-URL"] = f"Documentation, {SITE}/documentation/"
    monkeypatch.setattr(widget, "metadata", lambda name: known)
    for cell in cells:
        exec(compile(cell, "cell", "exec"), names)
    assert isinstance(names["quill"], GooseQuill)
