"""The page over HTTP: its few files, and the answers to its questions as JSON."""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from logcore._core import STATUSES
from logcore.dashboard.board import EVERYTHING, WINDOWS, Board, Question

__all__ = ["QuestionError", "Server", "question_of"]

_PAGE = Path(__file__).parent / "page"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/health.js": ("health.js", "text/javascript; charset=utf-8"),
    "/chart.js": ("chart.js", "text/javascript; charset=utf-8"),
    "/uPlot.iife.min.js": ("uPlot.iife.min.js", "text/javascript; charset=utf-8"),
    "/uPlot.min.css": ("uPlot.min.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_HEADERS = {
    # Nothing comes from elsewhere and no markup of a log could run, even if one got past the page's care.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_IDLE_S = 30.0


class QuestionError(ValueError):
    """A view that can't be asked for; one line."""


def question_of(query: str) -> Question:
    """What the page asks: `window=300&status=bad,suspicious&path=device&code=null`. Raises QuestionError."""
    given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    window = given.get("window", "300")
    if window not in {str(each) for each in (*WINDOWS, EVERYTHING)}:
        raise QuestionError(f"window is one of {', '.join(map(str, WINDOWS))}, or {EVERYTHING} for all that was read")
    statuses = tuple(each for each in given.get("status", ",".join(STATUSES)).split(",") if each)
    if not set(statuses) <= set(STATUSES):
        raise QuestionError(f"status is a list of {', '.join(STATUSES)}")
    if ("path" in given) != ("code" in given):
        raise QuestionError("a reason has a path and a code")
    return Question(int(window), statuses, (given["path"], given["code"]) if "path" in given else None)


class Server:
    """Serves `board`, and what `health` answers, on `host`:`port` (0 takes any port) from its construction to `close`.

    Raises:
        OSError: the address can't be had.
    """

    def __init__(
        self, board: Board, health: Callable[[], Any], host: str, port: int, names: Iterable[str] = ()
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        files = {path: ((_PAGE / name).read_bytes(), kind) for path, (name, kind) in _FILES.items()}
        handler = partial(_Handler, board, health, files, frozenset(map(str.lower, (host, *names))))
        self._http = type("_Http", (_Http,), {"address_family": family})((host, port), handler)
        self._host = host

    @property
    def url(self) -> str:
        """Where the page is."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._http.server_address[1]}/"

    def serve(self) -> None:
        """Answers until `stop` is called from another thread."""
        self._http.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Ends `serve`."""
        self._http.shutdown()

    def close(self) -> None:
        """Gives the port back."""
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """A browser that goes away in mid-answer is no error; anything else is one of ours."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"logcore-dashboard: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "logcore"
    sys_version = ""
    timeout = _IDLE_S

    def __init__(
        self,
        board: Board,
        health: Callable[[], Any],
        files: dict[str, tuple[bytes, str]],
        names: frozenset[str],
        *args: Any,
    ) -> None:
        self._board = board
        self._health = health
        self._files = files
        self._names = names
        super().__init__(*args)

    def do_GET(self) -> None:
        self._answer(self._send)

    def do_HEAD(self) -> None:
        self._answer(partial(self._send, body=False))

    def _answer(self, send: Callable[[HTTPStatus, str, bytes], None]) -> None:
        host = _host_name(self.headers.get("Host", "")).lower()
        # A page of another site could have its own name point here, and read the logs in its user's browser.
        if host not in self._names and host != "localhost" and not _is_address(host):
            said = f"this page has no name {host[:100]}; --name NAME lets it have one\n"
            send(HTTPStatus.FORBIDDEN, _TEXT, said.encode())
            return
        try:
            status, kind, content = self._content()
        except QuestionError as error:
            status, kind, content = HTTPStatus.BAD_REQUEST, _TEXT, f"{error}\n".encode()
        except Exception as error:  # noqa: BLE001 - told to whoever asked, and to whoever runs it.
            print(f"logcore-dashboard: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            status, kind, content = HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"the view can't be made\n"
        send(status, kind, content)

    def _content(self) -> tuple[HTTPStatus, str, bytes]:
        """What is asked for. Raises QuestionError."""
        path, _, query = self.path.partition("?")
        if path in self._files:
            content, kind = self._files[path]
            return HTTPStatus.OK, kind, content
        if path == "/view":
            return HTTPStatus.OK, _JSON, _json(self._board.view(question_of(query)))
        if path == "/health":
            return HTTPStatus.OK, _JSON, _json(self._health())
        return HTTPStatus.NOT_FOUND, _TEXT, b"there is no such page\n"

    def _send(self, status: HTTPStatus, kind: str, content: bytes, *, body: bool = True) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """A question a second is no news."""


def _json(answer: Any) -> bytes:
    return json.dumps(answer, allow_nan=False).encode()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host_name(host: str) -> str:
    """`localhost` of `localhost:8080`, `::1` of `[::1]:8080`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
