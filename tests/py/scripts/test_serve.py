"""The development server behaves like a static host and serves only its folder."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.serve import make_server, normal_prefix

from tests.serving import serving

BODY = bytes(range(100))


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    site = tmp_path / "site"
    (site / "docs").mkdir(parents=True)
    (site / "index.html").write_text("home")
    (site / "docs" / "index.html").write_text("documentation")
    for name in ("data.bin", "module.mjs", "core.wasm", "site.webmanifest", "face.woff2", "package.whl"):
        (site / name).write_bytes(BODY)
    (tmp_path / "secret.txt").write_text("secret")
    server = make_server(site, prefix="goosequill", isolate=True)
    with serving(server):
        yield server.server_port


def ask(
    port: int, path: str, *, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("module.mjs", "text/javascript; charset=utf-8"),
        ("core.wasm", "application/wasm"),
        ("site.webmanifest", "application/manifest+json"),
        ("face.woff2", "font/woff2"),
        ("package.whl", "application/octet-stream"),
    ],
)
def test_files_have_the_types_that_browsers_require(port: int, name: str, kind: str) -> None:
    status, headers, body = ask(port, f"/goosequill/{name}")
    assert (status, headers["Content-Type"], body) == (200, kind, BODY)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("wanted", "expected", "said"),
    [
        ("bytes=10-19", BODY[10:20], "bytes 10-19/100"),
        ("bytes=90-", BODY[90:], "bytes 90-99/100"),
        ("bytes=-5", BODY[95:], "bytes 95-99/100"),
        ("bytes=-500", BODY, "bytes 0-99/100"),
        ("bytes=0-500", BODY, "bytes 0-99/100"),
    ],
)
def test_byte_ranges(port: int, wanted: str, expected: bytes, said: str) -> None:
    status, headers, body = ask(port, "/goosequill/data.bin", Range=wanted)
    assert (status, headers["Content-Range"], body) == (206, said, expected)


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=20-10"])
def test_unsatisfiable_range_is_refused_with_the_size(port: int, wanted: str) -> None:
    status, headers, body = ask(port, "/goosequill/data.bin", Range=wanted)
    assert (status, headers["Content-Range"], body) == (416, "bytes */100", b"")


@pytest.mark.parametrize("wanted", ["bytes=1-2,4-5", "lines=1-2", "bytes=-"])
def test_other_ranges_get_the_whole_file(port: int, wanted: str) -> None:
    status, _, body = ask(port, "/goosequill/data.bin", Range=wanted)
    assert (status, body) == (200, BODY)


def test_folders_serve_their_index(port: int) -> None:
    assert ask(port, "/goosequill/")[2] == b"home"
    assert ask(port, "/goosequill/docs/")[2] == b"documentation"
    status, headers, _ = ask(port, "/goosequill/docs")
    assert (status, headers["Location"]) == (301, "/goosequill/docs/")


def test_head_sends_no_body(port: int) -> None:
    status, headers, body = ask(port, "/goosequill/data.bin", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "100", b"")


@pytest.mark.parametrize("path", ["/", "/goosequill"])
def test_addresses_above_the_prefix_redirect_to_it(port: int, path: str) -> None:
    status, headers, _ = ask(port, path)
    assert (status, headers["Location"]) == (302, "/goosequill/")


@pytest.mark.parametrize("path", ["/data.bin", "/goosequill/../secret.txt", "/goosequill/%2e%2e/secret.txt"])
def test_nothing_outside_the_folder_or_the_prefix_is_served(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert status == 404
    assert body != b"secret"


def test_isolation_headers(port: int) -> None:
    _, headers, _ = ask(port, "/goosequill/")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"


@pytest.mark.parametrize(
    ("given", "prefix"), [("", "/"), ("/", "/"), ("a", "/a/"), ("/a/", "/a/"), ("a/b", "/a/b/")]
)
def test_prefix_has_one_slash_at_each_end(given: str, prefix: str) -> None:
    assert normal_prefix(given) == prefix


def test_an_unknown_address_gets_the_sites_own_page(port: int, tmp_path: Path) -> None:
    (tmp_path / "site" / "404.html").write_text("nothing here")
    status, headers, body = ask(port, "/goosequill/a/b/missing")
    assert (status, headers["Content-Type"], body) == (404, "text/html; charset=utf-8", b"nothing here")
    status, headers, body = ask(port, "/goosequill/missing", method="HEAD")
    assert (status, headers["Content-Length"], body) == (404, "12", b"")
