"""Jobs that are run to their end."""

from collections.abc import Generator

import pytest

from goosequill.support.progress import Progress, finish, in_steps


def job() -> Generator[object, None, str]:
    yield Progress("reading", 1, 2)
    yield "a part"
    yield Progress("reading", 2, 2)
    return "the result"


def test_a_job_is_finished_and_its_progress_reported() -> None:
    seen: list[tuple[int, int]] = []
    assert finish(job(), lambda done, total: seen.append((done, total))) == "the result"
    assert seen == [(1, 2), (2, 2)]


def test_nobody_needs_to_look_at_the_progress() -> None:
    assert finish(job()) == "the result"


def test_steps_report_themselves_before_they_begin() -> None:
    seen: list[object] = []
    steps = in_steps("checks", {"one": lambda: seen.append("called") or 1, "two": lambda: 2})
    assert next(steps) == Progress("checks", 0, 2) and not seen
    assert next(steps) == Progress("checks", 1, 2) and seen == ["called"]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == {"one": 1, "two": 2}
