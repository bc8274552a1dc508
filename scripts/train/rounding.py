"""Weights as they will be stored, while the model is trained to be stored so.

A released model has rounded weights. If the last steps compute with these, while the optimizers move the
weights that are not rounded yet, the model learns to do without what rounding takes away (Jacob and others,
2018; the gradient is taken as if nothing had been rounded: Bengio and others, 2013).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from goosequill.weights.quantize import GROUP, bits_for


@torch.no_grad()
def rounded(weights: torch.Tensor, bits: Literal[8, 4]) -> torch.Tensor:
    """Weights [out, in] as `goosequill.weights.quantize` stores them, in float32."""
    if bits == 8:
        scales = weights.abs().amax(1, keepdim=True) / 127
        steps = torch.where(scales > 0, scales, 1)
        return (weights / steps).round_().clamp_(-127, 127).mul_(scales)
    groups = weights.reshape(len(weights), -1, GROUP)
    _, scales, steps = scales_of(groups)
    return (groups / steps).round_().clamp_(-8, 7).mul_(scales).view_as(weights)


def scales_of(groups: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The weights of largest magnitude, the scales that make them -8, and those with 1 for 0, to divide by.

    Groups are [out, groups, 64]; each result is [out, groups, 1].
    """
    low, high = groups.amin(2, keepdim=True), groups.amax(2, keepdim=True)
    largest = torch.where(-low > high, low, high)
    scales = (largest / -8).half().float()
    return largest, scales, torch.where(scales != 0, scales, 1)


@contextmanager
def as_stored(model: torch.nn.Module, bits: Literal[8, 4] | None) -> Iterator[None]:
    """Give the model the weights that it will be stored with, then its own again; None leaves them alone."""
    own = {}
    for name, parameter in model.named_parameters():
        chosen = bits and bits_for(name, tuple(parameter.shape), bits)
        if chosen:
            own[parameter] = parameter.data
            parameter.data = rounded(parameter.data, chosen)
    try:
        yield
    finally:
        for parameter, weights in own.items():
            parameter.data = weights
