"""What all tests share: the same random examples at every run, long files first, each file's time at the end.

`make test` runs what is not marked `rest`, `make test-rest` what is.
"""

from __future__ import annotations

import socket
from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")

SHOWN = 25
"""The slowest files, of which the times are printed."""

LONGEST = (
    *("engines/test_webkit", "lab/test_lab", "engines/test_firefox", "test_compare", "test_pages"),
    *("tests/py/scripts/test_build", "tests/clients/test_clients", "tests/packages/test_bundlers"),
    "engines/test_variants",
    *("test_offline", "test_hostile", "test_home", "test_models", "test_playground", "test_faults"),
    *("engines/test_chromium", "test_chat", "test_embed", "test_live", "test_samples", "test_layout_shift"),
    *("search/test_collections", "search/test_embedders", "test_keyboard", "test_addresses"),
    *("test_versions", "lab/test_handwriting", "test_frames", "test_busy_states", "test_threads"),
)
"""Files that take long, below tests/browser unless it says otherwise: what begins last leaves a core idle."""


def place(item: pytest.Item) -> int:
    """The place of a test's file in LONGEST, or behind all of them."""
    name = item.nodeid.partition(".py::")[0].removeprefix("tests/browser/")
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=place)


class Times:
    """Adds up how long the tests of each file take with what they set up; prints it at the end."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if len(self.seconds) < 2:
            return
        terminalreporter.section(f"{self.seconds.total():.0f} s of tests in {len(self.seconds)} files")
        for file, seconds in self.seconds.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:7.1f} s  {file}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Times())
    failures = getattr(config, "failures_db", None)  # of pytest-rerunfailures, asked twice by each test
    if hasattr(failures, "sock"):  # and TCP would hold the second question back for 40 ms
        failures.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
