"""What a large head's sketch saves, on a model of 65,536 tokens and on a random head of 65,536 x 768.

The repository has no such model, so one is made: the default model with the World vocabulary instead of its
own, trained further on the training corpus (`python -m scripts.train.corpus`). That no token changes is
tested (tests/py/kernels/test_shortlist.py), and counted here too.

    python -m scripts.bench.shortlist      train, unless already done, then measure
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scripts.train.corpus import read_split, training_folder
from scripts.train.export import read_released
from scripts.train.model import Rwkv, Size
from scripts.train.train import loss_of

from goosequill.decoding.chain import make_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.presets import PRESETS
from goosequill.decoding.processor import Setup
from goosequill.decoding.sampling import WeighOnce
from goosequill.kernels import Shortlist, load_kernel
from goosequill.models import Model, load_model
from goosequill.tokenizers import Tokenizer, load_tokenizer
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.quantize import quantize

DEFAULT = Path(__file__).resolve().parents[2] / "site" / "models" / "default"
WORDS = 65_536
DECODERS: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0.0},
    "min-p 0.05": {"min_p": 0.05},
    "llama.cpp's (top-k 40)": PRESETS["llama.cpp"],
    "Hugging Face's (top-k 50)": PRESETS["hugging-face"],
    "top-k 128": {"top_k": 128},
}
PEAKS = {"flat": 0, "one likely token": 20}
"""How much of one row is in the inputs of the random head."""


def encoded(split: str, world: Tokenizer) -> NDArray[np.uint16]:
    """One split of the corpus in World tokens, each document after the end token; cached."""
    path = training_folder() / f"world-{split}.npy"
    if not path.exists():
        ids = [token for text in read_split(training_folder(), split) for token in (0, *world.encode(text))]
        np.save(path, np.array(ids, np.uint16))
    found: NDArray[np.uint16] = np.load(path)
    return found


def initial_model(world: Tokenizer) -> Rwkv:
    """The default model; a World token's rows are the mean of those of the model's own tokens."""
    tensors, _ = read_released(DEFAULT)
    own = load_tokenizer(str(DEFAULT / "tokenizer.json"))
    layers = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("blocks."))
    width, ffn = tensors["emb.weight"].shape[1], tensors["blocks.0.ffn.key.weight"].shape[0]
    model = Rwkv(Size("4", layers, width, ffn, WORDS))
    taken = {name: torch.from_numpy(value) for name, value in tensors.items()}
    for name, rows in (("emb.weight", slice(None)), ("head.weight", slice(1))):
        table = taken[name].mean(0).repeat(WORDS, 1)
        for token in range(1, world.vocab_size):
            ids = own.encode(world.token_bytes(token).decode("utf-8", "ignore"))
            if ids:
                table[token] = 0.7 * taken[name][ids[rows]].mean(0)
        taken[name] = table
    model.load_state_dict(taken)
    return model


def train(model: Rwkv, tokens: NDArray[np.uint16], minutes: float) -> None:
    """Continue training with the whole vocabulary on random windows; the rate decays over the second half."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    tables = [model.emb.weight, model.head.weight]
    others = [p for p in model.parameters() if all(p is not table for table in tables)]
    rates = (2e-3, 5e-4)
    groups = [{"params": group, "lr": rate} for group, rate in zip((tables, others), rates, strict=True)]
    adamw = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-12, weight_decay=0.0, foreach=True)
    draw, start, step = np.random.default_rng(1), time.monotonic(), 0
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        step += 1
        for group, rate in zip(adamw.param_groups, rates, strict=True):
            group["lr"] = rate * min(1, step / 50) * max(0.02, min(1, 2 - 2 * done))
        offsets = draw.integers(0, len(tokens) - 257, 4)
        batch = torch.from_numpy(np.stack([tokens[at : at + 257] for at in offsets]).astype(np.int64))
        loss = loss_of(model, batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        if step % 50 == 0:
            print(f"shortlist: step {step}, {loss.item():.3f} nats per token", flush=True)


def log_softmax(logits: Any) -> Any:
    return F.log_softmax(torch.from_numpy(np.asarray(logits, np.float64)), 0).numpy()


@dataclass
class Timed:
    """Milliseconds with all logits and with a shortlist, and the share of exact logits."""

    whole: list[float] = field(default_factory=list)
    short: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)

    def compare(self, exact: Any, likely: Any) -> None:
        """Note how many of the logits are the same."""
        self.read.append(float((exact == likely).mean()))

    def __str__(self) -> str:
        read = np.percentile(self.read, [50, 90])
        ratios = [of(self.short) / of(self.whole) for of in (np.median, min, sum)]
        return (
            f"{read[0]:.1%} of the logits are exact (median; 90%: {read[1]:.1%}); time x {ratios[0]:.2f} "
            f"(medians), x {ratios[1]:.2f} (minima), x {ratios[2]:.2f} (sums)"
        )


def timed(times: list[float], compute: Callable[[], Any]) -> Any:
    """What a function returns; its milliseconds are added to `times`."""
    start = time.perf_counter()
    found = compute()
    times.append(1e3 * (time.perf_counter() - start))
    return found


class Decoder:
    """A decoder that reads texts with its shortlist and with all logits."""

    def __init__(self, name: str, settings: dict[str, Any], model: Model, world: Tokenizer) -> None:
        self.name, self.model, self.timed = name, model, Timed()
        self.config = DecodingConfig(**settings)
        self.context = Context(world, WORDS, [0], WeighOnce(model.kernel.logits))
        self.chain = make_chain(self.config, Setup(world, WORDS))
        self.different, self.off = 0, [0.0]

    def read(self, tokens: list[int]) -> list[Any]:
        """Read a text with all logits, then with the shortlist; return all logits after each token.

        One way follows the other only after a whole text: what one of them reads leaves the caches.
        """
        wanted: Shortlist | Literal["last"] = self.config.shortlist or "last"
        exact = self._logits(tokens, "last", self.timed.whole)
        for whole, likely in zip(exact, self._logits(tokens, wanted, self.timed.short), strict=True):
            self.timed.compare(whole, likely)
            one, other = (self.chain(logits, self.context) for logits in (whole, likely))
            self.different += int((one != other).any())
            self.off.append(float(abs(np.max(log_softmax(whole)) - np.max(log_softmax(likely)))))
        return exact

    def _logits(self, tokens: list[int], wanted: Any, times: list[float]) -> list[Any]:
        state, forward = self.model.new_state(), self.model.forward
        return [timed(times, partial(forward, [token], state, logits=wanted)) for token in tokens]

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.different} tokens have other candidates; {self.timed}; the likeliest "
            f"token's log probability is off by {np.mean(self.off):.4f}, at most {np.max(self.off):.4f}"
        )


def measure(model: Model, world: Tokenizer, tokens: NDArray[np.uint16]) -> str:
    """Run every decoder along texts of 256 tokens."""
    decoders = [Decoder(name, settings, model, world) for name, settings in DECODERS.items()]
    nats = []
    for start in range(0, len(tokens) - 255, 256):
        text = tokens[start : start + 256].tolist()
        exact, *_ = [decoder.read(text[:-1]) for decoder in decoders]
        nats += [-log_softmax(logits)[after] for logits, after in zip(exact, text[1:], strict=True)]
    head = f"{len(nats):,} tokens of the test text, {np.mean(nats):.2f} nats each"
    return "\n".join([head, *map(str, decoders)])


def measure_head(peak: int, shortlist: Shortlist, times: int = 96) -> Timed:
    """A random head of 65,536 x 768 alone, in turns, because in a model other weights come between."""
    kernel, draw = load_kernel("native"), np.random.default_rng(0)
    weights = 0.05 * draw.standard_normal((WORDS, 768), np.float32)
    x = draw.standard_normal((1, 768), np.float32) + peak * weights[:1]
    head, bound = kernel.head(quantize(weights, 8)), kernel.bind(x)
    programs, found = dict[Any, Any](), Timed()

    def run(name: str, build: Callable[[Any], Any]) -> Any:
        return kernel.run([0], build, programs=programs, key=name)

    for _ in range(times):
        exact = timed(found.whole, lambda: run("whole", lambda _: kernel.product(head, bound)))
        likely = timed(found.short, lambda: run("short", lambda _: kernel.likely(head, bound, shortlist)))
        found.compare(exact, likely)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=12, help="minutes of training")
    parser.add_argument("--tokens", type=int, default=1024, help="tokens of the test text")
    options = parser.parse_args()
    for name, peak in PEAKS.items():
        print(f"A random head, {name}, greedy: {measure_head(peak, Shortlist())}", flush=True)
    world, kept = load_tokenizer("world"), training_folder() / "world.pt"
    trained = initial_model(world)
    if not kept.exists():
        train(trained, encoded("train", world), options.minutes)
        torch.save(trained.state_dict(), kept)
    trained.load_state_dict(torch.load(kept, weights_only=True))
    tensors = [(name, value.numpy()) for name, value in trained.state_dict().items()]
    source = open_tensors(BytesSource(b"".join(encode(tensors))))
    model = load_model(source, kernel=load_kernel("native"), quantize=8)
    print(measure(model, world, encoded("test", world)[: options.tokens]))


if __name__ == "__main__":
    main()
