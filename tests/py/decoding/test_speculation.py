"""Texts with and without guesses, compared to the last bit; and that guessing hardly ever loses time."""

from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.chat.conversation import Conversation
from goosequill.decoding import Chunk, DecodingConfig, End, StateMemory, generate, speculation
from goosequill.decoding.lookup import LONGEST, PromptLookup
from goosequill.decoding.speculation import LEAST, MOST, SHARE, START, Account
from goosequill.errors import GoosequillError
from goosequill.kernels import load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.models import Model, load_model
from goosequill.models.lookahead import COUNTS, MOST_AT_ONCE, Pace
from goosequill.search.answer import answer_prompt
from goosequill.tokenizers import Tokenizer, load_tokenizer
from goosequill.weights.packing import SKETCHED
from tests.py import checkpoints
from tests.py.checkpoints import source_of
from tests.py.tiers import tiers

from .fakes import BYTE, saying

ROOT = Path(__file__).parents[3]

REPEATED = "It was a dark evening, and the rain fell on the old house by the sea. " * 3


@cache
def trained() -> tuple[Model, Tokenizer]:
    loaded: LoadedModel = load_path(ROOT / "site" / "models" / "default", kernel=load_kernel())
    return loaded.model, loaded.tokenizer


@cache
def random_weights(bits: Any, vocab: int = 256, layers: int = 3) -> tuple[Model, Tokenizer]:
    tensors = checkpoints.rwkv7(layers=layers, vocab=vocab, seed=4)
    source = source_of(tensors)
    tokenizer = BYTE if vocab == 256 else load_tokenizer("world")
    return load_model(source, kernel=load_kernel(), quantize=bits), tokenizer


class Bold(Account):
    """Guesses whenever there is a guess, and a different number of tokens each time."""

    turn = 0

    def is_worth_it(self) -> bool:
        return True

    def plan(self, most: int, length: int) -> int:
        Bold.turn += 1
        return max([1, *(count for count in COUNTS[: 1 + Bold.turn % len(COUNTS)] if count <= most + 1)])


def bold() -> Any:
    return patch.object(speculation, "Account", Bold)


AHEAD: dict[str, Any] = {"prompt_lookup_num_tokens": 7}


def states_of(items: Any, state: Any) -> tuple[list[Any], list[dict[str, Any]]]:
    """What is generated, and the state at each moment."""
    found, states = [], []
    for item in items:
        found.append(item)
        states.append({name: array.copy() for name, array in state.arrays.items()})
    return found, states


CONFIGS = st.fixed_dictionaries(
    {"temperature": st.sampled_from([0.0, 0.3, 0.8, 1.0, 1.5]), "max_new_tokens": st.integers(1, 60)},
    optional={
        "seed": st.integers(0, 9),
        "top_p": st.sampled_from([0.3, 0.9]),
        "top_k": st.sampled_from([1, 3, 40]),
        "min_p": st.sampled_from([0.01, 0.2]),
        "typical_p": st.just(0.9),
        "top_n_sigma": st.just(1.0),
        "xtc_probability": st.just(0.5),
        "repetition_penalty": st.sampled_from([0.8, 1.2]),
        "presence_penalty": st.just(0.4),
        "frequency_penalty": st.sampled_from([-0.5, 0.4]),
        "dry_multiplier": st.just(0.8),
        "no_repeat_ngram_size": st.just(3),
        "logit_bias": st.just({32: 2.0, 101: -1.0}),
        "banned_tokens": st.just([65]),
        "min_new_tokens": st.just(1),
        "logprobs": st.sampled_from([0, 3]),
        "stop": st.sampled_from([["rain"], ["the old", "\n\n"]]),
        "stop_tokens": st.just([97]),
        "guidance_scale": st.just(1.5),
        "regex": st.just("[a-z ,.]*"),
    },
)


def both(
    model: Model, tokenizer: Tokenizer, prompt: Any, values: dict[str, Any], **options: Any
) -> tuple[Any, Any]:
    """What is generated with guesses and without, and the states meanwhile."""
    config = DecodingConfig.from_dict({"seed": 0, **values})
    results = []
    with bold():
        for most in (7, 0):
            state = model.new_state()
            own = config.replace(prompt_lookup_num_tokens=most)
            try:
                results.append(states_of(generate(model, tokenizer, prompt, own, state=state), state))
            except GoosequillError as error:
                results.append(([error.code], []))
    return results[0], results[1]


def assert_equal(found: Any, expected: Any) -> None:
    assert found[0] == expected[0]
    assert len(found[1]) == len(expected[1])
    for one, other in zip(found[1], expected[1], strict=True):
        for name, array in one.items():
            np.testing.assert_array_equal(array, other[name])


@tiers("examples", 30, 120)
def test_a_trained_model_writes_the_same_with_guesses(examples: int) -> None:
    model, tokenizer = trained()

    @given(CONFIGS)
    @settings(max_examples=examples)
    def writes_the_same(values: dict[str, Any]) -> None:
        assert_equal(*both(model, tokenizer, REPEATED, values))

    writes_the_same()


@pytest.mark.parametrize("values", [{"temperature": 0}, {"temperature": 0.4, "top_p": 0.4}])
def test_an_answer_from_passages_is_the_same_with_guesses_and_some_are_right(values: dict[str, Any]) -> None:
    """The settings with which a page rewords what it has found, and greedy ones."""
    model, tokenizer = trained()
    passages = [{"title": "Rain", "heading": "", "text": REPEATED}]
    prompt = answer_prompt("What fell on the house?", passages, tokenizer=tokenizer)["prompt"]
    found, expected = both(model, tokenizer, prompt, {**values, "max_new_tokens": 160})
    assert_equal(found, expected)
    assert found[0][-1].guessed_right > 0


@tiers("examples", 40, 120)
def test_random_weights_write_the_same_with_guesses(examples: int) -> None:
    @given(CONFIGS, st.sampled_from([None, 8, 4]))
    @settings(max_examples=examples)
    def write_the_same(values: dict[str, Any], bits: Any) -> None:
        model, tokenizer = random_weights(bits)
        assert_equal(*both(model, tokenizer, REPEATED[:60], values))

    write_the_same()


@given(st.sampled_from([{"temperature": 0}, {"top_k": 5}, {"min_p": 0.1}, {}]), st.integers(0, 9))
@settings(max_examples=12, deadline=None)
def test_approximate_log_probabilities_are_the_same_with_guesses(values: dict[str, Any], seed: int) -> None:
    model, tokenizer = random_weights(8, SKETCHED * 4, 1)
    loop = {"logit_bias": {5: 100.0}} if not values else {}
    assert_equal(
        *both(model, tokenizer, [5, 6, 7] * 4, {**values, **loop, "seed": seed, "max_new_tokens": 30})
    )


def test_a_copied_passage_is_guessed() -> None:
    """Where a bias leaves the model nothing but to repeat itself."""
    model, tokenizer = trained()
    config = DecodingConfig(temperature=0, logit_bias={300: 1e5}, max_new_tokens=60, **AHEAD)
    with bold():
        *_, end = generate(model, tokenizer, REPEATED, config)
    assert isinstance(end, End)
    assert 30 < end.guessed_right <= end.guessed < 60


def test_no_guess_goes_beyond_the_length() -> None:
    model, tokenizer = trained()
    for length in range(1, 12):
        found, _ = both(model, tokenizer, REPEATED, {"temperature": 0, "max_new_tokens": length})
        assert sum(isinstance(item, Chunk) for item in found[0]) == length
        assert found[0][-1].guessed < length


@pytest.mark.parametrize("stop_at", range(1, 30, 4))
def test_a_text_that_is_stopped_leaves_an_exact_state(stop_at: int) -> None:
    model, tokenizer = trained()
    states = []
    with bold():
        for most in (7, 0):
            state = model.new_state()
            config = DecodingConfig(temperature=0, prompt_lookup_num_tokens=most)
            with closing(generate(model, tokenizer, REPEATED, config, state=state)) as items:  # type: ignore[type-var]
                for _ in range(stop_at):
                    next(items)
            states.append(state)
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(array, states[1].arrays[name])


def test_texts_that_take_turns_do_not_disturb_each_other() -> None:
    model, tokenizer = trained()
    seeds = range(MOST_AT_ONCE + 2)  # some find no room to look ahead

    def start(most: int) -> list[Any]:
        return [
            generate(model, tokenizer, REPEATED, DecodingConfig(seed=seed, prompt_lookup_num_tokens=most))
            for seed in seeds
        ]

    with bold():
        turns = [list(items) for items in zip(*start(7), strict=False)]
        alone = [list(items) for items in start(0)]
    assert [list(text) for text in zip(*turns, strict=True)] == [text[: len(turns)] for text in alone]
    assert model.lookaheads
    for seed in seeds:  # all were given back
        list(generate(model, tokenizer, REPEATED, DecodingConfig(seed=seed, max_new_tokens=3, **AHEAD)))


def test_a_conversation_is_the_same_with_guesses() -> None:
    model, tokenizer = trained()
    talks = []
    with bold():
        for most in (7, 0):
            talk, said = Conversation(model, tokenizer), []
            for message in (REPEATED, "Say that again: " + REPEATED, REPEATED):
                config = DecodingConfig(seed=1, max_new_tokens=40, prompt_lookup_num_tokens=most)
                said += [str(item) for item in talk.reply(message, config)]
            talks.append((said, talk))
    assert talks[0][0] == talks[1][0]
    assert talks[0][1].messages == talks[1][1].messages
    for name, array in talks[0][1].state.arrays.items():
        np.testing.assert_array_equal(array, talks[1][1].state.arrays[name])


def test_a_conversation_guesses_from_earlier_messages() -> None:
    model, tokenizer = trained()
    talk = Conversation(model, tokenizer)
    config = DecodingConfig(temperature=0, max_new_tokens=3, logit_bias={300: 1e5}, **AHEAD)
    with bold():
        ends = [list(talk.reply("Well?", config))[-1] for _ in range(2)]
        ends.append(list(talk.branch().reply("Well?", config))[-1])
    guessed = [end.guessed for end in ends if isinstance(end, End)]
    assert guessed[0] == 0
    assert min(guessed[1:]) > 0


def test_kept_states_are_the_same_with_guesses() -> None:
    model, tokenizer = trained()
    memories = []
    with bold():
        for most in (7, 0):
            memory = StateMemory()
            config = DecodingConfig(temperature=0, max_new_tokens=100, prompt_lookup_num_tokens=most)
            list(generate(model, tokenizer, REPEATED, config, memory=memory))
            memories.append(memory._kept)
    assert list(memories[0]) == list(memories[1])
    for one, other in zip(memories[0].values(), memories[1].values(), strict=True):
        np.testing.assert_array_equal(one[1], other[1])
        for name, array in one[0].arrays.items():
            np.testing.assert_array_equal(array, other[0].arrays[name])


def test_a_model_that_cannot_look_ahead_reads_token_by_token() -> None:
    model = saying("abcabcabcabcabc")
    *_, end = generate(model, BYTE, "x", DecodingConfig(temperature=0, max_new_tokens=12, **AHEAD))
    assert isinstance(end, End)
    assert end.guessed == 0


def test_memory_that_is_not_there_ends_the_guessing_and_not_the_text() -> None:
    model, tokenizer = trained()
    config = DecodingConfig(temperature=0, seed=0, max_new_tokens=20, **AHEAD)
    expected = list(generate(model, tokenizer, REPEATED, config.replace(prompt_lookup_num_tokens=0)))
    with bold(), patch("goosequill.models.lookahead.Lookahead.read", side_effect=MemoryError):
        found = list(generate(model, tokenizer, REPEATED, config))
    assert found == expected


def paced(costs: dict[int, float]) -> Pace:
    pace = Pace()
    pace.seconds = dict(costs)
    return pace


COSTS = {0: 0.05, 1: 1.0, 2: 1.3, 3: 1.5, 4: 1.7, 6: 2.4, 8: 3.2}


def play(account: Account, right: Sequence[bool], lengths: Sequence[int], costs: dict[int, float]) -> float:
    """The time that a text takes where each of its tokens would be guessed right or not."""
    spent, at = 0.0, 0
    while at < len(right):
        length = lengths[at % len(lengths)]
        count = account.plan(7, length)
        if count == 1:
            account.read_alone(1.0)
            spent += 1.0
            at += 1
            continue
        used = 1
        while used < count and at + used < len(right) and right[at + used]:
            used += 1
        account.read_together(used, costs[count])
        spent += costs[count] + used * costs[0]
        at += used
    return spent


@given(
    st.lists(st.booleans(), min_size=1, max_size=600),
    st.lists(st.integers(0, LONGEST), min_size=1, max_size=9),
    st.sampled_from([COSTS, {n: cost * 2 for n, cost in COSTS.items()} | {1: 1.0}]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_guessed_little_time_is_lost(
    right: list[bool], lengths: list[int], costs: dict[int, float]
) -> None:
    assert play(Account(paced(costs)), right, lengths, costs) <= len(right) * (1 + SHARE) + START + 1e-6


def test_guesses_that_are_always_wrong_cost_two_percent_at_most() -> None:
    assert play(Account(paced(COSTS)), [False] * 10_000, [8], COSTS) <= 10_000 * (1 + SHARE) + START


def test_a_copy_is_written_faster() -> None:
    assert play(Account(paced(COSTS)), [True] * 200, [8], COSTS) < 200 / 1.8


def test_a_long_success_is_not_lost_again() -> None:
    account = Account(paced(COSTS))
    play(account, [True] * 1000, [8], COSTS)
    assert account.balance <= MOST
    assert play(account, [False] * 1000, [8], COSTS) <= 1000 * (1 + SHARE) + MOST


def test_nothing_is_guessed_before_anything_is_measured_or_where_it_is_slow() -> None:
    assert Account(Pace()).plan(7, LONGEST) == 1
    slow = {count: float(count) for count in range(1, 9)} | {0: 0.0}
    assert Account(paced(slow)).plan(7, LONGEST) == 1


def test_nothing_is_looked_up_for_a_model_that_is_faster_than_that() -> None:
    assert Account(Pace()).is_worth_it()
    assert Account(paced({1: 2 * LEAST})).is_worth_it()
    assert not Account(paced({1: LEAST / 2})).is_worth_it()


def test_what_was_wrong_is_guessed_less() -> None:
    account = Account(paced(COSTS))
    account.balance = MOST
    assert account.plan(7, 8) > 1
    for _ in range(20):
        account.learn(8, right=False)
    assert account.plan(7, 8) == 1
    assert account.plan(7, 7) > 1
    for _ in range(20):  # seen without being read together
        account.learn(8, right=True)
    assert account.plan(7, 8) > 1


def test_a_lookup_starts_empty() -> None:
    assert PromptLookup().guess(3) == []
