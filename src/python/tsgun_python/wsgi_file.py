"""`wsgi.file_wrapper`: a file that the gateway can send without us (PEP 3333)."""

from __future__ import annotations

import os
import stat
from typing import Any, Iterator, NamedTuple


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
    try:
        descriptor = wrapper.filelike.fileno()
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        offset = wrapper.filelike.tell()
    except (AttributeError, OSError, ValueError):  # io.UnsupportedOperation is the last two
        return None
    return FilePart(descriptor, offset, max(0, status.st_size - offset))
