"""The server over HTTP, asked by OpenAI's own client and by others."""

import asyncio
import base64
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import uvicorn
from starlette.requests import Request
from uvicorn.server import ServerState

from goosequill.decoding import DecodingConfig, generate
from goosequill.loading.load import LoadedModel
from goosequill.openai.http import MOST_BODY, MOST_PROMPT, MOST_VALUES, Refusal
from goosequill.search.embedders import open_folder
from goosequill.search.rwkv_embedder import RwkvEmbedder
from goosequill.serve.app import Served, make_app
from goosequill.serve.guards import check_host, origin_of
from goosequill.serve.scheduler import Scheduler
from goosequill.serve.server import MOST_CONNECTIONS, Connection
from goosequill.tokenizers.wordpiece import load_wordpiece
from goosequill.tuning.adapter import Adapter, AdapterFacts
from goosequill.tuning.applying import adapt, adapt_loaded
from tests.py.refusals import refused
from tests.py.serve.running import ENDLESS, MODEL, PATIENCE, Running, load, only, running

JSON = {"Content_Type": "application/json"}
HELLO: Any = [{"role": "user", "content": "Where does the goose sleep?"}]


@pytest.fixture(scope="module")
def served() -> Served:
    static = open_folder(MODEL.parent / "minilm-static")
    return Served(only(load()), {static.name: static})


@pytest.fixture(scope="module")
def server(served: Served) -> Iterator[Running]:
    with running(served) as found:
        yield found


def alone(loaded: LoadedModel, prompt: str, seed: int) -> str:
    """What the engine writes without a server."""
    config = DecodingConfig(seed=seed, max_new_tokens=24)
    return "".join(map(str, generate(loaded.model, loaded.tokenizer, prompt, config)))


def test_models_are_listed(server: Running) -> None:
    client = server.client()
    assert [model.id for model in client.models.list()] == ["default", "static-minilm"]
    assert client.models.retrieve("default").owned_by == "goosequill"
    with refused(openai.NotFoundError, "model_not_found", match="default, static-minilm"):
        client.models.retrieve("gpt/../5")


def test_a_chat_is_the_same_streamed_and_whole(server: Running) -> None:
    client = server.client()
    asked: Any = {"model": "default", "messages": HELLO, "max_tokens": 20, "seed": 7}
    whole = client.chat.completions.create(**asked)
    chunks = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content != ""
    assert chunks[-1].usage == whole.usage
    assert whole.usage and whole.usage.completion_tokens <= 20


def test_a_response_is_the_same_streamed_and_whole_and_is_continued(server: Running) -> None:
    client = server.client()
    more: Any = {"model": "default", "max_output_tokens": 300, "extra_body": {"seed": 7}}
    whole = client.responses.create(input=HELLO, **more)
    chat = client.chat.completions.create(model="default", messages=HELLO, max_tokens=300, seed=7)
    assert whole.output_text == chat.choices[0].message.content != ""
    events = list(client.responses.create(input=HELLO, stream=True, **more))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == whole.output_text
    with client.responses.stream(input=HELLO, **more) as stream:
        assert stream.get_final_response().output_text == whole.output_text
    again = client.responses.create(input="And then?", previous_response_id=whole.id, **more)
    assert again.output_text != "" and again.usage and whole.usage
    assert again.usage.input_tokens > whole.usage.input_tokens
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(input="a", previous_response_id="resp_none", **more)
    assert caught.value.param == "previous_response_id"


def test_a_text_is_what_the_engine_writes_with_echo_and_logprobs(server: Running) -> None:
    text = server.client().completions.create(
        model="default", prompt="Once upon a time", max_tokens=24, seed=3, echo=True, logprobs=2
    )
    (choice,) = text.choices
    assert choice.text == "Once upon a time" + alone(server.loaded, "Once upon a time", 3)
    likely = choice.logprobs
    assert likely and likely.token_logprobs and likely.tokens and likely.top_logprobs
    assert likely.token_logprobs[0] is None and all(number < 0 for number in likely.token_logprobs[1:])
    assert "".join(likely.tokens) == choice.text
    assert all(len(each) == 2 for each in likely.top_logprobs[1:])


def test_settings_beyond_openais_are_taken(server: Running) -> None:
    body: Any = {"extra_body": {"top_k": 1}, "max_tokens": 8, "prompt": "The goose"}
    client = server.client()
    greedy = client.completions.create(model="default", prompt="The goose", max_tokens=8, temperature=0)
    assert client.completions.create(model="default", **body).choices[0].text == greedy.choices[0].text


def test_errors_are_those_of_openais_client(server: Running) -> None:
    client = server.client()
    ask = client.chat.completions.create
    with pytest.raises(openai.NotFoundError, match="This server has: default"):
        ask(model="gpt-5", messages=HELLO)
    for field, value in (("temperature", -1), ("n", 0), ("max_tokens", "x"), ("temprature", 1)):
        with pytest.raises(openai.BadRequestError) as caught:
            ask(model="default", messages=HELLO, extra_body={field: value})
        assert caught.value.param == field and caught.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError):  # also where the answer would be a stream
        ask(model="default", messages=HELLO, stream=True, temperature=-1)


@pytest.mark.parametrize("kernel", ["numpy", "native"])
def test_clients_at_once_get_what_each_would_get_alone(kernel: str) -> None:
    """Their tokens are interleaved, over one kernel and its buffers; some start alike."""
    loaded = load(kernel)
    served = Served(only(loaded))
    prompts = [f"{name} went to the" for name in ("Anna", "The fox", *["Two geese"] * 4)]
    wanted = [alone(loaded, prompt, seed) for seed, prompt in enumerate(prompts)]
    together = threading.Barrier(len(prompts))

    def ask(seed: int) -> str:
        together.wait()
        stream = server.client().completions.create(
            model="default", prompt=prompts[seed], max_tokens=24, seed=seed, stream=True
        )
        return "".join(chunk.choices[0].text for chunk in stream)

    with running(served) as server, ThreadPoolExecutor(len(prompts)) as pool:
        assert list(pool.map(ask, range(len(prompts)))) == wanted
    assert len(set(wanted)) == len(wanted)


def test_the_model_field_chooses_an_adapter_for_each_request() -> None:
    """Also where all begin alike and their tokens are interleaved: nothing kept for one serves another."""
    loaded = load()
    model, prompt = loaded.model, "Two geese went to the"
    rng = np.random.default_rng(1)
    changes = {name: rng.normal(0, 0.1, array.shape) for name, array in model.vectors.items() if "ln" in name}
    adapters = [
        Adapter({name: factor * change.astype(np.float32) for name, change in changes.items()}, about)
        for factor, about in ((1, AdapterFacts(name="pirate")), (-1, AdapterFacts(name="poet")))
    ]
    every = [loaded, *(adapt_loaded(loaded, each) for each in adapters)]
    served = Served(only(*every))
    names = ["default", "default+pirate", "default+poet"]
    wanted = [alone(each, prompt, 5) for each in every]
    assert served.models.names == names and len(set(wanted)) == 3

    def ask(name: str) -> tuple[str, str]:
        together.wait()
        found = server.client().completions.create(model=name, prompt=prompt, max_tokens=24, seed=5)
        return found.model, found.choices[0].text

    asked = 2 * names
    together = threading.Barrier(len(asked))
    with running(served) as server, ThreadPoolExecutor(len(asked)) as pool:
        assert list(pool.map(ask, asked)) == 2 * list(zip(names, wanted, strict=True))
        assert list(pool.map(ask, asked)) == 2 * list(zip(names, wanted, strict=True))  # from kept states
        client = server.client()
        assert [each.id for each in client.models.list()] == names
        with refused(openai.NotFoundError, "model_not_found", match=r"default\+pirate, default\+poet"):
            client.completions.create(model="default+bard", prompt="a")
        vectors = [client.embeddings.create(model="default", input="A goose.").data[0].embedding]
    assert vectors == [
        RwkvEmbedder(adapt(model, adapters[0]), loaded.tokenizer, {}).embed(["A goose."]).tolist()[0]
    ]


def test_a_client_that_leaves_is_not_written_for(server: Running) -> None:
    stream = server.client().completions.create(model="default", prompt="a", stream=True, **ENDLESS)  # type: ignore[call-overload]
    next(iter(stream))
    server.wait_for_requests(1)
    stream.close()
    server.wait_for_requests(0)
    with raw_request(server, {"prompt": "a", "max_tokens": 100_000, "ignore_end": True}):
        server.wait_for_requests(1)  # not streamed
    server.wait_for_requests(0)


def raw_request(server: Running, body: dict[str, Any]) -> socket.socket:
    """A request whose answer nobody reads."""
    text = json.dumps(body)
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(text)}\r\n\r\n{text}".encode()
    )
    return connection


def test_a_client_that_does_not_read_does_not_hold_up_others(server: Running) -> None:
    with raw_request(server, {"prompt": "a", "stream": True, "max_tokens": 100_000, "ignore_end": True}):
        server.wait_for_requests(1)
        text = server.client().completions.create(model="default", prompt="Once upon a time", seed=1)
        assert text.usage and text.usage.completion_tokens == 16
    server.wait_for_requests(0)


def test_more_requests_than_it_takes_are_told_to_come_again(served: Served) -> None:
    with running(served, most=1) as server, server.client() as client:
        stream = client.completions.create(model="default", prompt="a", stream=True, **ENDLESS)  # type: ignore[call-overload]
        next(iter(stream))
        with pytest.raises(openai.InternalServerError) as caught:
            client.completions.create(model="default", prompt="a")
        assert caught.value.status_code == 503 and int(caught.value.response.headers["retry-after"]) > 0
        stream.close()
        server.wait_for_requests(0)
        client.completions.create(model="default", prompt="a", max_tokens=1)


def test_a_growing_conversation_is_not_read_again(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    model = server.loaded.model
    forward = model.forward
    monkeypatch.setattr(
        model,
        "forward",
        lambda tokens, *rest, **more: read.append(len(tokens)) or forward(tokens, *rest, **more),
    )
    messages: Any = [{"role": "user", "content": "Tell me about geese. " * 30}]
    ask = server.client().chat.completions.create
    first = ask(model="default", messages=messages, max_tokens=4, temperature=0)
    assert first.usage and sum(read) >= first.usage.prompt_tokens > 100
    read.clear()
    messages += [{"role": "assistant", "content": first.choices[0].message.content}, *HELLO]
    second = ask(model="default", messages=messages, max_tokens=4, temperature=0)
    assert second.usage and second.usage.prompt_tokens > first.usage.prompt_tokens
    assert sum(read) < second.usage.prompt_tokens - first.usage.prompt_tokens + 20


def test_embeddings_are_the_embedders(server: Running) -> None:
    texts = ["A goose sleeps.", "Stocks fell."]
    client = server.client()
    for model, embedder in server.served.embedders.items():
        found = client.embeddings.create(model=model, input=texts)  # as base64
        plain = client.embeddings.create(model=model, input=texts, encoding_format="float")
        assert found.data == plain.data
        np.testing.assert_array_equal([one.embedding for one in plain.data], embedder.embed(texts))
    own = client.embeddings.create(model="default", input="A goose").data[0].embedding
    assert len(own) == server.loaded.model.config.width
    body = json.dumps({"model": "default", "input": "A goose", "encoding_format": "base64"}).encode()
    packed = base64.b64decode(server.ask("/v1/embeddings", body, **JSON)[2]["data"][0]["embedding"])
    np.testing.assert_allclose(struct.unpack(f"<{len(own)}f", packed), own)
    many = client.embeddings.create(model="static-minilm", input=[*texts * 40, ""])
    assert [one.embedding for one in many.data[78:80]] == [one.embedding for one in plain.data]


def test_embeddings_of_token_ids_are_those_of_their_text(server: Running) -> None:
    client, text = server.client(), "A goose sleeps."
    loaded = server.loaded
    pieces = load_wordpiece((MODEL.parent / "minilm-static" / "vocab.txt").read_bytes())
    read: dict[str, tuple[list[int], int]] = {
        "default": (loaded.tokenizer.encode(text), loaded.model.config.vocab_size),
        "static-minilm": (pieces.pieces(text), pieces.vocab_size),
    }
    wrong: Any
    for model, (ids, size) in read.items():
        ask = partial(client.embeddings.create, model=model, encoding_format="float")
        wanted = ask(input=text).data[0].embedding
        again = ask(input=ids)
        assert again.data[0].embedding == wanted
        assert again.usage.prompt_tokens == ask(input=text).usage.total_tokens == len(ids)
        assert [one.embedding for one in ask(input=[[size - 1], ids]).data][1] == wanted
        for wrong in ([], [[]], {}, ["a"] * 2049, "a" * 100_001, ["a", [1]], [-1], [[size]], [True], [2**70]):
            with pytest.raises(openai.BadRequestError) as caught:
                ask(input=wrong)
            assert caught.value.param == "input"


def test_embeddings_are_as_short_as_asked(server: Running) -> None:
    client = server.client()
    for model in ("default", "static-minilm"):
        whole, short = (
            np.array(client.embeddings.create(model=model, input="A goose", **more).data[0].embedding)
            for more in ({}, {"dimensions": 16})
        )
        np.testing.assert_allclose(short, whole[:16] / np.linalg.norm(whole[:16]), atol=1e-6)


def test_tokens_are_those_of_the_model_at_both_addresses(server: Running) -> None:
    tokenizer = server.loaded.tokenizer
    for root in ("", "/v1"):
        tokens = server.ask(f"{root}/tokenize", b'{"prompt": "A goose."}', **JSON)[2]["tokens"]
        assert tokens == tokenizer.encode("A goose.")
        body = json.dumps({"tokens": tokens}).encode()
        assert server.ask(f"{root}/detokenize", body, **JSON)[2] == {"prompt": "A goose."}
        assert server.ask(f"{root}/tokenizer_info")[2]["eos_token"] == tokenizer.decode([tokenizer.end_token])


def test_ignored_fields_are_named_in_a_header(server: Running) -> None:
    client = server.client()
    more: Any = {"prompt_cache_key": "k", "extra_body": {"a\r\nb: é": 1, "c" * 99: 1, "__proto__": {}}}
    wanted = f"prompt_cache_key, a??b???, {'c' * 64}, __proto__"
    ask = client.chat.completions.with_raw_response.create
    whole = ask(model="default", messages=HELLO, max_tokens=1, reasoning_effort="low", **more)
    stream = ask(model="default", messages=HELLO, max_tokens=1, stream=True, **more)
    embedded = client.embeddings.with_raw_response.create(model="static-minilm", input="a", user="me")
    found = [answer.headers.get("ignored-fields") for answer in (whole, stream, embedded)]
    assert found == [f"reasoning_effort, {wanted}", wanted, "user"]
    plain = ask(model="default", messages=HELLO, max_tokens=1)
    assert "ignored-fields" not in plain.headers


def test_a_key_is_needed_if_there_is_one(served: Served) -> None:
    with running(replace(served, key="gänse", origins=("https://a.example",))) as server:
        for header in ("Bearer wrong", "Basic gänse", "Bearer ", ""):
            status, headers, body = server.ask("/v1/models", Authorization=header, Origin="https://a.example")
            assert (status, body["error"]["code"]) == (401, "api-key")
            assert headers["access-control-allow-origin"] == "https://a.example"  # or the page cannot know
        assert server.ask("/v1/models", Authorization="Bearer gänse".encode().decode("latin-1"))[0] == 200
        assert server.ask("/health")[0] == 200
        with pytest.raises(openai.AuthenticationError):
            server.client("wrong").models.list()


def test_other_names_for_this_machine_are_refused(server: Running) -> None:
    """A page whose name is made to point to 127.0.0.1 would be of the server's own origin."""
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[", "10.0.0.1:80"):
        status, _, body = server.ask("/v1/models", Host=host)
        assert (status, body["error"]["code"]) == (403, "host"), host
    for host in ("localhost", "127.0.0.1:1", "[::1]:80", "LOCALHOST"):
        assert server.ask("/v1/models", Host=host)[0] == 200, host


@pytest.mark.parametrize(
    "host", ["a@localhost", "localhost/", "localhost?", "localhost#", "localhost:x", ":80"]
)
def test_a_host_that_is_not_a_name_and_a_port_is_refused(server: Running, served: Served, host: str) -> None:
    assert server.ask("/health", Host=host)[0] == 403
    with pytest.raises(Refusal) as error:
        check_host(Request({"type": "http", "headers": [(b"host", host.encode())]}), "0.0.0.0")
    assert error.value.status == 400
    for kept in ([(b"host", b"a_b.example:")], [(b"host", b"[fe80::1]:80")], []):
        check_host(Request({"type": "http", "headers": kept}), "0.0.0.0")


def test_half_a_header_does_not_keep_a_connection(served: Served) -> None:
    """As many sockets as there may be would keep everyone else out."""
    with running(served, header_seconds=0) as server:
        address = ("127.0.0.1", server.port)
        sockets = [socket.create_connection(address, PATIENCE) for _ in range(MOST_CONNECTIONS)]
        for at, each in enumerate(sockets):
            with each, suppress(ConnectionError):
                each.sendall(b"GET /health HTTP/1.1\r\nHost:"[: at % 27])
                assert each.recv(1) == b""


class Wire(asyncio.Transport):
    """A connection's transport and its loop: nothing is sent, and time passes when the test says so."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self.timers: list[Any] = []
        self.unread, self.aborted = 0, False
        config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
        loop: Any = self
        self.connection = Connection(config, ServerState(), {}, loop, header_seconds=7)
        self.connection.connection_made(self)

    def call_later(self, seconds: float, call: Callable[..., None], *arguments: Any) -> Any:
        timer = asyncio.get_running_loop().call_later(3600, call, *arguments)
        self.timers += [(timer, call, arguments)] if seconds == 7 else []
        return timer

    def waits(self) -> int | None:
        """Which timer for a header is running; None if none is."""
        running = [at for at, (timer, *_) in enumerate(self.timers) if not timer.cancelled()]
        assert len(running) <= 1
        return running[0] if running else None

    def pass_time(self) -> None:
        timer, call, arguments = self.timers[self.waits() or 0]
        timer.cancel()
        call(*arguments)

    def create_task(self, work: Any) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    async def answered(self) -> None:
        while tasks := self.connection.tasks:
            await asyncio.wait(tasks)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def write(self, data: Any) -> None: ...
    def close(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def test_a_header_has_a_time_limit_of_its_connections_own() -> None:
    async def check() -> None:
        released = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await released.wait()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"a"})

        wire = Wire(app)
        assert wire.waits() == 0
        wire.connection.data_received(b"POST / HTTP/1.1\r\nHo")
        assert wire.waits() == 0  # and not from now on
        wire.connection.data_received(b"st: a\r\nContent-Length: 3\r\n\r\n{")
        assert wire.waits() is None  # the application has a limit for the body
        released.set()
        wire.unread = 3
        await wire.answered()
        assert wire.waits() == 1
        wire.connection.data_received(b"1")  # of a body that nobody waits for any more
        assert wire.waits() == 1
        wire.unread = 2
        wire.pass_time()
        assert wire.waits() == 2 and not wire.aborted  # the client still reads the answer
        wire.connection.data_received(b"}GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.waits() is None
        await wire.answered()
        wire.pass_time()
        assert wire.waits() is None and wire.aborted
        wire.connection.connection_lost(None)

    asyncio.run(check())


@pytest.mark.parametrize(
    "pieces",
    [
        [b"POST /v1/completions HTTP/1.1", b"5\r\n{"],
        [b"POST /v1/completions HTTP/1.1", b"5\r\n{", b"zz"],
        [b"POST /v1/nothing HTTP/1.1", b"zz\r\n"],
        [b"POST /v1/nothing HTTP/1.1", b"", b"zz\r\n"],
    ],
)
def test_half_a_body_and_gone_is_a_departure(
    served: Served, caplog: pytest.LogCaptureFixture, pieces: list[bytes]
) -> None:
    """So is a body that stops being HTTP, before or after the answer."""
    header = b"\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    scheduler = Scheduler()

    async def check() -> None:
        wire = Wire(make_app(served, scheduler))
        for piece in (pieces[0] + header + pieces[1], *pieces[2:]):
            wire.connection.data_received(piece)
            for _ in range(9):  # the application takes its turn
                await asyncio.sleep(0)
        wire.connection.connection_lost(None)
        await wire.answered()

    asyncio.run(check())
    scheduler.stop()
    scheduler.join()
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


def test_pages_may_ask_only_where_it_is_allowed(served: Served, server: Running) -> None:
    preflight = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization"}
    asked = {"method": "OPTIONS", **preflight}
    address = "/v1/chat/completions"
    assert "access-control-allow-origin" not in server.ask(address, Origin="https://a.example", **asked)[1]
    with running(replace(served, origins=("https://a.example",))) as open_to_one:
        status, headers, _ = open_to_one.ask(address, Origin="https://a.example", **asked)
        assert (status, headers["access-control-allow-origin"]) == (200, "https://a.example")
        exposed = open_to_one.ask("/v1/models", Origin="https://a.example")[1][
            "access-control-expose-headers"
        ]
        assert "ignored-fields" in exposed
        other = open_to_one.ask(address, Origin="https://b.example", **asked)
        assert other[0] == 400 and "access-control-allow-origin" not in other[1]
    # what a page can send without being allowed to is not taken
    assert server.ask(address, b"{}", Content_Type="text/plain")[0] == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b'{"prompt": "\xff"}', 400),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (b'{"prompt": ' + b"[1," * 10 + b"]", 400),
        (b'{"prompt": [' + b"1," * MOST_VALUES + b"1]}", 400),
        (b'{"n": ' + b"9" * 5000 + b"}", 400),
        (b'{"n": 1e999, "prompt": "a"}', 400),
        (b'{"prompt": "' + b"a" * MOST_BODY + b'"}', 413),
    ],
)
def test_a_body_that_cannot_be_a_request_is_refused(server: Running, body: bytes, status: int) -> None:
    found, _, answer = server.ask("/v1/completions", body, **JSON)
    assert found == status
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert str(Path(__file__).parents[3]) not in json.dumps(answer)


def test_a_prompt_that_would_hold_up_others_is_refused(server: Running) -> None:
    """It becomes tokens in one step, and four million characters may take a minute."""
    text = "a" * (MOST_PROMPT // 2 + 1)
    client = server.client()
    with pytest.raises(openai.BadRequestError, match="at most 400,000 characters") as caught:
        client.completions.create(model="default", prompt=[text, text])
    assert caught.value.param == "prompt"
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": text}] * 2}]
    with pytest.raises(openai.BadRequestError, match="at most 400,000 characters") as caught:
        client.chat.completions.create(model="default", messages=messages)
    assert caught.value.param == "messages"


def test_half_a_surrogate_pair_is_answered(server: Running) -> None:
    body = b'{"prompt": "a\\ud800", "echo": true, "max_tokens": 1}'
    status, _, answer = server.ask("/v1/completions", body, **JSON)
    assert status in (200, 400) and isinstance(answer, dict)


def test_what_is_not_there_is_an_error_of_the_same_shape(server: Running) -> None:
    for path, method, status in (("/", "GET", 404), ("/v1/nothing", "GET", 404), ("/v1/models", "POST", 405)):
        found, _, answer = server.ask(path, method=method)
        assert found == status and answer["error"]["type"] == "invalid_request_error"


def test_a_fault_of_the_server_is_not_told_in_detail(
    server: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = server.loaded.model
    forward, left = model.forward, 0

    def fail(*arguments: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(f"{__file__} cannot be read")
        return forward(*arguments, **more)

    monkeypatch.setattr(model, "forward", fail)
    for stream, left in ((False, 0), (True, 0), (True, 3)):  # the last in the middle of the stream
        with pytest.raises(openai.APIError, match="The server failed") as caught:
            completions = server.client().completions
            list(completions.create(model="default", prompt=f"new {left}", stream=stream, **ENDLESS))
        assert "test_server" not in str(caught.value)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3
    assert "cannot be read" in caplog.text


def test_the_how_to_pages_sample_runs(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    article = (Path(__file__).parents[3] / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8")
    code = article.split("```python\n")[1].split("```")[0]
    assert "http://127.0.0.1:8080/v1" in code
    exec(code.replace("http://127.0.0.1:8080/v1", server.base), {})
    assert capsys.readouterr().out.strip()


def test_the_origin_of_a_pages_address() -> None:
    assert origin_of("https://A.example/goosequill/compare/") == "https://a.example"
    assert origin_of("http://localhost:8000") == "http://localhost:8000"
    assert origin_of("http://[::1]:80/") == "http://[::1]"
    for wrong in ("*", "null", "a.example", "file:///tmp", "http://", "http://a:b"):
        with pytest.raises(Exception, match="not the address of a page"):
            origin_of(wrong)
