"""Round a run's weights to 4 bits so that later weights of a row compensate for the errors of earlier ones.

GPTQ (Frantar and others, 2023, https://arxiv.org/abs/2210.17323): the columns of a matrix are rounded one
after another, and those that are left are moved to where the matrix's outputs for real inputs change least.
Each matrix gets the inputs that the matrices before it, already rounded, give it for some training text.

    python -m scripts.train.compensation --run rounded --branch-of release
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import torch
from scripts.train.corpus import training_folder
from scripts.train.model import Rwkv
from scripts.train.phases import COMPENSATED, PHASES
from scripts.train.rounding import rounded, scales_of
from scripts.train.train import Run, finish, parse, validation_tokens, windows

from goosequill.weights.quantize import GROUP

BATCHES = 16
"""Of 6 x 1,024 tokens, to learn the inputs from."""
DAMPING = 0.01
"""Added to the diagonal of the inputs' products, relative to its mean, as in the paper."""


@torch.no_grad()
def compensate(weights: torch.Tensor, products: torch.Tensor) -> torch.Tensor:
    """Round weights [out, in] to 4 bits, for inputs x whose sum of x x^T is `products` [in, in].

    The result is float32, and `goosequill.weights.quantize` stores it without another error: scales are those
    of the given weights, and the weight that determined a scale stays where it is.
    """
    groups = weights.reshape(len(weights), -1, GROUP)
    peaks, scales, steps = scales_of(groups)
    steps = steps.expand_as(groups).reshape(weights.shape)
    first = (groups == peaks).float().argmax(2, keepdim=True)
    fixed = torch.zeros_like(groups, dtype=torch.bool).scatter_(2, first, True).view_as(weights)

    order = products.diagonal().argsort(descending=True)  # what matters most is rounded first
    products = products[order][:, order].double()
    products.diagonal().add_(DAMPING * products.diagonal().mean().clamp(min=1e-9))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(products))
    factor = torch.linalg.cholesky(inverse, upper=True).float()
    left = weights[:, order]
    values = torch.empty_like(weights)
    for index, column in enumerate(order.tolist()):
        step = steps[:, column]
        found = (left[:, index] / step).round_().clamp_(-8, 7).masked_fill_(fixed[:, column], -8)
        values[:, column] = found * scales[:, column // GROUP, 0]
        error = (left[:, index] - values[:, column]) / factor[index, index]
        left[:, index + 1 :].addr_(error, factor[index, index + 1 :], alpha=-1)
    return values


class _Read(Exception):
    """The inputs have been read, and the rest of the model need not run."""


@torch.no_grad()
def products_of(
    model: torch.nn.Module, layers: list[torch.nn.Linear], batches: list[torch.Tensor]
) -> list[torch.Tensor]:
    """For each layer, the sum of x x^T over its inputs x [in] for batches of tokens [B, T]: [in, in].

    The model must use the layers in the given order.
    """
    totals = [torch.zeros(layer.in_features, layer.in_features) for layer in layers]

    def reader(index: int) -> Callable[[torch.nn.Module, tuple[torch.Tensor, ...]], None]:
        def read(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            flat = inputs[0].float().flatten(0, 1)
            totals[index].addmm_(flat.T, flat)
            if index == len(layers) - 1:
                raise _Read

        return read

    hooks = [layer.register_forward_pre_hook(reader(index)) for index, layer in enumerate(layers)]
    for batch in batches:
        with suppress(_Read):
            model(batch)
    for hook in hooks:
        hook.remove()
    return totals


@torch.no_grad()
def round_model(model: Rwkv, batches: list[torch.Tensor]) -> None:
    """Round the matrices of a model in place.

    Embedding and head are rounded to nearest: a compensated head has closer logits, but predicts text worse.
    """
    model.emb.weight.data = rounded(model.emb.weight.data, 8)
    model.head.weight.data = rounded(model.head.weight.data, 4)
    for block in model.blocks:
        for mix in block.children():
            layers = [layer for layer in mix.children() if isinstance(layer, torch.nn.Linear)]
            for group in filter(None, (layers[:-1], layers[-1:])):  # inputs in it do not depend on each other
                for layer, products in zip(group, products_of(model, group, batches), strict=True):
                    layer.weight.data = compensate(layer.weight.data, products)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", default=COMPENSATED, help="name of the run that gets the rounded weights")
    parser.add_argument("--branch-of", default=PHASES[-1].end, help="the run whose mean weights are rounded")
    options = parser.parse_args(argv)
    (training_folder() / "runs" / options.run / "last.pt").unlink(missing_ok=True)
    run = Run(parse(["--run", options.run, "--branch-of", options.branch_of, "--bits", "4"]))
    tokens = np.load(training_folder() / "decay.npy", mmap_mode="r")
    chosen = [
        windows(tokens, step, batch=run.options.batch, length=run.options.length, seed=0)
        for step in range(BATCHES)
    ]
    run.model.load_state_dict(run.average)
    round_model(run.model, [torch.from_numpy(batch[:, :-1]) for batch in chosen])
    run.average = {name: value.detach().clone() for name, value in run.model.named_parameters()}
    finish(run, *validation_tokens())


if __name__ == "__main__":
    torch.set_flush_denormal(True)
    main()
