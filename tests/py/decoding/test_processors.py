"""Each step against an independent implementation, at its limits, and for the references' known bugs."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from transformers.generation import logits_process as hf

from goosequill.decoding import PRESETS
from goosequill.decoding.chain import make_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.processor import Setup
from goosequill.decoding.sampling import Candidates, WeighOnce, draw, largest, log_probability, probabilities
from goosequill.kernels import LogitOperations, load_kernel
from goosequill.tokenizers import load_tokenizer

BYTE = load_tokenizer("byte")
V = 256
NUMPY, NATIVE = load_kernel("numpy").logits, load_kernel("native").logits


def apply(
    logits: Any, tokens: list[int] | None = None, prompt: int = 0, **chosen: Any
) -> NDArray[np.float32]:
    """Run the chain of some settings over logits, and check that each kernel gives the same."""
    logits = np.asarray(logits, np.float32)
    found, expected = (
        apply_by(operations, logits, tokens or [], prompt, chosen) for operations in (NATIVE, NUMPY)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    return found


def apply_by(
    operations: LogitOperations,
    logits: NDArray[np.float32],
    tokens: list[int],
    prompt: int,
    chosen: dict[str, Any],
) -> NDArray[np.float32]:
    config = DecodingConfig.from_dict(chosen)
    context = Context(BYTE, len(logits), tokens[:prompt], WeighOnce(operations))
    for token in tokens[prompt:]:
        context.append(token)
    context.uniforms = (0.0, 0.0)
    before = logits.copy()
    result = make_chain(config, Setup(BYTE, len(logits)))(logits, context)
    assert np.array_equal(logits, before), "the input was changed"
    assert result.dtype == np.float32
    return result


def noise(seed: int, size: int = V, spread: float = 3.0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, spread, size).astype(np.float32)


def history(seed: int, count: int = 60, kinds: int = 20) -> list[int]:
    return [int(t) for t in np.random.default_rng(seed).integers(0, kinds, count)]


def theirs(
    processor: Any, logits: NDArray[np.float32], tokens: list[int] | None = None
) -> NDArray[np.float32]:
    ids = torch.tensor([tokens or [0]])
    return processor(ids, torch.tensor(logits)[None].clone())[0].numpy()


HUGGING_FACE: dict[str, tuple[dict[str, Any], Callable[[], Any]]] = {
    "temperature": ({"temperature": 0.7}, lambda: hf.TemperatureLogitsWarper(0.7)),
    "top_k": ({"top_k": 17}, lambda: hf.TopKLogitsWarper(17)),
    "top_p": ({"top_p": 0.83}, lambda: hf.TopPLogitsWarper(0.83)),
    "top_p small": ({"top_p": 0.01}, lambda: hf.TopPLogitsWarper(0.01)),
    "min_p": ({"min_p": 0.07}, lambda: hf.MinPLogitsWarper(0.07)),
    "typical_p": ({"typical_p": 0.6}, lambda: hf.TypicalLogitsWarper(0.6)),
    "repetition": ({"repetition_penalty": 1.3}, lambda: hf.RepetitionPenaltyLogitsProcessor(1.3)),
    "repetition below 1": ({"repetition_penalty": 0.8}, lambda: hf.RepetitionPenaltyLogitsProcessor(0.8)),
    "no_repeat_ngram 1": ({"no_repeat_ngram_size": 1}, lambda: hf.NoRepeatNGramLogitsProcessor(1)),
    "no_repeat_ngram 3": ({"no_repeat_ngram_size": 3}, lambda: hf.NoRepeatNGramLogitsProcessor(3)),
}


@pytest.mark.parametrize("name", HUGGING_FACE)
@pytest.mark.parametrize("seed", range(6))
def test_step_equals_hugging_face(name: str, seed: int) -> None:
    ours, make = HUGGING_FACE[name]
    logits, tokens = noise(seed), history(seed, kinds=5)
    got, wanted = apply(logits, tokens, **ours), theirs(make(), logits, tokens)
    assert np.array_equal(np.isfinite(got), np.isfinite(wanted))
    kept = np.isfinite(got)
    # only differences matter to a softmax
    assert np.allclose(got[kept] - got.max(), wanted[kept] - wanted.max(), atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_hugging_face_order_equals_temperature_first(seed: int) -> None:
    logits = noise(seed)
    got = apply(logits, temperature=0.6, top_k=30, top_p=0.8, temperature_first=True)
    wanted = logits
    for step in (hf.TemperatureLogitsWarper(0.6), hf.TopKLogitsWarper(30), hf.TopPLogitsWarper(0.8)):
        wanted = theirs(step, wanted)
    assert np.allclose(probabilities(got, NATIVE), probabilities(wanted, NATIVE), atol=1e-6)


# llama.cpp's rules, written over sorted lists of (logit, id).


def llama(rule: Callable[[list[tuple[float, int]]], list[tuple[float, int]]], logits: Any) -> NDArray[Any]:
    kept = rule(sorted(((float(s), i) for i, s in enumerate(logits)), key=lambda c: (-c[0], c[1])))
    result = np.full(len(logits), -np.inf, np.float32)
    for logit, token in kept:
        result[token] = logit
    return result


def softmax(candidates: list[tuple[float, int]]) -> list[float]:
    total = sum(math.exp(s - candidates[0][0]) for s, _ in candidates)
    return [math.exp(s - candidates[0][0]) / total for s, _ in candidates]


def llama_top_p(p: float) -> Any:
    def rule(candidates: list[tuple[float, int]]) -> list[tuple[float, int]]:
        total = 0.0
        for count, share in enumerate(softmax(candidates), 1):
            total += share
            if total >= p:
                return candidates[:count]
        return candidates

    return rule


def llama_typical(p: float) -> Any:
    def rule(candidates: list[tuple[float, int]]) -> list[tuple[float, int]]:
        shares = softmax(candidates)
        entropy = -sum(c * math.log(c) for c in shares)
        order = sorted(range(len(shares)), key=lambda i: abs(-math.log(shares[i]) - entropy))
        total = 0.0
        for count, i in enumerate(order, 1):
            total += shares[i]
            if total > p:
                return [candidates[i] for i in order[:count]]
        return candidates

    return rule


def llama_sigma(n: float) -> Any:
    def rule(candidates: list[tuple[float, int]]) -> list[tuple[float, int]]:
        mean = sum(s for s, _ in candidates) / len(candidates)
        std = math.sqrt(sum((s - mean) ** 2 for s, _ in candidates) / len(candidates))
        return [c for c in candidates if c[0] >= candidates[0][0] - n * std]

    return rule


def llama_xtc(threshold: float) -> Any:
    def rule(candidates: list[tuple[float, int]]) -> list[tuple[float, int]]:
        last = -1
        for index, share in enumerate(softmax(candidates)):
            if share >= threshold:
                last = index
        return candidates[last:] if last > 0 else candidates

    return rule


def llama_dynamic(temperature: float, spread: float, exponent: float) -> Any:
    def rule(candidates: list[tuple[float, int]]) -> list[tuple[float, int]]:
        low, high = max(0.0, temperature - spread), temperature + spread
        entropy = -sum(c * math.log(c) for c in softmax(candidates) if c > 0)
        heat = low + (high - low) * (entropy / math.log(len(candidates))) ** exponent
        return [(s / heat, i) for s, i in candidates]

    return rule


LLAMA: dict[str, tuple[dict[str, Any], Any]] = {
    "top_k": ({"top_k": 9}, lambda c: c[:9]),
    "top_p": ({"top_p": 0.9}, llama_top_p(0.9)),
    "min_p": ({"min_p": 0.05}, lambda c: [x for x in c if x[0] >= c[0][0] + math.log(0.05)]),
    "typical_p": ({"typical_p": 0.7}, llama_typical(0.7)),
    "top_n_sigma": ({"top_n_sigma": 1.5}, llama_sigma(1.5)),
    "xtc": ({"xtc_probability": 1.0, "xtc_threshold": 0.1}, llama_xtc(0.1)),
    "xtc, no top choice": ({"xtc_probability": 1.0, "xtc_threshold": 0.5}, llama_xtc(0.5)),
    "dynamic": (
        {"temperature": 0.9, "dynatemp_range": 0.6, "dynatemp_exponent": 1.5},
        llama_dynamic(0.9, 0.6, 1.5),
    ),
}


@pytest.mark.parametrize("name", LLAMA)
@pytest.mark.parametrize("seed", range(8))
def test_step_equals_llama_cpp(name: str, seed: int) -> None:
    ours, rule = LLAMA[name]
    logits = noise(seed, 60, 1.5 + seed / 4)
    got, wanted = apply(logits, **ours), llama(rule, logits)
    assert np.array_equal(np.isfinite(got), np.isfinite(wanted))
    assert np.allclose(probabilities(got, NATIVE), probabilities(wanted, NATIVE), atol=1e-5)


def test_whole_chain_equals_llama_cpp_in_its_order() -> None:
    for seed in range(10):
        logits = noise(seed, 200, 2.0)

        def rule(candidates: list[tuple[float, int]]) -> list[tuple[float, int]]:
            candidates = candidates[:40]
            candidates = llama_typical(0.95)(candidates)
            candidates = llama_top_p(0.9)(sorted(candidates, key=lambda c: -c[0]))
            candidates = [c for c in candidates if c[0] >= candidates[0][0] + math.log(0.05)]
            return [(s / 0.8, i) for s, i in candidates]

        got = apply(logits, temperature=0.8, top_k=40, typical_p=0.95, top_p=0.9, min_p=0.05)
        assert np.allclose(probabilities(got, NATIVE), probabilities(llama(rule, logits), NATIVE), atol=1e-5)


def llama_dry(tokens: list[int], logits: Any, breakers: set[int], base: float, allowed: int) -> NDArray[Any]:
    """The four steps of llama.cpp: limit at the last breaker, repeats, longest per token, penalty (0.8)."""
    result, reverse = np.array(logits, np.float64), tokens[::-1]
    limit = next((i for i, t in enumerate(reverse) if t in breakers), len(reverse))
    longest: dict[int, int] = {}
    for start in range(1, len(reverse)):
        length = 0
        rest = len(reverse) - start
        while length < min(limit, rest) and reverse[start + length] == reverse[length]:
            length += 1
        if length >= allowed:
            longest[reverse[start - 1]] = max(longest.get(reverse[start - 1], 0), length)
    for token, length in longest.items():
        if limit >= allowed and token not in breakers:
            result[token] -= 0.8 * base ** min(length - allowed, int(88.7228391 / math.log(base)))
    return result


@given(st.lists(st.sampled_from([1, 2, 3, 10]), max_size=40), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_dry_equals_llama_cpp(tokens: list[int], allowed: int) -> None:
    logits = np.zeros(20)
    got = apply(logits, tokens, dry_multiplier=0.8, dry_allowed_length=allowed)
    assert np.allclose(got, llama_dry(tokens, logits, {10}, 1.75, allowed), atol=1e-4)


def test_dry_never_overflows() -> None:
    got = apply(np.zeros(V), [5] * 3000, dry_multiplier=1.0, dry_base=4.0)
    assert np.isfinite(got).all() or got[5] == -np.inf
    assert got[6] == 0


def test_dry_window_forgets() -> None:
    tokens = [1, 2, 3, 4, 7, 7, 1, 2, 3]
    assert apply(np.zeros(V), tokens, dry_multiplier=1.0)[4] < 0
    assert apply(np.zeros(V), tokens, dry_multiplier=1.0, dry_window=4)[4] == 0


# RWKV's own samplers


def pipeline_penalties(logits: Any, output: list[int], uncounted: set[int]) -> NDArray[Any]:
    """The loop of BlinkDL's PIPELINE.generate."""
    result, occurrence = np.array(logits, np.float64), {}
    for token in output:
        for seen in occurrence:
            occurrence[seen] *= 0.996
        occurrence[token] = occurrence.get(token, 0) + (0 if token in uncounted else 1)
    for token, count in occurrence.items():
        result[token] -= 0.2 + count * 0.2
    return result


@pytest.mark.parametrize("seed", range(5))
def test_penalties_equal_blinkdls_pipeline(seed: int) -> None:
    logits, tokens = noise(seed), [int(t) for t in np.random.default_rng(seed).integers(40, 60, 80)]
    chosen = {"presence_penalty": 0.2, "frequency_penalty": 0.2, "penalty_decay": 0.996}
    got = apply(logits, tokens, 20, **chosen, penalty_scope="output", penalty_spares_digits=True)
    uncounted = {ord(c) for c in " \t0123456789"}
    assert np.allclose(got, pipeline_penalties(logits, tokens[20:], uncounted), atol=1e-5)


@pytest.mark.parametrize(("top_p", "temperature"), [(0.85, 1.0), (0.5, 0.7), (0.9, 1.3)])
def test_samples_equal_blinkdls_sampler(top_p: float, temperature: float) -> None:
    """Its own function, called many times: both sample from the same distribution.

    (With top_k as well it differs: BlinkDL's applies both to the whole vocabulary, llama.cpp's and ours one
    after the other.)
    """
    from rwkv.utils import PIPELINE

    sampler = PIPELINE.__new__(PIPELINE)
    logits = noise(3, 50, 1.5)
    np.random.seed(0)
    drawn = [sampler.sample_logits(torch.tensor(logits), temperature, top_p) for _ in range(20_000)]
    wanted = np.bincount(drawn, minlength=50) / len(drawn)
    got = probabilities(apply(logits, top_p=top_p, temperature=temperature), NATIVE)
    assert np.abs(got - wanted).max() < 0.015
    assert set(np.flatnonzero(wanted)) <= set(np.flatnonzero(got))


def test_top_p_one_keeps_everything() -> None:
    """BlinkDL's top-p becomes greedy here: its float32 sum over 65,536 tokens never reaches 1."""
    logits = np.zeros(65536, np.float32)
    assert np.isfinite(apply(logits, top_p=1.0)).all()
    assert np.isfinite(apply(logits, top_p=0.999999)).sum() >= 65_530


def test_ties_at_the_limit_keep_exactly_as_many_as_the_rule_says() -> None:
    """BlinkDL's and Hugging Face's keep all tied tokens."""
    flat = np.zeros(V)
    assert np.flatnonzero(np.isfinite(apply(flat, top_k=5))).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(np.isfinite(apply(flat, top_p=0.5))).tolist() == list(range(128))


def test_top_p_has_an_effect() -> None:
    """transformers.js reads top_p and then ignores it."""
    assert np.isfinite(apply(noise(1), top_p=0.5)).sum() < V / 4


def test_rwkv_v4_web_penalty_counts_prompt_and_output_for_greedy_too() -> None:
    logits = np.zeros(V)
    logits[65], logits[66] = 2.0, 1.0
    got = apply(logits, [65, 65, 65], 2, temperature=0, frequency_penalty=0.5)
    assert got.argmax() == 66


def test_the_three_penalties_differ() -> None:
    logits = np.zeros(V)
    logits[[1, 2]] = [4.0, -4.0]
    tokens = [1, 1, 2]
    assert apply(logits, tokens, repetition_penalty=2.0)[[1, 2]].tolist() == [2.0, -8.0]
    assert apply(logits, tokens, presence_penalty=1.0)[[1, 2]].tolist() == [3.0, -5.0]
    assert apply(logits, tokens, frequency_penalty=1.0)[[1, 2]].tolist() == [2.0, -5.0]


def test_penalty_window_and_scope() -> None:
    tokens = [1, 2, 3, 4]
    assert np.flatnonzero(apply(np.zeros(V), tokens, 2, presence_penalty=1.0, penalty_window=3)).tolist() == [
        2,
        3,
        4,
    ]
    got = apply(np.zeros(V), tokens, 2, presence_penalty=1.0, penalty_scope="output")
    assert np.flatnonzero(got).tolist() == [3, 4]


def test_bias_and_bans() -> None:
    got = apply(np.zeros(V), logit_bias={3: 1.5, 4: -100.0}, banned_tokens=[5])
    assert got[[3, 4, 5, 6]].tolist() == [1.5, -100.0, -math.inf, 0.0]


# Mirostat


def mirostat_setup(version: int, size: int = V) -> tuple[Any, Context]:
    config = DecodingConfig(mirostat=version, mirostat_tau=3.0, mirostat_eta=0.2)
    return make_chain(config, Setup(BYTE, size)), Context(BYTE, size, [], NATIVE)


def test_mirostat_2_equals_llama_cpp_step_by_step() -> None:
    chain, context = mirostat_setup(2)
    mu = 6.0
    for step in range(30):
        logits = noise(step)
        shares = softmax(sorted(((float(s), 0) for s in logits), reverse=True))
        kept = max(1, sum(-math.log2(c) <= mu for c in shares))
        final = chain.narrow(logits, context)
        assert len(final.logits) == kept
        token = draw(final, 0.37, NATIVE)
        surprise = -math.log2(probabilities(final.logits, NATIVE)[final.index(token)])
        chain.observe(token, final, context)
        mu -= 0.2 * (surprise - 3.0)
        assert context.mirostat_mu == pytest.approx(mu, abs=1e-4)


def test_mirostat_1_equals_llama_cpp_step_by_step() -> None:
    chain, context = mirostat_setup(1)
    mu = 6.0
    for step in range(30):
        logits = noise(step, spread=1.0 + step / 10)
        shares = softmax(sorted(((float(s), 0) for s in logits), reverse=True))
        t = [math.log((i + 2) / (i + 1)) for i in range(99)]
        b = [math.log(shares[i] / shares[i + 1]) for i in range(99)]
        s_hat = sum(x * y for x, y in zip(t, b, strict=True)) / sum(x * x for x in t)
        k = (((s_hat - 1) * 2**mu) / (1 - V ** -(s_hat - 1))) ** (1 / s_hat)
        final = chain.narrow(logits, context)
        assert len(final.logits) == min(V, max(1, int(k)))
        token = draw(final, 0.61, NATIVE)
        surprise = -math.log2(probabilities(final.logits, NATIVE)[final.index(token)])
        chain.observe(token, final, context)
        mu -= 0.2 * (surprise - 3.0)
        assert context.mirostat_mu == pytest.approx(mu, abs=1e-4)


@pytest.mark.parametrize("version", [1, 2])
def test_mirostat_keeps_the_surprise_near_the_target(version: int) -> None:
    chain, context = mirostat_setup(version)
    random, surprises = np.random.default_rng(0), []
    for step in range(600):
        final = chain.narrow(noise(step, spread=1.5), context)
        token = draw(final, float(random.random()), NATIVE)
        surprises.append(-math.log2(probabilities(final.logits, NATIVE)[final.index(token)]))
        chain.observe(token, final, context)
    assert abs(np.mean(surprises[100:]) - 3.0) < 0.3


# Limits

TRUNCATIONS: dict[str, dict[str, Any]] = {
    "top_k": {"top_k": 1},
    "top_p": {"top_p": 0.0},
    "min_p": {"min_p": 1.0},
    "typical_p": {"typical_p": 0.0},
    "top_n_sigma": {"top_n_sigma": 0.001},
    "xtc": {"xtc_probability": 1.0, "xtc_threshold": 0.0},
    "mirostat 1": {"mirostat": 1, "mirostat_tau": 0.0},
    "mirostat 2": {"mirostat": 2, "mirostat_tau": 0.0},
    "temperature": {"temperature": 0.0},
    "dynamic": {"temperature": 0.5, "dynatemp_range": 1.0},
    "everything": {
        "top_k": 3, "top_p": 0.01, "min_p": 0.9, "typical_p": 0.1, "top_n_sigma": 0.1, "xtc_probability": 1.0,
        "temperature": 1e-30,
    },
}  # fmt: skip
LOGITS: dict[str, NDArray[Any]] = {
    "noise": noise(0),
    "flat": np.zeros(V),
    "one left": np.where(np.arange(V) == 7, 0.0, -np.inf),
    "two left": np.where(np.arange(V) < 2, 0.0, -np.inf),
    "huge": noise(0) * 1e30,
    "tiny": noise(0) * 1e-30,
    "one token": np.zeros(1),
    "far apart": np.linspace(-1e4, 1e4, V),
}


@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("kind", LOGITS)
def test_no_step_removes_everything_or_computes_nan(truncation: str, kind: str) -> None:
    with np.errstate(invalid="raise", divide="raise"):
        got = apply(LOGITS[kind], **TRUNCATIONS[truncation])
    assert not np.isnan(got).any()
    assert not (got == np.inf).any()
    kept = np.isfinite(got)
    assert kept.any()
    assert (np.asarray(LOGITS[kind])[kept] > -np.inf).all()
    for uniform in (0.0, 0.5, np.nextafter(1, 0)):
        assert kept[draw(Candidates(got), float(uniform), NATIVE)]


@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=50), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_top_p_keeps_the_fewest_that_suffice(values: list[float], mass: float) -> None:
    logits = np.array(values, np.float32)
    for operations in (NATIVE, NUMPY):  # which may differ where the sum equals the mass up to rounding
        kept = np.isfinite(apply_by(operations, logits, [], 0, {"top_p": mass}))
        shares = probabilities(logits, operations)
        falling = np.sort(shares.astype(np.float64))[::-1]
        count = int(kept.sum())
        assert falling[:count].sum() >= mass - 1e-6
        assert count == 1 or falling[: count - 1].sum() < mass + 1e-6
        assert count == len(values) or shares[kept].min() >= shares[~kept].max()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60), st.integers(1, 70))
def test_largest_is_the_stable_sort(values: list[int], count: int) -> None:
    array = np.array(values, np.float32)
    wanted = sorted(np.argsort(-array, kind="stable")[:count].tolist())
    assert largest(array, count, NATIVE).tolist() == wanted


def test_cached_weights_equal_fresh_ones() -> None:
    operations, stages = WeighOnce(NATIVE), [noise(seed) for seed in range(4)]
    for logits in [*stages, stages[3], stages[2], stages[0], stages[2], stages[0].copy()]:
        found, expected = operations.weigh(logits), NUMPY.weigh(logits)
        np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-6)
        assert found.highest == expected.highest
        assert found.total == pytest.approx(expected.total, rel=1e-6)
    assert operations.weigh(stages[2]) is operations.weigh(stages[2])


def test_the_highest_logit_of_an_array_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    kernel = load_kernel("native").logits
    for name in ("argmax", "highest"):
        find = getattr(kernel, name)
        monkeypatch.setattr(kernel, name, lambda logits, find=find: asked.append(id(logits)) or find(logits))
    operations, stages = WeighOnce(kernel), [noise(seed) for seed in range(3)]
    for logits in [*stages, stages[0].copy()]:
        asked.clear()
        assert operations.argmax(logits) == operations.argmax(logits) == logits.argmax()
        assert operations.highest(logits) == logits.max()
        assert operations.log_total(logits) == pytest.approx(NUMPY.log_total(logits), rel=1e-6)
        assert operations.weigh(logits).highest == logits.max()
        assert asked == [id(logits)]
        assert operations.highest(stages[0] + 1) == stages[0].max() + 1
    broken = stages[0].copy()
    broken[7] = np.nan
    assert operations.argmax(broken) == V
    assert math.isnan(operations.highest(broken))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("kind", ["noise", "flat", "ties"])
def test_a_vocabulary_is_never_sorted(monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    def guarded(sort: Any) -> Any:
        def sorted_if_short(values: Any, *rest: Any, **options: Any) -> Any:
            assert len(values) <= 1024
            return sort(values, *rest, **options)

        return sorted_if_short

    for sort in ("sort", "argsort", "partition", "argpartition", "lexsort"):
        monkeypatch.setattr(np, sort, guarded(getattr(np, sort)))
    size = 65536
    logits = {"noise": noise(1, size), "flat": noise(1, size, 0.01), "ties": np.zeros(size, np.float32)}[kind]
    context = Context(BYTE, size, [1, 2, 3, 3], WeighOnce(NUMPY))
    final = make_chain(DecodingConfig.from_dict(PRESETS[name]), Setup(BYTE, size)).narrow(logits, context)
    token = draw(final, 0.4, NUMPY)
    log_probability(logits, token, NUMPY)


def test_log_probability_is_exact_for_a_large_vocabulary() -> None:
    logits = noise(1, 65536)
    exact = logits.astype(np.float64)
    exact -= np.log(np.exp(exact).sum())
    assert log_probability(logits, 77, NATIVE) == pytest.approx(exact[77], abs=1e-5)


def test_draw_covers_every_token_by_its_probability() -> None:
    logits = np.log(np.array([0.1, 0.0001, 0.4, 0.4999], np.float32))
    edges = [0.05, 0.10005, 0.3, 0.9]
    assert [draw(Candidates(logits), u, NATIVE) for u in edges] == [0, 1, 2, 3]


def test_candidates_keep_their_tokens() -> None:
    logits = noise(5, 40)
    some = Candidates(logits).keep(np.array([3, 8, 9, 30])).keep(np.array([1, 3]))
    assert [some.token(0), some.token(1)] == [8, 30]
    assert [some.index(8), some.index(30)] == [0, 1]
    assert np.flatnonzero(np.isfinite(some.over(40))).tolist() == [8, 30]
    assert some.over(40)[[8, 30]].tolist() == logits[[8, 30]].tolist()
    assert {draw(some, uniform, NATIVE) for uniform in (0.0, 0.999999)} == {8, 30}


def test_xtc_acts_with_its_probability() -> None:
    chain = make_chain(DecodingConfig(xtc_probability=0.3), Setup(BYTE, 4))
    context, acted = Context(BYTE, 4, [], NATIVE), 0
    for index in range(100):
        context.uniforms = (0.0, index / 100)
        acted += not np.isfinite(chain(np.array([2.0, 2.0, 1.0, -9.0], np.float32), context)).all()
    assert acted == 30


def test_guidance_equals_hugging_face_formula() -> None:
    logits, other = noise(1), noise(2)
    chain, context = (
        make_chain(DecodingConfig(guidance_scale=1.5), Setup(BYTE, V)),
        Context(BYTE, V, [], NATIVE),
    )
    context.unguided = other
    own, away = torch.log_softmax(torch.tensor(logits), -1), torch.log_softmax(torch.tensor(other), -1)
    assert np.allclose(chain(logits, context), 1.5 * (own - away) + away, atol=1e-4)
