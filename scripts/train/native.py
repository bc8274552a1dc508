"""Compile a C file in this folder once, and load it with ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from scripts.train.corpus import training_folder

# The parts of -ffast-math that vectorize sums. With all of -ffast-math the linker would disable subnormal
# numbers for the whole process that loads the library.
SUMS = [
    "-fassociative-math",
    "-fno-signed-zeros",
    "-fno-trapping-math",
    "-freciprocal-math",
    "-fno-math-errno",
]
FLAGS = ["-O3", "-march=native", *SUMS, "-shared", "-fPIC"]


def load(name: str) -> ctypes.CDLL:
    """Load `name`.c as a shared library, compiled by the system's C compiler or by the one in ziglang."""
    source = Path(__file__).with_name(f"{name}.c")
    digest = hashlib.sha256(source.read_bytes() + repr(FLAGS).encode()).hexdigest()[:12]
    target = training_folder() / f"{name}-{digest}.so"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        compiler = shutil.which("gcc") or shutil.which("clang")
        command = [compiler] if compiler else [sys.executable, "-m", "ziglang", "cc"]
        with tempfile.TemporaryDirectory(
            dir=target.parent
        ) as folder:  # of its own: threads may compile at once
            partial = Path(folder) / target.name
            subprocess.run([*command, *FLAGS, "-o", str(partial), str(source), "-lm"], check=True)
            partial.rename(target)
    return ctypes.CDLL(str(target))


def pointer(tensor: torch.Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())
