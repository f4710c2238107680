"""`wsgi.file_wrapper`: a file that the gateway can send without us (PEP 3333)."""

from __future__ import annotations

import io
import os
import stat
from typing import Any, Iterator, NamedTuple

_MOST_WRAPPERS = 3


class FileWrapper:
    """As any app may use it that knows nothing of us; read in blocks where it is no real file."""

    def __init__(self, filelike: Any, blksize: int = 64 * 1024) -> None:
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Iterator[bytes]:
        while True:
            block = self.filelike.read(self.blksize)
            if not block:
                return
            yield block


class FilePart(NamedTuple):
    """What is to be sent of an open file."""

    descriptor: int
    offset: int
    length: int


def part_of(wrapper: FileWrapper) -> FilePart | None:
    """From where the app has read to; None when only Python knows how to read it."""
    file = _plain_file(wrapper.filelike)
    if file is None:
        return None
    try:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        offset = file.tell()
    except (OSError, ValueError):  # it is closed, or cannot tell
        return None
    return FilePart(descriptor, offset, max(0, status.st_size - offset))


def _plain_file(filelike: Any) -> Any:
    """What it reads, if just that is on the disk: a GzipFile has the descriptor of other bytes."""
    for _ in range(_MOST_WRAPPERS):
        if type(filelike) in (io.BufferedReader, io.BufferedRandom):
            return filelike if type(filelike.raw) is io.FileIO else None
        if type(filelike) is io.FileIO:
            return filelike
        filelike = getattr(filelike, "file", None)  # temporary files, and Django's
    return None
