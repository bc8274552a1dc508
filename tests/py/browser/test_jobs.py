"""Jobs: each is found by name, runs step by step, reports progress, and can be cancelled."""

import inspect
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from goosequill.browser.handles import Handles
from goosequill.browser.jobs import ROOMS, Job, all_jobs, find, room_of
from goosequill.errors import LoadError, SettingsError
from goosequill.support.progress import Progress
from goosequill.support.resources import Resource
from tests.py.refusals import refused


def run(job: Job) -> list[dict[str, Any]]:
    steps = [job.step()]
    while not {"end", "aborted"} & steps[-1].keys():
        steps.append(job.step())
    return steps


@pytest.mark.parametrize("name", all_jobs())
def test_every_job_is_a_function_of_its_room(name: str) -> None:
    function = find(name)
    assert callable(function)
    assert any(all_jobs()[name].startswith(f"goosequill.{room}") for room in ROOMS)
    assert inspect.getdoc(function)


def test_the_room_of_a_job_is_known_before_its_modules_are_there() -> None:
    assert room_of("experiment") == "lab" and room_of("generate") == "decoding"
    assert room_of("no such job") == ""


def test_no_two_rooms_have_a_job_of_one_name() -> None:
    tables = [__import__(f"goosequill.{room}.jobs", fromlist=["JOBS"]).JOBS for room in ROOMS]
    assert not [
        name for name, count in Counter(name for table in tables for name in table).items() if count > 1
    ]


def test_an_unknown_job_is_refused_with_the_names_of_all() -> None:
    with refused(SettingsError, "unknown-function", match="generate"):
        find("os.system")


def test_a_value_that_contains_itself_is_refused() -> None:
    circular: dict[str, Any] = {"role": "tool"}
    circular["content"] = [circular]
    with refused(SettingsError, "option", match="contains itself"):
        Job(lambda messages: messages, {"messages": [circular]})


def test_a_function_ends_in_its_first_step() -> None:
    assert run(Job(lambda a, b: a + b, {"a": 1, "b": 2})) == [{"end": 3}]


def test_a_generator_reports_progress_parts_and_its_end() -> None:
    def count(to: int) -> Iterator[Any]:
        for at in range(to):
            yield Progress("count", at, to)
            yield {"at": at}
        return np.arange(to, dtype=np.int32)

    *steps, last = run(Job(count, {"to": 2}))
    assert steps == [
        {"progress": {"status": "count", "loaded": 0, "total": 2, "file": ""}},
        {"part": {"at": 0}},
        {"progress": {"status": "count", "loaded": 1, "total": 2, "file": ""}},
        {"part": {"at": 1}},
    ]
    assert last["end"]["data"].tolist() == [0, 1]


def test_arguments_arrive_as_arrays() -> None:
    def total(values: Any) -> float:
        assert isinstance(values, np.ndarray)
        return float(values.sum())

    data = memoryview(np.array([1, 2, 3], np.float32))
    assert run(Job(total, {"values": {"shape": [3], "dtype": "float32", "data": data}})) == [{"end": 6.0}]


def test_several_steps_are_taken_at_once_until_their_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("goosequill.browser.jobs.perf_counter", lambda: now)

    def count() -> Iterator[Any]:
        nonlocal now
        for at in range(5):
            now += 1
            yield at
        yield Progress("count", 1, 1)
        yield 5
        return "done"

    job = Job(count, {})
    assert job.steps(0) == {"parts": [0]}, "at least one"
    assert job.steps(2.5) == {"parts": [1, 2, 3]}
    progress = {"status": "count", "loaded": 1, "total": 1, "file": ""}
    assert job.steps(9) == {"parts": [4], "progress": progress}, "which the page sees at once"
    assert job.steps(9) == {"parts": [5], "end": "done"}


def test_what_was_made_before_a_failure_is_not_lost() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise SettingsError("No more.", code="no-tokens")

    job = Job(failing, {})
    assert job.steps(60) == {"parts": [1, 2]}
    for _ in range(2):
        with refused(SettingsError, "no-tokens"):
            job.steps(60)


def test_an_array_that_changes_later_crosses_as_it_was() -> None:
    def moving() -> Iterator[Any]:
        position = np.zeros(1, np.float32)
        while True:
            position += 1
            yield {"position": position, "all": [position]}

    parts = Job(moving, {}).steps(0.01)["parts"]
    for at, part in enumerate(parts[:5], 1):
        assert part["position"]["data"][0] == part["all"][0]["data"][0] == at


@pytest.mark.parametrize("steps", [0, 2])
def test_a_cancelled_generator_is_closed_and_its_job_aborted(steps: int) -> None:
    closed = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    job = Job(endless, {})
    for _ in range(steps):
        assert job.step() == {"part": 1}
    job.cancel()
    assert job.step() == {"aborted": True}
    assert bool(closed) == bool(steps)


def test_a_job_that_asks_whether_to_stop_ends_by_itself() -> None:
    def patient(cancelled: Callable[[], bool]) -> Iterator[int]:
        while not cancelled():
            yield 1
        return "stopped early"

    job = Job(patient, {})
    assert job.step() == {"part": 1}
    job.cancel()
    assert job.step() == {"end": "stopped early"}


def test_a_function_is_given_only_the_resources_that_it_declares() -> None:
    resources = Handles(7).resources()
    assert run(Job(lambda available: available, {}, resources=resources)) == [{"end": 7}]
    assert run(Job(lambda: "nothing", {}, resources=resources)) == [{"end": "nothing"}]


def test_finding_a_job_imports_only_what_it_needs() -> None:
    """A first text must not wait for modules that other jobs use."""
    code = (
        "import sys; from goosequill.browser.jobs import find; import goosequill.browser.handles; "
        "find('generate'); print([name for name in sys.modules if name.startswith('goosequill.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "goosequill.decoding.streaming" in found
    for other in (
        "chat.replies",
        "chat.conversation",
        "evaluation.votes",
        "evaluation.text_metrics",
        "evaluation.jobs",
        "loading.convert",
    ):
        assert f"goosequill.{other}" not in found


def test_a_kept_value_is_given_by_its_handle_until_it_is_forgotten() -> None:
    handles = Handles()
    kept = handles.keep(Resource("embedder", "the table", {"dimensions": 3}))
    assert kept == {"handle": kept["handle"], "dimensions": 3}
    for name in ("static", "embedder"):
        assert handles.resources(**{name: kept["handle"]})[name] == "the table"
    with pytest.raises(LoadError) as error:
        handles.resources(collection=kept["handle"])
    assert error.value.code == "collection-closed", "a handle of another kind is not taken"
    handles.forget(kept["handle"])
    with refused(LoadError, "embedder-closed"):
        handles.resources(embedder=kept["handle"])


def test_what_a_model_carries_is_forgotten_with_it() -> None:
    handles = Handles()
    of_model, other = handles.keep(Resource("embedder", 1), 7), handles.keep(Resource("embedder", 2))
    handles.unload(7)
    with pytest.raises(LoadError):
        handles.kept(of_model["handle"], "embedder")
    assert handles.kept(other["handle"], "embedder") == 2
