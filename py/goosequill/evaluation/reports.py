"""Sampling reports: many prompts under many decoders, in the format that the comparer reads.

A journal beside the report holds every output as soon as it is written, so that a run that was killed
goes on where it was. The work is done here, or handed to whatever maps a function over tasks.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goosequill.decoding import PRESETS, Chunk, DecodingConfig, End, generate
from goosequill.errors import FileFormatError, SettingsError
from goosequill.loading.load import LoadedModel, load_path


@dataclass(frozen=True)
class ModelChoice:
    """Which model: path, and what `load_path` is told."""

    path: str
    tokenizer: str | None = None
    quantize: int | None = None


@dataclass(frozen=True)
class Decoder:
    """A decoder under a name, and how many outputs it shall write for a prompt."""

    name: str
    settings: dict[str, Any]
    samples: int


@dataclass(frozen=True)
class Task:
    """One output to write; the places are those of prompt, decoder and sample."""

    model: ModelChoice
    prompt: str
    settings: dict[str, Any]
    place: tuple[int, int, int]


Finished = tuple[Task, str]
Runner = Callable[[Sequence[Task]], Iterable[Finished]]
Progress = Callable[[int, int], None]


def make_tasks(
    model: ModelChoice, prompts: Sequence[str], decoders: Sequence[Decoder], *, seed: int
) -> list[Task]:
    """Return every output of a report; sample n has the seed + n, unless the decoder has its own."""
    return [
        Task(model, prompt, {"seed": seed + sample, **decoder.settings}, (p, d, sample))
        for p, prompt in enumerate(prompts)
        for d, decoder in enumerate(decoders)
        for sample in range(decoder.samples)
    ]


@functools.lru_cache(maxsize=1)
def _loaded(model: ModelChoice) -> LoadedModel:
    """Load a model once in a process, however many tasks it gets."""
    quantize: Any = model.quantize
    return load_path(model.path, tokenizer=model.tokenizer, quantize=quantize)


def run_task(task: Task) -> str:
    """Write one output."""
    loaded = _loaded(task.model)
    config = DecodingConfig.from_dict(task.settings)
    items = generate(loaded.model, loaded.tokenizer, task.prompt, config)
    return "".join(item.text for item in items if isinstance(item, Chunk | End))


def run_here(tasks: Sequence[Task]) -> Iterator[Finished]:
    """Write one output after the other in this process."""
    for task in tasks:
        yield task, run_task(task)


def run_on_cluster(address: str, tasks: Sequence[Task]) -> Iterator[Finished]:
    """Spread the work over a Dask cluster, whose workers must see the models under the same paths.

    Raises
    ------
    SettingsError
        ``no-dask``: the package is not installed. ``no-cluster``: no scheduler answers there.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise SettingsError(
            "A cluster needs the package distributed, which is not installed.",
            code="no-dask",
            remedy='Install goosequill with its extra: pip install "goosequill[cluster]".',
        ) from error
    try:
        client = distributed.Client(address, timeout=5)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"No Dask scheduler answers at {address!r}.",
            code="no-cluster",
            remedy="Start one with “dask scheduler”, and give the address that it prints.",
        ) from error
    with client:
        futures = {client.submit(run_task, task, pure=False): task for task in tasks}
        for future, output in distributed.as_completed(futures, with_results=True):
            yield futures[future], str(output)


class Journal:
    """Outputs on disk as they come: a line that names the job, then a line for each output."""

    def __init__(self, path: Path, job: str) -> None:
        self.path, self._job = path, job
        self.outputs: dict[tuple[int, int, int], str] = {}

    def load(self) -> None:
        """Read what an earlier run wrote; a last line that was cut off in writing does not count.

        Raises
        ------
        SettingsError
            ``other-report``: the journal belongs to another job.
        """
        if not self.path.exists():
            self.path.write_text(json.dumps({"job": self._job}) + "\n", encoding="utf-8")
            return
        whole, _, rest = self.path.read_bytes().rpartition(b"\n")
        lines = whole.decode("utf-8").split("\n")
        if not whole or json.loads(lines[0]).get("job") != self._job:
            raise SettingsError(
                f"{self.path} was left by a report with other models, prompts or decoders.",
                code="other-report",
                remedy="Give another --out, or delete that file to begin anew.",
            )
        for line in lines[1:]:
            entry = json.loads(line)
            self.outputs[tuple(entry["place"])] = entry["output"]
        if rest:
            with self.path.open("r+b") as file:
                file.truncate(len(whole) + 1)

    def add(self, place: tuple[int, int, int], output: str) -> None:
        """Keep an output, on the disk before anything else happens."""
        self.outputs[place] = output
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"place": place, "output": output}) + "\n")
            file.flush()
            os.fsync(file.fileno())


def write_report(
    out: Path,
    model: ModelChoice,
    prompts: Sequence[str],
    decoders: Sequence[Decoder],
    *,
    seed: int = 0,
    run: Runner = run_here,
    progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Write a sampling report of one model, or finish one that was begun.

    Parameters
    ----------
    out
        The report's file; its journal is beside it until the report is whole.
    run
        What does the tasks, in any order.
    progress
        Called with (outputs there, outputs in all).
    """
    tasks = make_tasks(model, prompts, decoders, seed=seed)
    journal = Journal(out.with_name(out.name + ".part"), _job(tasks))
    journal.load()
    left = [task for task in tasks if task.place not in journal.outputs]
    told = progress or (lambda done, total: None)
    told(len(tasks) - len(left), len(tasks))
    for task, output in run(left):
        journal.add(task.place, output)
        told(len(journal.outputs), len(tasks))
    report = _report(model, prompts, decoders, journal.outputs, seed=seed, date=now().isoformat())
    draft = out.with_name(out.name + ".new")
    draft.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(out)
    journal.path.unlink()
    return report


def _job(tasks: Sequence[Task]) -> str:
    return hashlib.sha256(json.dumps([asdict(task) for task in tasks], sort_keys=True).encode()).hexdigest()


def _report(
    model: ModelChoice,
    prompts: Sequence[str],
    decoders: Sequence[Decoder],
    outputs: Mapping[tuple[int, int, int], str],
    *,
    seed: int,
    date: str,
) -> dict[str, Any]:
    return {
        "model_name": model_name(model.path),
        "date": date,
        "args": {"generator": "goosequill", "seed": seed, "quantize": model.quantize},
        "prompts": [
            {
                "prompt": prompt,
                "results": [
                    {
                        "sampling_config": decoder.name,
                        "sampling_params": _flat(decoder.settings),
                        "outputs": [outputs[p, d, sample] for sample in range(decoder.samples)],
                    }
                    for d, decoder in enumerate(decoders)
                ],
            }
            for p, prompt in enumerate(prompts)
        ],
    }


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the format has them: numbers, booleans and texts; the rest as JSON text."""
    plain = (int, float, str, type(None))
    return {k: v if isinstance(v, plain) else json.dumps(v, ensure_ascii=False) for k, v in settings.items()}


def model_name(path: str) -> str:
    """Return what a report calls a model: the folder's own name, or the file's without its ending."""
    place = Path(path)
    try:
        description = json.loads((place / "config.json").read_text(encoding="utf-8"))
        return str(description.get("name") or place.resolve().name)
    except (OSError, ValueError, AttributeError):
        return place.resolve().name if place.is_dir() else place.stem


def read_prompts(path: Path) -> list[str]:
    r"""Read prompts: a JSON list, JSON lines, or a text with a prompt a line (\n for a break).

    An item of JSON is a text, or an object with "prompt".

    Raises
    ------
    FileFormatError
        ``prompts``: the file is unsound, or holds no prompt.
    """
    text = _read(path, code="prompts")
    try:
        if path.suffix == ".json":
            found = json.loads(text)
            items = found["prompts"] if isinstance(found, dict) else found
        elif path.suffix == ".jsonl":
            items = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            items = [line.replace("\\n", "\n") for line in text.splitlines() if line.strip()]
        prompts = [item["prompt"] if isinstance(item, dict) else item for item in items]
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(
            path, code="prompts", wanted="a JSON list of texts, JSON lines, or a prompt a line"
        ) from error
    if not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        raise _invalid(path, code="prompts", wanted="a JSON list of texts, JSON lines, or a prompt a line")
    return list(dict.fromkeys(prompts))


def read_decoders(path: Path, *, samples: int) -> list[Decoder]:
    """Read decoders: a JSON table from name to settings, or a list of presets' names.

    ``samples`` outputs are written by each that draws; one by greedy and the searches. A decoder's own
    "samples" goes before that.

    Raises
    ------
    FileFormatError
        ``decoders``: the file is unsound. SettingsError of a setting that is wrong, naming the decoder.
    """
    wanted = "a JSON table from name to settings, or a JSON list of presets' names"
    try:
        found = json.loads(_read(path, code="decoders"))
    except ValueError as error:
        raise _invalid(path, code="decoders", wanted=wanted) from error
    if isinstance(found, list):
        if not all(isinstance(name, str) and name in PRESETS for name in found):
            raise _invalid(path, code="decoders", wanted=f"{wanted}: {', '.join(PRESETS)}")
        found = {name: PRESETS[name] for name in found}
    if not isinstance(found, dict) or not found or not all(isinstance(s, dict) for s in found.values()):
        raise _invalid(path, code="decoders", wanted=wanted)
    return [_decoder(name, dict(settings), samples) for name, settings in found.items()]


def _decoder(name: str, settings: dict[str, Any], samples: int) -> Decoder:
    own = settings.pop("samples", None)
    try:
        config = DecodingConfig.from_dict(settings)
    except SettingsError as error:
        raise SettingsError(
            f"Decoder {name!r}: {error.message}", code=error.code, remedy=error.remedy
        ) from error
    draws = (
        config.temperature > 0 and config.num_beams == 1 and not config.penalty_alpha and config.seed is None
    )
    count = own if own is not None else samples if draws else 1
    if not isinstance(count, int) or not 1 <= count <= 1000:
        raise SettingsError(f"Decoder {name!r}: samples must lie between 1 and 1000.", code="setting-range")
    return Decoder(name, settings, count)


def _read(path: Path, *, code: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(
            f"The file of {code}, {path}, cannot be read: {error}.", code=code, remedy="Check the path."
        ) from error


def _invalid(path: Path, *, code: str, wanted: str) -> FileFormatError:
    return FileFormatError(
        f"{path} does not contain valid {code}.", code=code, remedy=f"It must be {wanted}."
    )
