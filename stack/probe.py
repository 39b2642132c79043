"""Does a service answer? Asked in its own protocol: an open port alone comes seconds before a service that works."""

from __future__ import annotations

import http.client
import socket
import struct
from typing import Callable

from stack.ports import HOST

__all__ = ["PROBES", "elasticsearch_answers", "kafka_answers", "mariadb_answers"]

_TIMEOUT_S = 2.0
_KAFKA_METADATA = 3
_MYSQL_PROTOCOL = 10
_LARGEST_ANSWER = 1 << 20


def kafka_answers(port: int) -> bool:
    """Whether the broker names at least one live broker when asked for metadata of no topic (Metadata, version 1)."""
    client = b"logcore-stack"
    request = struct.pack(f">hhih{len(client)}si", _KAFKA_METADATA, 1, 1, len(client), client, 0)
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", _read(connection, 4))
            if not 8 <= size <= _LARGEST_ANSWER:
                return False
            correlation, brokers = struct.unpack(">ii", _read(connection, size)[:8])
    except (OSError, EOFError):
        return False
    return bool(correlation == 1 and brokers > 0)


def mariadb_answers(port: int) -> bool:
    """Whether the server greets with a handshake packet, which it does only after its start-up SQL has run."""
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_S) as connection:
            return _read(connection, 5)[4] == _MYSQL_PROTOCOL
    except (OSError, EOFError):
        return False


def elasticsearch_answers(port: int) -> bool:
    """Whether the cluster is healthy enough to index (yellow: one node has nowhere to put replicas)."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


PROBES: dict[str, Callable[[int], bool]] = {
    "kafka": kafka_answers,
    "mariadb": mariadb_answers,
    "elasticsearch": elasticsearch_answers,
}
