"""Train the default model on one CPU core (or more), from checkpoints that resume exactly.

The schedule is warm-up, stable, decay: the stable run can continue for as long as there is time, and at any
point a branch with `--decay-steps` anneals its last checkpoint into a model to release. A branch of such a
branch goes on at the full rate after a new warm-up, with the optimizers' states, so nothing learned in the
decay is lost (WSD-S, Wen et al. 2024, "Understanding warmup-stable-decay learning rates"). With
`--mean-with` it begins with the mean of both runs' weights, which predicts better than either (Wortsman et
al. 2022, "Model soups"). If no steps follow, that mean is the result.
Matrices are trained by Muon, embedding, head and vectors by AdamW (`--matrices adamw`: all of them).

A run starts from random weights, or with `--start-from` from those of a released model folder: its steps,
tokens and seconds continue from the folder's, the optimizers' states are empty, and the rate warms up again,
to `--peak` of the full rate. Layers beyond the folder's (`--layers`) start as no-ops.

With `--bits` the model computes with weights as they will be stored (rounding.py), as it does when it is
validated: for a decay.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scripts.train.corpus import training_folder
from scripts.train.export import read_released
from scripts.train.model import Rwkv, Size
from scripts.train.rounding import as_stored

from goosequill.models import detect_config
from goosequill.weights import folder_reader, open_folder

MALLOC = {  # keeps freed pages instead of returning them to the kernel at every step: 20-35% less system time
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}
EMA = 0.998
MUONS = 2


def windows(tokens: np.ndarray, step: int, *, batch: int, length: int, seed: int) -> np.ndarray:
    """The batch [B, T+1] of a step: each epoch reshuffles the windows and draws a new offset."""
    a_epoch = (len(tokens) - 1 - length) // length // batch
    epoch, index = divmod(step, a_epoch)
    random = np.random.default_rng((seed, epoch))
    offset = int(random.integers(length))
    order = random.permutation(a_epoch * batch)[index * batch : (index + 1) * batch]
    return np.stack([tokens[offset + i * length : offset + (i + 1) * length + 1] for i in order]).astype(
        np.int64
    )


def loss_of(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """Mean nats per token of [B, T+1]."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(batch[:, :-1])
    return F.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())


@torch.no_grad()
def validate(model: torch.nn.Module, tokens: np.ndarray, *, length: int, count: int) -> float:
    """Mean nats per token over `count` windows spread evenly over the text."""
    starts = np.linspace(0, len(tokens) - length - 2, count).astype(int)
    rows = torch.from_numpy(np.stack([tokens[s : s + length + 1] for s in starts]).astype(np.int64))
    return float(np.mean([loss_of(model, rows[i : i + 8]).item() for i in range(0, count, 8)]))


def make_optimizers(model: torch.nn.Module, options: argparse.Namespace) -> list[torch.optim.Optimizer]:
    matrices, tables, vectors = [], [], []
    for name, parameter in model.named_parameters():
        if name in ("emb.weight", "head.weight"):
            tables.append(parameter)
        elif parameter.ndim == 2 and min(parameter.shape) >= 64:
            matrices.append(parameter)
        else:
            vectors.append(parameter)
    groups: list[dict[str, Any]] = [
        {"params": tables, "lr": options.lr_tables, "weight_decay": 0.01},
        {"params": vectors, "lr": options.lr_vectors, "weight_decay": 0.0},
    ]
    if options.matrices == "adamw":
        groups.append({"params": matrices, "lr": options.lr_adamw, "weight_decay": 0.05})
    adamw = torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-10, foreach=True)
    if options.matrices == "adamw":
        return [adamw]
    # Several, so that several threads can compute their steps: each matrix by itself.
    muons = [
        torch.optim.Muon(
            matrices[part::MUONS], lr=options.lr_muon, weight_decay=options.decay_muon, momentum=0.95
        )
        for part in range(min(MUONS, len(matrices)))
    ]
    return [*muons, adamw]


class Run:
    """A training run in a folder: stable.pt or branch checkpoint, log.jsonl, the averaged weights."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = training_folder() / "runs" / options.run
        self.folder.mkdir(parents=True, exist_ok=True)
        self.size = Size(
            options.version, options.layers, options.width, options.ffn, options.vocab, options.head_size
        )
        torch.manual_seed(options.seed)
        self.step, self.tokens_seen, self.seconds = 0, 0, 0.0
        self.decay_from: int | None = None
        self.origin: dict[str, Any] = {}
        self.peak = options.peak
        source = self._source()
        saved = torch.load(source, weights_only=True) if source else None
        if saved:
            self.size = Size(**saved["size"])
        self.model = Rwkv(self.size)
        if options.start_from and not saved:
            self._start_from(options.start_from)
        self.optimizers = make_optimizers(self.model, options)
        self.average = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        if saved:
            self._restore(saved)
        self.base_lr = [
            [group["lr"] for group in optimizer.param_groups]
            for optimizer in make_optimizers(self.model, options)
        ]
        self.pool = ThreadPoolExecutor(options.threads)
        self.count = sum(value.numel() for value in self.model.parameters())

    def _source(self) -> Path | None:
        own = self.folder / "last.pt"
        if own.exists():
            return own
        return (
            training_folder() / "runs" / self.options.branch_of / "last.pt"
            if self.options.branch_of
            else None
        )

    def _start_from(self, folder: Path) -> None:
        """Load a released model's weights and continue from its figures."""
        config = detect_config(open_folder(folder_reader(folder)).tensors)
        tensors, description = read_released(folder)
        figures = description["training"]
        mine = training_folder() / "tokenizer.json"
        if mine.read_bytes() != (folder / "tokenizer.json").read_bytes():
            raise SystemExit(f"{folder} has a different vocabulary from {mine}")
        size = Size(
            config.version,
            max(config.layers, self.options.layers),
            config.width,
            config.ffn_width,
            config.vocab_size,
        )
        if size != self.size:
            raise SystemExit(f"{folder} has {size}, but this run has {self.size}")
        released = {name: torch.from_numpy(value) for name, value in tensors.items()}
        self.model.load_state_dict({**self.model.state_dict(), **released})
        weights = next(file for file in description["files"] if file["name"].endswith(".safetensors"))
        self.origin = {**figures, "sha256": weights["sha256"]}
        self.step, self.tokens_seen = figures["steps"], figures["tokens"]
        self.seconds = float(figures["cpu_seconds"])

    def _restore(self, saved: dict[str, Any]) -> None:
        self.model.load_state_dict(saved["model"])
        self.average = saved["average"]
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.tokens_seen, self.seconds = saved["step"], saved["tokens"], saved["seconds"]
        self.decay_from, self.origin, self.peak = saved["decay_from"], saved["origin"], saved["peak"]
        if self.options.decay_steps and self.decay_from is None:
            self.decay_from = self.step
        elif self.decay_from is not None and not (self.folder / "last.pt").exists():
            self._continue()
            if self.options.mean_with:
                self._take_mean(self.options.mean_with)

    def _take_mean(self, run: str) -> None:
        """Go to the middle between the averaged weights and those of another run."""
        path = training_folder() / "runs" / run / "last.pt"
        other = torch.load(path, weights_only=True)["average"]
        for name, value in self.average.items():
            value.lerp_(other[name], 0.5)
        self.model.load_state_dict(self.average)

    def _continue(self) -> None:
        """Go on after a decay, as a new phase."""
        self.decay_from, self.peak = None, self.options.peak
        before = {"origin": self.origin} if self.origin else {}
        figures = {"steps": self.step, "tokens": self.tokens_seen, "cpu_seconds": round(self.seconds)}
        self.origin = {**figures, **before}

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average,
            "size": asdict(self.size),
            "step": self.step,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "tokens": self.tokens_seen,
            "seconds": self.seconds,
            "decay_from": self.decay_from,
            "origin": self.origin,
            "peak": self.peak,
            "options": {**vars(self.options), "start_from": str(self.options.start_from or "")},
        }
        torch.save(state, self.folder / "last.partial")
        (self.folder / "last.partial").rename(self.folder / "last.pt")

    @property
    def own_steps(self) -> int:
        """Steps since the start of this run, or of the run it branches from."""
        return self.step - int(self.origin.get("steps", 0))

    def rate(self) -> float:
        """The schedule's factor: linear warm-up, the peak, then linear decay to zero on a branch."""
        if self.decay_from is not None:
            return self.peak * max(0.0, 1 - (self.step - self.decay_from) / self.options.decay_steps)
        return self.peak * min(1.0, (self.own_steps + 1) / self.options.warmup)

    def finished(self) -> bool:
        if self.decay_from is not None:
            return self.step >= self.decay_from + self.options.decay_steps
        return self.step >= self.options.steps

    def train_step(self, batch: torch.Tensor) -> float:
        factor = self.rate()
        for optimizer, rates in zip(self.optimizers, self.base_lr, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        loss = self.gradients(batch)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        list(self.pool.map(lambda optimizer: optimizer.step(), self.optimizers))
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        values = [value.detach() for value in self.model.parameters()]
        keep = min(EMA, self.own_steps / (self.own_steps + 10))
        torch._foreach_lerp_(list(self.average.values()), values, 1 - keep)
        self.step += 1
        self.tokens_seen += batch.shape[0] * (batch.shape[1] - 1)
        return loss

    def gradients(self, batch: torch.Tensor) -> float:
        """Set every gradient to the batch's mean; threads compute parts, summed in a fixed order."""
        parameters = list(self.model.parameters())

        def part(rows: torch.Tensor) -> tuple[float, tuple[torch.Tensor, ...]]:
            loss = loss_of(self.model, rows) * (len(rows) / len(batch))
            return loss.item(), torch.autograd.grad(loss, parameters)

        with as_stored(self.model, self.options.bits):
            results = list(self.pool.map(part, batch.split(self.options.part)))
        for index, parameter in enumerate(parameters):
            parameter.grad = results[0][1][index]
            for _, gradients in results[1:]:
                parameter.grad += gradients[index]
        return sum(loss for loss, _ in results)

    def log(self, **values: Any) -> None:
        figures = {"step": self.step, "tokens": self.tokens_seen, "seconds": round(self.seconds, 1)}
        line = {**figures, "clock": int(time.time()), **values}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def own_loss(run: Run, valid: np.ndarray) -> float:
    """Validation loss of the weights, as they will be stored."""
    with as_stored(run.model, run.options.bits):
        return validate(run.model, valid, length=512, count=64)


def average_loss(run: Run, valid: np.ndarray) -> float:
    """Validation loss of the averaged weights, swapped in and out."""
    own = {name: value.detach().clone() for name, value in run.model.named_parameters()}
    run.model.load_state_dict(run.average, strict=True)
    loss = own_loss(run, valid)
    run.model.load_state_dict(own)
    return loss


def validation_tokens() -> tuple[np.ndarray, float]:
    """The validation text's tokens, and how many bits per byte of it one nat per token is."""
    data = training_folder()
    valid = np.load(data / "valid.npy")
    return valid, float(np.log2(np.e) * len(valid) / (data / "valid.txt").stat().st_size)


def finish(run: Run, valid: np.ndarray, bits: float) -> None:
    """Save the checkpoint and log how well it predicts the validation text."""
    run.save()
    final = {"valid_bpb": own_loss(run, valid) * bits, "average_bpb": average_loss(run, valid) * bits}
    run.log(**{key: round(value, 4) for key, value in final.items()})


def main(argv: list[str] | None = None) -> None:
    options = parse(argv)
    torch.set_num_threads(1)  # parallel over parts of the batch instead: fewer, larger tasks
    train = np.load(training_folder() / f"{options.tokens}.npy", mmap_mode="r")
    valid, bits = validation_tokens()
    run = Run(options)
    print(f"{run.count:,} parameters, step {run.step}", file=sys.stderr, flush=True)
    start = saved_at = time.monotonic()
    losses: list[float] = []
    while (
        not run.finished()
        and time.monotonic() - start < options.minutes * 60
        and run.seconds < options.cpu_minutes * 60
    ):
        began = time.process_time()  # CPU time: fair between runs when the machine is busy
        batch = windows(train, run.step, batch=options.batch, length=options.length, seed=options.seed)
        losses.append(run.train_step(torch.from_numpy(batch)))
        run.seconds += time.process_time() - began
        if run.step % options.log_every == 0:
            values = {"train": float(np.mean(losses)), "rate": run.rate()}
            if run.step % (options.log_every * 5) == 0:
                values["valid_bpb"] = own_loss(run, valid) * bits
                values["average_bpb"] = average_loss(run, valid) * bits
            run.log(**{key: round(value, 4) for key, value in values.items()})
            losses = []
        if time.monotonic() - saved_at > options.save_minutes * 60:
            run.save()
            saved_at = time.monotonic()
    finish(run, valid, bits)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", default="main", help="name of the run: its folder under runs/")
    parser.add_argument("--branch-of", default="", help="start from the last checkpoint of this run")
    parser.add_argument("--mean-with", default="", help="begin halfway to the weights of this run")
    parser.add_argument("--start-from", type=Path, help="start from the weights of this model folder")
    parser.add_argument(
        "--decay-steps", type=int, default=0, help="anneal the learning rate to zero over this many steps"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="stop (and save) after this much time")
    parser.add_argument(
        "--cpu-minutes", type=float, default=1e9, help="stop (and save) after this much CPU time in total"
    )
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument(
        "--peak", type=float, default=1.0, help="fraction of the learning rates to warm up to"
    )
    parser.add_argument("--version", default="4", choices=("4", "7"))
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--ffn", type=int, default=1280)
    parser.add_argument("--vocab", type=int, default=4096)
    parser.add_argument("--head-size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--matrices", default="muon", choices=("muon", "adamw"))
    parser.add_argument("--lr-muon", type=float, default=0.02)
    parser.add_argument("--decay-muon", type=float, default=0.02)
    parser.add_argument("--lr-adamw", type=float, default=2e-3)
    parser.add_argument("--lr-tables", type=float, default=3e-3)
    parser.add_argument("--lr-vectors", type=float, default=3e-3)
    parser.add_argument("--tokens", default="train", help="the array of tokens to read: train or decay")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="parts of a batch computed at once")
    parser.add_argument(
        "--bits", type=int, choices=(8, 4), help="compute with weights rounded to 8 or 4 bits"
    )
    parser.add_argument("--part", type=int, default=3, help="sequences in a part")
    parser.add_argument("--log-every", type=int, default=10)
    parser.add_argument("--save-minutes", type=float, default=4)
    return parser.parse_args(argv)


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):
        os.execve(
            sys.executable,
            [sys.executable, "-m", "scripts.train.train", *sys.argv[1:]],
            {**os.environ, **MALLOC},
        )
    torch.set_flush_denormal(True)  # affects the whole process, so not when imported
    main()
