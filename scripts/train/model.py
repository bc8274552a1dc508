"""RWKV-4 for training, in torch. Parameter names are those of BlinkDL's checkpoints.

The mathematics is that of py/goosequill/models/rwkv4.py, over whole sequences from an empty state; the WKV operation
runs in C (wkv4.c). Letters as in the paper: r receptance, k key, v value, w decay, u bonus for the current token.
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
def _wkv4() -> Any:
    return native.load("wkv4")


class Wkv4(torch.autograd.Function):
    """y[t] = (sum over i<t of e^((t-1-i)w + k_i) v_i + e^(u+k_t) v_t) / (the same without v). w, u [C]; k, v [B, T, C]."""

    @staticmethod
    def forward(ctx: Any, w: torch.Tensor, u: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        w, u, k, v = (x.float().contiguous() for x in (w, u, k, v))
        y = torch.empty_like(k)
        _wkv4().wkv4_forward(*k.shape, *map(pointer, (w, u, k, v, y)))
        ctx.save_for_backward(w, u, k, v, y)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, ...]:
        w, u, k, v, y = ctx.saved_tensors
        gy = grads[0].float().contiguous()
        gw, gu, gk, gv = torch.zeros_like(w), torch.zeros_like(u), torch.empty_like(k), torch.empty_like(v)
        scratch = torch.empty(2, k.shape[1], 64)
        arrays = (w, u, k, v, y, gy, gw, gu, gk, gv, scratch[0], scratch[1])
        _wkv4().wkv4_backward(*k.shape, *map(pointer, arrays))
        return gw, gu, gk, gv


def shift(x: torch.Tensor) -> torch.Tensor:
    """The previous token's vector at each place; zeros at the first. x [B, T, C]."""
    return F.pad(x, (0, 0, 1, -1))


def _curve(width: int, ratio: float) -> torch.Tensor:
    return ((torch.arange(width) / width) ** ratio)[None, None]


class TimeMix4(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        width = size.width
        depth, left = layer / max(size.layers - 1, 1), 1 - layer / size.layers
        place = torch.arange(width) / max(width - 1, 1)
        self.time_decay = nn.Parameter(-5 + 8 * place ** (0.7 + 1.3 * depth))
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


class Block(nn.Module):
    def __init__(self, size: Size, layer: int) -> None:
        super().__init__()
        if layer == 0:
            self.ln0 = nn.LayerNorm(size.width)
        self.ln1 = nn.LayerNorm(size.width)
        self.ln2 = nn.LayerNorm(size.width)
        self.att = TimeMix4(size, layer)
        self.ffn = ChannelMix4(size, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if hasattr(self, "ln0"):
            x = self.ln0(x)
        x = x + self.att(self.ln1(x))
        return x + self.ffn(self.ln2(x))


class Rwkv4(nn.Module):
    """Tokens [B, T] to logits [B, T, V], every sequence from an empty state."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.emb = nn.Embedding(size.vocab_size, size.width)
        self.blocks = nn.ModuleList(Block(size, layer) for layer in range(size.layers))
        self.ln_out = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, size.vocab_size, bias=False)
        self._initialise()

    def _initialise(self) -> None:
        """Small embedding (ln0 scales it up); products start as in RWKV-LM: outputs of residual branches at zero."""
        nn.init.uniform_(self.emb.weight, -1e-2, 1e-2)
        nn.init.orthogonal_(self.head.weight, gain=0.5)
        for name, parameter in self.blocks.named_parameters():
            if parameter.ndim == 2:
                if name.endswith(("att.output.weight", "ffn.value.weight")):
                    nn.init.zeros_(parameter)
                else:
                    nn.init.orthogonal_(parameter, gain=max(1.0, (parameter.shape[0] / parameter.shape[1]) ** 0.5))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.emb(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_out(x))


def make_model(size: Size) -> nn.Module:
    return Rwkv4(size)
