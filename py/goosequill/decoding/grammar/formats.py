"""The formats of strings that JSON schemas can ask for, as patterns."""

from __future__ import annotations

_MONTHS = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8])"
)
_YEAR = r"(?:[1-9]\d{3}|0[1-9]\d\d|00[1-9]\d|000[1-9])"
_LEAP = r"(?:0[48]|[2468][048]|[13579][26])"
_DATE = rf"(?:{_YEAR}-(?:{_MONTHS})|(?:\d\d{_LEAP}|{_LEAP}00)-02-29)"
_HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = rf"{_HOUR}:[0-5]\d(?:\.\d{{1,6}})?(?:Z|[+-]{_HOUR})"
_HEX = "[0-9A-Fa-f]"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ENCODED = f"%{_HEX}{{2}}"
_HOST = rf"(?:[\w.~!$&'()*+,;=-]|{_ENCODED})"
_PATH = rf"(?:[\w.~!$&'()*+,;=:@/-]|{_ENCODED})*"
_ROOTED = rf"/?(?:[\w.~@-]|{_ENCODED}){_PATH}"
_TAIL = rf"(?:[\w.~!$&'()*+,;=:@/?-]|{_ENCODED})*"

FORMATS: dict[str, str] = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "uuid": f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}",
    "email": rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+",
    "ipv4": rf"{_BYTE}(?:\.{_BYTE}){{3}}",
    "uri": (
        rf"[A-Za-z][A-Za-z0-9+.-]*:(?://(?:{_HOST}*@)?{_HOST}+(?::\d+)?(?:/{_PATH})?|{_ROOTED})"
        rf"(?:\?{_TAIL})?(?:#{_TAIL})?"
    ),
}
r"""Name -> pattern, in which ``\w`` and ``\d`` are ASCII: RFC 3339 (from the year 1, without
leap seconds), RFC 4122, RFC 5321 (without quoted parts), RFC 791 and RFC 3986."""
