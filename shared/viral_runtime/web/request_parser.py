"""Parses requests strictly and within limits, with the body on disk instead of in memory."""

from dataclasses import dataclass
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import RequestHeaderFieldsTooLarge

_LONGEST_LINE = 8190
_MOST_HEADERS = 100
_BYTES_IN_MEMORY = 64 * 1024


@dataclass(frozen=True)
class Refused:
    """An error answer in place of a request; waitress's own errors have the same `code`."""

    code: HTTPStatus


class StoredBody:
    """The buffer of a body. Bodies too large for every route are only counted, so that the route can refuse them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._length = 0
        self._file: IO[bytes] = SpooledTemporaryFile(_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by `close`.

    @property
    def stored_bytes(self) -> int:
        """Its size in storage."""
        return self._length if self._length <= self._most_bytes else 0

    def append(self, data: bytes) -> None:
        """Store the next part."""
        self._length += len(data)
        if self._length <= self._most_bytes:
            self._file.write(data)
        else:
            self._file.seek(0)
            self._file.truncate()

    def __len__(self) -> int:
        return self._length

    def getfile(self) -> IO[bytes]:
        """The body from its start."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Free the storage."""
        self._file.close()


class StrictParser(HTTPRequestParser):  # type: ignore[misc]
    """An incoming request; `error` has its problem, if any."""

    error: Any
    body_rcv: Any
    header_plus: bytes

    def received(self, data: bytes) -> int:
        """Consume received data, and return how much of it belongs to this request."""
        consumed: int = super().received(data)
        if self.body_rcv is None and not self.headers_finished and self._has_long_line():
            self._refuse(self._name_long_line(self.header_plus))
        elif isinstance(self.error, RequestHeaderFieldsTooLarge):
            self.error = self._name_long_line(self.header_plus + data)
        elif self.chunked and not self.completed and self._has_long_framing():
            self._refuse(Refused(HTTPStatus.BAD_REQUEST))
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the header. Raises ParsingError."""
        lines = header_plus.split(b"\r\n")
        super().parse_header(header_plus)
        if self.body_rcv is not None:
            self.body_rcv.buf = StoredBody(self.adj.inbuf_overflow)
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("The version of HTTP is not supported")
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("The length is given twice")
        if len(lines) > _MOST_HEADERS + 1 or max(map(len, lines)) > _LONGEST_LINE:
            self._refuse(self._name_long_line(header_plus))

    @property
    def stored_bytes(self) -> int:
        """Stored size of the body so far."""
        return int(self.body_rcv.getbuf().stored_bytes) if self.body_rcv is not None else 0

    def _refuse(self, error: Refused) -> None:
        self.error = error
        self.completed = True

    def _has_long_line(self) -> bool:
        return len(self.header_plus) - (self.header_plus.rfind(b"\n") + 1) > _LONGEST_LINE

    def _has_long_framing(self) -> bool:
        framing = self.body_rcv.control_line, self.body_rcv.trailer
        return bool(max(map(len, framing)) > _LONGEST_LINE)

    def _name_long_line(self, head: bytes) -> Refused:
        if len(head.lstrip().split(b"\n", 1)[0]) > _LONGEST_LINE:
            return Refused(HTTPStatus.REQUEST_URI_TOO_LONG)
        return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
