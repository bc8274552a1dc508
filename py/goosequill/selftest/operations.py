"""Each operation of a kernel on small random operands, to be compared with the same in numpy.

An operation is one function here, whose docstring is what the page calls it. It returns everything that the
operation wrote, its state too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import ACTIVATIONS, Activation, Kernel, Shortlist
from goosequill.kernels.search import pack_signs
from goosequill.weights.packing import SKETCHED
from goosequill.weights.quantize import quantize

Floats = NDArray[np.float32]
Results = Sequence[NDArray[Any]]

STEPS, HEADS, SIZE = 5, 3, 16
WIDTH = HEADS * SIZE
VOCABULARY = 1500
HIGHEST = 32


class Draw:
    """Random operands, the same for every kernel."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape: int) -> Floats:
        return self.rng.standard_normal(shape).astype(np.float32)

    def tokens(self) -> Floats:
        return self.normal(STEPS, WIDTH)

    def share(self, *shape: int) -> Floats:
        return self.rng.random(shape).astype(np.float32)


@dataclass(frozen=True)
class Operation:
    """How an operation is checked.

    Attributes
    ----------
    covers
        The method of `Kernel`, or of its `logits` or `search`, that it calls: ``"search.nearest"``.
    tolerance
        The largest error allowed, as a part of the largest number in the result. 0 demands equality.
    """

    title: str
    covers: str
    run: Callable[[Kernel, Draw], Results]
    tolerance: float = 2e-5


def compute(kernel: Kernel, operation: Callable[..., Any], *operands: Floats) -> Floats:
    """Run one operation on arrays.

    Raises
    ------
    ValueError
        It returned nothing.
    """
    bound = [kernel.bind(operand) for operand in operands]
    found = kernel.run([0], lambda _: operation(*bound), programs={}, key=None)
    if found is None:
        raise ValueError("the operation returned nothing")
    return found


def _embed(bits: Any, kernel: Kernel, draw: Draw) -> Results:
    weights = draw.normal(20, 128)
    table = kernel.table(quantize(weights, bits) if bits else weights)
    found = kernel.run([3, 19, 0, 3], lambda ids: kernel.embed(table, ids), programs={}, key=None)
    return [np.asarray(found)]


def _positions(kernel: Kernel, draw: Draw) -> Results:
    table = kernel.table(draw.normal(9, WIDTH))
    found = kernel.run([0] * 6, lambda _: kernel.positions(table, [3, 1, 2]), programs={}, key=None)
    return [np.asarray(found)]


def _plain(name: str, kernel: Kernel, draw: Draw) -> Results:
    """add and multiply, of two tensors and of a tensor and a row."""
    a = draw.tokens()
    return [compute(kernel, getattr(kernel, name), a, b) for b in (draw.tokens(), draw.normal(WIDTH))]


def _lerp(kernel: Kernel, draw: Draw) -> Results:
    return [compute(kernel, kernel.lerp, draw.tokens(), draw.tokens(), draw.share(WIDTH))]


def _last(kernel: Kernel, draw: Draw) -> Results:
    return [compute(kernel, lambda a, b: kernel.last(kernel.add(a, b)), draw.tokens(), draw.tokens())]


def _shift(kernel: Kernel, draw: Draw) -> Results:
    x, previous = draw.tokens(), draw.normal(WIDTH)
    return [compute(kernel, kernel.shift, x, previous), previous]


def _mix(kernel: Kernel, draw: Draw) -> Results:
    x, previous, weights = draw.tokens(), draw.normal(WIDTH), draw.share(3, WIDTH)
    found = compute(kernel, lambda *z: kernel.add(*kernel.mix(*z)[1:]), x, previous, weights)
    return [found, previous]


def _norm(heads: int, kernel: Kernel, draw: Draw) -> Results:
    operation = partial(kernel.group_norm, heads=heads, eps=64e-5) if heads > 1 else kernel.layer_norm
    return [compute(kernel, operation, draw.tokens(), draw.normal(WIDTH), draw.normal(WIDTH))]


def _norm_back(kernel: Kernel, draw: Draw) -> Results:
    operation = partial(kernel.group_norm_back, heads=HEADS, eps=64e-5)
    return [compute(kernel, operation, draw.tokens(), draw.tokens(), draw.normal(WIDTH))]


def _mix_back(kernel: Kernel, draw: Draw) -> Results:
    operands = draw.normal(3 * STEPS, WIDTH), draw.tokens(), draw.share(3, WIDTH)
    return [compute(kernel, kernel.mix_back, *operands)]


def _product(bits: Any, kernel: Kernel, draw: Draw) -> Results:
    weights, x, bias = draw.normal(37, 192), draw.normal(STEPS, 192), draw.normal(37)
    matrix = kernel.matrix(kernel.quantize(weights, bits) if bits else weights)
    several = compute(kernel, lambda z, b: kernel.product(matrix, z, bias=b), x, bias)
    return [several, compute(kernel, lambda z: kernel.product(matrix, z), x[:1].copy())]


def _transposed(bits: Any, kernel: Kernel, draw: Draw) -> Results:
    weights = draw.normal(37, 192)
    matrix = kernel.transposed(kernel.matrix(kernel.quantize(weights, bits) if bits else weights))
    return [compute(kernel, lambda z: kernel.product(matrix, z), draw.normal(STEPS, 37))]


def _activation(activation: Activation, kernel: Kernel, draw: Draw) -> Results:
    identity = kernel.matrix(np.ones((1, 1), np.float32))
    x = draw.normal(30, 1) * np.float32(4)
    return [compute(kernel, lambda z: kernel.product(identity, z, activation=activation), x)]


def _likely(kernel: Kernel, draw: Draw) -> Results:
    head = kernel.head(quantize(draw.normal(SKETCHED, 64), 8))  # so large that a sketch is read first
    logits = compute(kernel, lambda z: kernel.likely(head, z, Shortlist(HIGHEST)), draw.normal(1, 64))
    return [np.sort(logits[0])[-HIGHEST:]]  # the others may be approximate


def _wkv4(kernel: Kernel, draw: Draw) -> Results:
    state = np.repeat(np.array([[0], [0], [-1e30]], np.float32), WIDTH, axis=1)
    decay = -np.exp(draw.normal(WIDTH))
    found = compute(kernel, kernel.wkv4, draw.tokens(), draw.tokens(), decay, draw.normal(WIDTH), state)
    return [found, state]


def _wkv4_back(kernel: Kernel, draw: Draw) -> Results:
    state, decay = np.exp(draw.normal(3, WIDTH)), -np.exp(draw.normal(WIDTH))
    operands = draw.tokens(), draw.tokens(), draw.tokens(), decay, draw.normal(WIDTH)
    return [compute(kernel, kernel.wkv4_back, *operands, state), state]


def _wkv5(each: bool, kernel: Kernel, draw: Draw) -> Results:
    r, k, v, state = draw.tokens(), draw.tokens(), draw.tokens(), draw.normal(HEADS, SIZE, SIZE)
    decay = draw.share(STEPS, WIDTH) if each else draw.share(WIDTH)
    return [compute(kernel, kernel.wkv5, r, k, v, decay, draw.normal(WIDTH), state), state]


def _delta_keys(kernel: Kernel, draw: Draw) -> Results:
    operands = draw.tokens(), draw.share(STEPS, WIDTH), draw.normal(WIDTH), draw.share(WIDTH)
    return [
        compute(kernel, lambda *z, part=part: kernel.delta_keys(*z, heads=HEADS)[part], *operands)
        for part in range(2)
    ]


def _wkv7(kernel: Kernel, draw: Draw) -> Results:
    r, k, v, state = draw.tokens(), draw.tokens(), draw.tokens(), draw.normal(HEADS, SIZE, SIZE)
    decay, a = draw.share(STEPS, WIDTH), draw.share(STEPS, WIDTH)
    removal = draw.normal(STEPS, HEADS, SIZE)
    removal = (removal / np.linalg.norm(removal, axis=-1, keepdims=True)).reshape(r.shape)
    return [compute(kernel, kernel.wkv7, r, decay, k, v, removal, a, state), state]


def _wkv7_back(kernel: Kernel, draw: Draw) -> Results:
    slope, r, k, v, removal = (draw.tokens() * np.float32(0.3) for _ in range(5))
    decay, a, state = draw.share(STEPS, WIDTH), draw.share(STEPS, WIDTH), draw.normal(HEADS, SIZE, SIZE)
    return [compute(kernel, kernel.wkv7_back, slope, r, decay, k, v, removal, a, state), state]


def _head_bonus(kernel: Kernel, draw: Draw) -> Results:
    operands = draw.tokens(), draw.tokens(), draw.tokens(), draw.normal(WIDTH)
    return [compute(kernel, partial(kernel.head_bonus, heads=HEADS), *operands)]


def _deep_embed(kernel: Kernel, draw: Draw) -> Results:
    operands = draw.normal(STEPS, HEADS), draw.normal(STEPS + 2, HEADS * 10), draw.normal(STEPS, HEADS * 10)
    return [compute(kernel, kernel.deep_embed, *operands)]


def _attention(kernel: Kernel, draw: Draw) -> Results:
    lengths = [1, 33, 9]
    q, k, v = (draw.normal(sum(lengths), WIDTH) for _ in range(3))
    return [compute(kernel, lambda q, k, v: kernel.attention(q, k, v, lengths, heads=HEADS), q, k, v)]


def _weigh(kernel: Kernel, draw: Draw) -> Results:
    weights, highest, total = kernel.logits.weigh(draw.normal(VOCABULARY) * np.float32(4))
    return [weights, np.array([highest]), np.array([total])]


def _log_total(kernel: Kernel, draw: Draw) -> Results:
    return [np.array([kernel.logits.log_total(draw.normal(VOCABULARY) * np.float32(4))])]


def _choice(name: str, kernel: Kernel, draw: Draw) -> Results:
    """The operations on logits whose result is exact."""
    logits = draw.normal(VOCABULARY) * np.float32(4)
    weights = np.exp(logits - logits.max())
    arguments: dict[str, tuple[Any, ...]] = {
        "highest": (logits,),
        "argmax": (logits,),
        "temper": (logits, float(logits.max()), 0.7),
        "cumulative_index": (weights, float(weights.sum(dtype=np.float64)) * 0.6),
        "at_least": (logits, 1.0),
        "leading": (logits, weights, float(weights.sum(dtype=np.float64)) * 0.9),
    }
    return [np.atleast_1d(getattr(kernel.logits, name)(*arguments[name]))]


def _nearest(bits: bool, kernel: Kernel, draw: Draw) -> Results:
    vectors = draw.rng.integers(-127, 128, (1003, 100)).astype(np.int8)
    scales, question = draw.share(1003), draw.normal(100)
    if bits:
        return list(kernel.search.nearest_bits(pack_signs(vectors), question, 40))
    return list(kernel.search.nearest(vectors, scales, question, 40))


EXACT = ("highest", "argmax", "temper", "cumulative_index", "at_least", "leading")

OPERATIONS: tuple[Operation, ...] = (
    Operation("embedding", "embed", partial(_embed, None)),
    Operation("embedding in 8 bits", "embed", partial(_embed, 8)),
    Operation("embedding in 4 bits", "embed", partial(_embed, 4)),
    Operation("positions", "positions", _positions),
    Operation("last token", "last", _last),
    Operation("layer norm", "layer_norm", partial(_norm, 1)),
    Operation("group norm", "group_norm", partial(_norm, HEADS)),
    Operation("group norm backwards", "group_norm_back", _norm_back),
    Operation("token shift", "shift", _shift),
    Operation("token shift with shares", "mix", _mix),
    Operation("token shift with shares backwards", "mix_back", _mix_back),
    Operation("interpolation", "lerp", _lerp),
    Operation("sum", "add", partial(_plain, "add")),
    Operation("product by element", "multiply", partial(_plain, "multiply")),
    Operation("product by matrix", "product", partial(_product, None)),
    # Inputs are quantized too: to 15 bits for weights in 8 bits, to 8 for weights in 4.
    Operation("product by matrix in 8 bits", "product", partial(_product, 8), 1e-3),
    Operation("product by matrix in 4 bits", "product", partial(_product, 4), 3e-2),
    Operation("product by transposed matrix", "transposed", partial(_transposed, None)),
    Operation("product by transposed matrix in 4 bits", "transposed", partial(_transposed, 4), 3e-2),
    *(Operation(f"activation {name}", "product", partial(_activation, name)) for name in ACTIVATIONS),
    Operation("highest logits", "likely", _likely, 1e-3),
    Operation("RWKV-4's average", "wkv4", _wkv4),
    Operation("RWKV-4's average backwards", "wkv4_back", _wkv4_back),
    Operation("RWKV-5's attention", "wkv5", partial(_wkv5, False)),
    Operation("RWKV-6's attention", "wkv5", partial(_wkv5, True)),
    Operation("RWKV-7's keys", "delta_keys", _delta_keys),
    Operation("RWKV-7's delta rule", "wkv7", _wkv7),
    Operation("RWKV-7's delta rule backwards", "wkv7_back", _wkv7_back),
    Operation("RWKV-7's bonus", "head_bonus", _head_bonus),
    Operation("RWKV-7a's embedding", "deep_embed", _deep_embed),
    Operation("attention of encoders", "attention", _attention),
    Operation("softmax", "logits.weigh", _weigh, 1e-6),
    Operation("log of the sum of exponentials", "logits.log_total", _log_total, 1e-6),
    *(
        Operation(f"choice: {name.replace('_', ' ')}", f"logits.{name}", partial(_choice, name), 0)
        for name in EXACT
    ),
    Operation("nearest vectors", "search.nearest", partial(_nearest, False), 0),
    Operation("nearest signs", "search.nearest_bits", partial(_nearest, True), 0),
)
"""Everything that the pages compute with a kernel."""
