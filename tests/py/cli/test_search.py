"""`goosequill index` and `goosequill ask` as a person uses them, with the static table of the site."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from goosequill.cli.main import main
from goosequill.kernels import NumpyKernel
from goosequill.search.index import Index
from goosequill.search.indexing import OLD
from goosequill.search.storage import FolderStorage

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "site" / "models"
TEXTS = {
    "reflux.md": "# Reflux\n\nAcid flows from the stomach to the gullet. It burns behind the breastbone.",
    "tomato.md": "# Tomatoes\n\nWater the seedlings every morning. Keep them out of the frost until May.",
    "faq.csv": "question,answer\nHow do I brake?,Press the left pedal of the car slowly.\n"
    "How do I tune a violin?,Turn the peg of each string until its pitch is right.\n",
    "sub/engine.txt": "The piston moves in the cylinder of the engine. Oil keeps it from wearing out.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "docs"


def index(folder: Path, *options: str) -> int:
    out = folder.parent / "index"
    return main(["index", str(folder), "--out", str(out), "--models", str(MODELS), *options])


def ask(folder: Path, question: str, *options: str) -> list[str]:
    out = folder.parent / "index"
    return ["ask", question, "--index", str(out), "--models", str(MODELS), *options]


def results(folder: Path, capsys: pytest.CaptureFixture[str], question: str, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(ask(folder, question, "--json", *options)) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_an_index_answers_by_meaning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert index(folder, "--model", "static") == 0
    assert "5 documents" in capsys.readouterr().out
    found = results(folder, capsys, "my chest burns after a meal", "--count", "3")
    first = found["results"][0]
    assert first["document"] == "reflux.md" and len(found["results"]) == 3
    assert not found["nothing_fits"] or found["likelihood"] < 0.5
    assert set(first) >= {"document", "score", "text", "start", "end"}
    assert first["text"].startswith("Acid flows") and first["end"] - first["start"] == len(first["text"])
    scores = [hit["score"] for hit in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert (
        results(folder, capsys, "stop the vehicle", "--stage", "static")["results"][0]["document"]
        == "faq.csv#2"
    )


def test_a_person_reads_the_passages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(folder, "--model", "static")
    capsys.readouterr()
    assert main(ask(folder, "frost on tomatoes", "--count", "1")) == 0
    out = capsys.readouterr().out
    assert "1. Tomatoes" in out and "tomato.md" in out and "‘frost’" in out


def test_a_person_reads_whether_anything_fits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(folder, "--model", "static")
    for question in ("frost on tomatoes", "a car slows down", "who won the election in France"):
        found = results(folder, capsys, question)
        assert main(ask(folder, question)) == 0
        opening = capsys.readouterr().out.partition("\n")[0]
        percent = max(1, round(100 * found["likelihood"]))
        said = {"perhaps": f"Perhaps, about {percent}%.", "nothing": f"Nothing fits, about {percent}%."}
        assert opening.startswith(said.get(found["state"], "1. "))
        assert found["nothing_fits"] == (found["state"] == "nothing")


def test_only_what_changed_is_read_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(folder, "--model", "static", "--name", "Papers")
    (folder / "tomato.md").write_text("# Tomatoes\n\nPick them when they are red and soft.", encoding="utf-8")
    (folder / "sub" / "engine.txt").unlink()
    (folder / "new.txt").write_text("A choir sings in four voices.", encoding="utf-8")
    capsys.readouterr()
    assert index(folder) == 0
    assert "(2 added, 3 unchanged, 1 removed, 0 skipped)" in capsys.readouterr().out
    opened = Index.open(FolderStorage(folder.parent / "index"), NumpyKernel().search)
    assert opened.name == "Papers" and not opened.deleted and opened.pending == 0
    names = {opened.entries[number].name for number in opened.documents()}
    assert names == {"reflux.md", "tomato.md", "faq.csv#2", "faq.csv#3", "new.txt"}
    assert results(folder, capsys, "when are tomatoes ripe")["results"][0]["text"].startswith("Pick them")


def test_what_cannot_be_read_is_named_and_loses_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index(folder, "--model", "static")
    (folder / "reflux.md").write_bytes(bytes(range(256)) * 20)
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    capsys.readouterr()
    assert index(folder) == 0
    out, err = capsys.readouterr()
    assert "skipped reflux.md" in err and "skipped broken.zip" in err
    assert "0 removed" in out
    assert results(folder, capsys, "heartburn")["results"][0]["document"] == "reflux.md"


def test_what_a_link_out_of_the_folder_leads_to_is_not_in_the_index(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is what an earlier version, or an earlier file of the name, had put there."""
    (folder / "users.md").write_text("The users are Ada and Grace.")
    index(folder, "--model", "static")
    (folder.parent / "users").write_text("The users are root and daemon.")
    (folder / "users.md").unlink()
    (folder / "users.md").symlink_to(folder.parent / "users")
    capsys.readouterr()
    assert index(folder) == 0
    out, err = capsys.readouterr()
    assert "skipped users.md: users.md is a link to something outside the folder. Copy the file" in err
    assert "1 removed, 1 skipped" in out
    kept = (file.read_bytes() for file in (folder.parent / "index").rglob("*") if file.is_file())
    assert not any(b"users are" in data for data in kept)


def test_the_web_folder_is_written_unless_not_wanted(folder: Path) -> None:
    web = folder.parent / "index" / "web" / "search.json"
    index(folder, "--model", "static", "--no-web")
    assert not web.exists()
    index(folder)
    assert json.loads(web.read_text("utf-8"))["documents"] == 5


@pytest.mark.parametrize("out", ["search-index", "assets/search/index"])
def test_the_index_of_a_built_site_brings_the_element_and_knows_its_pages(tmp_path: Path, out: str) -> None:
    site = tmp_path / "site"
    (site / "guide").mkdir(parents=True)
    (site / "index.html").write_text("<main><h1>Home</h1><p>Welcome to the kettle.</p></main>", "utf-8")
    (site / "guide" / "index.html").write_text("<main><h1>Guide</h1><p>Water boils.</p></main>", "utf-8")
    command = ["index", str(site), "--out", str(site / out), "--models", str(MODELS), "--model", "static"]
    assert main(command) == 0 and main(command) == 0
    facts = json.loads((site / out / "web" / "search.json").read_text("utf-8"))
    assert (site / out / facts["site"]).resolve() == site and facts["documents"] == 2
    element = ROOT / "py" / "goosequill" / "search" / "static" / "goose-search.js"
    assert not element.is_file() or (site / out / element.name).read_bytes() == element.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "nowhere", "--out", "{out}", "--models", str(MODELS), "--model", "static"], "nowhere"),
        (["index", "{docs}", "--out", "{docs}", "--models", str(MODELS), "--model", "static"], "other files"),
        (["index", "{docs}", "--out", "{out}", "--models", "{docs}"], "fetch-models"),
        (["ask", "x", "--index", "{docs}", "--models", str(MODELS)], "index.json"),
        (["ask", "x", "--index", "{out}x", "--models", str(MODELS)], "index.json"),
    ],
)
def test_errors_name_what_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    places = {"docs": str(folder), "out": str(folder.parent / "index")}
    assert main([argument.format(**places) for argument in arguments]) == 1
    assert message in capsys.readouterr().err


def test_an_empty_folder_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    assert index(tmp_path / "docs", "--model", "static") == 1
    assert "no document" in capsys.readouterr().err


def test_an_index_of_another_model_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(folder, "--model", "static")
    description = folder.parent / "index" / "index.json"
    fields = json.loads(description.read_text("utf-8"))
    fields["model"]["fingerprint"] = "0" * 64
    description.write_text(json.dumps(fields), encoding="utf-8")
    assert index(folder) == 1
    assert "version" in capsys.readouterr().err


def test_an_exchange_of_folders_that_was_killed_is_finished(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index(folder, "--model", "static")
    out = folder.parent / "index"
    out.rename(out.with_name(f"index{OLD}"))
    assert index(folder) == 0
    assert "5 unchanged" in capsys.readouterr().out


def test_interrupted_it_keeps_what_is_done_and_continues(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    for number in range(1500):
        text = f"Note {number} is about engines and their oil. It has {number} words, or fewer. "
        (folder / f"{number}.txt").write_text(text * 3, encoding="utf-8")
    command = [sys.executable, "-m", "goosequill", "index", str(folder), "--out", str(tmp_path / "index")]
    command += ["--models", str(MODELS), "--model", "static", "--no-web"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(10_000):
        if (tmp_path / "index" / "texts.bin").exists() or process.poll() is not None:
            break
        os.sched_yield()
        signal.sigtimedwait([], 0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode in (0, 130), err
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "1,500 documents" in done
    if process.returncode == 130:
        assert "Interrupted" in err and " 0 unchanged" not in done


def test_lancedb_is_filled_and_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lancedb")
    uri = str(folder.parent / "db")
    command = ["index", str(folder), "--to", "lancedb", uri, "--models", str(MODELS), "--model", "static"]
    assert main(command) == 0
    assert "(5 added" in capsys.readouterr().out
    assert main(command) == 0
    assert "(0 added, 5 unchanged" in capsys.readouterr().out
    asked = ["ask", "Why does my chest burn?", "--index", f"lancedb:{uri}", "--models", str(MODELS), "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    best = found["results"][0]
    assert best["document"] == "reflux.md"
    assert "Acid flows" in best["text"] and best["start"] < best["end"]
    assert main(["index", str(folder), "--to", "oracle", uri]) == 1
    assert "lancedb" in capsys.readouterr().err


def test_a_cluster_makes_the_same_vectors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from distributed import LocalCluster

    settings: dict[str, Any] = {"processes": False, "protocol": "tcp", "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", **settings) as cluster:
        assert index(folder, "--model", "static", "--scheduler", cluster.scheduler_address) == 0
    out = folder.parent / "index"
    spread = (out / "vectors.bin").read_bytes()
    shutil.rmtree(out)
    assert index(folder, "--model", "static") == 0
    assert (out / "vectors.bin").read_bytes() == spread and spread
    shutil.rmtree(out)
    assert index(folder, "--model", "static", "--scheduler", "tcp://127.0.0.1:9") == 1
    assert "scheduler" in capsys.readouterr().err
    assert index(folder, "--model", "static") == 0, "what was read before is kept"
