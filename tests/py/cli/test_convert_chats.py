from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from goosequill.cli.main import main


def conversation(*said: str) -> str:
    roles = ("user", "assistant")
    return json.dumps(
        {"messages": [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)]}
    )


def test_several_files_become_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, said in (("a", ("Q", "A")), ("b", ("R", "B"))):
        (tmp_path / name).write_text(conversation(*said))
    out = tmp_path / "out.jsonl.gz"
    assert main(["convert-chats", str(tmp_path / "a"), str(tmp_path / "b"), str(out), "--to", "rwkv"]) == 0
    assert gzip.decompress(out.read_bytes()).decode().splitlines() == [
        json.dumps({"text": f"User: {asked}\n\nAssistant: {said}"}, separators=(",", ":"))
        for asked, said in ("QA", "RB")
    ]
    assert "2 conversations, 4 messages" in capsys.readouterr().out
    assert main(["convert-chats", str(tmp_path / "a"), str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["messages"] == 2


def test_a_fault_names_file_and_line_and_keeps_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, out = tmp_path / "good", tmp_path / "bad", tmp_path / "out"
    good.write_text(conversation("Q"))
    bad.write_text(conversation("Q") + "\n{}\n" + "{")
    out.write_text("before")
    assert main(["convert-chats", str(bad), str(out)]) == 1
    assert f"{bad}: Line 2" in capsys.readouterr().err or "Line 2" in capsys.readouterr().err
    assert main(["convert-chats", str(good), str(out), "--to", "kto"]) == 1
    assert "Rate replies" in capsys.readouterr().err
    assert main(["convert-chats", str(tmp_path / "none"), str(out)]) == 1
    assert out.read_text() == "before"
