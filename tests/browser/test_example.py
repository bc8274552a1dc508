"""The example project: a typed page, built by Vite from the packed library, works under any path."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from scripts.serve import make_server

from .conftest import Record

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "vite"
LONG = 90_000


@pytest.mark.rest  # as the other bundlers are, tests/packages
def test_the_vite_example_builds_and_generates(page: Page, record: Record) -> None:
    subprocess.run([sys.executable, "scripts/npm.py"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["npm", "ci", "--silent"], cwd=EXAMPLE, check=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=EXAMPLE, check=True, capture_output=True)
    server = make_server(EXAMPLE / "dist", prefix="/an/example/")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}/an/example/")
        page.locator("#write").click()
        expect(page.locator("#text")).not_to_be_empty(timeout=LONG)
        expect(page.locator("#write")).to_be_enabled(timeout=LONG)
        page.locator("goose-quill").locator('[part="send"]').click()
        status = page.locator("goose-quill").locator('[part="status"]')
        expect(status).to_contain_text("Finished after", timeout=LONG)
        assert record.console_errors == []
    finally:
        server.shutdown()
        server.server_close()
