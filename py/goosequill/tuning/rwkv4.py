"""The gradients of RWKV-4: of all its vectors, and of its initial state.

Glossary (code, the paper's symbol, the checkpoint's name in att); the rest is in `goosequill.models.rwkv4`:

receptance   r       receptance.weight
key          k       key.weight
value        v       value.weight
decay        -w      -exp(time_decay)
bonus        u       time_first

The recurrence and its way back are operations of the kernel (`Kernel.wkv4`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from goosequill.tuning.gradient import Gradient, state_names
from goosequill.tuning.operations import Back, Floats, Pass, side_by_side

BackToTwo = Callable[[Floats], tuple[Floats, Floats]]
NOTHING = np.array([[0], [0], [-1e30]], np.float32)
"""A channel's state before the first token: empty sums, with the lowest of exponents."""


class Rwkv4Gradient(Gradient):
    """Shapes in comments: T tokens, B sequences, C width, F width of the channel mixing."""

    def states(self) -> dict[str, Floats]:
        # An empty sum, with an exponent of -1e30, has no gradient: a value of 0 is there from the beginning.
        state = np.zeros((3, self.model.config.width), np.float32)
        state[1], state[2] = 1, -1
        return {name: state.copy() for name in state_names(self.model)}

    def restrained(self, gradients: dict[str, Floats]) -> dict[str, Floats]:
        # The exponent alone says how much a state counts; a denominator that changes could become 0.
        keep = np.array([[1], [0], [1]], np.float32)
        return {name: g * keep if name.endswith("time_state") else g for name, g in gradients.items()}

    def floats_per_token(self) -> int:
        config = self.model.config
        return config.layers * (19 * config.width + 5 * config.ffn_width // 2)  # as measured

    def time_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        block, at = self.model.blocks[layer], f"blocks.{layer}.att."
        x, norm_back = run.norm(x, f"blocks.{layer}.ln1")
        names = [f"{at}time_mix_{name}" for name in "kvr"]
        (xk, xv, xr), mix_back = run.mix(x, names, of_previous=False)  # [T, B, C] -> 3 of [T, B, C]
        k, k_back = run.product(block.key, xk)
        v, v_back = run.product(block.value, xv)
        r, r_back = run.product(block.receptance, xr, activation="sigmoid")
        average, average_back = self._average(run, k, v, at)
        out, out_back = run.product(block.output, r * average)

        def back(g: Floats) -> Floats:
            g = out_back(g)
            gk, gv = average_back(g * r)
            return norm_back(mix_back([k_back(gk), v_back(gv), r_back(g * average)]))

        return out, back

    def _average(self, run: Pass, k: Floats, v: Floats, at: str) -> tuple[Floats, BackToTwo]:
        """The running weighted average of values, [T, B, C]; its way back has two results."""
        kernel, (_, batch, width) = run.products.kernel, k.shape
        decay, bonus = -np.exp(run.values[at + "time_decay"]), run.values[at + "time_first"]
        state = run.values.get(at + "time_state", NOTHING.repeat(width, axis=1))
        # The kernel's operations are for one sequence: here its channels are those of all.
        operands = [side_by_side(k), side_by_side(v), *(np.tile(x, batch) for x in (decay, bonus))]
        y = run.products.compute(kernel.wkv4, *operands, np.tile(state, batch))

        def back(g: Floats) -> tuple[Floats, Floats]:
            of_state = np.tile(state, batch)
            found = run.products.compute(kernel.wkv4_back, side_by_side(g), *operands, of_state)
            run.add(at + "time_decay", found[-2].reshape(batch, width) * decay)
            run.add(at + "time_first", found[-1].reshape(batch, width))
            if at + "time_state" in run.values:
                run.add(at + "time_state", of_state.reshape(3, batch, width).swapaxes(0, 1))
            gk, gv = found[:-2].reshape(2, *k.shape)
            return gk, gv

        return y.reshape(k.shape), back

    def channel_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        block, ff = self.model.blocks[layer].ffn, f"blocks.{layer}.ffn."
        x, norm_back = run.norm(x, f"blocks.{layer}.ln2")
        (xk, xr), mix_back = run.mix(x, [ff + "time_mix_k", ff + "time_mix_r"], of_previous=False)
        r, r_back = run.product(block.receptance, xr, activation="sigmoid")
        k, k_back = run.product(block.key, xk, activation="relu_squared")  # [T, B, C] @ [C, F] -> [T, B, F]
        value, value_back = run.product(block.value, k)  # [T, B, F] @ [F, C] -> [T, B, C]

        def back(g: Floats) -> Floats:
            return norm_back(mix_back([k_back(value_back(g * r)), r_back(g * value)]))

        return r * value, back
