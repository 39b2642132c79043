"""Reads the topic and has it shown, until somebody has had enough."""

from __future__ import annotations

import contextlib
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING

from logcore._core import KafkaError
from logcore.page_size import PageSize
from logcore.tail.options import Options
from logcore.tail.output import Output
from logcore.tail.printing import Printer

if TYPE_CHECKING:
    from logcore._core import Consumer

__all__ = ["run"]

_POLL_S = 0.25
_LOOK_FOR_PARTITIONS_S = 30.0
_PATIENCE_S = 60.0
_PAGE_BYTES = 8 * 1024 * 1024
_PAGE_RECORDS = 10_000


def run(consumer: Consumer, options: Options, printer: Printer, output: Output, stop: threading.Event) -> bool:
    """Runs until `stop` is set, the reader has left, or there is no more that was asked for. False only for `stop`.

    Raises:
        KafkaError: the topic can't be read.
        OSError: standard output can't be written to; BrokenPipeError where its reader has left.
    """
    ends = consumer.end_offsets() if options.until_end else None
    pages = PageSize(target=_PAGE_BYTES, most=_PAGE_RECORDS)
    heard = looked = time.monotonic()
    shown = 0
    while not stop.is_set():
        if output.reader_left() or (ends is not None and consumer.at_end(ends)):
            return True
        batch = consumer.poll(pages.records, _POLL_S)
        now = time.monotonic()
        if batch is not None and batch.num_rows:
            heard = now
            pages.seen(batch.num_rows, batch.nbytes)
            most = None if options.count is None else options.count - shown
            lines = list(islice(printer.lines(batch, ends), most))
            output.write(lines)
            shown += len(lines)
            if shown == options.count:
                return True
        elif ends is not None and now - heard > _PATIENCE_S:
            raise KafkaError(
                f"kafka: nothing came from topic {options.topic} for {_PATIENCE_S:.0f} s, short of its end"
            )
        if ends is None and now - looked > _LOOK_FOR_PARTITIONS_S:
            looked = now
            # Asking takes partitions in that are new. A broker that is away for long shows in polls.
            with contextlib.suppress(KafkaError):
                consumer.end_offsets()
    return False
