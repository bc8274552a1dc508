"""Why a request gets no answer, whatever was raised while it was answered."""

from __future__ import annotations

import logging

from goosequill.errors import GoosequillError
from goosequill.openai.http import Refusal
from goosequill.serve.scheduler import CancelledTaskError

LOG = logging.getLogger("goosequill.serve")


def refusal_of(error: Exception) -> Refusal:
    """Return the refusal for anything that was raised. What is not the request's fault goes into the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, CancelledTaskError):
        return Refusal(503, "The server is stopping.", code="stopping")
    if isinstance(error, GoosequillError):
        return Refusal.of(error)
    if isinstance(error, MemoryError):
        return Refusal(500, "The server ran out of memory. Try again with a shorter request.")
    LOG.error("A request failed.", exc_info=error)
    return Refusal(500, "The server failed. Its log says why.")
