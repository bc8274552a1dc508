"""Native threads: the same bits as alone, whoever computes; they end, sleep, and survive a fork."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.kernels import SimdKernel, load_kernel, threads
from goosequill.models import Model, load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py.checkpoints import MAKERS

DATA = {name: b"".join(encode(MAKERS[name](vocab=5003, width=256).items())) for name in ("4", "7")}
TOKENS = list(range(90))


def build(count: int, bits: int | None = 8, version: str = "4") -> Model:
    tensors = open_tensors(BytesSource(DATA[version]))
    return load_model(tensors, kernel=load_kernel("native", threads=count), quantize=bits)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", DATA)
@pytest.mark.parametrize("bits", [None, 8, 4])
def test_several_threads_compute_the_same_bits(bits: int | None, version: str) -> None:
    found = []
    for count in (1, 3):
        model = build(count, bits, version)
        state = model.new_state()
        rows = model.forward(TOKENS, state, logits="all")
        steps = [model.forward([token], state) for token in TOKENS]
        found.append((rows, np.stack(steps), *state.arrays.values()))
    for alone, together in zip(*found, strict=True):
        np.testing.assert_array_equal(together, alone)


def wait_for_help(team: threads.Team, compute: Callable[[], object]) -> None:
    """Compute until a helper has computed something, which it counts when it goes to sleep.

    While it finds work it stays awake, so after some passes it is left without any until it sleeps.
    """
    before = team.computed
    for _ in range(500):
        for _ in range(10):
            compute()
        while any(awake.is_set() for awake in team._awake):
            time.sleep(0.001)
        if team.computed > before:
            return
    pytest.fail("no helper has computed anything")


def test_helpers_take_part() -> None:
    model = build(2)
    assert isinstance(model.kernel, SimdKernel)
    state = model.new_state()
    wait_for_help(threads.team_of(model.kernel.library), lambda: model.forward(TOKENS, state))


def test_helpers_take_part_in_a_recurrence() -> None:
    kernel: Any = load_kernel("native", threads=2)
    heads, size, programs = 8, 64, dict[Any, Any]()
    operands = np.random.default_rng(1).random((6, len(TOKENS), heads * size), np.float32) / 100
    *inputs, state = map(kernel.bind, (*operands, np.zeros((heads, size, size), np.float32)))

    def compute() -> None:
        kernel.run(TOKENS, lambda _: kernel.wkv7(*inputs, state), programs=programs, key=None)

    wait_for_help(threads.team_of(kernel.library), compute)


def test_a_program_has_one_team() -> None:
    for _ in range(2):
        kernel = load_kernel("native", threads=2)
        assert isinstance(kernel, SimdKernel)
        team = threads.team_of(kernel.library)
        assert sum(each.name == "goosequill" for each in threading.enumerate()) == len(team._awake) >= 1


def test_two_threads_of_a_program_may_compute_at_once() -> None:
    models = [build(2), build(2)]
    expected = models[0].forward(TOKENS, models[0].new_state(), logits="all")
    found: list[np.ndarray] = []
    running = [
        threading.Thread(target=lambda m=m: found.append(m.forward(TOKENS, m.new_state(), logits="all")))
        for m in models
    ]
    for each in running:
        each.start()
    for each in running:
        each.join()
    for rows in found:
        np.testing.assert_array_equal(rows, expected)


def test_a_program_with_threads_ends_and_its_child_computes() -> None:
    code = """
import os, sys
from goosequill.kernels import load_kernel
from tests.py.kernels.test_threads import build, TOKENS
model = build(3)
before = model.forward(TOKENS, model.new_state())
child = os.fork()
same = (model.forward(TOKENS, model.new_state()) == before).all()
if not child:
    os._exit(0 if same else 1)
print(os.waitpid(child, 0)[1], same)
"""
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'py'}:{root}"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert (result.stdout.strip(), result.returncode) == ("0 True", 0), result.stderr


def test_the_number_of_threads_comes_from_the_argument_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 16)
    for name in ("GOOSEQUILL_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert threads.thread_count() == threads.MOST == 4
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert threads.thread_count() == 2
    monkeypatch.setenv("GOOSEQUILL_THREADS", "3")
    assert threads.thread_count() == 3
    assert threads.thread_count(9) == 9
    for wrong in (0, 65):
        with pytest.raises(SettingsError, match="not a number of threads"):
            threads.thread_count(wrong)
