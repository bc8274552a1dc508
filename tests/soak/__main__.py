"""The long fuzzer: ``python -m tests.soak`` gives every reader its bombs, and then damaged files.

Each reader has a process of its own. What makes one fail is kept in build/soak/, and so are the inputs that
reached new code, from which the next run goes on. The package atheris is needed (``make soak`` installs it).

    python -m tests.soak --minutes 60          an hour for each reader
    python -m tests.soak --runs 100000         at most so many files for each reader
    python -m tests.soak weights tokenizer     only these readers
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from scripts.soak.results import FOLDER, Results

from tests.soak.readers import READERS, inputs

ROOT = Path(__file__).resolve().parents[2]
MOST_MEMORY = 2_048
"""Megabytes of a process."""
MOST_SECONDS = 60
"""For one file; more is a hang."""
MOST_BYTES = 65_536
"""Length of a file."""


def soak(name: str, *, runs: int, seconds: int) -> tuple[str, int, float, list[Path]]:
    """Fuzz a reader; return its name, how many files it was given, the minutes, and which made it fail."""
    corpus, crashes = FOLDER / "corpus" / name, FOLDER / "crashes"
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["py", ".", os.environ.get("PYTHONPATH", "")])}
    options = [f"-runs={runs}", f"-max_total_time={seconds}", f"-rss_limit_mb={MOST_MEMORY}"]
    options += [f"-timeout={MOST_SECONDS}", f"-max_len={MOST_BYTES}", f"-artifact_prefix={crashes}/{name}-"]
    command = [sys.executable, "-m", "tests.soak.fuzz", name, *options, "-print_final_stats=1", str(corpus)]
    known, started = set(crashes.iterdir()), time.monotonic()
    log = FOLDER / f"{name}.log"
    with log.open("wb") as stream:
        bombs = [sys.executable, "-m", "tests.bombs", name]
        spared = subprocess.run(bombs, cwd=ROOT, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        subprocess.run(command, cwd=ROOT, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    text = log.read_text(encoding="utf-8", errors="replace")
    count = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    found = [path for path in set(crashes.iterdir()) - known if path.name.startswith(f"{name}-")]
    found += [log] if spared.returncode else []
    if not count and not found:
        raise SystemExit(f"{name} did not run; see {log}")
    return name, int(count[1]) if count else 0, (time.monotonic() - started) / 60, sorted(found)


def main() -> int:
    """Fuzz the readers; the exit status is 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Fuzz every Python reader.")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"one of {', '.join(READERS)}")
    parser.add_argument("--runs", type=int, default=-1, help="most files for each reader (default: no limit)")
    parser.add_argument("--minutes", type=float, default=10, help="for each reader (default: 10)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="readers at once")
    options = parser.parse_args()
    names = options.readers or list(READERS)
    if unknown := set(names) - READERS.keys():
        parser.error(f"there is no reader {', '.join(sorted(unknown))}")
    seconds = max(1, round(60 * options.minutes))
    results = Results("readers", again=bool(options.readers))
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(soak, name, runs=options.runs, seconds=seconds) for name in names]
        for done in waiting:
            name, count, minutes, found = done.result()
            results.tried(name, count, minutes=minutes, failures=", ".join(map(str, found)))
    total = sum(figure["value"] for figure in results.figures)
    return results.write({"files": total, "readers": len(results.figures)}, {"atheris": version("atheris")})


if __name__ == "__main__":
    sys.exit(main())
