"""Requests of HTTP without a connection: what a page's own `fetch` is answered."""

import json
from typing import Any

import numpy as np
import pytest

from goosequill.loading.load import LoadedModel
from goosequill.openai import http
from goosequill.openai.http import MOST_BODY, MOST_PROMPT, respond
from goosequill.openai.tokens import MOST_TOKENS
from goosequill.search.rwkv_embedder import RwkvEmbedder

MESSAGES = [{"role": "user", "content": "Good morning."}]


def ask(loaded: LoadedModel, path: str, asked: Any = b"", method: str = "", **more: Any) -> tuple[Any, str]:
    """The head and the body of an answer."""
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    parts = respond(
        loaded.model,
        loaded.tokenizer,
        loaded.description,
        method or ("POST" if body else "GET"),
        path,
        body,
        7,
        **more,
    )
    head, *texts = [part for part in parts if part is not None]
    return head, "".join(map(str, texts))


def events(text: str) -> list[Any]:
    """The chunks of a stream that has its end."""
    *chunks, done, rest = text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]


@pytest.mark.parametrize(
    ("path", "more"),
    [("/v1/chat/completions", {"messages": MESSAGES}), ("/any/completions", {"prompt": "Once"})],
)
def test_an_answer_is_the_same_streamed_and_whole(loaded: LoadedModel, path: str, more: Any) -> None:
    asked = {**more, "max_tokens": 6, "seed": 1, "user": "me", "model": "default"}
    head, text = ask(loaded, path, asked)
    assert head == {"status": 200, "headers": {"content-type": "application/json", "ignored-fields": "user"}}
    whole = json.loads(text)
    streaming = {**asked, "stream": True, "stream_options": {"include_usage": True}}
    head, text = ask(loaded, path, streaming)
    assert head["headers"]["content-type"].startswith("text/event-stream")
    assert head["headers"]["ignored-fields"] == "user"
    chunks = events(text)
    assert chunks[-1]["usage"] == whole["usage"]
    parts = [choice for chunk in chunks for choice in chunk["choices"]]
    written = "".join(part.get("text") or part.get("delta", {}).get("content") or "" for part in parts)
    (choice,) = whole["choices"]
    assert written.strip() == (choice.get("text") or choice["message"]["content"]).strip() != ""
    assert parts[-1]["finish_reason"] == choice["finish_reason"]


def test_models_are_listed(loaded: LoadedModel) -> None:
    model = {"id": "default", "object": "model", "created": 7, "owned_by": "goosequill"}
    assert json.loads(ask(loaded, "/v1/models")[1]) == {"object": "list", "data": [model]}
    assert json.loads(ask(loaded, "/v1/models/def%61ult")[1]) == model


@pytest.mark.parametrize(
    ("method", "path", "asked", "status", "code", "param"),
    [
        ("GET", "/v1/completion", b"", 404, None, None),
        ("POST", "/v1/embeddings", {"input": "a"}, 404, None, None),
        ("GET", "/v1/completions", b"", 405, None, None),
        ("POST", "/v1/models/default", b"{}", 405, None, None),
        ("GET", "/v1/models/a/completions", b"", 404, "model_not_found", "model"),
        ("POST", "/v1/completions", {"prompt": "a", "model": "b"}, 404, "model_not_found", "model"),
        ("POST", "/v1/completions", b"{", 400, None, None),
        ("POST", "/v1/completions", b"[]", 400, None, None),
        ("POST", "/v1/completions", b" " * MOST_BODY + b"{}", 413, None, None),
        ("POST", "/v1/completions", {"prompt": "a" * (MOST_PROMPT + 1)}, 400, "option", "prompt"),
        ("POST", "/v1/completions", {"prompt": "a", "n": 0, "stream": True}, 400, "option", "n"),
        ("POST", "/v1/chat/completions", {"messages": []}, 400, "option", "messages"),
        ("POST", "/tokenize", {"prompt": ["a"]}, 400, "option", "prompt"),
        ("POST", "/tokenize", {"prompt": "a" * (MOST_PROMPT + 1)}, 400, "option", "prompt"),
        ("POST", "/v1/detokenize", {"tokens": "a"}, 400, "option", "tokens"),
        ("POST", "/v1/detokenize", {"tokens": [0, 5120]}, 400, "token-range", "tokens"),
        ("POST", "/v1/detokenize", {"tokens": [0] * (MOST_TOKENS + 1)}, 400, "option", "tokens"),
        ("POST", "/tokenizer_info", {}, 405, None, None),
    ],
)
def test_what_is_wrong_with_a_request_is_an_answer(
    loaded: LoadedModel, method: str, path: str, asked: Any, status: int, code: str | None, param: str | None
) -> None:
    head, text = ask(loaded, path, asked, method)
    error = json.loads(text)["error"]
    assert (head["status"], error["code"], error["param"]) == (status, code, param)
    assert error["message"] and error["type"] == "invalid_request_error"


def test_an_error_in_the_middle_of_a_stream_is_its_last_event(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        yield {"choices": []}
        raise http.refusal("n", "less")

    monkeypatch.setattr(http, "completion", fail)
    _, text = ask(loaded, "/v1/completions", {"stream": True})
    assert text.startswith('data: {"choices": []}\n\ndata: {"error": {"message": ')
    assert text.endswith("}}\n\n")


def test_embeddings_are_those_of_the_model(loaded: LoadedModel) -> None:
    embedder = RwkvEmbedder(loaded.model, loaded.tokenizer, loaded.description)
    _, text = ask(loaded, "/v1/embeddings", {"input": "A goose."}, embedder=embedder)
    (found,) = json.loads(text)["data"]
    assert found["embedding"] == embedder.embed(["A goose."])[0].tolist()


def test_the_usage_of_embeddings_counts_what_the_model_reads(loaded: LoadedModel) -> None:
    embedder = RwkvEmbedder(loaded.model, loaded.tokenizer, loaded.description)
    texts = ["A goose.", "", "goose " * 1_000]
    read = [loaded.tokenizer.encode(text) for text in texts]
    for given, ids in ((texts, read), (texts[0], read[:1]), ([read[0], read[2]], [read[0], read[2]])):
        _, text = ask(loaded, "/v1/embeddings", {"input": given}, embedder=embedder)
        count = sum(min(len(each), embedder.longest) for each in ids)
        assert json.loads(text)["usage"] == {"prompt_tokens": count, "total_tokens": count}


def test_embeddings_are_shortened_to_length_one(loaded: LoadedModel) -> None:
    embedder = RwkvEmbedder(loaded.model, loaded.tokenizer, loaded.description)
    _, text = ask(loaded, "/v1/embeddings", {"input": "A goose.", "dimensions": 8}, embedder=embedder)
    (found,) = json.loads(text)["data"]
    first = embedder.embed(["A goose."])[0][:8]
    assert found["embedding"] == pytest.approx((first / np.linalg.norm(first)).tolist())


@pytest.mark.parametrize("asked", [0, -1, 1.5, True, "8", 10**6])
def test_dimensions_that_a_model_does_not_have_are_refused(loaded: LoadedModel, asked: Any) -> None:
    embedder = RwkvEmbedder(loaded.model, loaded.tokenizer, loaded.description)
    head, text = ask(loaded, "/v1/embeddings", {"input": "a", "dimensions": asked}, embedder=embedder)
    assert head["status"] == 400 and json.loads(text)["error"]["param"] == "dimensions"


def test_texts_become_tokens_and_texts_again(loaded: LoadedModel) -> None:
    text = "A goose,\nnot a gander: \N{SNOWMAN}"
    asked = {"prompt": text, "add_special_tokens": False, "return_token_strs": True}
    found = json.loads(ask(loaded, "/tokenize", asked)[1])
    assert found["tokens"] == loaded.tokenizer.encode(text) and found["count"] == len(found["tokens"])
    assert found["token_strs"][0] == loaded.tokenizer.decode(found["tokens"][:1])
    for tokens, wanted in ((found["tokens"], text), ([], "")):
        assert json.loads(ask(loaded, "/v1/detokenize", {"tokens": tokens})[1]) == {"prompt": wanted}
    info = json.loads(ask(loaded, "/tokenizer_info")[1])
    assert loaded.tokenizer.encode(info["eos_token"]) == [loaded.tokenizer.end_token]


def test_a_closed_answer_ends_the_text(loaded: LoadedModel) -> None:
    """A step at a time, so that other requests have their turn."""
    body = json.dumps({"prompt": "a", "max_tokens": 1_000_000, "ignore_end": True}).encode()
    answer = respond(loaded.model, loaded.tokenizer, loaded.description, "POST", "/completions", body, 0)
    assert [next(answer) for _ in range(5)] == [None] * 5
    answer.close()
    assert next(answer, "ended") == "ended"
