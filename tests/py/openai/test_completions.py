"""Requests in OpenAI's shape: what they become, and what comes back."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from goosequill.browser.jobs import Job
from goosequill.chat.requests import save_state
from goosequill.decoding import Candidate, Chunk, StateMemory
from goosequill.decoding.streaming import continue_text
from goosequill.errors import GoosequillError, LoadError, SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.openai import chat_completions, completions
from goosequill.openai.chat_completions import chat_completion
from goosequill.openai.completions import completion
from goosequill.openai.errors import error_object
from goosequill.support.progress import Progress
from tests.py.chat.test_conversation import TOKENIZER, Scripted
from tests.py.jobs import chunks

MESSAGES = [{"role": "user", "content": "Good morning."}]
END = {"text": "", "finish_reason": "stop", "usage": {"prompt_tokens": 3, "completion_tokens": 2}, "seed": 1}
NAME = {"name": "goose"}


def chunk(text: str, token: int | None = None, top: Sequence[Candidate] = ()) -> Chunk:
    """A token whose id is its first byte."""
    return Chunk(text, ord(text[0]) if token is None else token, -0.5, 0, tuple(top))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Let the model write given items; the list has what it was asked for."""

    def write(*items: Any) -> list[Any]:
        found: list[Any] = []

        def stream(*arguments: Any, **_: Any) -> Any:
            found.append(arguments[-2:])
            yield Progress("prompt", 1, 1)
            yield from items[:-1]
            return items[-1]

        monkeypatch.setattr(chat_completions, "answer", stream)
        monkeypatch.setattr(completions, "continue_text", stream)
        return found

    return write


def chat(request: Any, *, model: Any = None, description: Any = NAME, **more: Any) -> Any:
    return chunks(chat_completion(model or Scripted(), TOKENIZER, description, request, **more))


def text(request: Any, *, model: Any = None) -> Any:
    return chunks(completion(model or Scripted(), TOKENIZER, NAME, request))


def test_the_names_of_openai_become_those_of_the_decoder(asked: Any) -> None:
    found = asked(chunk("a"), END)
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "number"}}}
    ignored = {"model": "any", "user": "me", "metadata": {}, "store": True, "service_tier": "auto"}
    settings = {"max_completion_tokens": 6, "temperature": 0.5, "stop": None, "logit_bias": {"65": -100}}
    chat({"messages": MESSAGES, "response_format": form, **settings, **ignored})
    wanted = {"temperature": 0.5, "max_new_tokens": 6, "json_schema": {"type": "number"}, "logprobs": 0}
    assert found == [(MESSAGES, {**wanted, "logit_bias": {"65": -100}})]


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ({"type": "json_object"}, {"json_schema": {"type": "object"}}),
        ({"type": "json_schema", "json_schema": {"schema": False or {}}}, {"json_schema": {}}),
        ({"type": "regex", "regex": "a+"}, {"regex": "a+"}),
        ({"type": "text"}, {}),
        (None, {}),
    ],
)
def test_a_response_format_is_a_constraint(asked: Any, form: Any, wanted: Any) -> None:
    found = asked(chunk("a"), END)
    chat({"messages": MESSAGES, "response_format": form})
    assert found[0][1] == {"logprobs": 0, **wanted}


def test_several_answers_have_seeds_of_their_own_and_the_prompt_counts_once(asked: Any) -> None:
    found = asked(chunk("a"), chunk("b"), END)
    _, whole = chat({"messages": MESSAGES, "n": 3, "seed": 2**53 - 2})
    assert [settings["seed"] for _, settings in found] == [2**53 - 2, 2**53 - 1, 0]
    assert [(one["index"], one["message"]["content"]) for one in whole["choices"]] == [
        (0, "ab"),
        (1, "ab"),
        (2, "ab"),
    ]
    assert whole["usage"] == {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9}
    assert whole["object"] == "chat.completion" and whole["model"] == "goose"


def test_log_probabilities_have_bytes_and_none_of_a_stop_texts_tokens(asked: Any) -> None:
    other = Candidate(98, "b", -2.0)
    asked(chunk("a", top=[other]), chunk("", 0xE2), chunk("c"), chunk("", 10), END)
    _, whole = chat({"messages": MESSAGES, "logprobs": True, "top_logprobs": 1})

    def entry(token: str, data: int, **more: Any) -> dict[str, Any]:
        return {"token": token, "bytes": [data], "logprob": -0.5, **more}

    assert whole["choices"][0]["logprobs"]["content"] == [
        entry("a", 97, top_logprobs=[{"token": "b", "bytes": [98], "logprob": -2.0}]),
        entry("\ufffd", 0xE2, top_logprobs=[]),
        entry("c", 99, top_logprobs=[]),
    ]


def test_a_stream_has_a_role_texts_an_end_for_each_answer_and_the_usage(asked: Any) -> None:
    asked(chunk("a"), {**END, "text": "z"})
    request = {"messages": MESSAGES, "stream": True, "n": 2, "logprobs": True}
    parts, whole = chat({**request, "stream_options": {"include_usage": True}})
    seen = [
        (choice["index"], choice["delta"], choice["finish_reason"])
        for part in parts
        for choice in part["choices"]
    ]
    one = [({"role": "assistant", "content": ""}, None), ({"content": "a"}, None), ({"content": "z"}, None)]
    assert seen == [(index, *rest) for index in (0, 1) for rest in [*one, ({}, "stop")]]
    assert parts[-1]["choices"] == []
    assert parts[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert all(part["usage"] is None for part in parts[:-1])
    assert parts[1]["choices"][0]["logprobs"]["content"][0]["token"] == "a"
    assert len({(part["id"], part["created"], part["object"]) for part in parts}) == 1
    assert parts[0]["id"] == whole["id"] and parts[0]["object"] == "chat.completion.chunk"
    plain, _ = chat(request)
    assert not any("usage" in part for part in plain)


def test_a_thought_is_reasoning_content() -> None:
    model: Any = Scripted(" <think>Hm.</think>Yes.\n\nUser: b")
    request = {"messages": MESSAGES, "temperature": 0, "max_tokens": 60}
    parts, whole = chat(request, model=model, description={"name": "rwkv7-g1"})
    message = whole["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Yes.", "Hm.")
    deltas = [choice["delta"] for part in parts for choice in part["choices"]]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Hm."


def test_texts_continue_each_prompt_with_16_tokens_unless_more_are_asked_for(asked: Any) -> None:
    found = asked(chunk("a"), END)
    _, whole = text({"prompt": ["x", [121, 122]], "n": 2})
    assert whole["object"] == "text_completion"
    assert [prompt for prompt, _ in found] == ["x", "x", [121, 122], [121, 122]]
    assert found[0][1]["max_new_tokens"] == 16
    assert [one["index"] for one in whole["choices"]] == [0, 1, 2, 3]
    assert whole["usage"] == {"prompt_tokens": 6, "completion_tokens": 8, "total_tokens": 14}
    text({"prompt": "x", "max_tokens": 0})
    assert found[-1][1]["max_new_tokens"] == 0


def test_an_echo_has_the_prompts_probabilities_and_offsets_count_characters(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(chunk("a"), chunk("", 0xE2), chunk("", 0x82), chunk("€", 0xAC), END)

    def logprobs(model: Any, tokenizer: Any, prompt: Any, top: int) -> Any:
        yield Progress("prompt", 2, 2)
        return [
            {"token": code, "logprob": -1.0 if at else None, "top_logprobs": []}
            for at, code in enumerate(tokenizer.encode(prompt))
        ]

    monkeypatch.setattr(completions, "logprobs", logprobs)
    parts, whole = text({"prompt": "hi", "echo": True, "logprobs": 2})
    assert whole["choices"][0]["text"] == "hia€"
    assert whole["choices"][0]["logprobs"] == {
        "tokens": ["h", "i", "a", "bytes:\\xe2", "bytes:\\x82", "bytes:\\xac"],
        "token_logprobs": [None, -1.0, -0.5, -0.5, -0.5, -0.5],
        "top_logprobs": [None] * 6,
        "text_offset": [0, 1, 2, 3, 3, 3],
    }
    assert [part["choices"][0]["text"] for part in parts] == ["hi", "a", "€", ""]
    assert parts[-1]["choices"][0]["finish_reason"] == "stop"


WRONG_CHATS: list[tuple[str, dict[str, Any]]] = [
    ("n", {"n": 0}),
    ("n", {"n": 1e9}),
    ("n", {"n": 129}),
    ("n", {"n": True}),
    ("n", {"n": math.nan}),
    ("n", {"n": math.inf}),
    ("stream", {"stream": "yes"}),
    ("stream_options", {"stream_options": 1}),
    ("logprobs", {"logprobs": 3}),
    ("top_logprobs", {"logprobs": True, "top_logprobs": 21}),
    ("top_logprobs", {"top_logprobs": 2}),
    ("response_format", {"response_format": {"type": "xml"}}),
    ("response_format", {"response_format": "json"}),
    ("response_format", {"response_format": {"type": "json_schema"}}),
    ("response_format", {"response_format": {"type": "json_schema", "json_schema": {"schema": {"not": {}}}}}),
    ("response_format", {"response_format": {"type": "regex", "regex": "(" * 10_000}}),
    ("temperature", {"temperature": -1}),
    ("temperature", {"temperature": "hot"}),
    ("temprature", {"temprature": 1}),
    ("max_tokens", {"max_tokens": -1}),
    ("max_tokens", {"max_tokens": 5, "max_completion_tokens": 6}),
    ("max_completion_tokens", {"max_completion_tokens": 10**9}),
    ("stop", {"stop": [7]}),
    ("stop", {"stop": ["x"] * 65}),
    ("stop", {"stop": "x" * 1_001}),
    ("logit_bias", {"logit_bias": {"65": 101}}),
    ("logit_bias", {"logit_bias": {"a": 1}}),
    ("logit_bias", {"logit_bias": dict.fromkeys(range(2_000), 1)}),
    ("messages", {"messages": None}),
    ("messages", {"messages": "hi"}),
    ("messages", {"messages": []}),
    ("messages", {"messages": [{"role": "robot", "content": "hi"}]}),
    ("messages", {"messages": MESSAGES * 10_001}),
    ("messages", {"messages": [{"role": "user", "content": "x" * 4_000_001}]}),
    ("seed", {"seed": 0.5}),
    ("reasoning_effort", {"reasoning_effort": "wild"}),
    ("best_of", {"best_of": 2}),
    ("modalities", {"modalities": ["text", "audio"]}),
    ("functions", {"functions": [{"name": "now"}]}),
    ("guided_json", {"guided_json": {}}),
    ("repeat_penalty", {"repeat_penalty": 1.1}),
    ("x32", {f"x{at}": 1 for at in range(33)}),
]


def test_fields_that_do_not_change_the_answer_are_ignored_and_named(asked: Any) -> None:
    found = asked(chunk("a"), END)
    given = {"prompt_cache_key": "k", "safety_identifier": "me", "verbosity": "low", "options": {"a": [1]}}
    given |= {"best_of": 1, "modalities": ["text"], "functions": [], "x" * 100_000: 1, "é\r\n": 1}
    parts, whole = chat({"messages": MESSAGES, "reasoning_effort": "xhigh", "moderation": None, **given})
    assert found == [(MESSAGES, {"logprobs": 0})]
    for answer in (*parts, whole):
        assert answer["ignored_fields"] == ["reasoning_effort", *(name[:64] for name in given)]
    parts, whole = text({"prompt": "a", "best_of": 3, "n": 3, "suffix": "", "tools": [], "user": "me"})
    assert whole["ignored_fields"] == parts[0]["ignored_fields"] == ["best_of", "suffix", "tools", "user"]
    plain = {"messages": MESSAGES, "model": "any", "reasoning_effort": "none"}
    assert "ignored_fields" not in chat(plain)[1] and "ignored_fields" not in text({"prompt": "a"})[1]


def test_efforts_of_openai_that_a_model_lacks_are_the_next_ones() -> None:
    for effort, suffix in (("minimal", " (think a bit)"), ("max", " (think a lot)")):
        model: Any = Scripted(" <think>Hm.</think>Yes.\n\nUser: b")
        request = {"messages": MESSAGES, "temperature": 0, "reasoning_effort": effort}
        _, whole = chat(request, model=model, description={"name": "rwkv7-g1"})
        assert f"Good morning.{suffix}\n\n" in model.read and "ignored_fields" not in whole


@pytest.mark.parametrize(("param", "more"), WRONG_CHATS)
def test_a_chat_that_cannot_be_meant_says_which_field(param: str, more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as error:
        chat({"messages": MESSAGES, **more})
    assert (error.value.param, error.value.type) == (param, "invalid_request_error")
    crossing = error.value.to_dict()
    assert (crossing["param"], crossing["type"]) == (param, "invalid_request_error")
    assert error_object(error.value)["error"]["param"] == param


TOOLS = [
    {"type": "function", "function": {"name": "now"}},
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"enum": ["Oslo"]}},
                "required": ["city"],
            },
        },
    },
]
CALLS = (
    '```json\n{"name": "weather", "arguments": {"city": "Oslo"}}\n```\n'
    '```json\n{"name": "now", "arguments": {}}\n```'
)


def test_calls_are_streamed_as_openai_has_them() -> None:
    model: Any = Scripted(f" I look.\n{CALLS}\n\nUser")
    request = {"messages": MESSAGES, "tools": TOOLS, "temperature": 0, "max_tokens": 300, "logprobs": True}
    parts, whole = chat(request, model=model)
    choice = whole["choices"][0]
    assert choice["finish_reason"] == parts[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "I look."
    calls = choice["message"]["tool_calls"]
    assert [(call["type"], call["function"]) for call in calls] == [
        ("function", {"name": "weather", "arguments": '{"city": "Oslo"}'}),
        ("function", {"name": "now", "arguments": "{}"}),
    ]
    deltas = [one for part in parts for one in part["choices"][0]["delta"].get("tool_calls", ())]
    first = [delta for delta in deltas if "id" in delta]
    assert [(one["index"], one["id"], one["type"]) for one in first] == [
        (index, call["id"], "function") for index, call in enumerate(calls)
    ]
    for index, call in enumerate(calls):
        pieces = [one["function"]["arguments"] for one in deltas if one["index"] == index]
        assert "".join(pieces) == call["function"]["arguments"]
    assert "".join(one["token"] for one in choice["logprobs"]["content"]).startswith(" I look.\n```json")


def test_a_stop_text_within_a_call_does_not_end_with_calls() -> None:
    model: Any = Scripted(f" {CALLS}\n\nUser")
    request = {"messages": MESSAGES, "tools": TOOLS, "temperature": 0, "max_tokens": 300, "stop": "Os"}
    choice = chat(request, model=model)[1]["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"city": "'


def test_the_choice_of_tools_decides_what_a_reply_may_be() -> None:
    request = {"messages": MESSAGES, "tools": TOOLS, "temperature": 0, "max_tokens": 300}
    for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
        model: Any = Scripted(" Hello.\n\nUser")
        _, whole = chat({**request, "tool_choice": choice, "parallel_tool_calls": False}, model=model)
        message = whole["choices"][0]["message"]
        assert message["content"] is None and len(message["tool_calls"]) == 1
    for more in ({"tool_choice": "none"}, {"tools": None}, {"tool_choice": "auto"}):
        model = Scripted(" Hello.\n\nUser")
        _, whole = chat({**request, **more}, model=model)
        assert whole["choices"][0]["message"]["content"] == "Hello."
        assert "tool_calls" not in whole["choices"][0]["message"]
        assert whole["choices"][0]["finish_reason"] == "stop"


CUT = '```json\n{"name": "now", "arguments": {}}\n```'


@pytest.mark.parametrize(
    ("choice", "reply", "name"),
    [
        ("required", f" {CUT}\n{CUT}\n\nUser", "goose"),
        ({"type": "function", "function": {"name": "now"}}, f" {CUT}", "goose"),
        ("auto", f" <think>Hm</think>So:\n{CUT}\n\nUser", "rwkv7-g1"),
    ],
)
def test_a_call_cut_anywhere_shows_its_arguments_and_no_markup(choice: Any, reply: str, name: str) -> None:
    request = {"messages": MESSAGES, "tools": TOOLS[:1], "tool_choice": choice, "temperature": 0}
    reasons, lengths = [], set()
    for tokens in range(len(reply) + 1):
        model: Any = Scripted(reply)
        parts, whole = chat({**request, "max_tokens": tokens}, model=model, description={"name": name})
        message = whole["choices"][0]["message"]
        calls = [call["function"] for call in message.get("tool_calls", ())]
        assert (message["content"] or "") in ("So:" if choice == "auto" else "")
        assert message.get("reasoning_content", "") in "Hm"
        assert all(call["name"] == "now" and call["arguments"] in ("", "{", "{}") for call in calls)
        deltas = [part["choices"][0]["delta"] for part in parts]
        assert "".join(delta.get("content", "") for delta in deltas) == (message["content"] or "")
        added = [one["function"]["arguments"] for delta in deltas for one in delta.get("tool_calls", ())]
        assert "".join(added) == "".join(call["arguments"] for call in calls)
        reasons.append(whole["choices"][0]["finish_reason"])
        lengths.add(sum(len(call["arguments"]) + 1 for call in calls))
    assert reasons == sorted(reasons) and set(reasons) == {"length", "tool_calls"}
    assert lengths >= {0, 1, 2, 3}  # no call, a name, and then the arguments


def test_a_conversation_with_calls_is_read_again() -> None:
    model: Any = Scripted(f" {CALLS}\n\nUser", " x", " Cold.\n\nUser")
    request = {"messages": MESSAGES, "tools": TOOLS, "temperature": 0, "max_tokens": 300}
    message = chat(request, model=model)[1]["choices"][0]["message"]
    first = model.read.removesuffix("\n\nUse")
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "-3"} for call in message["tool_calls"]
    ]
    _, whole = chat({**request, "messages": [*MESSAGES, message, *results]}, model=model)
    assert whole["choices"][0]["message"]["content"] == "Cold."
    assert model.read.startswith(first + "\n\nUser: Tool output:\n-3\n\nUser: Tool output:\n-3\n\nAssistant:")


@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("tools", {"tools": [{"type": "function"}]}),
        ("tools", {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"not": {}}}}]}),
        ("tool_choice", {"tools": TOOLS, "tool_choice": "all"}),
        ("tool_choice", {"tool_choice": "required"}),
        ("tool_choice", {"tools": TOOLS, "tool_choice": {"type": "allowed_tools"}}),
        ("parallel_tool_calls", {"tools": TOOLS, "parallel_tool_calls": "yes"}),
        ("messages", {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": "x"}]}]}),
    ],
)
def test_tools_that_cannot_be_used_name_their_field(param: str, more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as error:
        chat({"messages": MESSAGES, **more})
    assert (error.value.param, error.value.type) == (param, "invalid_request_error")


WRONG_TEXTS: list[tuple[str, Any]] = [
    *(("prompt", prompt) for prompt in (None, [], ["a", None], [1, "a"], [[]], [True], 7, {"a": 1})),
    *(("prompt", prompt) for prompt in ([256], [[-1]], ["a"] * 129, "x" * 4_000_001)),
]


@pytest.mark.parametrize(("param", "prompt"), WRONG_TEXTS)
def test_a_prompt_that_cannot_be_meant_is_refused(param: str, prompt: Any) -> None:
    with pytest.raises(SettingsError) as error:
        text({"prompt": prompt})
    assert error.value.param == param


def test_a_request_that_is_no_object_is_refused() -> None:
    for wrong in (None, [], "hi"):
        with pytest.raises(SettingsError):
            chat(wrong)
    for more in ({"echo": 1}, {"logprobs": True}, {"logprobs": 21}, {"best_of": 2}):
        with pytest.raises(SettingsError) as error:
            text({"prompt": "a", **more})
        assert error.value.param == next(iter(more))


def test_an_error_of_the_engine_is_not_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise LoadError("It is full.", code="out-of-memory")
        yield

    monkeypatch.setattr(chat_completions, "answer", broken)
    with pytest.raises(GoosequillError) as error:
        chat({"messages": MESSAGES})
    assert (error.value.type, error.value.param) == ("server_error", None)


def test_a_job_that_is_cancelled_ends_between_two_tokens() -> None:
    request = {"messages": MESSAGES, "n": 5, "max_tokens": 50, "ignore_end": True}
    resources = {"model": Scripted("a" * 99), "tokenizer": TOKENIZER, "description": NAME}
    job = Job(chat_completion, {"request": request}, resources=resources)
    while "content" not in str(job.step().get("part")):
        pass
    job.cancel()
    while "end" not in (step := job.step()):
        pass
    assert [one["finish_reason"] for one in step["end"]["choices"]] == ["abort"]


class Counting:
    """A model that counts the tokens which it reads."""

    def __init__(self, model: Any) -> None:
        self._model, self.read = model, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def forward(self, tokens: Any, *args: Any, **named: Any) -> Any:
        self.read += len(tokens)
        return self._model.forward(tokens, *args, **named)


GUIDED = {"guidance_scale": 2, "negative_prompt": "Once upon a time"}


@pytest.mark.parametrize(
    ("job", "begun", "guided", "budget"),
    [
        (chat_completion, False, {}, None),
        (chat_completion, True, {}, 10**9),
        (chat_completion, False, GUIDED, 1),
        (completion, False, {}, 1),
        (completion, True, GUIDED, None),
    ],
)
def test_several_answers_read_the_prompt_once_and_are_those_of_their_seeds(
    loaded: LoadedModel, job: Any, begun: bool, guided: dict[str, Any], budget: int | None
) -> None:
    """Without a memory, with one too small for the state, and after a saved state, each read it again."""
    memory = StateMemory(budget=budget) if budget else None
    state = save_state(loaded.model, loaded.tokenizer, "A long evening.") if begun else None
    words = "It was a dark evening in November. " * 6
    request = {
        "messages": [{"role": "user", "content": words}],
        "prompt": words,
        "seed": 5,
        "max_tokens": 5,
        "temperature": 1,
        "ignore_end": True,
        **guided,
    }
    del request["prompt" if job is chat_completion else "messages"]

    def answers(n: int, seed: int = 5) -> tuple[list[Any], int, int]:
        model: Any = Counting(loaded.model)
        asked = {**request, "n": n, "seed": seed}
        _, whole = chunks(job(model, loaded.tokenizer, loaded.description, asked, state=state, memory=memory))
        texts = [choice.get("text") or choice["message"]["content"] for choice in whole["choices"]]
        return texts, model.read, whole["usage"]["prompt_tokens"]

    texts, read, prompt = answers(3)
    assert prompt > 64
    written = 3 * (5 if begun else 4) + (3 * 4 if guided else 0)  # after a state the last one is read, too
    negative = (3 if begun else 1) * len(loaded.tokenizer.encode("Once upon a time")) if guided else 0
    assert read == prompt + negative + written
    assert texts == [answers(1, 5 + index)[0][0] for index in range(3)]
    assert len(set(texts)) == 3


def test_an_echo_with_probabilities_is_measured_once(loaded: LoadedModel) -> None:
    model: Any = Counting(loaded.model)
    request = {"prompt": "A goose.", "echo": True, "logprobs": 0, "max_tokens": 0, "n": 3}
    _, whole = chunks(completion(model, loaded.tokenizer, loaded.description, request))
    measured = [choice["logprobs"] for choice in whole["choices"]]
    assert measured == measured[:1] * 3
    length = len(loaded.tokenizer.encode("A goose."))
    assert model.read <= 2 * length + 1


def test_the_default_model_answers_as_generate_does(loaded: LoadedModel) -> None:
    model, tokenizer, description = loaded.model, loaded.tokenizer, loaded.description
    settings = {"temperature": 0, "max_new_tokens": 8}
    _, direct = chunks(continue_text(model, tokenizer, "It was a fine", settings))
    request = {"prompt": "It was a fine", "temperature": 0, "max_tokens": 8}
    parts, whole = chunks(completion(model, tokenizer, description, request))
    ids = tokenizer.encode("It was a fine")
    assert whole["usage"]["prompt_tokens"] == direct.usage["prompt_tokens"] == len(ids)
    assert "".join(part["choices"][0]["text"] for part in parts) == whole["choices"][0]["text"] != ""
    _, same = chunks(completion(model, tokenizer, description, {**request, "prompt": ids}))
    assert same["choices"] == whole["choices"]
    echo = {"prompt": ids, "echo": True, "logprobs": 1, "max_tokens": 0}
    _, echoed = chunks(completion(model, tokenizer, description, echo))
    assert (
        echoed["choices"][0]["text"] == "".join(echoed["choices"][0]["logprobs"]["tokens"]) == "It was a fine"
    )
    assert echoed["choices"][0]["logprobs"]["token_logprobs"][0] is None
