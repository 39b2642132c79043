"""One micro-batch: pinned to a snapshot, then moved by one of the data planes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from logcore.spark.adapter import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from logcore.spark.snapshots import Plan, Snapshots

__all__ = ["STATUSES", "BatchProcessor", "BatchReport", "Moved", "Plane", "Stopped"]

STATUSES = ("good", "bad", "suspicious")


@dataclass(frozen=True)
class Moved:
    """Rows by status; how many logs were on the topic behind them, and their bytes, where that is known."""

    counts: dict[str, int]
    lag: int | None = None
    size: int | None = None


class Plane(Protocol):
    """What carries the logs of a micro-batch to where their verdicts go."""

    def plan(self, batch_id: int, pinned: Plan | None) -> Plan | None:
        """What is to be moved, where that is not the rows of the frame; `pinned` is what an earlier try of the batch
        had planned. Pinned with the batch before anything is written."""

    def move(self, logs: DataFrame, snapshot: Snapshot, plan: Plan | None) -> Moved:
        """Judges the batch by the snapshot and returns when all is written. Called again for one that is replayed."""


@dataclass(frozen=True)
class BatchReport:
    """What became of a micro-batch: rows by status, seconds from its start to its last write; how many logs were on the
    topic behind it, and the bytes of its own, where that is known."""

    batch_id: int
    counts: dict[str, int]
    seconds: float
    users_version: str
    replayed: bool
    lag: int | None = None
    size: int | None = None

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        by_status = ", ".join(f"{self.counts[status]:,} {status}" for status in STATUSES)
        rate = self.rows / self.seconds if self.seconds > 0 else 0.0
        users = f", users {self.users_version}" if self.users_version else ""
        again = " (replayed)" if self.replayed else ""
        lag = "" if self.lag is None else f", lag {self.lag:,}"
        return f"batch {self.batch_id}{again}: {self.rows:,} rows ({by_status}), {rate:,.0f} rows/s{lag}{users}"


class Stopped(Exception):
    """A batch came after the processor was asked to stop; nothing of it was written."""


@dataclass
class BatchProcessor:
    """The function for `foreachBatch`. `current` gives the snapshot for a batch that is new, `report` gets the outcome.

    `failure` is the error that ended the query, if one of its own did; `finished_batch` the last that went through,
    `finished_batches` how many did.
    """

    snapshots: Snapshots
    current: Callable[[], Snapshot]
    plane: Plane
    report: Callable[[BatchReport], None]
    stop_asked: Callable[[], bool] = lambda: False
    failure: BaseException | None = None
    finished_batch: int = -1
    finished_batches: int = 0
    running: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, logs: DataFrame, batch_id: int) -> None:
        with self.running:
            try:
                if self.stop_asked():
                    raise Stopped
                self._process(logs, batch_id)
                self.finished_batch = batch_id
                self.finished_batches += 1
            except BaseException as error:
                self.failure = error
                raise

    def _process(self, logs: DataFrame, batch_id: int) -> None:
        began = time.monotonic()
        snapshot = self.snapshots.pinned(batch_id)
        replayed = snapshot is not None
        pinned_plan = self.snapshots.plan(batch_id) if replayed else None
        plan = self.plane.plan(batch_id, pinned_plan)
        if snapshot is None or plan != pinned_plan:
            snapshot = self.current() if snapshot is None else snapshot
            self.snapshots.pin(batch_id, snapshot, plan)
        moved = self.plane.move(logs, snapshot, plan)
        seconds = time.monotonic() - began
        users_version = snapshot.versions[1]
        self.report(BatchReport(batch_id, moved.counts, seconds, users_version, replayed, moved.lag, moved.size))
