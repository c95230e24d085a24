"""One HTTP GET under limits: time in all, bytes, redirects only to the same host, secrets never shown.

Standard library; no proxy is used. A server is reached by name and port, or by a socket in the file system.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

from traces.errors import InputError, one_line, quoted

WITHIN_S, MOST_BYTES, MOST_REDIRECTS = 10.0, 2**20, 3
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class HttpRequest:
    """What to ask for.

    url         : http or https, without a user's name or password in it
    headers     : sent along; never part of a message
    unix_socket : path of a socket to use in place of host and port; None: by the network
    within_s, most_bytes : limits of one answer, redirects included
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    unix_socket: str | None = None
    within_s: float = WITHIN_S
    most_bytes: int = MOST_BYTES


def checked_url(url: str, headers: Mapping[str, str], where: str) -> SplitResult:
    """The parts of a URL. InputError for one that would show a secret, or cannot be asked."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{one_line(error)}: no URL", where=where) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InputError(f"{quoted(shown(url), 80)} is no URL of http or https", where=where)
    if parts.username is not None or parts.password is not None:
        raise InputError("a name or password in the URL would be logged; send it as a header", where=where)
    if headers and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise InputError(
            f"{quoted(parts.hostname)} would get the secret of a header in clear text; use https",
            where=where,
        )
    return parts


def shown(url: str) -> str:
    """A URL for logs and messages: without its query, in which some services want their token."""
    return url.partition("?")[0].partition("#")[0]


def fetch(request: HttpRequest) -> bytes:
    """The body of a successful answer. InputError, with the URL as its place, for everything else."""
    where = shown(request.url)
    timer = _Limit(request.within_s)
    url, redirects = request.url, 0
    try:
        while True:
            parts = checked_url(url, request.headers, where)
            status, location, body = _get(parts, request, timer)
            if status == 200:
                return body
            if status not in _REDIRECTS or not location:
                raise InputError(f"the server answers with status {status}", where=where)
            target = urljoin(url, location)
            if _origin(urlsplit(target)) != _origin(parts):
                raise InputError(
                    f"is redirected to another host ({quoted(shown(target), 80)}), which is not followed",
                    where=where,
                )
            redirects += 1
            if redirects > MOST_REDIRECTS:
                raise InputError(f"is redirected more than {MOST_REDIRECTS} times", where=where)
            url = target
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        if timer.over:
            raise InputError(f"no whole answer within {request.within_s:g} s", where=where) from None
        raise InputError(
            f"cannot be asked ({one_line(error, 120) or type(error).__name__})", where=where
        ) from None
    finally:
        timer.stop()


class _Limit:
    """Ends a connection when time is up, however slowly its bytes come."""

    def __init__(self, within_s: float) -> None:
        self.within_s, self.over = within_s, False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(within_s, self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connected: socket.socket) -> None:
        self._sockets.append(connected)
        if self.over:
            self._end()

    def stop(self) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _get(parts: SplitResult, request: HttpRequest, limit: _Limit) -> tuple[int, str, bytes]:
    """Status, the header Location and the body of one answer."""
    connection = _connection(parts, request)
    try:
        connection.connect()
        limit.watch(connection.sock)
        path = parts.path or "/"
        connection.request(
            "GET", f"{path}?{parts.query}" if parts.query else path, headers=dict(request.headers)
        )
        answer = connection.getresponse()
        location = answer.getheader("Location") or ""
        body = answer.read(request.most_bytes + 1)
        if limit.over:
            raise TimeoutError
        if answer.length and len(body) <= request.most_bytes:  # `read` with a length says nothing of it
            raise http.client.IncompleteRead(body, answer.length)
        if len(body) > request.most_bytes:
            raise InputError(f"answers with more than {request.most_bytes:,} bytes", where=shown(request.url))
        return answer.status, location, body
    finally:
        connection.close()


def _connection(parts: SplitResult, request: HttpRequest) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if request.unix_socket is not None:
        return _UnixConnection(host, request.unix_socket, request.within_s)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=request.within_s, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, parts.port, timeout=request.within_s)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP by a socket in the file system."""

    def __init__(self, host: str, path: str, timeout_s: float) -> None:
        super().__init__(host, timeout=timeout_s)
        self._path, self._timeout_s = path, timeout_s

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(self._path)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port; a change of any is another host."""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
