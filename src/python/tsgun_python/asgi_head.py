"""Heads of answers: checked, cleaned and in the words of the link."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any


class BadAnswer(Exception):
    """What the app says cannot be an answer."""


class Head:
    """A head as it goes over the link; apps send the same ones again and again."""

    __slots__ = ("count", "length", "text")

    def __init__(self, text: bytes, count: int, length: int | None) -> None:
        self.text = text
        # Fields, as the app gave them.
        self.count = count
        # Its Content-Length.
        self.length = length


_FIELD = rb"\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t \x21-\x7e\x80-\xff]*"
_HEAD = re.compile(rb"\d{3} (?:" + _FIELD + rb")*\Z")
_ONE_FIELD = re.compile(_FIELD + rb"\Z")

# They concern one connection, which is the gateway's (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    )
)

_MOST_KNOWN = 512
_LONGEST_KNOWN = 1024
_known: dict[bytes, Head] = {}


def read_head(status: Any, headers: Any) -> Head:
    """Takes `status` and `headers` of a message; raises BadAnswer."""
    if type(headers) is not list:
        headers = list(headers)
    try:
        joined = b"\n".join((b"%d " % status, *chain.from_iterable(headers)))
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


def read_fields(headers: Any) -> bytes:
    """The same without a status, for trailers."""
    head = read_head(200, headers)
    return head.text[5:]


def _check(joined: bytes, status: Any, headers: list[Any]) -> Head:
    count = len(headers)
    if type(status) is bool or joined.count(b"\n") != 2 * count or not _HEAD.match(joined):
        raise BadAnswer(_why(status, headers))
    fields = joined.split(b"\n")
    names = [name.lower() for name in fields[1::2]]
    length = _content_length(names, fields)
    dropped = b"content-length" if joined[:3] == b"204" else b""
    if dropped not in names and _HOP_BY_HOP.isdisjoint(names):
        return Head(joined, count, length)
    kept = [fields[0]]
    for index, name in enumerate(names):
        if name not in _HOP_BY_HOP and name != dropped:
            kept += fields[1 + 2 * index : 3 + 2 * index]
    return Head(b"\n".join(kept), count, length)


def _content_length(names: list[bytes], fields: list[bytes]) -> int | None:
    lengths = [fields[2 + 2 * at] for at, name in enumerate(names) if name == b"content-length"]
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(rb"\d{1,18}", lengths[0]):
        raise BadAnswer("Content-Length has to be one number, not " + repr(b", ".join(lengths)))
    return int(lengths[0])


def _why(status: Any, headers: list[Any]) -> str:
    if type(status) is not int or not 100 <= status <= 999:
        return f"the status has to be a number of three digits, not {status!r}"
    for field in headers:
        if not isinstance(field, (list, tuple)) or len(field) != 2:
            return f"a header has to be a name and a value, not {field!r}"
        name, value = field
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            return f"name and value of a header have to be bytes: {name!r}, {value!r}"
        if not _ONE_FIELD.match(b"\n" + name + b"\n" + value) or b"\n" in value:
            return f"no header can be {name!r}: {value!r}"
    return "the headers make no sense"
