"""Vectors from an OpenAI-compatible `/embeddings` endpoint: requests, answers, and an embedder over them.

Natively, requests are sent from here. In a page, site/collections/endpoint.js sends what the job
`endpoint_request` makes, and gives the answer to `endpoint_vectors`; so a key never enters Python there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from goosequill.errors import SearchError
from goosequill.search.embedder import Batch, BatchEmbedder, Floats, fingerprint, unit_rows
from goosequill.support.budget import Budget

MAX_TEXTS = 256
"""Texts in a request."""
MAX_CHARACTERS = 32_000
"""Of a text; the rest is not sent."""
MAX_ANSWER = 64_000_000
"""Bytes."""
MAX_DIMENSIONS = 8_192
MAX_NUMBER = 1e30
"""A number in a vector is at most this large; the vector is scaled to length 1 anyway."""
TIMEOUT = 60
"""Seconds that a server may take."""


@dataclass(frozen=True)
class Endpoint:
    """Where vectors come from.

    Parameters
    ----------
    address
        Of the API, such as ``http://localhost:11434/v1``; or with ``/embeddings`` at its end.
    model
        A name that the server knows.

    Raises
    ------
    SearchError
        ``endpoint-address``: it is not an http or https address, or has a password in it; or no model.
    """

    address: str
    model: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.address.strip())
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
        except ValueError:
            valid = False
        if not valid:
            what = f"{self.address[:80]!r} is not the address of an embeddings endpoint."
            raise SearchError(what, code="endpoint-address")
        if not self.model.strip():
            raise SearchError("The endpoint needs a model name.", code="endpoint-address")

    @property
    def url(self) -> str:
        """The address that requests are sent to."""
        parts = urlsplit(self.address.strip())
        path = parts.path.rstrip("/")
        path = path if path.endswith("/embeddings") else f"{path}/embeddings"
        return parts._replace(path=path, fragment="").geturl()

    def body(self, texts: Sequence[str]) -> str:
        """Return the JSON of a request for the vectors of some texts, at most `MAX_TEXTS`."""
        if not 1 <= len(texts) <= MAX_TEXTS:
            raise ValueError(f"a request needs 1 to {MAX_TEXTS} texts, not {len(texts)}")
        sent = [text[:MAX_CHARACTERS] or " " for text in texts]  # servers refuse an empty text
        return json.dumps({"model": self.model.strip(), "input": sent, "encoding_format": "float"})

    def described(self, dimensions: int) -> dict[str, Any]:
        """Return what an index says of its model."""
        digest = fingerprint("endpoint", self.url, self.model.strip(), str(dimensions))
        return {"name": f"endpoint:{self.model.strip()}", "dimensions": dimensions, "fingerprint": digest}


def read_vectors(answer: bytes | str, count: int) -> Floats:
    """Read the answer to a request for `count` texts: float32 [count, dimensions], each of length 1.

    Raises
    ------
    SearchError
        ``endpoint-answer``: the server reports an error, or its answer is not a list of `count` vectors of
        finite numbers and of the same length, in any order, each as a list or in base64.
    """
    if len(answer) > MAX_ANSWER:
        raise _bad(f"it has {len(answer):,} bytes, more than {MAX_ANSWER:,}")
    try:
        found = Budget().json(answer)
    except ValueError as error:
        raise _bad("it is not JSON") from error
    if isinstance(found, dict) and found.get("error"):
        raise _reported(found["error"])
    rows = found.get("data") if isinstance(found, dict) else None
    if not isinstance(rows, list) or len(rows) != count:
        raise _bad(f"it does not have {count:,} vectors")
    vectors: list[Floats | None] = [None] * count
    for position, row in enumerate(rows):
        index = row.get("index", position) if isinstance(row, dict) else None
        if not isinstance(index, int) or not 0 <= index < count or vectors[index] is not None:
            raise _bad("the numbering of its vectors is invalid")
        vectors[index] = _vector(row.get("embedding"))
    known = [vector for vector in vectors if vector is not None]
    if len({vector.size for vector in known}) != 1:
        raise _bad("its vectors differ in length")
    return unit_rows(np.stack(known))


def _vector(value: Any) -> Floats:
    try:
        if isinstance(value, str):
            vector = np.frombuffer(base64.b64decode(value, validate=True), "<f4").astype(np.float32)
        elif isinstance(value, list) and all(type(number) in (int, float) for number in value):
            vector = np.clip(np.array(value, np.float64), -MAX_NUMBER, MAX_NUMBER).astype(np.float32)
        else:
            raise ValueError("neither a list of numbers nor text")
    except (ValueError, OverflowError) as error:
        raise _bad("a vector is not a list of numbers") from error
    if not 1 <= vector.size <= MAX_DIMENSIONS:
        raise _bad(f"a vector has {vector.size:,} numbers, not 1 to {MAX_DIMENSIONS:,}")
    if not np.abs(vector).max() <= MAX_NUMBER:
        raise _bad("a vector contains values that are not numbers")
    return vector


def _reported(error: Any) -> SearchError:
    message = error.get("message") if isinstance(error, dict) else error
    return SearchError(f"The embeddings endpoint reports: {str(message)[:300]}", code="endpoint-answer")


def _bad(what: str) -> SearchError:
    return SearchError(f"The response of the embeddings endpoint is invalid: {what}.", code="endpoint-answer")


Send = Callable[[str, Mapping[str, str], bytes], bytes]
"""(address, headers, body) -> the body of the answer."""


def send(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Send a request over the network.

    Raises
    ------
    SearchError
        ``endpoint-answer``: the server answered with an error. ``endpoint-unreachable``: it did not answer.
    """
    import urllib.error  # a page sends its requests in JavaScript, and has no use for these
    import urllib.request

    request = urllib.request.Request(url, body, dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            answer: bytes = response.read(MAX_ANSWER + 1)
            return answer
    except urllib.error.HTTPError as error:
        detail = error.read(2_000).decode("utf-8", "replace").strip()[:300]
        what = f"The embeddings endpoint answered {error.code} {error.reason}. {detail}".rstrip()
        raise SearchError(what, code="endpoint-answer") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise SearchError(f"{url} did not answer: {reason}.", code="endpoint-unreachable") from error


class EndpointEmbedder(BatchEmbedder):
    """An endpoint as an embedder. Making one asks for one vector, to learn how long they are.

    Parameters
    ----------
    key
        Sent as a bearer token and stored nowhere; "" sends none.
    send
        Sends requests.

    Raises
    ------
    SearchError
        As `send` and `read_vectors`.
    """

    def __init__(self, endpoint: Endpoint, *, key: str = "", send: Send = send) -> None:
        self._endpoint, self._send = endpoint, send
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        described = endpoint.described(self._ask(["dimensions"]).shape[1])
        self.name, self.dimensions = described["name"], described["dimensions"]
        self.fingerprint = described["fingerprint"]

    def _ask(self, texts: Sequence[str]) -> Floats:
        answer = self._send(self._endpoint.url, self._headers, self._endpoint.body(texts).encode())
        return read_vectors(answer, len(texts))

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield (indices of texts, their vectors), a request at a time."""
        for start in range(0, len(texts), MAX_TEXTS):
            part = texts[start : start + MAX_TEXTS]
            vectors = self._ask(part)
            if vectors.shape[1] != self.dimensions:
                raise _bad(f"its vectors have {vectors.shape[1]} numbers, and earlier ones {self.dimensions}")
            yield list(range(start, start + len(part))), vectors


def endpoint_request(address: str, model_name: str, texts: Sequence[str]) -> dict[str, str]:
    """Return what a page sends for some texts: the job of this name."""
    endpoint = Endpoint(address, model_name)
    return {"url": endpoint.url, "body": endpoint.body(texts)}


def endpoint_vectors(address: str, model_name: str, answer: str, count: int) -> dict[str, Any]:
    """Return the vectors [count, dimensions] in an answer, and what an index says of their model: a job."""
    vectors = read_vectors(answer, count)
    return {"vectors": vectors, "model": Endpoint(address, model_name).described(vectors.shape[1])}
