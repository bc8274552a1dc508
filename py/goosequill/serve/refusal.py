"""Why a request gets no answer: an HTTP status, and an error as OpenAI's API has it."""

from __future__ import annotations

import logging
from typing import Any

from goosequill.errors import CODES, GoosequillError
from goosequill.openai.errors import INVALID, SERVER, error_object, error_type
from goosequill.serve.scheduler import CancelledTaskError

LOG = logging.getLogger("goosequill.serve")


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


def refusal_of(error: Exception) -> Refusal:
    """Return the refusal for anything that was raised. What is not the request's fault goes into the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, CancelledTaskError):
        return Refusal(503, "The server is stopping.", code="stopping")
    if isinstance(error, GoosequillError):
        status = 500 if error_type(error.code) == SERVER else 400
        found = Refusal(status, str(error), code=error.code)
        found.body = error_object(error)
        return found
    if isinstance(error, MemoryError):
        return Refusal(500, "The server ran out of memory. Try again with a shorter request.")
    LOG.error("A request failed.", exc_info=error)
    return Refusal(500, "The server failed. Its log says why.")
