"""The data plane in Rust: Spark plans, schedules, checkpoints and retries; the records never pass through the JVM."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logcore._core import topic_offsets
from logcore.spark.adapter import Snapshot, Texts, Versions
from logcore.spark.batch import STATUSES, Moved
from logcore.spark.planned_ranges import PlannedRange, divide, planned_ranges, query_id
from logcore.spark.range_worker import DONE_SCHEMA, Move, move_tasks

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, Row

    from logcore.spark.snapshots import Files, Plan

__all__ = ["RustPlane"]


@dataclass
class RustPlane:
    """Moves the ranges that Spark has planned. `config` holds librdkafka's properties, `mysql` the arguments of
    `logcore.Mysql`, None without tables; `tasks` is how many there may be at a time."""

    checkpoint: Files
    brokers: str
    input: str
    output: str
    tasks: int
    config: Mapping[str, str] = field(repr=False)
    mysql: Mapping[str, Any] | None = field(repr=False)
    _published: tuple[Versions, Broadcast[Texts]] | None = None

    def plan(self, batch_id: int, pinned: Plan | None) -> Plan:
        """The ranges of the batch, in tasks. What is pinned for the same ranges is kept, and what is done of it counts.

        Raises CheckpointError, ProcessorError, KafkaError.
        """
        pinned_starts = {int(partition): start for partition, start in ((pinned or {}).get("starts") or {}).items()}
        ranges, starts = planned_ranges(self.checkpoint, batch_id, self.input, pinned_starts, self._earliest)
        listed = [_listed(each) for each in ranges]
        if pinned is not None and pinned.get("ranges") == listed:
            return pinned
        return {
            "batch": batch_id,
            "id": uuid.uuid4().hex[:16],
            "ranges": listed,
            "starts": {str(partition): start for partition, start in starts.items()},
            "tasks": [[_listed(each) for each in task] for task in divide(ranges, self.tasks)],
        }

    def move(self, logs: DataFrame, snapshot: Snapshot, plan: Plan | None) -> Moved:
        """Has the planned tasks done; `logs` is not looked at."""
        tasks = tuple(tuple((p, start, until) for p, start, until in task) for task in (plan or {}).get("tasks", ()))
        if plan is None or not tasks:
            return Moved(dict.fromkeys(STATUSES, 0), size=0)
        move = Move(
            brokers=self.brokers,
            input=self.input,
            output=self.output,
            query=query_id(self.checkpoint),
            batch=plan["batch"],
            plan=plan["id"],
            tasks=tasks,
            config=self.config,
            mysql=self.mysql,
        )
        versions, texts = snapshot.versions, self._publish(logs, snapshot)

        def move_in_worker(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return move_tasks(batches, move, versions, texts)

        numbers = logs.sparkSession.range(0, len(tasks), 1, len(tasks))
        done = numbers.mapInArrow(move_in_worker, DONE_SCHEMA).collect()
        counts = {status: sum(row[status] for row in done) for status in STATUSES}
        return Moved(counts, _lag(done), sum(row["bytes"] for row in done))

    def _publish(self, logs: DataFrame, snapshot: Snapshot) -> Broadcast[Texts]:
        if self._published is None or self._published[0] != snapshot.versions:
            if self._published is not None:
                self._published[1].destroy()
                self._published = None
            self._published = (snapshot.versions, logs.sparkSession.sparkContext.broadcast(snapshot.texts))
        return self._published[1]

    def _earliest(self) -> dict[int, int]:
        offsets = topic_offsets(self.brokers, self.input, config=dict(self.config))
        return {partition: first for partition, (first, _) in offsets.items()}


def _listed(each: PlannedRange) -> list[int]:
    return [each.partition, each.start, each.until]


def _lag(done: list[Row]) -> int:
    """How many offsets lay behind the batch when it was read."""
    behind: dict[int, tuple[int, int]] = {}
    for row in done:
        end, until = behind.get(row.partition, (0, 0))
        behind[row.partition] = (max(end, row.log_end), max(until, row.until))
    return sum(max(end - until, 0) for end, until in behind.values())
