"""Jobs that are run to their end."""

from collections.abc import Generator

from goosequill.support.progress import Progress, finish


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
