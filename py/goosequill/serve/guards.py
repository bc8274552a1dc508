"""What a request has to be before it is read: for this host, with the key, JSON, and not too large."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from goosequill import bounded_json
from goosequill.errors import SettingsError
from goosequill.serve.refusal import Refusal

MOST_BODY = 4_000_000
"""Bytes of a request."""
MOST_VALUES = 200_000
"""Values in its JSON."""
BODY_SECONDS = 60
"""In which it has to arrive."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_host(request: Request, bound: str) -> None:
    """Refuse other names of a server on loopback.

    A page of a name that its owner lets point to 127.0.0.1 (DNS rebinding) would otherwise be of the
    server's own origin, and could ask it anything.
    """
    if not is_loopback(bound):
        return
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        name = ""
    if not is_loopback(name):
        raise Refusal(
            403,
            "This server only answers requests for localhost.",
            code="host",
        )


def check_key(request: Request, key: str) -> None:
    """Refuse a request without the key, in a time that does not depend on what it has instead."""
    if not key:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("latin-1")  # as headers are decoded
    digests = [hashlib.sha256(text).digest() for text in (sent, key.encode())]
    if scheme.lower() != "bearer" or not hmac.compare_digest(*digests):
        raise Refusal(
            401,
            "The key is missing or wrong.",
            code="api-key",
            headers={"WWW-Authenticate": "Bearer"},
        )


async def read_json(request: Request) -> Mapping[str, Any]:
    """Return a request's JSON object, within bounds.

    The content type has to be JSON: a page of another origin can only send that after the browser has asked
    whether it may.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "The body has to be JSON, sent as Content-Type: application/json.")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(request)
    except TimeoutError as error:
        raise Refusal(408, "The body did not arrive in time. Send it again.") from error
    try:
        found = bounded_json.parse(body, most=MOST_VALUES)
    except ValueError as error:
        raise Refusal(400, f"The body is not JSON that can be read: {error}.") from error
    if not isinstance(found, dict):
        raise Refusal(400, "The body has to be a JSON object.")
    return found


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY:
            raise Refusal(
                413,
                f"The body has more than {MOST_BODY:,} bytes. Send less at once.",
                headers={"Connection": "close"},
            )
    return bytes(body)


def origin_of(address: str) -> str:
    """Return the origin of a page's address, ``scheme://host[:port]``, as browsers send it.

    Raises
    ------
    SettingsError
        ``serve-origin``: it is not an address that begins with http:// or https://.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{address[:80]!r} is not the address of a page.", code="serve-origin")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{name}" + ("" if is_usual else f":{port}")
