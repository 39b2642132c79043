"""A proxy in front of Elasticsearch that can be told to refuse bulk requests, or to be away."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class FaultyProxy:
    """`refusals` are the statuses of the next bulk requests; of `lost` more the answers are lost, not the requests.

    While `away` is set, every connection is closed without an answer.
    """

    def __init__(self, url: str) -> None:
        self.target = urlsplit(url).netloc
        self.refusals: list[int] = []
        self.lost = 0
        self.away = threading.Event()
        self.bulks = 0
        self.passed = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_fault(self, path: str) -> int | None:
        """The status for this request, 0 for a lost answer, None if it goes through."""
        if not path.split("?", maxsplit=1)[0].endswith("/_bulk"):
            return None
        with self._lock:
            self.bulks += 1
            if self.refusals:
                return self.refusals.pop(0)
            if self.lost:
                self.lost -= 1
                return 0
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed says nothing about the proxy."""


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultyProxy
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.proxy.away.is_set():
            self._hang_up()
            return
        fault = self.proxy.next_fault(self.path)
        if fault:
            self._answer(fault, {"content-type": "text/plain", "x-elastic-product": "Elasticsearch"}, b"scripted")
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        # Closed whatever it raises: Elasticsearch may be frozen or away, and what nobody closes fails a later test.
        with closing(http.client.HTTPConnection(self.proxy.target, timeout=60)) as upstream:
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            content = answer.read()
        if fault == 0 or self.proxy.away.is_set():
            self._hang_up()
            return
        kept = ("content-type", "x-elastic-product")
        self._answer(answer.status, {name: answer.headers[name] for name in kept if name in answer.headers}, content)
        if self.path.split("?")[0].endswith("/_bulk"):
            self.proxy.passed.set()

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _pass_on  # noqa: N815

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Says nothing."""
