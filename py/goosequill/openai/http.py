"""What HTTP adds to requests and answers: addresses, bodies, statuses and events, without a connection.

`goosequill.serve` answers other programs by these rules, and `respond` the page's own ones.

Source: https://platform.openai.com/docs/api-reference
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from goosequill.decoding import StateMemory
from goosequill.errors import CODES, GoosequillError
from goosequill.models import Model
from goosequill.openai.chat_completions import chat_completion
from goosequill.openai.completions import completion
from goosequill.openai.errors import INVALID, SERVER, error_object, error_type, refusal
from goosequill.openai.requests import names_of
from goosequill.openai.responses import response
from goosequill.openai.tokens import detokenize, tokenize, tokenizer_info
from goosequill.support.budget import Budget
from goosequill.tokenizers import Tokenizer

if TYPE_CHECKING:
    from goosequill.search.embedder import TokenEmbedder

MOST_BODY = 4_000_000
"""Bytes of a request."""
MOST_VALUES = 200_000
"""Values in its JSON."""
MOST_PROMPT = 400_000
"""Characters of a prompt or of messages: others wait while they become tokens, which takes up to a second for
most texts."""
IGNORED = "ignored-fields"
"""A header that names the fields of a request that were ignored."""
JSON, EVENTS = "application/json", "text/event-stream; charset=utf-8"
DONE = "data: [DONE]\n\n"
"""The last event of a stream that has not failed."""
TOKENS = ("tokenize", "detokenize")
"""Addresses that turn texts into token ids, and back."""
GET = ("models", "tokenizer_info")
"""Addresses that are only read."""
ADDRESS = re.compile(
    r".*?/(chat/completions|completions|responses|embeddings|tokenize|detokenize|tokenizer_info|models)"
    r"(?:(?<=models)/(.+))?",
    re.DOTALL,
)
"""A path whatever it begins with, and the id of a model."""

Work = Generator[Any, None, Any]


class Refusal(Exception):
    """A request that is refused; the message gets the remedy of its code.

    Attributes
    ----------
    status
        Of HTTP.
    body
        ``{"error": {"message", "type", "param", "code"}}``
    headers
        To be sent with it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        message = f"{message} {CODES[code].remedy}" if code else message
        kind = SERVER if status >= 500 else INVALID
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }
        self.headers = headers or {}

    @classmethod
    def of(cls, error: GoosequillError) -> Refusal:
        """Return the refusal for an error of the package."""
        found = cls(500 if error_type(error.code) == SERVER else 400, str(error), code=error.code)
        found.body = error_object(error)
        return found


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object that is a request's body, or refuse it."""
    if len(body) > MOST_BODY:
        raise Refusal(
            413,
            f"The body has more than {MOST_BODY:,} bytes. Send less at once.",
            headers={"Connection": "close"},
        )
    try:
        found = Budget(values=MOST_VALUES).json(body)
    except ValueError as error:
        raise Refusal(400, f"The body is not JSON that can be read: {error}.") from error
    if not isinstance(found, dict):
        raise Refusal(400, "The body has to be a JSON object.")
    return found


def check_model(name: Any, names: Sequence[str]) -> str:
    """Return the name of a model that a request asks for; the first, if it asks for none."""
    if name in (None, ""):
        return names[0]
    if name not in names:
        known = ", ".join(names)
        refused = Refusal(
            404,
            f"There is no such model here. This server has: {known}.",
            code="no-such-model",
            param="model",
        )
        refused.body["error"]["code"] = "model_not_found"  # OpenAI's, which clients know
        raise refused
    return str(name)


def check_prompt(asked: Mapping[str, Any]) -> None:
    """Refuse a prompt that would hold up others."""
    for param in ("prompt", "messages", "input", "instructions"):
        if _size(asked.get(param)) > MOST_PROMPT:
            raise refusal(param, f"at most {MOST_PROMPT:,} characters")


def _size(value: Any) -> int:
    """The characters of all texts in a value of JSON, whose depth is bounded; anything else counts as one."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return len(value) if isinstance(value, str) else 1
    return sum(map(_size, inner))


def models(names: Sequence[str], created: int, wanted: str | None = None) -> dict[str, Any]:
    """Return the list of models, or the `wanted` one; they were `created` at a time in Unix seconds."""
    data = [{"id": name, "object": "model", "created": created, "owned_by": "goosequill"} for name in names]
    if wanted is None:
        return {"object": "list", "data": data}
    return data[names.index(check_model(wanted, names))]


def no_answer(status: int) -> Refusal:
    """Return the refusal of an address, or of a method."""
    message = {
        404: "There is nothing at this address. Addresses begin with /v1, such as /v1/chat/completions.",
        405: "This address does not take this method.",
    }
    return Refusal(status, message.get(status, "The request cannot be answered."))


def ignored(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the header that names the fields of a request that were ignored, if some were."""
    names = [re.sub(r"[^\w.-]", "?", name, flags=re.ASCII) for name in answer.get("ignored_fields", ())]
    return {IGNORED: ", ".join(names)} if names else {}


def written(value: Any) -> str:
    """Return a value as JSON; half a surrogate pair, which UTF-8 lacks, is escaped in it."""
    return json.dumps(value, allow_nan=False)


def event(value: Any) -> str:
    """Return an event of a stream: a chunk, or an error."""
    return f"data: {written(value)}\n\n"


def only(kind: Any, work: Work) -> Work:
    """Run a generator, of whose items only those of a kind are sent; each of the others is a step, too."""
    try:
        while True:
            item = next(work)
            yield item if kind and isinstance(item, kind) else None
    except StopIteration as end:
        return end.value
    finally:
        work.close()


def answering(
    address: str,
    asked: Mapping[str, Any],
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    embedders: Mapping[str, TokenEmbedder],
) -> Callable[..., Work]:
    """Return what answers a request, given its resources; or refuse it.

    What is yielded is sent, but None, which is a step without output; what is returned is the whole.

    Parameters
    ----------
    address
        "chat/completions", "completions", "responses", "embeddings" or one of `TOKENS`.
    embedders
        By the ids of their models.
    """
    if address == "embeddings":
        return lambda **_: embedding(asked, embedders)
    check_model(asked.get("model"), names_of(description))
    check_prompt(asked)
    if address in TOKENS:
        make = tokenize if address == "tokenize" else detokenize
        return lambda **_: only((), make(model, tokenizer, asked))
    complete = {"chat/completions": chat_completion, "responses": response}.get(address, completion)
    kind = dict if is_stream(address, asked) else ()
    return lambda **more: only(kind, complete(model, tokenizer, description, asked, **more))


def is_stream(address: str, asked: Mapping[str, Any]) -> bool:
    """Whether the answer to a request is a stream of events."""
    return asked.get("stream") is True and address not in ("embeddings", *TOKENS)


def embedding(asked: Mapping[str, Any], embedders: Mapping[str, TokenEmbedder]) -> Work:
    """Answer a request for embeddings."""
    from goosequill.openai.embeddings import embeddings  # which needs the room of search

    name = check_model(asked.get("model"), [*embedders])
    return only((), embeddings(embedders[name], name, asked))


def respond(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    method: str,
    path: str,
    body: Any,
    created: int,
    *,
    embedder: TokenEmbedder | None = None,
    state: Any = None,
    memory: StateMemory | None = None,
) -> Generator[dict[str, Any] | str | None, None, None]:
    """Answer a request of HTTP as `goosequill.serve` does, about one model and without a key.

    Parameters
    ----------
    path
        Of a URL: it ends as one of OpenAI's addresses, and may begin with anything.
    body
        Bytes, of which more than `MOST_BODY` are refused.
    created
        When the model was loaded, in Unix seconds.
    embedder
        Without one there are no embeddings.

    Yields
    ------
    The head, ``{"status", "headers"}``; then the texts of which the body consists; None for a step without
    either. What is wrong with a request is an answer, too.
    """
    names, begun, streams = names_of(description), False, False
    try:
        address, wanted = _address(method, path)
        if address == "embeddings" and embedder is None:
            raise no_answer(404)
        items: Iterator[Any]
        if address == "models":
            items = iter([models(names, created, wanted)])
        elif address == "tokenizer_info":
            items = iter([tokenizer_info(tokenizer)])
        else:
            embedders = dict.fromkeys(names, embedder) if embedder else {}
            asked = parse(bytes(body))
            streams = is_stream(address, asked)
            answer = answering(address, asked, model, tokenizer, description, embedders)
            items = _sent(answer(state=state, memory=memory), streams=streams)
        for item in items:
            if item is not None and not begun:
                yield _head(200, EVENTS if streams else JSON, ignored(item))
                begun = True
            yield item and (event(item) if streams else written(item))
        if streams:
            yield DONE
    except (Refusal, GoosequillError) as error:
        found = error if isinstance(error, Refusal) else Refusal.of(error)
        if not begun:
            yield _head(found.status, JSON, found.headers)
        yield event(found.body) if begun else written(found.body)


def _address(method: str, path: str) -> tuple[str, str | None]:
    """Return which answer is wanted, and the id of the model that is asked about."""
    found = ADDRESS.fullmatch(unquote(path))
    if found is None:
        raise no_answer(404)
    if method != ("GET" if found[1] in GET else "POST"):
        raise no_answer(405)
    return found[1], found[2]


def _sent(work: Work, *, streams: bool) -> Work:
    """Yield the chunks of a stream, or the whole."""
    whole = yield from work
    if not streams:
        yield whole


def _head(status: int, kind: str, headers: Mapping[str, str]) -> dict[str, Any]:
    stored = {"cache-control": "no-store"} if kind == EVENTS else {}
    return {"status": status, "headers": {"content-type": kind, **stored, **headers}}
