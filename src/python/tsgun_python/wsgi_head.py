"""Heads of answers of WSGI apps: checked, cleaned and in the words of the link."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

from .asgi_head import BadAnswer, Head

_FIELD = r"\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t \x21-\x7e\x80-\xff]*"
_HEAD = re.compile(r"[1-9]\d\d(?: [\t \x21-\x7e\x80-\xff]*)?(?:" + _FIELD + r")*\Z")
_ONE_FIELD = re.compile(_FIELD + r"\Z")

# They concern one connection, which is the gateway's (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer trailers"
    " transfer-encoding upgrade".split()
)

_MOST_KNOWN = 512
_LONGEST_KNOWN = 1024
_known: dict[str, Head] = {}


def read_head(status: Any, headers: Any) -> Head:
    """Takes what an app has told `start_response`; raises BadAnswer."""
    if type(headers) is not list:
        raise BadAnswer(f"the headers have to be a list, not {type(headers).__name__}")
    try:
        joined = "\n".join((status, *chain.from_iterable(headers)))
    except TypeError:
        raise BadAnswer(_why(status, headers)) from None
    head = _known.get(joined)
    # A line feed in a value makes two fields look like one that is known.
    if head is not None and head.count == len(headers):
        return head
    head = _check(joined, status, headers)
    if len(joined) <= _LONGEST_KNOWN:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[joined] = head
    return head


def _check(joined: str, status: str, headers: list[Any]) -> Head:
    count = len(headers)
    if joined.count("\n") != 2 * count or not _HEAD.match(joined):
        raise BadAnswer(_why(status, headers))
    if int(status[:3]) < 200:
        raise BadAnswer(f"no answer has the status {status!r}")
    kept = [status if len(status) > 3 else status + " "]
    length = None
    for field in headers:
        if not isinstance(field, (list, tuple)):
            raise BadAnswer(_why(status, headers))
        name, value = field
        lower = name.lower()
        if lower == "content-length":
            length = _length(value, length)
            if status.startswith("204"):
                continue
        if lower not in HOP_BY_HOP:
            kept += (name, value)
    return Head("\n".join(kept).encode("latin-1"), count, length)


def _length(value: str, before: int | None) -> int:
    if before is not None or not re.fullmatch(r"[0-9]{1,18}", value):
        raise BadAnswer(f"Content-Length has to be one number, not {value!r}")
    return int(value)


def _why(status: Any, headers: list[Any]) -> str:
    if not isinstance(status, str) or not _HEAD.match(status):
        return f"the status has to be a str such as '200 OK', not {status!r}"
    for field in headers:
        if not isinstance(field, (list, tuple)) or len(field) != 2:
            return f"a header has to be a name and a value, not {field!r}"
        name, value = field
        if not isinstance(name, str) or not isinstance(value, str):
            return f"name and value of a header have to be str: {name!r}, {value!r}"
        if "\n" in value or not _ONE_FIELD.match(f"\n{name}\n{value}"):
            return f"no header can be {name!r}: {value!r}"
    return "the headers make no sense"
