"""The models again, for autograd: written in torch from the papers' formulas, in float64, token by token.

Nothing here comes from the package. Vectors and initial states are the leaves whose gradients tests compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, group_norm, layer_norm, normalize

torch.set_num_threads(1)  # the tensors are small

Leaves = dict[str, torch.Tensor]


def leaves(tensors: Mapping[str, NDArray[np.float32]]) -> Leaves:
    """The tensors in float64; all are leaves, those with one long axis are flat, as the vectors are."""
    found = {}
    for name, array in tensors.items():
        flat = array.ndim == 1 or array.shape[0] == 1 or name.endswith("r_k")
        values = torch.from_numpy(array.reshape(-1) if flat and "state" not in name else array)
        found[name] = values.double().requires_grad_()
    return found


def normal(w: Leaves, x: torch.Tensor, name: str) -> torch.Tensor:
    return layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])


def before(x: torch.Tensor) -> torch.Tensor:
    """The previous token's row, zeros at first; x [B, T, C]."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)


def time_mix4(w: Leaves, x: torch.Tensor, at: str) -> torch.Tensor:
    p = before(x)
    k, v, r = (
        (x * w[f"{at}time_mix_{s}"] + p * (1 - w[f"{at}time_mix_{s}"])) @ w[f"{at}{name}.weight"].T
        for s, name in (("k", "key"), ("v", "value"), ("r", "receptance"))
    )
    decay, bonus = torch.exp(-torch.exp(w[at + "time_decay"])), w[at + "time_first"]
    over = under = torch.zeros_like(x[:, 0])
    if at + "time_state" in w:
        a, b, exponent = w[at + "time_state"]
        over, under = over + a * torch.exp(exponent), under + b * torch.exp(exponent)
    out = []
    for t in range(x.shape[1]):
        now, here = torch.exp(k[:, t]), torch.exp(bonus + k[:, t])
        out.append((over + here * v[:, t]) / (under + here))
        over, under = decay * over + now * v[:, t], decay * under + now
    return (torch.sigmoid(r) * torch.stack(out, dim=1)) @ w[at + "output.weight"].T


def channel_mix4(w: Leaves, x: torch.Tensor, ff: str) -> torch.Tensor:
    p = before(x)
    xk, xr = (x * w[f"{ff}time_mix_{s}"] + p * (1 - w[f"{ff}time_mix_{s}"]) for s in "kr")
    k = torch.relu(xk @ w[ff + "key.weight"].T) ** 2
    return torch.sigmoid(xr @ w[ff + "receptance.weight"].T) * (k @ w[ff + "value.weight"].T)


def rwkv4(w: Leaves, tokens: torch.Tensor) -> torch.Tensor:
    """Tokens [B, T] -> logits [B, T, V]."""
    x = normal(w, w["emb.weight"][tokens], "blocks.0.ln0")
    for layer in range(sum(name.endswith("ln1.weight") for name in w)):
        block = f"blocks.{layer}."
        x = x + time_mix4(w, normal(w, x, block + "ln1"), block + "att.")
        x = x + channel_mix4(w, normal(w, x, block + "ln2"), block + "ffn.")
    return normal(w, x, "ln_out") @ w["head.weight"].T


def time_mix7(
    w: Leaves, x: torch.Tensor, at: str, first: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    p, (batch, steps, width) = before(x), x.shape
    heads = (batch, steps, width // 64, 64)
    xr, xw, xk, xv, xa, xg = (x + (p - x) * w[f"{at}x_{s}"] for s in "rwkvag")
    r, k, v = (y @ w[f"{at}{name}.weight"].T for y, name in ((xr, "receptance"), (xk, "key"), (xv, "value")))
    decay = torch.exp(
        -torch.sigmoid(w[at + "w0"] + torch.tanh(xw @ w[at + "w1"]) @ w[at + "w2"]) / np.sqrt(np.e)
    )
    a = torch.sigmoid(w[at + "a0"] + xa @ w[at + "a1"] @ w[at + "a2"])
    g = torch.sigmoid(xg @ w[at + "g1"]) @ w[at + "g2"]
    if first is not None:
        v = v + (first - v) * torch.sigmoid(w[at + "v0"] + xv @ w[at + "v1"] @ w[at + "v2"])
    kk = normalize((k * w[at + "k_k"]).view(heads), dim=-1, eps=1e-12)
    k = k * (1 + (a - 1) * w[at + "k_a"])
    state = torch.zeros(batch, heads[2], 64, 64, dtype=x.dtype)
    if at + "time_state" in w:
        state = state + w[at + "time_state"]
    rh, dh, kh, vh, ah = (y.view(heads) for y in (r, decay, k, v, a))
    out = []
    for t in range(steps):
        change = torch.diag_embed(dh[:, t]) - kk[:, t, :, :, None] * (kk * ah)[:, t, :, None, :]
        state = state @ change + vh[:, t, :, :, None] * kh[:, t, :, None, :]
        out.append(torch.einsum("bhvk,bhk->bhv", state, rh[:, t]))
    y = torch.stack(out, dim=1).reshape(batch * steps, width)
    y = group_norm(y, heads[2], w[at + "ln_x.weight"], w[at + "ln_x.bias"], 64e-5).view_as(x)
    bonus = (rh * kh * w[at + "r_k"].view(heads[2:])).sum(-1, keepdim=True) * vh
    return ((y + bonus.reshape(x.shape)) * g) @ w[at + "output.weight"].T, v


def channel_mix7(w: Leaves, x: torch.Tensor, ff: str) -> torch.Tensor:
    k = torch.relu((x + (before(x) - x) * w[ff + "x_k"]) @ w[ff + "key.weight"].T) ** 2
    return k @ w[ff + "value.weight"].T


def rwkv7(w: Leaves, tokens: torch.Tensor) -> torch.Tensor:
    """Tokens [B, T] -> logits [B, T, V]."""
    x, first = normal(w, w["emb.weight"][tokens], "blocks.0.ln0"), None
    for layer in range(sum(name.endswith("ln1.weight") for name in w)):
        block = f"blocks.{layer}."
        mixed, values = time_mix7(w, normal(w, x, block + "ln1"), block + "att.", first)
        first = values if first is None else first
        x = x + mixed
        x = x + channel_mix7(w, normal(w, x, block + "ln2"), block + "ffn.")
    return normal(w, x, "ln_out") @ w["head.weight"].T


MODELS = {"4": rwkv4, "7": rwkv7}


def costs(
    version: str, w: Leaves, tokens: NDArray[np.int64], targets: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> torch.Tensor:
    """What the wanted tokens of each sequence cost, in nats [B]."""
    logits = MODELS[version](w, torch.from_numpy(tokens))
    each = cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten(), reduction="none")
    return (each.view(tokens.shape) * torch.from_numpy(wanted)).sum(dim=1)
