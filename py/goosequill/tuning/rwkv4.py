"""The gradients of RWKV-4: of all its vectors, and of its initial state.

Glossary (code, the paper's symbol, the checkpoint's name in att); the rest is in `goosequill.models.rwkv4`:

receptance   r       receptance.weight
key          k       key.weight
value        v       value.weight
decay        -w      -exp(time_decay)
bonus        u       time_first
sums         a b     the state's numerator and denominator, both without the exponent
exponents    p       the exponent that both have in common
past, now            what the exponents leave of the sums so far, and of the token

The state of a channel is a e^p and b e^p. The exponent is the same in all that follows from it, so it counts
as a constant except where it begins; gradients of sums are those of a and b.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from goosequill.kernels.activations import sigmoid
from goosequill.tuning.gradient import Gradient, state_names
from goosequill.tuning.operations import Back, Floats, Pass, squared_relu

BackToTwo = Callable[[Floats], tuple[Floats, Floats]]


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
        r, r_back = run.product(block.receptance, xr)
        r = sigmoid(r)
        average, average_back = self._average(run, k, v, at)
        out, out_back = run.product(block.output, r * average)

        def back(g: Floats) -> Floats:
            g = out_back(g)
            gk, gv = average_back(g * r)
            gr = g * average * r * (1 - r)
            return norm_back(mix_back([k_back(gk), v_back(gv), r_back(gr)]))

        return out, back

    def _average(self, run: Pass, k: Floats, v: Floats, at: str) -> tuple[Floats, BackToTwo]:
        """The running weighted average of values, [T, B, C]; its way back has two results."""
        decay, bonus = -np.exp(run.values[at + "time_decay"]), run.values[at + "time_first"]
        state = run.values.get(at + "time_state")
        exponents, sums, weights = running_sums(k, v, decay, state)
        past, now = weights
        top = np.maximum(exponents, bonus + k)
        kept, added = np.exp(exponents - top), np.exp(bonus + k - top)  # of the sums, and of the token
        below = kept * sums[:-1, 1] + added
        y = (kept * sums[:-1, 0] + added * v) / below

        def back(g: Floats) -> tuple[Floats, Floats]:
            up = g / below  # the gradient of the fraction's numerator, then of its denominator
            down = -up * y
            later = later_sums(past, np.stack([kept * up, kept * down], axis=1))  # [T + 1, 2, B, C]
            over, under = later[1:, 0], later[1:, 1]
            here = added * (up * v + down)
            run.add(at + "time_first", here)
            run.add(at + "time_decay", past * (over * sums[:-1, 0] + under * sums[:-1, 1]) * decay)
            if state is not None:
                run.add(at + "time_state", state_gradient(later[0], state))
            return now * (over * v + under) + here, now * over + added * up

        return y, back

    def channel_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        block, ff = self.model.blocks[layer].ffn, f"blocks.{layer}.ffn."
        x, norm_back = run.norm(x, f"blocks.{layer}.ln2")
        (xk, xr), mix_back = run.mix(x, [ff + "time_mix_k", ff + "time_mix_r"], of_previous=False)
        r, r_back = run.product(block.receptance, xr)
        k, k_back = run.product(block.key, xk)  # [T, B, C] @ [C, F] -> [T, B, F]
        r, (k, square_back) = sigmoid(r), squared_relu(k)
        value, value_back = run.product(block.value, k)  # [T, B, F] @ [F, C] -> [T, B, C]

        def back(g: Floats) -> Floats:
            gk = k_back(square_back(value_back(g * r)))
            gr = r_back(g * value * r * (1 - r))
            return norm_back(mix_back([gk, gr]))

        return r * value, back


def running_sums(
    k: Floats, v: Floats, decay: Floats, state: Floats | None
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Return the exponents before each token [T, B, C], the sums before each and after the last.

    [T + 1, 2, B, C], and the weights of the sums and of the token in the next sums, twice [T, B, C].
    """
    steps, *shape = k.shape
    exponents = np.empty((steps + 1, *shape), np.float32)
    sums = np.empty((steps + 1, 2, *shape), np.float32)
    exponents[0] = -1e30 if state is None else state[2]
    sums[0] = 0 if state is None else state[:2, None]
    for t in range(steps):
        np.maximum(exponents[t] + decay, k[t], out=exponents[t + 1])
    past, now = np.exp(exponents[:-1] + decay - exponents[1:]), np.exp(k - exponents[1:])
    added = np.stack([now * v, now], axis=1)
    for t in range(steps):
        np.multiply(sums[t], past[t], out=sums[t + 1])
        sums[t + 1] += added[t]
    return exponents[:-1], sums, (past, now)


def later_sums(past: Floats, here: Floats) -> Floats:
    """Return the gradients of the sums before each token and after the last, [T + 1, 2, B, C].

    Parameters
    ----------
    here
        What each token's own result contributes to the gradient of the sums before it, [T, 2, B, C].
    """
    later = np.zeros((len(here) + 1, *here.shape[1:]), np.float32)
    for t in reversed(range(len(here))):
        np.multiply(later[t + 1], past[t], out=later[t])
        later[t] += here[t]
    return later


def state_gradient(later: Floats, state: Floats) -> Floats:
    """Return the gradient of an initial state, [3, C], from that of its sums, [2, B, C]."""
    sums = later.sum(axis=1)
    return np.concatenate([sums, (sums * state[:2]).sum(axis=0, keepdims=True)])
