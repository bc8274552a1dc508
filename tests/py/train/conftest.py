"""Undo the global settings of the training code after each test."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def process_settings() -> Iterator[None]:
    """Training flushes subnormal numbers and uses one thread, for the whole process: undo both."""
    threads = torch.get_num_threads()
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)
