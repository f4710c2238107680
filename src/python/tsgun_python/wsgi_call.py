"""One call of a WSGI app, whatever carries its request: PEP 3333 to the letter."""

from __future__ import annotations

import os
import struct
from typing import Any, Callable

from .asgi_head import BadAnswer, Head
from .describe_error import describe_error
from .error_page import ERROR_HEAD, ERROR_PAGE
from .frames import ABORT, DATA, END, FILE, HEADER, INFORM, MAGIC, RESPONSE
from .wsgi_file import FilePart, FileWrapper, part_of
from .wsgi_head import read_head
from .wsgi_transport import Transport

_FILE = struct.Struct("<QQ")
_SMALL = 64 * 1024
_BLOCK = 128 * 1024

Log = Callable[[str, str], None]


class WsgiCall:
    """`start_response`, `write`, and what the app returns, on their way to the gateway."""

    __slots__ = ("done", "environ", "has_body", "head", "head_sent", "log", "promised", "stream")
    __slots__ += ("transport",)

    def __init__(
        self, environ: dict[str, Any], transport: Transport, stream: int, log: Log
    ) -> None:
        self.environ = environ
        self.transport = transport
        self.stream = stream
        self.log = log
        self.head: Head | None = None
        self.head_sent = False
        # The answer is complete.
        self.done = False
        self.has_body = True
        # Bytes of its Content-Length that have not come.
        self.promised: int | None = None
        environ["wsgi.early_hints"] = self.hint

    def run(self, app: Any, sendfile: bool = True) -> None:
        """Nothing that the app raises gets any further."""
        pid = os.getpid()
        try:
            self._answer(app, sendfile)
        except ConnectionError as error:
            # The app's own connections may break as well.
            if not getattr(self.transport, "gone", True):
                self._fail(error)
            else:
                self.log("debug", f"{self._title()}: the client has left")
        except BaseException as error:
            self._fail(error)
        # Else it would take the collector of garbage to be rid of them and the body of the request.
        self.environ.pop("wsgi.early_hints", None)
        if os.getpid() != pid:
            os._exit(0)  # the app has forked, and its child has come back

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.head is not None:
            raise BadAnswer("start_response was called twice, and without exc_info")
        head = read_head(status, headers)
        self.head = head
        self.has_body = status[:3] not in ("204", "304")
        if self.environ["REQUEST_METHOD"] == "HEAD":
            self.has_body = False
        self.promised = head.length if self.has_body else None
        return self.write

    def write(self, data: bytes) -> None:
        """For the apps of long ago; it does not wait for more."""
        self._data(data)

    def hint(self, headers: list[tuple[str, str]]) -> None:
        """`wsgi.early_hints`, as Gunicorn has it."""
        if self.head_sent:
            return
        text = b"103 Early Hints" + read_head("200", list(headers)).text[4:]
        self._send(INFORM, 0, len(text), text)

    def _answer(self, app: Any, sendfile: bool) -> None:
        chunks = app(self.environ, self.start_response)
        try:
            if type(chunks) in (list, tuple) and not self.head_sent:
                self._all(chunks)
            elif isinstance(chunks, FileWrapper):
                self._file(chunks, sendfile)
            else:
                self._each(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def _all(self, chunks: Any) -> None:
        """What is there already is one frame when it is small."""
        try:
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        except TypeError:
            wrong = next(chunk for chunk in chunks if not isinstance(chunk, (bytes, bytearray)))
            raise BadAnswer(f"a body has to be bytes, not {type(wrong).__name__}") from None
        if type(body) is not bytes or len(body) > _SMALL:
            return self._each(chunks)
        head = self.head
        if head is None:
            raise BadAnswer("start_response was not called")
        if not self.has_body:
            body = b""
        elif head.length is not None and head.length != len(body):
            body = self._keep_promise(body)
            self._check_promise()
        text = head.text
        size = len(text)
        self.head_sent = self.done = True
        frame = HEADER.pack(MAGIC, RESPONSE, END, self.stream, size + len(body), size)
        self.transport.send(frame + text + body)

    def _each(self, chunks: Any) -> None:
        if isinstance(chunks, (str, bytes)) or not _is_iterable(chunks):
            kind = type(chunks).__name__
            raise BadAnswer(f"the app has returned {kind}, not an iterable of bytes")
        for chunk in chunks:
            if chunk or type(chunk) is not bytes:
                if self.done:
                    self._warn_of_surplus(len(chunk))
                    break  # there may be no end of it
                self._data(chunk)
        if not self.done:
            self._end()

    def _data(self, chunk: bytes) -> None:
        if not isinstance(chunk, bytes):
            raise BadAnswer(f"a body has to be bytes, not {type(chunk).__name__}")
        if self.head is None:
            raise BadAnswer("start_response was not called before the body")
        if not self.has_body or not chunk:
            return
        if self.promised is not None:
            chunk = self._keep_promise(chunk)
        size = len(chunk)
        for at in range(0, size, _BLOCK):
            # What has all of its length is complete, whatever the app does until it says so.
            flags = END if self.promised == 0 and at + _BLOCK >= size else 0
            self.done = flags == END
            part = chunk[at : at + _BLOCK]
            if self.head_sent:
                self._send(DATA, flags, 0, part)
            else:
                self._send_head(flags, part)

    def _end(self) -> None:
        if self.head is None:
            raise BadAnswer("start_response was not called")
        self._check_promise()
        self.done = True
        if self.head_sent:
            self._send(DATA, END, 0, b"")
        else:
            self._send_head(END, b"")

    def _file(self, wrapper: FileWrapper, sendfile: bool) -> None:
        if self.head is not None and not self.has_body and not self.head_sent:
            return self._end()  # there is no need to read it
        part = part_of(wrapper) if sendfile else None
        if part is None or self.head is None or self.head_sent:
            return self._each(wrapper)
        length = part.length if self.promised is None else min(part.length, self.promised)
        if length == 0:
            return self._each(wrapper)
        if self.promised is None:
            length_field = b"\nContent-Length\n%d" % length
            self.head = Head(self.head.text + length_field, self.head.count + 1, length)
            self.promised = length
        self._send_head(0, b"")
        if not self._offer(part._replace(length=length)):
            self._each(wrapper)
        elif self.promised > length:
            # The gateway cuts the answer off, and this says why.
            self.log("error", f"{self._title()}: the file is shorter than its Content-Length")

    def _offer(self, part: FilePart) -> bool:
        self._send(FILE, 0, part.descriptor, _FILE.pack(part.offset, part.length))
        self.done = self.transport.wait_for_file()
        return self.done

    def _keep_promise(self, chunk: bytes) -> bytes:
        promised = self.promised or 0
        if len(chunk) > promised:
            self._warn_of_surplus(len(chunk) - promised)
            chunk = chunk[:promised]
        self.promised = promised - len(chunk)
        return chunk

    def _warn_of_surplus(self, size: int) -> None:
        text = f"{self._title()}: the answer is {size} bytes longer than its Content-Length"
        self.log("warning", text)

    def _check_promise(self) -> None:
        if self.promised:
            raise BadAnswer(f"the answer is {self.promised} bytes shorter than its Content-Length")

    def _send_head(self, flags: int, body: bytes) -> None:
        text = self.head.text if self.head else b""
        self.head_sent = True
        self._send(RESPONSE, flags, len(text), text + body)

    def _send(self, kind: int, flags: int, code: int, payload: bytes) -> None:
        frame = HEADER.pack(MAGIC, kind, flags, self.stream, len(payload), code) + payload
        self.transport.send(frame)

    def _fail(self, error: BaseException) -> None:
        self.log("error", f"Error handling request {self._title()}{describe_error(error)}")
        if self.done:
            return
        try:
            if self.head_sent:
                self._send(ABORT, 0, 0, b"")
            else:
                self._send(RESPONSE, END, len(ERROR_HEAD), ERROR_HEAD + ERROR_PAGE)
        except ConnectionError:
            pass  # and it does not matter any more

    def _title(self) -> str:
        environ = self.environ
        return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _is_iterable(value: Any) -> bool:
    return hasattr(value, "__iter__") or hasattr(value, "__getitem__")
