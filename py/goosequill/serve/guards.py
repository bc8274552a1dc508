"""What a request has to be before it is read: for this host, with the key, JSON, and not too large."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request

from goosequill.errors import SettingsError
from goosequill.openai.http import MOST_BODY, Refusal, parse

BODY_SECONDS = 60
"""In which a request has to arrive."""
HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::[0-9]*)?", re.ASCII)
"""An IPv6 address in brackets, or another address or a name; and a port."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_host(request: Request, bound: str) -> None:
    """Refuse what is not ``name[:port]``, and other names of a server on loopback.

    A page of a name that its owner lets point to 127.0.0.1 (DNS rebinding) would otherwise be of the
    server's own origin, and could ask it anything.
    """
    host = request.headers.get("host")
    found = HOST.fullmatch(host or "")
    if is_loopback(bound) and not (found and is_loopback((found[1] or found[2]).lower())):
        raise Refusal(
            403,
            "This server only answers requests for localhost.",
            code="host",
        )
    if host is not None and not found:
        raise Refusal(400, "The header Host has to be a name or an address, with a port or without.")


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
    except ClientDisconnect as error:
        raise Refusal(400, "The client left before the whole body had arrived.") from error
    return parse(body)


async def _body(request: Request) -> bytes:
    """Return the body, or so much of it that it is refused."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY:
            break
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
