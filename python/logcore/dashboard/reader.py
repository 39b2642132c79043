"""Reads the status topic into the board, on a thread of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from logcore._core import Consumer, KafkaError
from logcore.dashboard.board import Board, Source

__all__ = ["Reader"]

_RECORDS = 20_000
_POLL_S = 0.2
_ENDS_EVERY_S = 2.0
_AGAIN_S = 1.0
_PATIENCE_S = 2.0


class Reader:
    """Reads until it is closed. Where Kafka goes away the board says so, and reading goes on when it is back."""

    def __init__(self, consumer: Consumer, board: Board, say: Callable[[str], None]) -> None:
        self._consumer = consumer
        self._board = board
        self._say = say
        self._asked = -_ENDS_EVERY_S
        self._ends: dict[int, int] | None = None
        self._first: dict[int, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logcore-reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and the consumer; where Kafka is away and doesn't answer, the process's end does that."""
        self._stop.set()
        self._thread.join(_PATIENCE_S)
        if not self._thread.is_alive():
            self._consumer.close()

    def _run(self) -> None:
        source = self._board.source
        while not self._stop.is_set():
            try:
                self._read_on(source)
            except KafkaError as error:
                text = " ".join(str(error).split())
                if source.error is None:
                    self._say(f"{text}; the page says so until it is back")
                source.error = text
                self._stop.wait(_AGAIN_S)
            except Exception as error:  # noqa: BLE001 - a thread that dies leaves a page that looks well.
                source.error = f"a batch was not counted: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
                self._say(source.error)
            else:
                if source.error is not None:
                    self._say("reading goes on")
                    source.error = None

    def _read_on(self, source: Source) -> None:
        """Reads one batch. Raises KafkaError where none can be had."""
        batch = self._consumer.poll(_RECORDS, _POLL_S)
        if batch is not None and batch.num_rows:
            self._board.add(batch.column("key"), batch.column("value"))
        if time.monotonic() - self._asked >= _ENDS_EVERY_S:
            self._asked = time.monotonic()
            # Not known for now, such as while a partition has no leader, it is asked again. The others are read on.
            with contextlib.suppress(KafkaError):
                self._ends = self._consumer.end_offsets()
        self._first = self._first or self._ends
        if self._first is not None and not source.caught_up:
            source.caught_up = self._consumer.at_end(self._first)
        if self._ends is not None:
            positions = self._consumer.position()
            source.behind = sum(max(end - positions.get(partition, 0), 0) for partition, end in self._ends.items())
