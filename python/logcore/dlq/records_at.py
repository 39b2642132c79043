"""Fetches the records at given offsets of a partition: in one pass where they lie near each other, else in several."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from logcore._core import Consumer, KafkaError, topic_offsets
from logcore.dlq.reading import batches, reading_config

__all__ = ["Bounds", "Fetched", "bounds", "records_at", "runs"]

Bounds = dict[int, tuple[int, int]]
"""By partition the first offset, and the one after the last."""

_NEAR = 50_000
"""Offsets that are nearer than that are read in one pass: as many records take as long as a new consumer does."""


class Fetched(NamedTuple):
    """A whole record; `timestamp` in ms since 1970."""

    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        content = [self.key, self.value, *(value for _, value in self.headers)]
        return sum(map(len, filter(None, content))) + sum(len(name) for name, _ in self.headers)


def bounds(brokers: str, topic: str, config: Mapping[str, str]) -> Bounds:
    """Where the topic's partitions begin and end; none at all where there is no such topic. Raises KafkaError."""
    try:
        return topic_offsets(brokers, topic, config=dict(config))
    except KafkaError as error:
        if f"topic {topic} does not exist" in str(error):
            return {}
        raise


def records_at(
    brokers: str, topic: str, partition: int, offsets: Sequence[int], within: Bounds, config: Mapping[str, str]
) -> Iterator[tuple[int, Fetched | None]]:
    """Each of `offsets`, which ascend, with its record; None where there is none (any more), or none that is committed.

    `within` is the topic's. Raises KafkaError.
    """
    first, end = within.get(partition, (0, 0))
    low, high = bisect_left(offsets, first), bisect_left(offsets, end)
    yield from ((offset, None) for offset in offsets[:low])
    for run in runs(offsets[low:high]):
        yield from _run(brokers, topic, partition, run, config)
    yield from ((offset, None) for offset in offsets[high:])


def runs(offsets: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cuts ascending offsets where they are far from each other."""
    begin = 0
    for at in range(1, len(offsets)):
        if offsets[at] - offsets[at - 1] > _NEAR:
            yield offsets[begin:at]
            begin = at
    if offsets:
        yield offsets[begin:]


def _run(
    brokers: str, topic: str, partition: int, offsets: Sequence[int], config: Mapping[str, str]
) -> Iterator[tuple[int, Fetched | None]]:
    consumer = Consumer(brokers=brokers, topic=topic, start={partition: offsets[0]}, config=reading_config(config))
    try:
        at = 0
        for batch in batches(consumer, topic, {partition: offsets[-1] + 1}):
            for offset, record in _of(batch, offsets):
                while offsets[at] < offset:
                    yield offsets[at], None
                    at += 1
                yield offset, record
                at += 1
        yield from ((offset, None) for offset in offsets[at:])
    finally:
        consumer.close()


def _of(batch: Any, offsets: Sequence[int]) -> Iterator[tuple[int, Fetched]]:
    """The records of the batch, of one partition, that are at `offsets`."""
    column = batch.column("offset")
    low = bisect_left(offsets, column[0].as_py())
    high = bisect_right(offsets, column[batch.num_rows - 1].as_py())
    if low == high:
        return
    chosen = pc.is_in(column, value_set=pa.array(offsets[low:high], pa.int64()))
    # Numbers: a timestamp may be none that Python has a date for.
    times = batch.column("timestamp").cast("int64").filter(chosen).to_pylist()
    columns = (batch.column(name).filter(chosen).to_pylist() for name in ("offset", "key", "value", "headers"))
    for timestamp, offset, key, value, headers in zip(times, *columns):
        yield offset, Fetched(timestamp, key, value, tuple((header["key"], header["value"]) for header in headers))
