"""Reads a stretch of a topic in batches, and what of a batch's headers is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from logcore import topic_batches
from logcore.record_headers import headers_named

if TYPE_CHECKING:
    from logcore._core import Consumer

__all__ = ["batches", "header_values", "reading_config", "rows_with_header", "rows_with_key", "rows_without_header"]

_PAGE_RECORDS = 50_000
_FEW_KEYS = 500_000
"""Up to so many, Arrow hashes all of them anew sooner than Python looks at each record of a page."""


def reading_config(config: Mapping[str, str]) -> dict[str, str]:
    """librdkafka properties of a consumer that asks for ends: a question waits behind a fetch that waits for records,
    500 ms if left alone, twice."""
    return {"fetch.wait.max.ms": "50", **config}


def batches(consumer: Consumer, topic: str, ends: dict[int, int]) -> Iterator[Any]:
    """As `logcore.topic_batches.batches`, 50,000 records at a time. Raises KafkaError as it does."""
    return topic_batches.batches(consumer, topic, ends, most=_PAGE_RECORDS)


def header_values(batch: Any, name: str) -> list[bytes | None]:
    """The values of all headers of that name."""
    found: list[bytes | None] = headers_named(batch, name)[1].to_pylist()
    return found


def rows_with_header(batch: Any, name: str, value: bytes) -> set[int]:
    """The rows of the records that have a header of that name and value."""
    owners, values = headers_named(batch, name)
    return set(owners.filter(pc.equal(values, pa.scalar(value, values.type))).to_pylist())


def rows_without_header(batch: Any, name: str) -> set[int]:
    """The rows of the records that have no header of that name."""
    owners, _ = headers_named(batch, name)
    if pc.count_distinct(owners).as_py() == batch.num_rows:
        return set()
    return set(range(batch.num_rows)).difference(owners.to_pylist())


def rows_with_key(batch: Any, keys: Collection[bytes]) -> set[int]:
    """The rows of the records that have one of these keys."""
    column = batch.column("key")
    if len(keys) <= _FEW_KEYS:
        # The keys of a row become Python's for those that are found alone.
        found = pc.is_in(column, value_set=pa.array(keys, column.type))
        return set(pc.indices_nonzero(found).to_pylist())
    return {row for row, key in enumerate(column.to_pylist()) if key in keys}
