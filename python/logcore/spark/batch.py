"""One micro-batch: pinned to a snapshot, judged once, written to both sinks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql.functions import col, count, when

from logcore.spark.adapter import Snapshot, Versions, judge_with, judged_schema

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from logcore.spark.snapshots import Snapshots

__all__ = ["STATUSES", "BatchProcessor", "BatchReport", "Sink", "Stopped"]

STATUSES = ("good", "bad", "suspicious")

Sink = Callable[["DataFrame"], object]
"""Writes judged rows and returns when they are safe. Called again for a batch that is replayed."""


@dataclass(frozen=True)
class BatchReport:
    """What became of a micro-batch: rows by status, seconds from its start to its last write."""

    batch_id: int
    counts: dict[str, int]
    seconds: float
    users_version: str
    replayed: bool

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        by_status = ", ".join(f"{self.counts[status]:,} {status}" for status in STATUSES)
        rate = self.rows / self.seconds if self.seconds > 0 else 0.0
        users = f", users {self.users_version}" if self.users_version else ""
        again = " (replayed)" if self.replayed else ""
        return f"batch {self.batch_id}{again}: {self.rows:,} rows ({by_status}), {rate:,.0f} rows/s{users}"


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
    sinks: list[Sink]
    report: Callable[[BatchReport], None]
    stop_asked: Callable[[], bool] = lambda: False
    failure: BaseException | None = None
    finished_batch: int = -1
    finished_batches: int = 0
    running: threading.Lock = field(default_factory=threading.Lock)
    _published: _Published | None = None

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
        if snapshot is None:
            snapshot = self.current()
            self.snapshots.pin(batch_id, snapshot)
        published = self._publish(logs, snapshot)
        judged = judge_with(logs, snapshot.versions, published.texts, published.schema)
        judged.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            # The first pass over the frame, so it is judged here and read from the cache by the sinks.
            counts = _count(judged)
            if any(counts.values()):
                for sink in self.sinks:
                    sink(judged)
        finally:
            judged.unpersist()
        self.report(BatchReport(batch_id, counts, time.monotonic() - began, snapshot.versions[1], replayed))

    def _publish(self, logs: DataFrame, snapshot: Snapshot) -> _Published:
        """The snapshot as the workers get it, broadcast once for all batches in a row that it is good for."""
        if self._published is None or self._published.versions != snapshot.versions:
            schema = judged_schema(snapshot)
            if self._published is not None:
                # No frame of an earlier batch is ever computed again.
                self._published.texts.destroy()
                self._published = None
            texts = logs.sparkSession.sparkContext.broadcast(snapshot.texts)
            self._published = _Published(snapshot.versions, texts, schema)
        return self._published


@dataclass(frozen=True)
class _Published:
    versions: Versions
    texts: Broadcast[tuple[str, str | None]]
    schema: StructType


def _count(judged: DataFrame) -> dict[str, int]:
    # One aggregate without groups ends in a single task, where groupBy would shuffle into two hundred.
    row = judged.agg(*[count(when(col("status") == status, 1)).alias(status) for status in STATUSES]).first()
    return {status: 0 if row is None else int(row[status]) for status in STATUSES}
