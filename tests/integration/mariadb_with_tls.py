"""A MariaDB of a test's own that speaks TLS, with a certificate made for 127.0.0.1 alone."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

from services import Stack
from stack.artifacts import Artifacts
from stack.layout import Layout
from stack.mariadb import MariaDB, socket_path
from stack.probe import PROBES
from stack.process import Command


@dataclass(frozen=True)
class TlsServer:
    """`certificate` is the server's own and its authority's; `other_authority` signed nothing."""

    port: int
    defaults_file: Path
    certificate: Path
    other_authority: Path


class _MariaDBWithTls(MariaDB):
    def _configuration(self) -> str:
        text = super()._configuration()
        assert "\nskip-ssl\n" in text
        return text.replace("\nskip-ssl\n", f"\nssl-cert = {self.home}/tls.pem\nssl-key = {self.home}/tls.key\n")


@contextmanager
def mariadb_with_tls(stack: Stack, folder: Path) -> Iterator[TlsServer]:
    """Runs one, its only user bound to TLS, from the files that `stack` fetched; nothing of it is left afterwards."""
    stack.port("mariadb")
    (fetched,) = Layout(stack.directory).artifacts.glob("*/")
    layout = Layout(folder)
    layout.create()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    service = _MariaDBWithTls(layout, Artifacts(fetched), port)
    service.prepare()
    certificate = _certificate(service.home / "tls", "IP:127.0.0.1")
    other_authority = _certificate(folder / "other", "DNS:elsewhere")
    initialisation = service.initialisation()
    assert initialisation is not None
    with _running(initialisation, folder / "initialisation.log") as process:
        assert process.wait(timeout=120) == 0, (folder / "initialisation.log").read_text()
    with _running(service.server(), folder / "server.log") as process:
        _require_tls(str(socket_path(layout)), port, process, folder / "server.log")
        yield TlsServer(port, layout.mysql_defaults, certificate, other_authority)


def _certificate(path: Path, name: str) -> Path:
    certificate = path.with_suffix(".pem")
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=logcore test"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(certificate)]
    subprocess.run([*request, "-addext", f"subjectAltName={name}", *files], check=True, capture_output=True, timeout=60)
    return certificate


@contextmanager
def _running(command: Command, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _require_tls(unix_socket: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not PROBES["mariadb"](port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    with closing(pymysql.connect(unix_socket=unix_socket, user="root")) as root, root.cursor() as cursor:
        cursor.execute("ALTER USER logcore@'%' REQUIRE SSL")
