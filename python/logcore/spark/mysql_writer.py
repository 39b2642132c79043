"""The MySQL sink as it runs in Spark's workers: one connection a process, and patience where the server restarts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from logcore._core import Mysql, MysqlError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_batches"]

# Seconds between attempts: a server that restarts is back within this minute; one that stays away fails the batch,
# which the checkpoint replays.
_WAITS_S = (0.2, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)

# The first error of a server that answers may be a deadlock with another task or a connection that went stale; an
# error that comes back is none of these.
_ATTEMPTS_WHILE_ANSWERING = 3

_servers: dict[tuple[tuple[str, Any], ...], Mysql] = {}


def write_batches(batches: Iterable[pa.RecordBatch], connection: Mapping[str, Any]) -> int:
    """Upserts judged rows, each batch again where that helps (an upsert may be repeated); the rows sent.

    Raises MysqlError where the server stays away for a minute or refuses the rows.
    """
    return sum(_write(batch, connection) for batch in batches)


def _write(batch: pa.RecordBatch, connection: Mapping[str, Any]) -> int:
    refusals = 0
    waits = iter(_WAITS_S)
    while True:
        try:
            return _server(connection).write(batch)
        except MysqlError:
            # A new connection next time, whatever was wrong with this one.
            _servers.clear()
            refusals += _answers(connection)
            wait = next(waits, None)
            if wait is None or refusals >= _ATTEMPTS_WHILE_ANSWERING:
                raise
            time.sleep(wait)


def _server(connection: Mapping[str, Any]) -> Mysql:
    key = tuple(sorted(connection.items()))
    if key not in _servers:
        _servers[key] = Mysql(**connection)
    return _servers[key]


def _answers(connection: Mapping[str, Any]) -> bool:
    try:
        Mysql(**connection).ping()
    except MysqlError:
        return False
    return True
