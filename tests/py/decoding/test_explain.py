"""Explanations match generation: the replayed steps choose the same tokens."""

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest

from goosequill.decoding import Chunk, DecodingConfig, StateMemory, generate
from goosequill.decoding.explain import explain
from goosequill.decoding.sampling import Candidates, draw, log_probability, probabilities
from goosequill.errors import SettingsError
from goosequill.tokenizers import load_tokenizer
from tests.py.decoding.fakes import BYTE, OPERATIONS, random_model

PROMPT = "Goose"


def write(
    settings: dict[str, Any], given: Sequence[int] = (), memory: StateMemory | None = None
) -> list[int]:
    config = DecodingConfig.from_dict(settings)
    items = generate(random_model(), BYTE, PROMPT, config, given=given, memory=memory)
    return [item.token for item in items if isinstance(item, Chunk)]


def explained(written: list[int], index: int, settings: dict[str, Any], given: int = 0) -> dict[str, Any]:
    return explain(random_model(), BYTE, PROMPT, written, index, settings, given)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.0},
        {"top_k": 5, "temperature": 0.7},
        {"repetition_penalty": 1.5, "frequency_penalty": 0.5, "top_p": 0.3},
        {"mirostat": 2, "mirostat_tau": 2.0, "mirostat_eta": 0.5},
        {"xtc_probability": 0.5, "xtc_threshold": 0.02},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_the_chosen_token_survives_every_step(settings: dict[str, Any]) -> None:
    settings = {**settings, "seed": 3, "max_new_tokens": 30}
    written = write(settings)
    for index, token in enumerate(written):
        found = explained(written, index, settings)
        (chosen,) = [one for one in found["candidates"] if one["token"] == token]
        assert chosen["cut_by"] is None
        assert chosen["probabilities"][-1] > 0
        assert len(chosen["probabilities"]) == len(found["steps"])
        likelier = [
            one for one in found["candidates"] if one["probabilities"][0] > chosen["probabilities"][0]
        ]
        assert found["rank"] == chosen["rank"]
        assert found["rank"] == 1 + len(likelier) or found["rank"] > 10 <= len(likelier)
        assert found["logprob"] == pytest.approx(np.log(chosen["probabilities"][0]), abs=1e-4)


def test_every_step_reports_what_it_kept_and_removed() -> None:
    settings = {"top_k": 5, "temperature": 0.0, "seed": 1, "max_new_tokens": 3}
    found = explained(write(settings), 2, settings)
    assert [(step["name"], step["kept"]) for step in found["steps"]] == [
        ("model", 256),
        ("top_k", 5),
        ("temperature", 1),
    ]
    assert [one["cut_by"] for one in found["candidates"]] == [None, *[2] * 4, *[1] * 5]
    assert found["candidates"][0]["token"] == found["token"]
    assert all(step["label"] and step["sentence"] for step in found["steps"])


def test_a_token_of_the_prompt_has_the_models_candidates_and_no_decoder() -> None:
    found = explained([], -2, {"top_k": 1})
    model = random_model()
    logits = model.forward(BYTE.encode("Goo"), model.new_state())
    assert found["text"] == "s"
    assert [step["name"] for step in found["steps"]] == ["model"]
    assert found["logprob"] == pytest.approx(log_probability(logits, ord("s"), OPERATIONS))
    best = int(np.argmax(logits))
    assert found["candidates"][0]["token"] == best
    assert found["candidates"][0]["probabilities"] == [
        pytest.approx(float(probabilities(logits, OPERATIONS)[best]))
    ]


def test_random_numbers_start_again_after_a_branch() -> None:
    settings = {"top_k": 40, "xtc_probability": 0.5, "xtc_threshold": 0.02, "seed": 9, "max_new_tokens": 12}
    given = list(b" gander")
    written = given + write(settings, given)
    for index in range(len(given), len(written)):
        found = explained(written, index, settings, len(given))
        assert [one["cut_by"] for one in found["candidates"] if one["token"] == written[index]] == [None]


@pytest.mark.parametrize("settings", [{"top_k": 9}, {"mirostat": 2}, {"regex": "[a-z ]*"}], ids=str)
def test_explanation_from_memory_equals_one_from_rereading(settings: dict[str, Any]) -> None:
    settings = {**settings, "seed": 3, "max_new_tokens": 70}
    given = list(b" gander")
    written = given + write(settings, given, memory := StateMemory())
    model = random_model()
    for index in (-1, 3, len(given), 50, len(written) - 1):
        found = explain(model, BYTE, PROMPT, written, index, settings, len(given), memory)
        assert found == explained(written, index, settings, len(given))
    assert len(model.read) < 5 * 40


@pytest.mark.parametrize("index", [-5, 1, 99])
def test_a_token_without_a_prediction_is_refused(index: int) -> None:
    with pytest.raises(SettingsError, match="no prediction"):
        explained([65], index, {})


@pytest.mark.parametrize("settings", [{}, {"logit_bias": {101: -5.0}, "top_k": 3}])
def test_the_explanation_says_what_the_model_would_have_written_without_the_constraint(
    settings: dict[str, Any],
) -> None:
    settings = {**settings, "regex": "[a-e]{8}", "seed": 2}
    config = DecodingConfig.from_dict(settings)
    chunks = [c for c in generate(random_model(), BYTE, PROMPT, config) if isinstance(c, Chunk)]
    written = [chunk.token for chunk in chunks]
    for index, chunk in enumerate(chunks):
        found = explained(written, index, settings)["constraint"]
        model = random_model()
        logits = model.forward([*BYTE.encode(PROMPT), *written[:index]], model.new_state())
        shares = np.exp(logits.astype(np.float64)) / np.exp(logits.astype(np.float64)).sum()
        shares[97:102] = 0  # what was allowed
        order = np.argsort(-shares, kind="stable")[:5]
        assert [one["token"] for one in found["without"]] == order.tolist()
        assert [one["probability"] for one in found["without"]] == pytest.approx(shares[order].tolist())
        assert found["allowed"] == 5
        assert chunk.constraint is not None
        assert {key: found[key] for key in ("allowed", "masked", "changed")} == vars(chunk.constraint)
    assert explained(written, -1, settings)["constraint"] is None  # no decoder chose the prompt
    assert explained(written, 0, {"seed": 2})["constraint"] is None


SMALL = load_tokenizer("byte")
"""Its ten tokens are all shown, so that the shares can be added up."""
SMALL.vocab_size = 10

FORM = {"regex": r"([\x01-\x05][\x03-\x08]){2,9}"}
GUIDED = {"guidance_scale": 1.8, "negative_prompt": "\x02\x03"}
BIASED: dict[str, Any] = {"logit_bias": {3: 2.5, 5: -1.0}, "banned_tokens": [4]}
PENALIZED = {"repetition_penalty": 1.4, "frequency_penalty": 0.4, "penalty_decay": 0.9}
REPEATING = {"dry_multiplier": 0.8, "dry_allowed_length": 1, "no_repeat_ngram_size": 3}
CHANGES = list(product([{}, GUIDED], [{}, FORM], [{}, BIASED], [{}, PENALIZED | REPEATING], [[], [1, 3]]))
"""Every combination of what changes logits, with and without tokens that were given."""


def small(written: list[int], index: int, settings: Mapping[str, Any], given: int) -> dict[str, Any]:
    return explain(random_model(7, 10), SMALL, "\x01\x02", written, index, settings, given)


def write_small(settings: dict[str, Any], given: list[int]) -> list[int]:
    config = DecodingConfig.from_dict(settings)
    items = generate(random_model(7, 10), SMALL, "\x01\x02", config, given=given)
    return [*given, *(item.token for item in items if isinstance(item, Chunk))]


def check_shares(found: dict[str, Any]) -> dict[str, Any]:
    """The shares after each step add up, every step counts those that are left, and the chosen one is."""
    candidates = found["candidates"]
    for at, step in enumerate(found["steps"]):
        left = [one for one in candidates if one["cut_by"] is None or one["cut_by"] > at]
        assert step["kept"] == len(left)
        assert sum(one["probabilities"][at] for one in left) == pytest.approx(1, abs=1e-6)
    (chosen,) = [one for one in candidates if one["token"] == found["token"]]
    assert chosen["cut_by"] is None
    assert chosen["probabilities"][-1] > 0
    assert found["reproduced"] is True
    return dict(chosen)


@pytest.mark.parametrize(
    "sampling",
    [
        {},
        {"temperature": 0.0},
        {"top_k": 4, "top_p": 0.7, "min_p": 0.05, "temperature": 0.6, "temperature_first": True},
        {"typical_p": 0.6, "temperature": 1.3, "dynatemp_range": 0.5},
        {"top_n_sigma": 1.2, "xtc_probability": 0.5, "xtc_threshold": 0.1},
        {"mirostat": 1, "mirostat_tau": 1.5, "mirostat_eta": 0.5},
        {"mirostat": 2, "mirostat_tau": 1.0, "mirostat_eta": 0.6, "temperature": 1.2},
    ],
    ids=str,
)
def test_an_explanation_is_of_the_draw_that_chose(
    sampling: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Mirostat and guidance, explanations failed or named other tokens than were drawn from."""
    drawn: list[tuple[Any, ...]] = []

    def spy(candidates: Candidates, uniform: float, operations: Any) -> int:
        drawn.append((candidates.over(10).tolist(), uniform))
        return draw(candidates, uniform, operations)

    monkeypatch.setattr(import_module("goosequill.decoding.generate"), "draw", spy)
    for *changes, given in CHANGES:
        settings = {"seed": 5, "max_new_tokens": 6, **sampling}
        for change in changes:
            settings |= change
        drawn.clear()
        written = write_small(settings, given)
        draws = drawn.copy()
        for index in range(len(given), len(written)):
            found = small(written, index, settings, len(given))
            chosen = check_shares(found)
            assert drawn[-1] == draws[index - len(given)]
            final = [one["token"] for one in found["candidates"] if one["cut_by"] is None]
            assert sorted(final) == [i for i, logit in enumerate(drawn[-1][0]) if logit > -math.inf]
            assert found["search"] is None
            assert chosen["rank"] == found["rank"]


@pytest.mark.parametrize("beams", [2, 5, 12])
def test_beam_search_shows_the_texts_that_it_ranked(beams: int) -> None:
    """The likeliest token is often not taken: what decides is the sum over the text."""
    unlikely = 0
    for form, bias, penalty, given in product([{}, FORM], [{}, BIASED], [{}, PENALIZED], [[], [1, 3]]):
        settings = {"num_beams": beams, "max_new_tokens": 6, "stop": ["\x06\x07"], **form, **bias, **penalty}
        written = write_small(settings, given)
        total = 0.0
        for index in range(len(given), len(written)):
            found = small(written, index, settings, len(given))
            chosen = check_shares(found)
            total += math.log(chosen["probabilities"][-1])
            search = found["search"]
            assert (search["kind"], search["beams"]) == ("beam", beams)
            options = search["options"]
            (own,) = [one for one in options if one["chosen"]]
            assert own["outcome"] in ("continued", "finished")
            assert own["total"] == pytest.approx(total, abs=1e-4)
            assert own["logprob"] == pytest.approx(math.log(chosen["probabilities"][-1]), abs=1e-4)
            assert SMALL.decode(written[: index + 1]).endswith(own["text"])
            assert len({one["text"] for one in options}) == len(options)
            assert [one["rank"] for one in options][:10] == list(range(1, min(10, len(options)) + 1))
            totals = [one["total"] for one in options]
            assert totals == sorted(totals, reverse=True)
            assert sum(one["outcome"] == "continued" for one in options) <= beams
            assert search["compared"] <= 2 * beams * beams
            unlikely += chosen["probabilities"][-1] < max(
                one["probabilities"][-1] for one in found["candidates"]
            )
    assert unlikely


@pytest.mark.parametrize("alpha", [0.2, 0.6])
def test_contrastive_search_shows_the_scores_that_it_compared(alpha: float) -> None:
    unlikely = 0
    for form, bias, penalty, given in product([{}, FORM], [{}, BIASED], [{}, PENALIZED], [[], [1, 3]]):
        settings = {"penalty_alpha": alpha, "top_k": 4, "max_new_tokens": 6, **form, **bias, **penalty}
        written = write_small(settings, given)
        for index in range(len(given), len(written)):
            found = small(written, index, settings, len(given))
            check_shares(found)
            search = found["search"]
            assert (search["kind"], search["penalty_alpha"]) == ("contrastive", alpha)
            assert search["compared"] == found["steps"][-1]["kept"]
            final = {one["token"]: one["probabilities"][-1] for one in found["candidates"]}
            for option in search["options"]:
                assert option["confidence"] == pytest.approx(final[option["token"]], abs=1e-6)
                score = (1 - alpha) * option["confidence"] - alpha * option["similarity"]
                assert option["score"] == pytest.approx(score)
            scores = [one["score"] for one in search["options"]]
            assert scores == sorted(scores, reverse=True)
            assert [one["chosen"] for one in search["options"]] == [True, *[False] * (len(scores) - 1)]
            assert search["options"][0]["token"] == found["token"]
            unlikely += final[found["token"]] < max(final.values())
    assert unlikely


@pytest.mark.parametrize(
    "change", [{"logit_bias": {9: 6.0, 200: 8.0}}, {"guidance_scale": 12.0, "negative_prompt": "no"}], ids=str
)
def test_what_a_step_made_likeliest_is_among_the_candidates(change: dict[str, Any]) -> None:
    settings = {**change, "seed": 4, "max_new_tokens": 8}
    written, model = write(settings), random_model()
    added = 0
    for index in range(len(written)):
        found = explained(written, index, settings)
        logits = model.forward([*BYTE.encode(PROMPT), *written[:index]], model.new_state())
        if "logit_bias" in change:
            final = logits.copy()
            final[[9, 200]] += 6, 8
        else:
            other = model.forward([*BYTE.encode("no"), *written[:index]], model.new_state())
            final = other + 12 * (logits - other)
        wanted = {*np.argsort(-logits)[:10].tolist(), *np.argsort(-final)[:10].tolist(), written[index]}
        assert {one["token"] for one in found["candidates"]} == wanted
        ranks = [one["rank"] for one in found["candidates"]]
        assert ranks == sorted(ranks)
        assert ranks[:10] == list(range(1, 11))
        added += len(ranks) > 11
    assert added


@pytest.mark.parametrize(
    "settings",
    [
        {"top_k": 3},
        {"mirostat": 2, "mirostat_tau": 0.5},
        {"mirostat": 1, "guidance_scale": 2.0},
        {"num_beams": 3},
        {"penalty_alpha": 0.5, "top_k": 3},
    ],
    ids=str,
)
def test_a_text_of_another_origin_is_explained_but_not_as_the_decoders_choice(
    settings: dict[str, Any],
) -> None:
    """As where a reader chose the token, or the text comes from another kernel."""
    settings = {**settings, "seed": 2, "max_new_tokens": 6}
    written = write(settings)
    found = explained([*written[:3], 200], 3, settings)
    assert found["reproduced"] is False
    assert found["candidates"][-1]["token"] == 200
    other = explained([200, 7, *written], 5, settings)
    assert other["token"] == written[3]
    assert explained(written, -1, settings)["reproduced"] is None


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        ({"top_p": 0.9}, 1),
        ({"guidance_scale": 1.5, "negative_prompt": "n" * 70}, 2),
        ({"mirostat": 2, "guidance_scale": 1.5}, 2),
        ({"num_beams": 3}, 3),
        ({"penalty_alpha": 0.5, "top_k": 3}, 3),
    ],
    ids=str,
)
def test_a_text_is_read_as_it_was_generated(settings: dict[str, Any], width: int) -> None:
    """The numpy kernel computes other last digits for several tokens at once than for one by one."""
    prompt, settings = "a" * 100, {**settings, "seed": 1, "max_new_tokens": 40}
    memory, pieces, model = StateMemory(), list[int](), random_model()
    forward = model.forward

    def spy(tokens: Sequence[int], state: Any, *, logits: Any = "last") -> Any:
        pieces.append(len(tokens))
        return forward(tokens, state, logits=logits)

    model.forward = spy  # type: ignore[method-assign]
    config = DecodingConfig.from_dict(settings)
    items = list(generate(model, BYTE, prompt, config, memory=memory))
    written = [item.token for item in items if isinstance(item, Chunk)]
    read, last = sorted(piece for piece in pieces if piece > 1), len(written) - 1
    pieces.clear()
    explain(model, BYTE, prompt, written, last, settings)
    assert sorted(piece for piece in pieces if piece > 1) == read
    assert len(pieces) <= len(read) + 1 + width * (last + 1)
    pieces.clear()
    explain(model, BYTE, prompt, written, last, settings, memory=memory)
    assert len(pieces) <= width * (last + 1)
    if set(settings) & {"top_p", "negative_prompt"}:
        assert len(pieces) == width * (last - 32)  # from the nearest kept states
