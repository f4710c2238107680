"""Frames of the link: the twin of src/protocol/link.ts, which says what they mean."""

from __future__ import annotations

import struct

# Magic, type, flags, stream, length of the payload, code.
HEADER = struct.Struct("<BBHIII")
HEADER_SIZE = HEADER.size
MAGIC = 0x75
LINK_VERSION = 1

MOST_BODY_BYTES = 256 * 1024
MOST_FRAME_BYTES = 2 * 1024 * 1024
INITIAL_CREDIT = 256 * 1024

HELLO, WELCOME, REST, IDLE = 1, 2, 3, 4
REQUEST, BODY, CANCEL, FILE_TAKEN = 16, 17, 18, 19
CREDIT, WS_MESSAGE, WS_CLOSE = 24, 25, 26
RESPONSE, DATA, INFORM, TRAILERS, FILE, ABORT, REJECT, WS_ACCEPT = range(32, 40)

# Flags.
END, TEXT, WEB_SOCKET = 1, 2, 4
