"""Sends or takes a body over a bare socket: cheap, so that the server is what is measured.

Arguments: up or down, the port, and how many MiB.
"""

from __future__ import annotations

import socket
import sys

PIECE = 1 << 20


def read_head(sock: socket.socket) -> bytes:
    """The head of the answer, and what came of its body with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65_536)
        assert more, "no answer"
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200"), head
    return body


def upload(sock: socket.socket, count: int) -> None:
    length = count * PIECE
    head = f"POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    sock.sendall(head.encode())
    piece = bytes(PIECE)
    for _ in range(count):
        sock.sendall(piece)
    body = read_head(sock)
    while more := sock.recv(65_536):
        body += more
    assert str(length).encode() in body, body


def download(sock: socket.socket, count: int) -> None:
    head = f"GET /?{count} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
    sock.sendall(head.encode())
    total = len(read_head(sock))
    buffer = bytearray(PIECE)
    while taken := sock.recv_into(buffer):
        total += taken
    assert total == count * PIECE, total


with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as connection:
    {"up": upload, "down": download}[sys.argv[1]](connection, int(sys.argv[3]))
