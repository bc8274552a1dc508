"""`goosequill judge` prints what `votes.judge` returns."""

import argparse
import json
from pathlib import Path

import pytest

from goosequill.cli import judge as command
from goosequill.errors import FileFormatError


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def write(path: Path, rater: str, choice: str) -> str:
    votes = [
        {"prompt": f"p{i}", "left": {"name": "new"}, "right": {"name": "old"}, "choice": choice}
        for i in range(9)
    ]
    data = {"format": "goosequill-votes", "rater": rater, "votes": votes}
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def test_it_merges_files_and_prints_the_stronger_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [write(tmp_path / "a.json", "ann", "left"), write(tmp_path / "b.json", "bob", "tie")]
    assert run(*files) == 0
    text = capsys.readouterr().out
    assert text.index("new ") < text.index("old ")
    assert "18 votes on 9 prompts by ann, bob; ties 9, both bad 0." in text
    assert "won 9 of 9 votes with a winner (100%, 95% interval 70% to 100%)" in text
    assert "new against old: 9 won, 0 lost, 9 tied. There are 512 ways" in text
    assert "on 9 pairs by 2 raters" in text
    assert run(files[0]) == 0  # all alike
    assert "too few votes" in capsys.readouterr().out
    assert run(*files, "--json") == 0
    assert json.loads(capsys.readouterr().out)["votes"] == 18


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"bad\.json cannot be read as JSON"):
        run(str(path))
    path.write_text('{"format": "other"}', encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"bad\.json: format is not"):
        run(str(path))
