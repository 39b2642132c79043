"""Finds logs by their status records. What a log was judged last counts: one that is good by now is no dead letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from logcore._core import Consumer
from logcore.dlq.moments import CLOCKS_MS
from logcore.dlq.place import Place, place_of
from logcore.dlq.progress import Progress
from logcore.dlq.reading import batches, reading_config, rows_with_header, rows_with_key, rows_without_header
from logcore.dlq.status_record import STATUS_HEADER, Reason, status_record
from logcore.reason_filter import ReasonFilter

__all__ = ["Criteria", "Letter", "Selection", "select"]


class Letter(NamedTuple):
    """A log that was found. Times are in ms since 1970: its own, and its status record's, which is at this partition
    and offset of the status topic."""

    reasons: tuple[Reason, ...]
    logged: int | None
    judged: int | None
    partition: int
    offset: int


@dataclass(frozen=True)
class Criteria:
    """Which logs: of this status (None: any), with any of these reasons (none: any), not before `since`, with a key
    among `keys` (None: any)."""

    status: str | None = "bad"
    reasons: Sequence[ReasonFilter] = ()
    since: int | None = None
    keys: frozenset[bytes] | None = None


@dataclass
class Selection:
    """The logs by their keys, as they came, and how many records were none of the pipeline's."""

    letters: dict[bytes, Letter] = field(default_factory=dict)
    foreign: int = 0

    def places(self) -> dict[Place, Letter]:
        """The logs by their places."""
        named = ((place_of(key.decode("ascii")), letter) for key, letter in self.letters.items())
        return {place: letter for place, letter in named if place is not None}


def select(
    brokers: str, topic: str, criteria: Criteria, config: Mapping[str, str], progress: Progress, *, start: int | None
) -> Selection:
    """Reads the status topic to its end, from `start` (ms since 1970; None: its beginning), or from the criteria's time
    where that is later.

    A log's status record may be dated before the log, but only by what the clocks of two machines differ.

    Raises:
        KafkaError: it can't be read.
    """
    begins = [at for at in (start, criteria.since) if at is not None]
    consumer = Consumer(
        brokers=brokers,
        topic=topic,
        start=max(max(begins) - CLOCKS_MS, 0) if begins else "earliest",
        config=reading_config(config),
    )
    try:
        taker = _Taker(topic, criteria)
        for batch in batches(consumer, topic, consumer.end_offsets()):
            taker.take(batch)
            progress.add(f"topic {topic}", batch.num_rows)
        return taker.found
    finally:
        consumer.close()


class _Taker:
    def __init__(self, topic: str, criteria: Criteria) -> None:
        self.found = Selection()
        self._topic = topic
        self._criteria = criteria
        # Most logs are bad for one of a few reasons.
        self._reasons: dict[tuple[Reason, ...], tuple[Reason, ...]] = {}

    def take(self, batch: Any) -> None:
        letters, chosen = self.found.letters, self._chosen(batch)
        records = self._records(batch, sorted(chosen))
        known = letters.keys() | {key for key, *_ in records.values() if key is not None}
        # A known log that isn't chosen any more was judged anew, and has another status now.
        others = rows_with_key(batch, known) - chosen if known else set()
        records |= self._records(batch, sorted(others))
        for row in sorted(records):
            self._add(*records[row])

    def _chosen(self, batch: Any) -> set[int]:
        """The rows of records that may be meant: a record without a header speaks for itself."""
        status, only = self._criteria.status, self._criteria.keys
        if status is None:
            return set(range(batch.num_rows)) if only is None else rows_with_key(batch, only)
        rows = rows_with_header(batch, STATUS_HEADER, status.encode()) | rows_without_header(batch, STATUS_HEADER)
        return rows if only is None else rows & rows_with_key(batch, only)

    def _add(self, key: bytes | None, value: bytes | None, partition: int, offset: int, judged: int | None) -> None:
        if value is None and key in self.found.letters:
            # Whoever deletes a verdict means it.
            del self.found.letters[key]
            return
        record = status_record(key, value)
        # A log of the status topic itself would go round in circles.
        if key is None or record is None or record.place.topic == self._topic:
            self.found.foreign += 1
            return
        before = self.found.letters.get(key)
        # Only where partitions were added to the topic are verdicts on the same log on two of them.
        if before is not None and before.partition != partition and _later(before.judged, judged):
            return
        criteria = self._criteria
        at = judged if record.logged is None else record.logged
        if (
            (criteria.status is None or record.status == criteria.status)
            and (criteria.since is None or at is None or at >= criteria.since)
            and (not criteria.reasons or any(only.matches(record.fields["reasons"]) for only in criteria.reasons))
        ):
            reasons = self._reasons.setdefault(record.reasons, record.reasons)
            self.found.letters[key] = Letter(reasons, record.logged, judged, partition, offset)
        else:
            self.found.letters.pop(key, None)

    @staticmethod
    def _records(batch: Any, rows: list[int]) -> dict[int, tuple[bytes | None, bytes | None, int, int, int | None]]:
        """Key, value, partition, offset and timestamp of these rows."""
        chosen = pa.array(rows, pa.int64())
        # Numbers: a timestamp may be none that Python has a date for.
        times = batch.column("timestamp").cast("int64")
        columns = (*(batch.column(name) for name in ("key", "value", "partition", "offset")), times)
        return dict(zip(rows, zip(*(column.take(chosen).to_pylist() for column in columns))))


def _later(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one > other
