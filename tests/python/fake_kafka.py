"""Topics that live in the test, and a Consumer of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from logcore import KafkaError

HEADERS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))


class Record(NamedTuple):
    """One message; `timestamp` in ms since 1970."""

    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 1_700_000_000_000


def record_batch(records: Sequence[Record]) -> pa.RecordBatch:
    """As `Consumer.poll` gives them."""
    return pa.record_batch(
        {
            "partition": pa.array([record.partition for record in records], pa.int32()),
            "offset": pa.array([record.offset for record in records], pa.int64()),
            "timestamp": pa.array([record.timestamp for record in records], pa.timestamp("ms", "UTC")),
            "key": pa.array([record.key for record in records], pa.binary()),
            "value": pa.array([record.value for record in records], pa.binary()),
            "headers": pa.array(
                [[{"key": key, "value": value} for key, value in record.headers] for record in records], HEADERS
            ),
        }
    )


class FakeConsumer:
    """Gives `records` in their order; `committed` has how many had been read at each commit."""

    def __init__(
        self, records: Sequence[Record], *, commit_faults: int = 0, ends: dict[int, int] | None = None
    ) -> None:
        self.records = list(records)
        self.read = 0
        self.committed: list[int] = []
        self.closed = False
        self.polled: list[int] = []
        self._commit_faults = commit_faults
        self._ends = ends

    def poll(self, max_records: int, timeout: float) -> Any | None:
        self.polled.append(max_records)
        chunk = self.records[self.read : self.read + max_records]
        self.read += len(chunk)
        return record_batch(chunk) if chunk else None

    def end_offsets(self) -> dict[int, int]:
        if self._ends is not None:
            return dict(self._ends)
        ends: dict[int, int] = {}
        for record in self.records:
            ends[record.partition] = max(ends.get(record.partition, 0), record.offset + 1)
        return ends

    def position(self) -> dict[int, int]:
        return {record.partition: record.offset + 1 for record in self.records[: self.read]}

    def at_end(self, ends: dict[int, int]) -> bool:
        return self.read == len(self.records)

    def commit(self) -> None:
        if self._commit_faults:
            self._commit_faults -= 1
            raise KafkaError("kafka: the commit got no answer")
        self.committed.append(self.read)

    def close(self) -> None:
        self.closed = True
