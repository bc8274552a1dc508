"""A resumed run equals an uninterrupted one; windows cover the text; the decay ends at zero."""

import json
import time

import numpy as np
import pytest
import torch
from scripts.train import rounding, train

from goosequill.weights import quantize

SMALL = ["--layers", "1", "--width", "64", "--ffn", "64", "--vocab", "64", "--batch", "4", "--length", "32",
         "--part", "2", "--warmup", "2", "--log-every", "1"]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path))
    random = np.random.default_rng(0)
    np.save(tmp_path / "train.npy", random.integers(64, size=2000).astype(np.uint16))
    np.save(tmp_path / "valid.npy", random.integers(64, size=1000).astype(np.uint16))
    (tmp_path / "valid.txt").write_text("x" * 3000)
    return tmp_path


def weights_of(folder, run):
    return torch.load(folder / "runs" / run / "last.pt", weights_only=True)["model"]


def test_a_resumed_run_equals_an_uninterrupted_one(folder):
    train.main(["--run", "whole", "--steps", "4", *SMALL])
    train.main(["--run", "parts", "--steps", "2", *SMALL])
    train.main(["--run", "parts", "--steps", "4", "--threads", "2", *SMALL])
    whole, parts = weights_of(folder, "whole"), weights_of(folder, "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_branch_decays_to_zero_and_leaves_the_stable_run_alone(folder):
    train.main(["--run", "stable", "--steps", "2", *SMALL])
    before = weights_of(folder, "stable")
    train.main(["--run", "release", "--branch-of", "stable", "--decay-steps", "3", *SMALL])
    lines = [json.loads(line) for line in (folder / "runs/release/log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 5
    assert [line["rate"] for line in lines if "rate" in line] == [0.6667, 0.3333, 0.0]
    clocks = [line["clock"] for line in lines]
    assert clocks == sorted(clocks) and 0 <= time.time() - clocks[0] < 3600
    after = weights_of(folder, "stable")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_branch_of_a_decay_goes_on_at_the_full_rate_with_the_optimizers_states(folder):
    train.main(["--run", "stable", "--steps", "2", *SMALL])
    train.main(["--run", "release", "--branch-of", "stable", "--decay-steps", "3", *SMALL])
    more = ["--run", "more", "--branch-of", "release", *SMALL, "--warmup", "4"]
    train.main([*more, "--steps", "6"])
    train.main([*more, "--steps", "8"])
    lines = [json.loads(line) for line in (folder / "runs/more/log.jsonl").read_text().splitlines()]
    assert [line["rate"] for line in lines if "rate" in line] == [0.5, 0.75, 1.0]
    saved = torch.load(folder / "runs/more/last.pt", weights_only=True)
    assert saved["origin"]["steps"] == 5
    assert {float(state["step"]) for state in saved["optimizers"][-1]["state"].values()} == {8}
    train.main(["--run", "last", "--branch-of", "more", "--decay-steps", "2", *SMALL])
    assert torch.load(folder / "runs/last/last.pt", weights_only=True)["origin"] == saved["origin"]


def test_a_phase_can_begin_with_the_mean_of_two_runs(folder):
    train.main(["--run", "stable", "--steps", "2", *SMALL])
    train.main(["--run", "first", "--branch-of", "stable", "--decay-steps", "2", *SMALL])
    train.main(["--run", "more", "--branch-of", "first", "--steps", "6", *SMALL])
    train.main(["--run", "second", "--branch-of", "more", "--decay-steps", "2", *SMALL])
    train.main(["--run", "mean", "--branch-of", "second", "--mean-with", "first", "--steps", "8", *SMALL])
    first, second, mean = (
        torch.load(folder / "runs" / run / "last.pt", weights_only=True)
        for run in ("first", "second", "mean")
    )
    for name, value in mean["model"].items():
        expected = (first["average"][name] + second["average"][name]) / 2
        torch.testing.assert_close(value, expected)
        assert torch.equal(value, mean["average"][name])
    assert mean["step"] == 8
    assert mean["origin"]["steps"] == 8


@pytest.mark.parametrize("bits", [8, 4])
def test_weights_are_rounded_as_the_library_stores_them(bits):
    weights = np.random.default_rng(0).standard_normal((37, 192)).astype(np.float32)
    weights[3] = 0
    weights[5, 64:128] *= 1e-9
    found = rounding.rounded(torch.from_numpy(weights), bits).numpy()
    assert np.array_equal(found, quantize(weights, bits).dequantize())


def test_with_bits_the_gradient_is_that_of_the_stored_weights(folder):
    train.main(["--run", "stable", "--steps", "2", *SMALL])
    own, stored = (
        train.Run(train.parse(["--run", "stable", *bits, *SMALL])) for bits in ([], ["--bits", "4"])
    )
    batch = torch.from_numpy(np.load(folder / "train.npy")[:132].astype(np.int64)).view(4, 33)
    stored.gradients(batch)
    assert all(map(torch.equal, own.model.parameters(), stored.model.parameters()))
    for name, value in own.model.named_parameters():
        if value.ndim == 2 and name != "emb.weight":
            value.data = torch.from_numpy(quantize(value.detach().numpy(), 4).dequantize())
    own.model.emb.weight.data = rounding.rounded(own.model.emb.weight.data, 8)
    own.gradients(batch)
    for one, other in zip(own.model.parameters(), stored.model.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    train.main(["--run", "end", "--branch-of", "stable", "--decay-steps", "3", "--bits", "4", *SMALL])


def test_an_epoch_takes_every_window_once():
    tokens = np.arange(1000, dtype=np.uint16)
    steps = (len(tokens) - 1 - 32) // 32 // 4
    batches = [train.windows(tokens, step, batch=4, length=32, seed=3) for step in range(steps)]
    starts = sorted(int(row[0]) for batch in batches for row in batch)
    assert np.diff(starts).tolist() == [32] * (steps * 4 - 1)
    assert batches[0].shape == (4, 33)
    again = train.windows(tokens, 0, batch=4, length=32, seed=3)
    assert np.array_equal(again, batches[0])
