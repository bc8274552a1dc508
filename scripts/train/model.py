"""RWKV-4 and RWKV-7 for training, in torch. Parameter names are those of BlinkDL's checkpoints.

The formulas are those of py/goosequill/models/rwkv4.py and rwkv7.py, over whole sequences from an empty
state; the recurrences of the state run in C (wkv4.c, wkv7.c). Letters are those of the papers: r receptance,
k key, v value, w decay, u bonus for the current token, a in-context learning rate, g gate. Initial values
follow RWKV-LM, with residual branches at zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
from scripts.train import native
from scripts.train.native import pointer


@dataclass(frozen=True)
class Size:
    version: str = "4"
    layers: int = 6
    width: int = 256
    ffn_width: int = 1024
    vocab_size: int = 4096
    head_size: int = 64


@cache
def _library(name: str) -> Any:
    return native.load(name)


class Wkv4(torch.autograd.Function):
    """y[t] = (sum over i<t of e^((t-1-i)w + k_i) v_i + e^(u+k_t) v_t) / (the same without v).

    w, u [C]; k, v [B, T, C].
    """

    @staticmethod
    def forward(ctx: Any, w: torch.Tensor, u: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        w, u, k, v = (x.float().contiguous() for x in (w, u, k, v))
        y = torch.empty_like(k)
        _library("wkv4").wkv4_forward(*k.shape, *map(pointer, (w, u, k, v, y)))
        ctx.save_for_backward(w, u, k, v, y)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, ...]:
        w, u, k, v, y = ctx.saved_tensors
        gy = grads[0].float().contiguous()
        gw, gu, gk, gv = torch.zeros_like(w), torch.zeros_like(u), torch.empty_like(k), torch.empty_like(v)
        scratch = torch.empty(2, k.shape[1], 64)
        arrays = (w, u, k, v, y, gy, gw, gu, gk, gv, scratch[0], scratch[1])
        _library("wkv4").wkv4_backward(*k.shape, *map(pointer, arrays))
        return gw, gu, gk, gv


def shift(x: torch.Tensor) -> torch.Tensor:
    """The previous token's vector at each position, zeros at the first; x [B, T, C]."""
    return F.pad(x, (0, 0, 1, -1))


def _curve(width: int, ratio: float) -> torch.Tensor:
    return ((torch.arange(width) / width) ** ratio)[None, None]


class TimeMix4(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        width = size.width
        depth, left = layer / max(size.layers - 1, 1), 1 - layer / size.layers
        channel = torch.arange(width) / max(width - 1, 1)
        self.time_decay = nn.Parameter(-5 + 8 * channel ** (0.7 + 1.3 * depth))
        self.time_first = nn.Parameter(math.log(0.3) + 0.5 * ((torch.arange(width) + 1) % 3 - 1))
        self.time_mix_k = nn.Parameter(_curve(width, left))
        self.time_mix_v = nn.Parameter(_curve(width, left) + 0.3 * depth)
        self.time_mix_r = nn.Parameter(_curve(width, 0.5 * left))
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.receptance = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        p = shift(x)
        dx = x - p
        k = self.key(torch.addcmul(p, dx, self.time_mix_k))
        v = self.value(torch.addcmul(p, dx, self.time_mix_v))
        r = torch.sigmoid(self.receptance(torch.addcmul(p, dx, self.time_mix_r)))
        return self.output(r * Wkv4.apply(-torch.exp(self.time_decay), self.time_first, k, v))


class ChannelMix4(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        left = 1 - layer / size.layers
        self.time_mix_k = nn.Parameter(_curve(size.width, left))
        self.time_mix_r = nn.Parameter(_curve(size.width, left))
        self.key = nn.Linear(size.width, size.ffn_width, bias=False)
        self.receptance = nn.Linear(size.width, size.width, bias=False)
        self.value = nn.Linear(size.ffn_width, size.width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        p = shift(x)
        dx = x - p
        k = torch.relu(self.key(torch.addcmul(p, dx, self.time_mix_k))).square()
        r = torch.sigmoid(self.receptance(torch.addcmul(p, dx, self.time_mix_r)))
        return r * self.value(k)


class Wkv7(torch.autograd.Function):
    """S_t = S_(t-1) diag(w) + (S_(t-1) a) b^T + v k^T; y_t = S_t r. All [B, T, H, 64], T a multiple of 16."""

    @staticmethod
    def forward(ctx: Any, *inputs: torch.Tensor) -> torch.Tensor:
        arrays = [x.float().contiguous() for x in inputs]  # r w k v a b
        y = torch.empty_like(arrays[0])
        batch, length, heads, size = y.shape
        kept = torch.empty(batch * heads * (length // 16), size, size)
        _library("wkv7").wkv7_forward(batch, length, heads, *map(pointer, (*arrays, y, kept)))
        ctx.save_for_backward(*arrays, kept)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, ...]:
        *arrays, kept = ctx.saved_tensors
        gy = grads[0].float().contiguous()
        results = tuple(torch.empty_like(gy) for _ in arrays)
        _library("wkv7").wkv7_backward(*gy.shape[:3], *map(pointer, (*arrays, kept, gy, *results)))
        return results


RANKS = {"w": 16, "a": 16, "v": 16, "g": 32}  # of the low-rank pairs, for widths of a few hundred


class TimeMix7(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        width, self.heads = size.width, size.width // size.head_size
        depth, left = layer / max(size.layers - 1, 1), 1 - layer / size.layers
        line = torch.arange(width) / (width - 1) - 0.5
        zigzag = (torch.arange(width) % size.head_size - (size.head_size - 1) / 2) / (
            (size.head_size - 1) / 2
        )
        zigzag = zigzag * zigzag.abs()
        for name, ratio in {"r": 0.2, "w": 0.9, "k": 0.7, "v": 0.7, "a": 0.9, "g": 0.2}.items():
            self.register_parameter(f"x_{name}", nn.Parameter(1 - _curve(width, ratio * left)))
        bias = {"w": -5.5 + 6 * (line + 0.5) ** (1 + depth**0.3) + 2.5 * zigzag,
                "a": -0.19 + 0.3 * zigzag + 0.4 * line, "v": 0.73 - 0.4 * line}  # fmt: skip
        for name, rank in RANKS.items():
            if name == "v" and layer == 0:
                continue  # there is no earlier value to mix in
            self.register_parameter(f"{name}1", nn.Parameter(torch.zeros(width, rank)))
            self.register_parameter(
                f"{name}2", nn.Parameter(nn.init.orthogonal_(torch.empty(rank, width), gain=0.1))
            )
            if name in bias:
                self.register_parameter(f"{name}0", nn.Parameter(bias[name][None, None]))
        self.k_k = nn.Parameter((0.71 - 0.1 * line)[None, None])
        self.k_a = nn.Parameter(torch.full((1, 1, width), 1.02))
        self.r_k = nn.Parameter(torch.full((self.heads, size.head_size), -0.04))
        self.receptance = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.ln_x = nn.GroupNorm(self.heads, width, eps=64e-5)
        nn.init.constant_(self.ln_x.weight, ((1 + layer) / size.layers) ** 0.7)

    def _mixed(self, x: torch.Tensor, dx: torch.Tensor, name: str) -> torch.Tensor:
        return torch.addcmul(x, dx, getattr(self, f"x_{name}"))

    def _low_rank(self, x: torch.Tensor, name: str, inner: Any) -> torch.Tensor:
        y = inner(x @ getattr(self, f"{name}1")) @ getattr(self, f"{name}2")
        return y.float() + getattr(self, f"{name}0", 0.0)

    def forward(self, x: torch.Tensor, first: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        dx = shift(x) - x
        xv = self._mixed(x, dx, "v")
        r, k, v = self.receptance(self._mixed(x, dx, "r")), self.key(self._mixed(x, dx, "k")), self.value(xv)
        w = torch.exp(
            -math.exp(-0.5) * torch.sigmoid(self._low_rank(self._mixed(x, dx, "w"), "w", torch.tanh))
        )
        a = torch.sigmoid(self._low_rank(self._mixed(x, dx, "a"), "a", lambda h: h))
        g = self._low_rank(self._mixed(x, dx, "g"), "g", torch.sigmoid)
        r, k, v = r.float(), k.float(), v.float()
        if first is not None:
            v = torch.lerp(v, first, torch.sigmoid(self._low_rank(xv, "v", lambda h: h)))
        heads = (*x.shape[:2], self.heads, -1)
        kk = F.normalize((k * self.k_k).view(heads), dim=-1).view_as(k)
        k = k * (1 + (a - 1) * self.k_a)
        y = Wkv7.apply(*(t.view(heads) for t in (r, w, k, v, -kk, kk * a)))
        y = self.ln_x(y.reshape(-1, y.shape[2] * y.shape[3])).view_as(v)
        bonus = ((r * k).view(heads) * self.r_k).sum(-1, keepdim=True) * v.view(heads)
        return self.output((y + bonus.view_as(v)) * g), v


class ChannelMix7(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        self.x_k = nn.Parameter(1 - _curve(size.width, (1 - layer / size.layers) ** 4))
        self.key = nn.Linear(size.width, size.ffn_width, bias=False)
        self.value = nn.Linear(size.ffn_width, size.width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value(torch.relu(self.key(torch.addcmul(x, shift(x) - x, self.x_k))).square())


class Block(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        if layer == 0:
            self.ln0 = nn.LayerNorm(size.width)
        self.ln1 = nn.LayerNorm(size.width)
        self.ln2 = nn.LayerNorm(size.width)
        self.att = TimeMix7(size, layer) if size.version == "7" else TimeMix4(size, layer)
        self.ffn = ChannelMix7(size, layer) if size.version == "7" else ChannelMix4(size, layer)

    def forward(
        self, x: torch.Tensor, first: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the block's output, and layer 0's values for the following blocks (RWKV-7)."""
        if hasattr(self, "ln0"):
            x = self.ln0(x)
        if isinstance(self.att, TimeMix7):
            mixed, values = self.att(self.ln1(x), first)
            first = values if first is None else first
        else:
            mixed = self.att(self.ln1(x))
        x = x + mixed
        return x + self.ffn(self.ln2(x)), first


class Rwkv(nn.Module):
    """Tokens [B, T] to logits [B, T, V]; each sequence starts from an empty state."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.emb = nn.Embedding(size.vocab_size, size.width)
        self.blocks = nn.ModuleList(Block(size, layer) for layer in range(size.layers))
        self.ln_out = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, size.vocab_size, bias=False)
        self._initialize()

    def _initialize(self) -> None:
        """Initialize as RWKV-LM does: a small embedding (ln0 scales it up), outputs of branches at zero."""
        nn.init.uniform_(self.emb.weight, -1e-2, 1e-2)
        nn.init.orthogonal_(self.head.weight, gain=0.5)
        for name, parameter in self.blocks.named_parameters():
            if parameter.ndim == 2 and name.endswith(".weight"):
                if name.endswith(("att.output.weight", "ffn.value.weight")):
                    nn.init.zeros_(parameter)
                else:
                    nn.init.orthogonal_(
                        parameter, gain=max(1.0, (parameter.shape[0] / parameter.shape[1]) ** 0.5)
                    )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.emb(tokens)
        first = None
        for block in self.blocks:
            x, first = block(x, first)
        return self.head(self.ln_out(x))
