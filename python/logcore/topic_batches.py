"""A topic up to an end, in batches whose size stays bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from logcore._core import KafkaError
from logcore.page_size import PageSize

if TYPE_CHECKING:
    from logcore._core import Consumer

__all__ = ["batches"]

_POLL_S = 1.0
_PATIENCE_S = 60.0
_PAGE_BYTES = 16 * 1024 * 1024


def batches(consumer: Consumer, topic: str, ends: dict[int, int], *, most: int) -> Iterator[Any]:
    """What comes until every partition of `ends` has been read up to that offset, and perhaps a little more; `most`
    records and some 16 MiB at a time.

    Raises:
        KafkaError: the topic can't be read, or nothing came for a minute, short of an end.
    """
    pages = PageSize(target=_PAGE_BYTES, most=most)
    heard = time.monotonic()
    while not consumer.at_end(ends):
        batch = consumer.poll(pages.records, _POLL_S)
        if batch is not None and batch.num_rows:
            pages.seen(batch.num_rows, batch.nbytes)
            heard = time.monotonic()
            yield batch
        elif time.monotonic() - heard > _PATIENCE_S:
            raise KafkaError(f"kafka: nothing came from topic {topic} for {_PATIENCE_S:.0f} s, short of its end")
