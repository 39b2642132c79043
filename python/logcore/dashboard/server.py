"""The page over HTTP: its few files, and the answers to its questions as JSON."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
_HEADERS = {
    # Nothing comes from elsewhere and no markup of a log could run, even if one got past the page's care.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOCAL = ("localhost", "127.0.0.1", "::1")
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

    def __init__(self, board: Board, health: Callable[[], Any], host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        files = {path: ((_PAGE / name).read_bytes(), kind) for path, (name, kind) in _FILES.items()}
        # A page of another site could otherwise have its name point here, and read the logs in its user's browser.
        names = None if host not in _LOCAL else _LOCAL
        handler = partial(_Handler, board, health, files, names)
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
        """A browser that goes away in mid-answer is no error."""


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
        names: tuple[str, ...] | None,
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
        parts = urlsplit(self.path)
        if self._names is not None and _host_name(self.headers.get("Host", "")) not in self._names:
            send(HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", b"this page is for localhost\n")
        elif parts.path in self._files:
            content, kind = self._files[parts.path]
            send(HTTPStatus.OK, kind, content)
        elif parts.path == "/view":
            try:
                view = self._board.view(question_of(parts.query))
            except QuestionError as error:
                send(HTTPStatus.BAD_REQUEST, "text/plain; charset=utf-8", f"{error}\n".encode())
            else:
                send(HTTPStatus.OK, "application/json", json.dumps(view).encode())
        elif parts.path == "/health":
            send(HTTPStatus.OK, "application/json", json.dumps(self._health()).encode())
        else:
            send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"there is no such page\n")

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


def _host_name(host: str) -> str:
    """`localhost` of `localhost:8080`, `::1` of `[::1]:8080`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
