"""The gradients of RWKV-7: of all its vectors, and of its initial state.

The letters are those of `goosequill.models.rwkv7`, which has the glossary: r, w, k, v, a, g, and κ for the
removal key. The recurrence and its way back are operations of the kernel; the latter computes the states
again, since all of them would take more memory than everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from goosequill.models.parameters import LowRank
from goosequill.tuning.gradient import Gradient, state_names
from goosequill.tuning.operations import Back, Floats, Pass

FIRST_VALUES = "first values"
"""What layer 0 leaves for the others: its values, and the sum of what their gradients say of them."""

BackToMany = Callable[[Floats], Sequence[Floats]]


class Rwkv7Gradient(Gradient):
    """Shapes in comments: T tokens, B sequences, C width, H heads of size N, D rank, F width of the ffn."""

    def states(self) -> dict[str, Floats]:
        heads, size = self.model.config.heads, self.model.config.head_size
        return {name: np.zeros((heads, size, size), np.float32) for name in state_names(self.model)}

    def floats_per_token(self) -> int:
        config = self.model.config
        return config.layers * (36 * config.width + 5 * config.ffn_width // 2)  # as measured

    def time_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        block, at, config = self.model.blocks[layer], f"blocks.{layer}.att.", self.model.config
        x, norm_back = run.norm(x, f"blocks.{layer}.ln1")
        (xr, xw, xk, xv, xa, xg), mix_back = run.mix(x, [f"{at}x_{name}" for name in "rwkvag"])
        r, r_back = run.product(block.receptance, xr)  # [T, B, C] @ [C, H N] -> [T, B, H N]
        k, k_back = run.product(block.key, xk)
        v, v_back = self._values(run, xv, layer)
        w, w_back = self._low_rank(run, block.decay, xw, f"{at}w0", inner="tanh", outer="sigmoid")
        w, decay_back = decays(w)
        a, a_back = self._low_rank(run, block.rate, xa, f"{at}a0", outer="sigmoid")
        g, g_back = self._low_rank(run, block.gate, xg, f"{at}g0", inner="sigmoid")
        (kappa, keys), keys_back = delta_keys(run, k, a, at, config.heads)
        y, wkv_back = delta_rule(run, (r, w, keys, v, kappa, a), f"{at}time_state", config.heads)
        y, group_back = run.norm(y, f"{at}ln_x", heads=config.heads, eps=config.group_norm_eps)
        extra, bonus_back = head_bonus(run, r, keys, v, f"{at}r_k", config.heads)
        y += extra
        out, out_back = run.product(block.output, y * g)

        def back(slope: Floats) -> Floats:
            slope = out_back(slope)
            gates, slope = slope * y, slope * g
            gr, gw, gk, gv, gkappa, ga = wkv_back(group_back(slope))
            more = bonus_back(slope)
            gk, ga_of_keys = keys_back(gkappa, gk + more[1])
            return norm_back(mix_back([
                r_back(gr + more[0]), w_back(decay_back(gw)), k_back(gk), v_back(gv + more[2]),
                a_back(ga + ga_of_keys), g_back(gates),
            ]))  # fmt: skip

        return out, back

    def _values(self, run: Pass, xv: Floats, layer: int) -> tuple[Floats, Back]:
        """The values [T, B, C]; those of later layers have some of layer 0's mixed in."""
        block, name = self.model.blocks[layer], f"blocks.{layer}.att.v0"
        v, v_back = run.product(block.value, xv)
        if block.residual is None:
            run.shared[FIRST_VALUES], run.shared[FIRST_VALUES + " back"] = v, np.zeros_like(v)
            return v, lambda g: v_back(g + run.shared[FIRST_VALUES + " back"])
        share, share_back = self._low_rank(run, block.residual, xv, name, outer="sigmoid")
        first = run.shared[FIRST_VALUES]
        difference = first - v

        def back(g: Floats) -> Floats:
            run.shared[FIRST_VALUES + " back"] += g * share
            return v_back(g * (1 - share)) + share_back(g * difference)

        return v + difference * share, back

    def _low_rank(
        self,
        run: Pass,
        pair: LowRank,
        x: Floats,
        bias: str,
        *,
        inner: str | None = None,
        outer: str | None = None,
    ) -> tuple[Floats, Back]:
        """outer(up inner(down x) + bias), [T, B, C] @ [C, D] -> [T, B, D] @ [D, C] -> [T, B, C]."""
        low, down_back = run.product(pair.down, x, activation=inner)
        high, up_back = run.product(
            pair.up, low, bias=bias if pair.bias is not None else None, activation=outer
        )
        return high, lambda g: down_back(up_back(g))

    def channel_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        block = self.model.blocks[layer]
        x, norm_back = run.norm(x, f"blocks.{layer}.ln2")
        (xk,), mix_back = run.mix(x, [f"blocks.{layer}.ffn.x_k"])
        k, k_back = run.product(
            block.ffn_key, xk, activation="relu_squared"
        )  # [T, B, C] @ [C, F] -> [T, B, F]
        out, out_back = run.product(block.ffn_value, k)  # [T, B, F] @ [F, C] -> [T, B, C]
        return out, lambda g: norm_back(mix_back([k_back(out_back(g))]))


def decays(z: Floats) -> tuple[Floats, Back]:
    """exp(-z / sqrt(e))."""
    scale = np.float32(-math.exp(-0.5))
    y = np.exp(scale * z)
    return y, lambda g: g * (scale * y)


def delta_keys(
    run: Pass, k: Floats, a: Floats, at: str, heads: int
) -> tuple[tuple[Floats, Floats], Callable[[Floats, Floats], tuple[Floats, Floats]]]:
    """Return the removal key κ = unit(k k_k) of each head, and the replacement key k (1 + (a - 1) k_a).

    The way back takes the gradients of both, and returns those of k and a.
    """
    removal, replacement = run.values[at + "k_k"], run.values[at + "k_a"]
    scaled = (k * removal).reshape(*k.shape[:-1], heads, -1)  # [T, B, H, N]
    length = np.maximum(np.sqrt(np.square(scaled).sum(axis=-1, keepdims=True)), np.float32(1e-12))
    unit = scaled / length
    factor = 1 + (a - 1) * replacement

    def back(gkappa: Floats, gkeys: Floats) -> tuple[Floats, Floats]:
        g = gkappa.reshape(unit.shape)
        g = ((g - unit * (g * unit).sum(axis=-1, keepdims=True)) / length).reshape(k.shape)
        run.add(at + "k_k", g * k)
        run.add(at + "k_a", gkeys * k * (a - 1))
        return g * removal + gkeys * factor, gkeys * k * replacement

    return (unit.reshape(k.shape), k * factor), back


def head_bonus(
    run: Pass, r: Floats, k: Floats, v: Floats, name: str, heads: int
) -> tuple[Floats, BackToMany]:
    """(sum over the head of r k bonus) v; the way back has the gradients of r, k and v."""
    shape, bonus = (*r.shape[:-1], heads, -1), run.values[name]
    strength = (r * k * bonus).reshape(shape).sum(axis=-1, keepdims=True)  # [T, B, H, 1]
    values = v.reshape(shape)

    def back(g: Floats) -> Sequence[Floats]:
        g = g.reshape(shape)
        gs = np.broadcast_to((g * values).sum(axis=-1, keepdims=True), g.shape).reshape(r.shape)
        run.add(name, gs * r * k)
        return gs * k * bonus, gs * r * bonus, (g * strength).reshape(v.shape)

    return (strength * values).reshape(v.shape), back


def delta_rule(run: Pass, inputs: Sequence[Floats], name: str, heads: int) -> tuple[Floats, BackToMany]:
    """RWKV-7's recurrence (`Kernel.wkv7`) over r, w, k, v, κ and a, [T, B, H N].

    The way back (`Kernel.wkv7_back`) returns the gradients of these, and adds that of the initial state.
    """
    steps, batch, width = inputs[0].shape
    apart = [np.ascontiguousarray(x.swapaxes(0, 1)) for x in inputs]  # [B, T, H N]
    empty = np.zeros((heads, width // heads, width // heads), np.float32)
    initial, kernel = run.values.get(name, empty), run.products.kernel
    y = np.stack(
        [run.products.compute(kernel.wkv7, *(x[b] for x in apart), initial.copy()) for b in range(batch)],
        axis=1,
    )

    def back(slopes: Floats) -> Sequence[Floats]:
        found = np.empty((6, steps, batch, width), np.float32)
        for b in range(batch):
            slope, state = np.ascontiguousarray(slopes[:, b]), initial.copy()
            gradients = run.products.compute(kernel.wkv7_back, slope, *(x[b] for x in apart), state)
            found[:, :, b] = gradients.reshape(6, steps, width)
            if name in run.values:
                run.add(name, state)
        return list(found)

    return y, back
