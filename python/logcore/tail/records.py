"""Records of the status topic, those left out early whose header says that nobody asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from logcore._core import STATUSES

__all__ = ["STATUS_HEADER", "Page", "Record"]

STATUS_HEADER = "logcore.status"

_STATUSES = {status.encode(): status for status in STATUSES}


class Record(NamedTuple):
    """A record of the topic; `timestamp` in ms since 1970, `status` by its header, None where that says nothing."""

    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    status: str | None


class Page:
    """The records in a batch of `Consumer.poll`; where `statuses` names any, without those that have another one by
    their header. One without the header comes along: its value may say more. With `ends` only those before these
    offsets, by partition. A column becomes Python's only when it is asked for."""

    def __init__(self, batch: Any, statuses: frozenset[str], ends: dict[int, int] | None = None) -> None:
        if ends is not None:
            batch = batch.filter(_before(batch, ends))
        found = _header_statuses(batch)
        if statuses:
            chosen = [row for row, status in enumerate(found) if status is None or status in statuses]
            if len(chosen) < len(found):
                # The headers are the larger part, and done with.
                columns = ["partition", "offset", "timestamp", "key", "value"]
                batch = batch.select(columns).take(pa.array(chosen, pa.int32()))
                found = [found[row] for row in chosen]
        self._batch = batch
        self.statuses = found
        """Of each record by its header, None where that says nothing."""

    @cached_property
    def values(self) -> list[bytes | None]:
        """The records' values."""
        return self.column("value").to_pylist()  # type: ignore[no-any-return]

    def column(self, name: str) -> Any:
        """A column of the batch."""
        return self._batch.column(name)

    def records(self) -> Iterator[Record]:
        """All of them."""
        timestamps = self.column("timestamp").cast("int64").to_pylist()
        partitions, offsets, keys = (self.column(name).to_pylist() for name in ("partition", "offset", "key"))
        return map(Record, partitions, offsets, timestamps, keys, self.values, self.statuses)

    def record(self, row: int) -> Record:
        """One of them."""
        partition, offset, key = (self.column(name)[row].as_py() for name in ("partition", "offset", "key"))
        timestamp = self.column("timestamp")[row].value
        return Record(partition, offset, timestamp, key, self.values[row], self.statuses[row])


def _before(batch: Any, ends: dict[int, int]) -> Any:
    """For each record whether it is before its partition's end."""
    known = pc.index_in(batch.column("partition"), pa.array(list(ends), pa.int32()))
    return pc.less(batch.column("offset"), pa.array(list(ends.values()), pa.int64()).take(known)).fill_null(False)


def _header_statuses(batch: Any) -> list[str | None]:
    found: list[str | None] = [None] * batch.num_rows
    headers = batch.column("headers")
    # Flattened, a header costs a tenth of what a Python list of dicts for each record costs.
    owners, entries = pc.list_parent_indices(headers), pc.list_flatten(headers)
    chosen = pc.equal(entries.field("key"), pa.scalar(STATUS_HEADER, entries.field("key").type))
    owners, values = owners.filter(chosen), entries.field("value").filter(chosen)
    coded = values.dictionary_encode()
    names = [_STATUSES.get(value) for value in coded.dictionary.to_pylist()]
    for owner, code in zip(owners.to_pylist(), coded.indices.to_pylist()):
        # Of a header that is there twice, the last counts, as Kafka's own clients have it.
        found[owner] = None if code is None else names[code]
    return found
