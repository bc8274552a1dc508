"""`make check` runs all parts and shows what each of them found."""

import sys

import pytest
from scripts import check


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import sys; {code}")


def test_every_part_runs_and_failures_and_warnings_are_shown_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {
        "first": python("print('one wrong'); print('and why', file=sys.stderr); sys.exit(2)"),
        "second": python("print('all is well'); print('warning: large', file=sys.stderr)"),
        "third": python("sys.exit('two wrong')"),
    }
    monkeypatch.setattr(check, "PARTS", parts)
    assert check.main() == 1
    ended, *found = capsys.readouterr().out.split("\n\n")
    results = {name: result for result, *_, name in map(str.split, ended.splitlines())}
    assert results == {"first": "failed", "second": "ok", "third": "failed"}
    assert [each.strip() for each in found] == [
        "first failed:\none wrong\nand why",
        "second:\nwarning: large",
        "third failed:\ntwo wrong",
    ]
    monkeypatch.setattr(check, "PARTS", {"second": parts["second"]})
    assert check.main() == 0
