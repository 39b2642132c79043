"""The data plane of Spark itself: it reads the rows, Python's workers judge them, Spark writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql.functions import col, count, when

from logcore.spark.adapter import Snapshot, Texts, Versions, judge_with, judged_schema
from logcore.spark.batch import STATUSES, Moved

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from logcore.spark.snapshots import Plan

__all__ = ["Sink", "SparkPlane"]

Sink = Callable[["DataFrame"], object]
"""Writes judged rows and returns when they are safe. Called again for a batch that is replayed."""


@dataclass
class SparkPlane:
    """Judges the frame's rows once and hands them to each sink."""

    sinks: list[Sink]
    _published: _Published | None = None

    def plan(self, batch_id: int, pinned: Plan | None) -> Plan | None:
        """None: the frame says what is to be read. A plan of the other plane stays as it is."""
        del batch_id
        return pinned

    def move(self, logs: DataFrame, snapshot: Snapshot, plan: Plan | None) -> Moved:
        """Judges and writes the rows of `logs`."""
        del plan
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
        return Moved(counts)

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
    texts: Broadcast[Texts]
    schema: StructType


def _count(judged: DataFrame) -> dict[str, int]:
    # One aggregate without groups ends in a single task, where groupBy would shuffle into two hundred.
    row = judged.agg(*[count(when(col("status") == status, 1)).alias(status) for status in STATUSES]).first()
    return {status: 0 if row is None else int(row[status]) for status in STATUSES}
