"""The indexer's loop: poll a round of records, have its bulks settled in parallel, commit, again."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from logcore._core import KafkaError
from logcore.indexer.delivery import Delivery, Settled
from logcore.indexer.documents import Document, Refusal, chunks, documents_of
from logcore.indexer.options import Options
from logcore.indexer.progress import Progress
from logcore.page_size import PageSize

if TYPE_CHECKING:
    from logcore._core import Consumer

__all__ = ["run"]

_POLL_S = 0.25
_LAG_EVERY_S = 5.0
_COMMITS_MISSED = 5
"""Commits in a row that may fail while Kafka is away; then it is no hiccup."""


def run(
    consumer: Consumer, delivery: Delivery, options: Options, progress: Progress, stop: threading.Event, *, largest: int
) -> bool:
    """Runs until `stop` is set or, with ``--until-end``, until everything that was on the topic at the start is
    settled. True if it got to that end.

    A round is committed only when all of it is settled, so that a crash costs a replay and no record.

    Raises:
        Stopped: `stop` was set while Elasticsearch was away; the round under way is not settled and not committed.
        ElasticsearchError: as `Delivery.settle` does.
        KafkaError: Kafka can't be read from, or has taken no commit five times in a row.
    """
    ends = consumer.end_offsets() if options.until_end else None
    pages = PageSize(target=options.bulk_bytes, most=options.bulk_records)
    bulk_bytes = min(options.bulk_bytes, largest)
    lag = _Lag(consumer)
    missed, uncommitted = 0, False
    with ThreadPoolExecutor(options.parallel, thread_name_prefix="bulk") as threads:
        while not stop.is_set():
            documents, refusals = _round(consumer, options, pages, largest)
            if documents or refusals:
                bulks = chunks(documents, size=bulk_bytes, count=options.bulk_records)
                running = [threads.submit(delivery.settle, bulk) for bulk in bulks]
                if refusals:
                    running.append(threads.submit(delivery.reject, refusals))
                settled = _all_settled(running, stop)
                uncommitted = True
                progress.add(settled)
            done = ends is not None and consumer.at_end(ends)
            if uncommitted:
                try:
                    consumer.commit()
                    missed, uncommitted = 0, False
                except KafkaError as error:
                    missed += 1
                    if missed >= _COMMITS_MISSED or done or stop.is_set():
                        raise
                    progress.note(f"{' '.join(str(error).split())}; the next commit will cover this one")
            if done:
                return True
            progress.lag = lag()
            progress.line.tell_trouble(lag.trouble)
            progress.show()
    return False


def _all_settled(running: list[Future[Settled]], stop: threading.Event) -> Settled:
    """The sum of what `running` settle. One that fails stops those that wait for Elasticsearch; its error is raised."""
    finished, _ = wait(running, return_when=FIRST_EXCEPTION)
    error = next((future.exception() for future in finished if future.exception() is not None), None)
    if error is not None:
        stop.set()
        raise error
    total = Settled()
    for future in running:
        total = total.plus(future.result())
    return total


def _round(consumer: Consumer, options: Options, pages: PageSize, largest: int) -> tuple[list[Document], list[Refusal]]:
    """Records for as many bulks as may run at once, or what there is now."""
    documents: list[Document] = []
    refusals: list[Refusal] = []
    size = 0
    enough = options.parallel * options.bulk_records
    while len(documents) + len(refusals) < enough and size < options.parallel * options.bulk_bytes:
        # Only the first poll waits: what has come is sent at once.
        batch = consumer.poll(pages.records, _POLL_S if not documents and not refusals else 0.0)
        if batch is None or batch.num_rows == 0:
            break
        pages.seen(batch.num_rows, batch.nbytes)
        size += batch.nbytes
        usable, refused = documents_of(batch, options.topic, largest)
        documents += usable
        refusals += refused
    return documents, refusals


class _Lag:
    """How many records are on the topic that were not read yet, by ends that are asked for every 5 s; `trouble` is why
    that is not known."""

    def __init__(self, consumer: Consumer) -> None:
        self.trouble: str | None = None
        self._consumer = consumer
        self._ends: dict[int, int] = {}
        self._asked = -_LAG_EVERY_S

    def __call__(self) -> int | None:
        try:
            if time.monotonic() - self._asked >= _LAG_EVERY_S:
                self._asked = time.monotonic()
                self._ends, self.trouble = self._consumer.end_offsets(), None
            positions = self._consumer.position()
        except KafkaError as error:
            self.trouble = " ".join(str(error).split())
        if self.trouble is not None:
            return None
        # Partitions of other members of the group have no position here: they are their lag.
        return sum(max(self._ends.get(partition, 0) - offset, 0) for partition, offset in positions.items())
