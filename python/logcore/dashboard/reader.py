"""Reads the status topic into the board, on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from logcore._core import Consumer, KafkaError
from logcore.dashboard.board import Board

__all__ = ["Reader"]

_RECORDS = 20_000
_POLL_S = 0.2
_ENDS_EVERY_S = 2.0
_AGAIN_S = 1.0


class Reader:
    """Reads until it is closed. Where Kafka goes away the board says so, and reading goes on when it is back."""

    def __init__(self, consumer: Consumer, board: Board, say: Callable[[str], None]) -> None:
        self._consumer = consumer
        self._board = board
        self._say = say
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logcore-reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and the consumer."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        source = self._board.source
        first: dict[int, int] | None = None
        ends: dict[int, int] = {}
        asked = -_ENDS_EVERY_S
        while not self._stop.is_set():
            try:
                if time.monotonic() - asked >= _ENDS_EVERY_S:
                    ends = self._consumer.end_offsets()
                    asked = time.monotonic()
                    first = first or ends
                batch = self._consumer.poll(_RECORDS, _POLL_S)
                if batch is not None and batch.num_rows:
                    self._board.add(batch.column("key"), batch.column("value"))
                if not source.caught_up:
                    source.caught_up = self._consumer.at_end(first or {})
                positions = self._consumer.position()
            except KafkaError as error:
                text = " ".join(str(error).split())
                if source.error is None:
                    self._say(f"{text}; the page says so until it is back")
                source.error = text
                self._stop.wait(_AGAIN_S)
                continue
            if source.error is not None:
                self._say("Kafka is back")
                source.error = None
            source.behind = sum(max(end - positions.get(partition, 0), 0) for partition, end in ends.items())
