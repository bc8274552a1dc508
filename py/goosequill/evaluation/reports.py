"""Sampling reports: outputs for many prompts and decoders, in the format that the comparer reads.

Every output is added to a journal beside the report as soon as it is generated, so that an interrupted
run can be resumed. Runs in this process or on a Dask cluster. The format is in
`goosequill.support.report_format`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goosequill.decoding import PRESETS, Chunk, DecodingConfig, End, generate
from goosequill.errors import FileFormatError, SettingsError
from goosequill.evaluation.cluster import connect
from goosequill.kernels import load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.support.budget import Budget, File
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import OnProgress
from goosequill.support.report_format import sampling_report, sampling_result
from goosequill.weights.folder import MAX_DESCRIPTION


@dataclass(frozen=True)
class ModelChoice:
    """Which model to load: the arguments of `load_path` and `load_kernel`, and the path of its adapter."""

    path: str
    tokenizer: str | None = None
    quantize: int | None = None
    kernel: str = "auto"
    threads: int | None = 1
    adapter: str | None = None
    strength: float = 1.0

    @property
    def name(self) -> str:
        """The name in a report: the model's, with an adapter then + and the name of its file."""
        name = model_name(self.path)
        return f"{name}+{Path(self.adapter).stem}" if self.adapter else name


@dataclass(frozen=True)
class Decoder:
    """A named decoder, and how many outputs it generates for each prompt."""

    name: str
    settings: dict[str, Any]
    samples: int


Index = tuple[int, int, int]


@dataclass(frozen=True)
class Task:
    """One output to generate.

    Attributes
    ----------
    index
        Of the prompt, the decoder and the sample.
    """

    model: ModelChoice
    prompt: str
    settings: dict[str, Any]
    index: Index


Finished = tuple[Task, str]
Runner = Callable[[Sequence[Task]], Iterable[Finished]]


def make_tasks(
    model: ModelChoice, prompts: Sequence[str], decoders: Sequence[Decoder], *, seed: int
) -> list[Task]:
    """Return a task for every output of a report. Sample n has the seed + n, unless the decoder sets one."""
    return [
        Task(model, prompt, {"seed": seed + sample, **decoder.settings}, (p, d, sample))
        for p, prompt in enumerate(prompts)
        for d, decoder in enumerate(decoders)
        for sample in range(decoder.samples)
    ]


@functools.lru_cache(maxsize=1)
def _loaded(model: ModelChoice) -> LoadedModel:
    """Load a model once per process."""
    quantize: Any = model.quantize
    kernel = load_kernel(model.kernel, threads=model.threads)
    loaded = load_path(model.path, tokenizer=model.tokenizer, kernel=kernel, quantize=quantize)
    if model.adapter is None:
        return loaded
    from goosequill.tuning.adapter import read_adapter  # a page may not have these modules
    from goosequill.tuning.applying import adapt_loaded

    return adapt_loaded(loaded, read_adapter(model.adapter), strength=model.strength)


def run_task(task: Task) -> str:
    """Generate one output."""
    loaded = _loaded(task.model)
    config = DecodingConfig.from_dict(task.settings)
    items = generate(loaded.model, loaded.tokenizer, task.prompt, config)
    return "".join(item.text for item in items if isinstance(item, Chunk | End))


def run_here(tasks: Sequence[Task]) -> Iterator[Finished]:
    """Generate the outputs one after the other in this process."""
    for task in tasks:
        yield task, run_task(task)


def run_on_cluster(address: str, tasks: Sequence[Task]) -> Iterator[Finished]:
    """Distribute the tasks over a Dask cluster, whose workers must find the models at the same paths.

    Raises
    ------
    SettingsError
        ``no-dask``: the package is not installed. ``no-cluster``: no scheduler answers at the address.
    """
    client = connect(address)
    distributed: Any = importlib.import_module("distributed")
    with client:
        futures = {client.submit(run_task, task, pure=False): task for task in tasks}
        for future, output in distributed.as_completed(futures, with_results=True):
            yield futures[future], str(output)


def _index(value: Any) -> Index:
    prompt, decoder, sample = map(int, value)
    return prompt, decoder, sample


class Journal:
    """A file of the outputs so far: a line that identifies the job, then a line for each output."""

    def __init__(self, path: Path, job: str) -> None:
        self.path, self._job = path, job
        self.outputs: dict[Index, str] = {}

    def load(self) -> None:
        """Read what an earlier run wrote; an incomplete last line is ignored.

        Raises
        ------
        SettingsError
            ``other-report``: the journal belongs to another job.
        """
        if not self.path.exists():
            self.path.write_text(json.dumps({"job": self._job}) + "\n", encoding="utf-8")
            return
        budget = Budget()
        whole, _, rest = File.open(self.path, budget).bytes().rpartition(b"\n")
        try:
            first, *lines = map(budget.json, whole.decode("utf-8").split("\n"))
            found = {_index(entry["index"]): str(entry["output"]) for entry in lines}
            job = first["job"]
        except (LookupError, TypeError, ValueError):
            job = ""
        if job != self._job:
            raise SettingsError(
                f"{self.path} belongs to an unfinished report with different models, prompts or decoders.",
                code="other-report",
                remedy="Choose another --out, or delete that file to start again.",
            )
        self.outputs = found
        if rest:
            with self.path.open("r+b") as file:
                file.truncate(len(whole) + 1)

    def add(self, index: Index, output: str) -> None:
        """Add an output, and flush it to the disk."""
        self.outputs[index] = output
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"index": index, "output": output}) + "\n")
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
    progress: OnProgress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Write the sampling report of one model, resuming an interrupted run.

    Parameters
    ----------
    out
        The report's file; its journal is beside it until the report is complete.
    run
        Runs the tasks, in any order.
    progress
        Called with (outputs so far, outputs in all).
    """
    tasks = make_tasks(model, prompts, decoders, seed=seed)
    journal = Journal(out.with_name(out.name + ".part"), _job(tasks))
    journal.load()
    remaining = [task for task in tasks if task.index not in journal.outputs]
    notify = progress or (lambda done, total: None)
    notify(len(tasks) - len(remaining), len(tasks))
    for task, output in run(remaining):
        journal.add(task.index, output)
        notify(len(journal.outputs), len(tasks))
    results = [
        [
            sampling_result(d.name, d.settings, [journal.outputs[p, i, n] for n in range(d.samples)])
            for i, d in enumerate(decoders)
        ]
        for p in range(len(prompts))
    ]
    adapter = {"adapter": Path(model.adapter).name, "strength": model.strength} if model.adapter else {}
    report = sampling_report(
        model.name,
        list(zip(prompts, results, strict=True)),
        date=now().isoformat(),
        args={"generator": "goosequill", "seed": seed, "quantize": model.quantize, **adapter},
    )
    draft = out.with_name(out.name + ".new")
    draft.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(out)
    journal.path.unlink()
    return report


def _job(tasks: Sequence[Task]) -> str:
    return hashlib.sha256(json.dumps([asdict(task) for task in tasks], sort_keys=True).encode()).hexdigest()


def model_name(path: str) -> str:
    """Return the name of a model in a report: that in config.json, or of the folder, or of the file."""
    location = Path(path)
    try:
        description = File.open(location / "config.json", Budget(packed=MAX_DESCRIPTION)).json()
        return str(description.get("name") or location.resolve().name)
    except (OSError, ValueError, AttributeError):
        return location.resolve().name if location.is_dir() else location.stem


_PROMPTS = "a JSON list of strings, JSON lines, or one prompt per line"


def read_prompts(path: Path) -> list[str]:
    r"""Read prompts: a JSON list, JSON lines, or one prompt per line (with \n for a line break).

    A JSON item is a string, or an object with "prompt". Windows line ends in it become LF, as the model
    reads it.

    Raises
    ------
    FileFormatError
        ``prompts``: the file is invalid, or contains no prompt.
    """
    text, budget = _read(path, code="prompts"), Budget()
    try:
        if path.suffix == ".json":
            found = budget.json(text)
            items = found["prompts"] if isinstance(found, dict) else found
        elif path.suffix == ".jsonl":
            items = [budget.json(line) for line in text.splitlines() if line.strip()]
        else:
            items = [line.replace("\\n", "\n") for line in text.splitlines() if line.strip()]
        prompts = [item["prompt"] if isinstance(item, dict) else item for item in items]
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(path, code="prompts", wanted=_PROMPTS) from error
    if not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        raise _invalid(path, code="prompts", wanted=_PROMPTS)
    return list(dict.fromkeys(map(unix_lines, prompts)))


def read_decoders(path: Path, *, samples: int) -> list[Decoder]:
    """Read decoders: a JSON object from names to settings, or a JSON list of preset names.

    Parameters
    ----------
    samples
        Outputs of each decoder that samples; deterministic ones generate one. A decoder's own "samples"
        takes precedence.

    Raises
    ------
    FileFormatError
        ``decoders``: the file is invalid.
    SettingsError
        A setting is wrong; the message names the decoder.
    """
    wanted = "a JSON object from names to settings, or a JSON list of preset names"
    try:
        found = Budget().json(_read(path, code="decoders"))
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
    samples_tokens = (
        config.temperature > 0 and config.num_beams == 1 and not config.penalty_alpha and config.seed is None
    )
    count = own if own is not None else samples if samples_tokens else 1
    if type(count) is not int or not 1 <= count <= 1000:
        raise SettingsError(f"Decoder {name!r}: samples must be from 1 to 1000.", code="setting-range")
    return Decoder(name, settings, count)


def _read(path: Path, *, code: str) -> str:
    try:
        return File.open(path, Budget()).bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(
            f"The file of {code}, {path}, cannot be read: {error}.", code=code, remedy="Check the path."
        ) from error


def _invalid(path: Path, *, code: str, wanted: str) -> FileFormatError:
    return FileFormatError(
        f"{path} does not contain valid {code}.", code=code, remedy=f"It must be {wanted}."
    )
