"""Requests to an embeddings endpoint, and what becomes of its answers, good and bad."""

import base64
import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.search.endpoint import (
    MAX_ANSWER,
    MAX_DIMENSIONS,
    MAX_TEXTS,
    Endpoint,
    EndpointEmbedder,
    endpoint_request,
    endpoint_vectors,
    read_vectors,
    send,
)
from tests.py.refusals import refused
from tests.serving import serving


class Server(BaseHTTPRequestHandler):
    """Answers with vectors that depend on the text, last text first; refuses other keys."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != "Bearer secret" or self.path != "/v1/embeddings":
            self.send_response(401)
            self.end_headers()
            self.wfile.write(b'{"error": {"message": "wrong key"}}')
            return
        rows = [{"index": at, "embedding": [len(text), 1.0, 2.0]} for at, text in enumerate(body["input"])]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": rows[::-1]}).encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with serving(HTTPServer(("127.0.0.1", 0), Server)) as address:
        yield f"{address}/v1"


def test_an_endpoint_embeds_in_the_order_of_the_texts(address: str) -> None:
    embedder = EndpointEmbedder(Endpoint(address, "m"), key="secret")
    texts = ["a" * length for length in range(1, 2 * MAX_TEXTS)]
    vectors = embedder.embed(texts)
    assert embedder.name == "endpoint:m" and vectors.shape == (len(texts), 3)
    expected = np.array([[len(text), 1, 2] for text in texts], np.float32)
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1)[:, None])
    assert np.allclose(embedder.question("aa"), vectors[1])


def test_a_wrong_key_and_a_missing_server_are_reported(address: str) -> None:
    with refused(SearchError, "endpoint-answer", match=r"401 .*wrong key") as caught:
        EndpointEmbedder(Endpoint(address, "m"), key="other")
    assert "other" not in str(caught.value)
    with refused(SearchError, "endpoint-unreachable"):
        send("http://127.0.0.1:9/v1/embeddings", {}, b"{}")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:11434/v1", "http://localhost:11434/v1/embeddings"),
        (" https://a.example/v1/ ", "https://a.example/v1/embeddings"),
        ("https://a.example/v1/embeddings/", "https://a.example/v1/embeddings"),
        ("https://a.example/v1?version=2#x", "https://a.example/v1/embeddings?version=2"),
    ],
)
def test_addresses_are_completed(given: str, url: str) -> None:
    assert Endpoint(given, "m").url == url


@pytest.mark.parametrize("given", ["", "localhost", "ftp://a/v1", "http://", "http://u:p@a/v1", "http://[x/"])
def test_other_addresses_are_refused(given: str) -> None:
    with refused(SearchError, "endpoint-address"):
        Endpoint(given, "m")
    with pytest.raises(SearchError):
        Endpoint("http://a/v1", " ")


def test_the_jobs_of_a_page() -> None:
    request = endpoint_request("http://a/v1", "m", ["x", ""])
    assert request["url"] == "http://a/v1/embeddings"
    assert json.loads(request["body"]) == {"model": "m", "input": ["x", " "], "encoding_format": "float"}
    answer = json.dumps({"data": [{"embedding": [3, 4]}, {"embedding": [0, 2]}]})
    found = endpoint_vectors("http://a/v1", "m", answer, 2)
    assert np.allclose(found["vectors"], [[0.6, 0.8], [0, 1]])
    assert found["model"] == Endpoint("http://a/v1", "m").described(2)


def test_vectors_in_base64_are_read() -> None:
    packed = base64.b64encode(np.array([3, 4], "<f4").tobytes()).decode()
    assert np.allclose(read_vectors(json.dumps({"data": [{"embedding": packed}]}), 1), [[0.6, 0.8]])


def answer(*embeddings: Any) -> str:
    return json.dumps({"data": [{"embedding": embedding} for embedding in embeddings]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("<html>", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "2 vectors"),
        ('{"data": [1]}', "2 vectors"),
        ('{"data": [1, 2]}', "numbering"),
        (json.dumps({"data": [{"index": 0, "embedding": [1]}] * 2}), "numbering"),
        (json.dumps({"data": [{"index": 7, "embedding": [1]}] * 2}), "numbering"),
        (answer([1], [1, 2]), "differ in length"),
        (answer([1], []), "0 numbers"),
        (answer([1], [True]), "list of numbers"),
        (answer([1], [[1]]), "list of numbers"),
        (answer([1], "!"), "list of numbers"),
        (answer([1], "AAAA"), "list of numbers"),
        (answer([1], None), "list of numbers"),
        ('{"data": [{"embedding": [NaN]}, {"embedding": [1]}]}', "not numbers"),
        (answer([1], [10**400]), "list of numbers"),
        (answer([1], [0.5] * (MAX_DIMENSIONS + 1)), "8,193 numbers"),
        ('{"error": {"message": "no such model"}}', "no such model"),
        ('{"error": "overloaded"}', "overloaded"),
    ],
)
def test_bad_answers_are_reported(text: str, says: str) -> None:
    with refused(SearchError, "endpoint-answer", match=says):
        read_vectors(text, 2)


def test_an_answer_that_is_too_long_or_changes_its_length_is_refused() -> None:
    with pytest.raises(SearchError, match="more than"):
        read_vectors(b"x" * (MAX_ANSWER + 1), 1)
    sizes = iter([[1.0], [1.0, 2.0]])

    def change(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
        return json.dumps({"data": [{"embedding": next(sizes)}]}).encode()

    with pytest.raises(SearchError, match="2 numbers, and earlier ones 1"):
        EndpointEmbedder(Endpoint("http://a/v1", "m"), send=change).question("x")
