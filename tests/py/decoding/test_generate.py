"""The generation loop: stops, cancelling, seeds, characters, empty and long prompts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.decoding import Chunk, DecodingConfig, End, Reading, StateMemory, generate
from goosequill.decoding.explain import explain
from goosequill.errors import GoosequillError, SettingsError, TokenizerError
from goosequill.kernels import Shortlist
from goosequill.tokenizers import load_tokenizer
from tests.py.refusals import refused

from .fakes import BYTE, FakeModel, FakeState, random_model, run, saying, text_of

GREEDY: dict[str, Any] = {"temperature": 0}


def greedy(**more: Any) -> DecodingConfig:
    return DecodingConfig(**{**GREEDY, **more})


def test_greedy_writes_what_the_model_says() -> None:
    result = run(saying("hello"), "x", greedy(max_new_tokens=5))
    assert text_of(result) == "hello"
    assert result[1].finish_reason == "length"
    assert result[1].usage == {"prompt_tokens": 1, "completion_tokens": 5}
    assert [chunk.index for chunk in result[0]] == [0, 1, 2, 3, 4]


def test_greedy_chooses_the_first_of_equal_logits() -> None:
    model = FakeModel(lambda tokens: np.isin(np.arange(256), [70, 65, 90]).astype(float))
    assert text_of(run(model, "x", greedy(max_new_tokens=3))) == "AAA"


def test_logprob_is_the_models_own_before_any_processor() -> None:
    logits = np.zeros(256)
    logits[65] = 3.0
    chunks, _ = run(FakeModel(lambda tokens: logits), "x", greedy(max_new_tokens=1, logit_bias={66: 50.0}))
    assert chunks[0].token == 66
    assert chunks[0].logprob == pytest.approx(-np.log(255 + np.exp(3.0)), abs=1e-6)


def test_top_logprobs_start_with_the_most_likely() -> None:
    logits = np.zeros(256)
    logits[[65, 66, 67]] = [1.0, 3.0, 2.0]
    chunks, _ = run(FakeModel(lambda tokens: logits), "x", greedy(max_new_tokens=1, logprobs=3))
    assert [c.text for c in chunks[0].top_logprobs] == ["B", "C", "A"]
    assert chunks[0].top_logprobs[0].logprob == pytest.approx(chunks[0].logprob)


def test_stop_text_ends_the_text_and_is_not_emitted() -> None:
    result = run(saying("one\n\nUser: two"), "x", greedy(stop=["\n\nUser"]))
    assert text_of(result) == "one"
    assert result[1].finish_reason == "stop"


def test_start_of_a_stop_text_is_held_back_and_then_emitted() -> None:
    chunks, end = run(saying("a\n\nUse it"), "x", greedy(stop=["\n\nUser"], max_new_tokens=9))
    texts = [chunk.text for chunk in chunks]
    assert texts == ["a", "", "", "", "", "", "\n\nUse ", "i", "t"]
    assert end.text == ""


def test_held_back_text_comes_with_the_end() -> None:
    chunks, end = run(saying("a\n\nUs"), "x", greedy(stop=["\n\nUser"], max_new_tokens=5))
    assert "".join(chunk.text for chunk in chunks) == "a"
    assert end.text == "\n\nUs"


def test_earliest_of_several_stop_texts_wins() -> None:
    assert text_of(run(saying("abcdef"), "x", greedy(stop=["cde", "bc", "f"]))) == "a"


def test_stop_text_inside_one_token_of_a_larger_vocabulary() -> None:
    world = load_tokenizer("world")
    ids = [*world.encode("so it ends.\n"), 0]
    numbers = np.arange(65536)
    model = FakeModel(lambda tokens: 50.0 * (numbers == ids[len(tokens) - 1]), 65536)
    result = run(model, "x", greedy(stop=["ds"]), tokenizer=world)
    assert text_of(result) == "so it en"


@given(st.text("abAB ", max_size=12), st.lists(st.text("abAB ", min_size=1, max_size=4), max_size=3))
@settings(max_examples=200, deadline=None)
def test_streamed_text_ends_at_the_first_stop_text(text: str, stops: list[str]) -> None:
    result = run(saying(text), "x", greedy(stop=stops, max_new_tokens=len(text)))
    found = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    if not found:
        assert text_of(result) == text
    else:
        soonest = min(end for end, _ in found)
        assert text_of(result) == text[: min(start for end, start in found if end == soonest)]


def test_stop_token_ends_the_text() -> None:
    result = run(saying("ab.c"), "x", greedy(stop_tokens=[ord(".")]))
    assert text_of(result) == "ab"
    assert result[1].finish_reason == "stop"
    assert result[1].usage["completion_tokens"] == 2


def test_end_token_ends_the_text_and_can_be_ignored() -> None:
    tokenizer = load_tokenizer("byte", end_token=0)
    assert text_of(run(saying("ab"), "x", greedy(), tokenizer=tokenizer)) == "ab"
    result = run(saying("ab"), "x", greedy(ignore_end=True, max_new_tokens=4), tokenizer=tokenizer)
    assert text_of(result) == "ab\x01\x01"


def test_characters_are_never_split() -> None:
    chunks, _ = run(saying("é漢😀"), "x", greedy(max_new_tokens=9))
    assert [c.text for c in chunks] == ["", "é", "", "", "漢", "", "", "", "😀"]


def test_character_interrupted_by_the_length_limit_is_dropped() -> None:
    result = run(saying("a漢"), "x", greedy(max_new_tokens=3))
    assert text_of(result) == "a"


def test_character_left_incomplete_by_the_model_is_replaced() -> None:
    result = run(saying(b"a\xe6\xbc."), "x", greedy(stop_tokens=[ord(".")]))
    assert text_of(result) == "a\ufffd"


def test_replacement_character_from_the_model_does_not_stall() -> None:
    """BlinkDL's loop never emits text again after the model has written U+FFFD."""
    chunks, _ = run(saying("\ufffda"), "x", greedy(max_new_tokens=4))
    assert [c.text for c in chunks] == ["", "", "\ufffd", "a"]


def test_token_zero_is_written_like_any_other() -> None:
    """rwkv-v4-web drops token id 0."""
    chunks, _ = run(saying(b"a\x00b"), "x", greedy(max_new_tokens=3))
    assert [c.token for c in chunks] == [97, 0, 98]


def test_temperature_zero_does_not_divide() -> None:
    """rwkv-v4-web divides by zero."""
    with np.errstate(all="raise"):
        assert text_of(run(saying("fine"), "x", greedy(max_new_tokens=4))) == "fine"


def test_same_seed_gives_the_same_text_and_another_seed_a_different_one() -> None:
    texts = [text_of(run(random_model(), "x", DecodingConfig(seed=s, max_new_tokens=40))) for s in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]


def test_random_seed_is_returned_and_reproduces_the_text() -> None:
    first = run(random_model(), "x", DecodingConfig(max_new_tokens=40))
    again = run(random_model(), "x", DecodingConfig(max_new_tokens=40, seed=first[1].seed))
    assert text_of(first) == text_of(again)


def test_random_seeds_differ() -> None:
    assert len({run(random_model(), "x", DecodingConfig(max_new_tokens=1))[1].seed for _ in range(8)}) == 8


def test_frequencies_follow_the_probabilities() -> None:
    logits = np.full(256, -np.inf)
    logits[[1, 2, 3]] = np.log([0.5, 0.3, 0.2])
    chunks, _ = run(FakeModel(lambda tokens: logits), "x", DecodingConfig(seed=1, max_new_tokens=4000))
    counts = np.bincount([c.token for c in chunks], minlength=4)[1:4] / 4000
    assert np.abs(counts - [0.5, 0.3, 0.2]).max() < 0.03


def test_cancelling_ends_within_one_token() -> None:
    seen: list[Chunk] = []
    items = generate(saying("abcdef"), BYTE, "x", greedy(), cancelled=lambda: len(seen) >= 3)
    last: Any = None
    for last in items:
        if isinstance(last, Chunk):
            seen.append(last)
    assert len(seen) == 3
    assert last == End("", "abort", {"prompt_tokens": 1, "completion_tokens": 3}, last.seed)


def test_cancelling_while_a_long_prompt_is_read() -> None:
    model = saying("a")
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(len(model.read))
        return len(model.read) >= 128

    *_, end = generate(model, BYTE, "x" * 100_000, greedy(), cancelled=cancelled)
    assert isinstance(end, End)
    assert end.finish_reason == "abort"
    assert len(model.read) == 128


def test_progress_of_the_prompt_is_reported() -> None:
    items = list(generate(saying("a"), BYTE, "x" * 150, greedy(max_new_tokens=0), progress=True))
    assert items[:-1] == [Reading(64, 150), Reading(128, 150), Reading(150, 150)]


def test_empty_prompt_starts_with_the_end_token() -> None:
    model = saying("ab")
    assert text_of(run(model, "", greedy(max_new_tokens=2))) == "ab"
    assert model.read == [0, 97]
    model = saying("ab")
    run(model, "", greedy(max_new_tokens=1), tokenizer=load_tokenizer("byte", end_token=9))
    assert model.read == [9]


def test_prompt_may_be_token_ids() -> None:
    model = saying("abc")
    run(model, [1, 2, 3], greedy(max_new_tokens=1))
    assert model.read == [1, 2, 3]


def test_length_zero_generates_nothing() -> None:
    result = run(saying("abc"), "x", greedy(max_new_tokens=0))
    assert result[0] == []
    assert result[1].finish_reason == "length"


def test_state_has_read_the_whole_text() -> None:
    model, state = saying("abcdef"), FakeState()
    assert text_of(run(model, "x", greedy(max_new_tokens=2), state=state)) == "ab"
    assert bytes(state.tokens) == b"xab"


def test_tokenizer_of_another_model_is_refused() -> None:
    with refused(TokenizerError, "tokenizer-mismatch"):
        list(generate(saying("a"), load_tokenizer("world"), "x"))


def test_ids_outside_the_vocabulary_are_refused() -> None:
    for settings_ in ({"banned_tokens": [300]}, {"logit_bias": {-1: 2.0}}, {"stop_tokens": [256]}):
        with refused(SettingsError, "setting-range"):
            list(generate(saying("a"), BYTE, "x", DecodingConfig.from_dict(settings_)))


def test_everything_banned_is_refused() -> None:
    with refused(SettingsError, "all-banned"):
        list(generate(saying("a"), BYTE, "x", DecodingConfig(banned_tokens=tuple(range(256)))))


def test_step_that_removes_every_token_is_named() -> None:
    logits = np.full(256, -np.inf)
    logits[65] = 0.0
    with refused(SettingsError, "all-tokens-removed") as caught:
        run(FakeModel(lambda tokens: logits), "x", DecodingConfig(banned_tokens=(65,)))
    assert "Bias and bans" in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_error_for_logits_that_are_not_finite_names_the_layer(bad: float) -> None:
    model = FakeModel(lambda tokens: np.full(256, bad))
    state = FakeState()
    state.arrays = {"att_x": np.zeros((3, 4), np.float32), "ffn_x": np.zeros((3, 4), np.float32)}
    state.arrays["ffn_x"][1, 2] = np.nan
    state.arrays["att_x"][2] = np.nan
    with refused(GoosequillError, "model-nan") as caught:
        run(model, "x", state=state)
    assert "layer 1" in str(caught.value)
    assert "ffn_x" in str(caught.value)


def test_one_nan_among_the_logits_is_detected() -> None:
    logits = np.zeros(256)
    logits[200] = np.nan
    with pytest.raises(GoosequillError) as caught:
        run(FakeModel(lambda tokens: logits), "x")
    assert "after the last layer" in str(caught.value)


@pytest.mark.parametrize(("settings", "wanted"), [({"top_k": 40}, Shortlist(40)), ({"regex": ".*"}, "last")])
def test_the_model_computes_only_the_logits_that_the_decoder_uses(
    settings: dict[str, Any], wanted: Any
) -> None:
    model = random_model()
    asked: list[Any] = []
    forward = model.forward

    def spy(tokens: Any, state: Any, *, logits: Any = "last") -> Any:
        asked.append(logits)
        return forward(tokens, state, logits=logits)

    model.forward = spy  # type: ignore[method-assign]
    memory = StateMemory()
    chosen = {"max_new_tokens": 40, "seed": 1, **settings}
    chunks, _ = run(model, "a" * 100, DecodingConfig(**chosen), memory=memory)
    assert asked[:2] == ["none", wanted]
    assert set(asked[1:]) == {wanted}
    asked.clear()
    explain(model, BYTE, "a" * 100, [chunk.token for chunk in chunks], 20, chosen, memory=memory)
    assert set(asked) <= {"last", "none"}  # it shows probabilities, which depend on every logit
