"""The figures of streaming queries: from what Spark says of each micro-batch, and from the processor's own reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from logcore.metrics import figures as f
from logcore.metrics.documents import users_fields
from logcore.spark.batch import STATUSES
from logcore.spark.query_figures import QueryFigures, Trigger

if TYPE_CHECKING:
    from logcore.metrics.figures import Reading
    from logcore.metrics.monitoring import WriteDocument
    from logcore.spark.batch import BatchReport
    from logcore.users_source import RefreshedUsers

__all__ = ["SparkProgress"]

# Queries and reports of which nothing more is heard must not pile up in a driver that runs for months.
_MOST_QUERIES = 50
_MOST_REPORTS = 100
# Spark is heard of with each batch, and every ten seconds while nothing comes. A batch that does not end says nothing.
_LAG_HOLDS = timedelta(minutes=10)


class SparkProgress:
    """Keeps the last state of each query and the counts of all batches. Every method may be called from any thread.

    A report says what a micro-batch's logs got, which Spark doesn't know; where Rust carries the logs Spark doesn't
    even know how many they were. A report and Spark's progress with the same number are of one batch, so reports are
    for a driver that runs one query.
    """

    def __init__(
        self,
        *,
        judges: bool = False,
        write: WriteDocument | None = None,
        about: Mapping[str, Any] | None = None,
        users: RefreshedUsers | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        """`judges` promises reports, so that counts begin at 0 and not with the first. `write` gets a document for each
        batch, in which `about` stands."""
        self._change = threading.Condition()
        self._counts: dict[str, int] | None = dict.fromkeys(STATUSES, 0) if judges else None
        self._size: int | None = None
        self._lag: int | None = None
        self._heard: datetime | None = None
        self._write = write
        self._about = dict(about or {})
        self._users = users
        self._now = now
        self._queries: dict[str, QueryFigures] = {}
        self._reports: dict[int, tuple[datetime, BatchReport]] = {}
        self._seen_batch = -1

    def reported(self, report: BatchReport) -> None:
        """A micro-batch went through."""
        with self._change:
            self._heard = self._now()
            counts = self._counts or dict.fromkeys(STATUSES, 0)
            self._counts = {status: counts[status] + report.counts[status] for status in STATUSES}
            if report.size is not None:
                self._size = (self._size or 0) + report.size
            if report.lag is not None:
                self._lag = report.lag
            self._reports[report.batch_id] = (self._now(), report)
            while len(self._reports) > _MOST_REPORTS:
                del self._reports[next(iter(self._reports))]

    def started(self, query_id: str, run_id: str, name: str | None) -> None:
        """A query, or one again."""
        with self._change:
            self._query(query_id, name).run_id = run_id

    def progressed(self, progress: Mapping[str, Any]) -> None:
        """Spark's progress as its JSON has it."""
        trigger = Trigger.parse(progress)
        with self._change:
            query = self._query(trigger.query_id, trigger.name)
            query.run_id = trigger.run_id
            if trigger.idle:
                self._rest(query, trigger.began)
                return
            self._heard = self._now()
            self._tell_lost(query, before=trigger.batch_id)
            _, report = self._reports.pop(trigger.batch_id, (None, None))
            query.take(trigger, None if report is None else report.rows)
            if report is None or report.lag is None:
                self._lag = query.behind
            self._write_document(query, trigger.began, query.fields(), report)
            self._seen_batch = trigger.batch_id
            self._change.notify_all()

    def idle(self, query_id: str, timestamp: str) -> None:
        """A query waits for something to come."""
        with self._change:
            query = self._queries.get(query_id)
            if query is not None:
                self._rest(query, Trigger.time(timestamp))

    def ended(self, query_id: str, *, failed: bool) -> None:
        """A query came to its end."""
        with self._change:
            query = self._queries.get(query_id)
            if query is not None:
                query.failures += failed
                query.rest(None)

    def settle(self, batch_id: int, patience_s: float) -> None:
        """Waits until Spark's progress of `batch_id` was heard, and writes documents of reports that never had one."""
        with self._change:
            self._change.wait_for(lambda: self._seen_batch >= batch_id, patience_s)
            if self._queries:
                # The one that was heard of last.
                self._tell_lost(next(reversed(self._queries.values())), before=None)

    def readings(self) -> Iterator[Reading]:
        """A source for `logcore.metrics`."""
        with self._change:
            readings = [reading for query in self._queries.values() for reading in query.readings()]
            for status, count in (self._counts or {}).items():
                readings.append(f.PROCESSOR_LOGS.reading(count, f.SPARK, status))
            if self._size is not None:
                readings.append(f.PROCESSOR_READ_BYTES.reading(self._size, f.SPARK))
            # What was known of a query that is not heard of any more is nothing to say that no log waits.
            heard = self._heard is not None and self._now() - self._heard < _LAG_HOLDS
            if self._counts is not None and self._lag is not None and heard:
                readings.append(f.PROCESSOR_LAG.reading(self._lag, f.SPARK))
        return iter(readings)

    def _rest(self, query: QueryFigures, moment: datetime) -> None:
        """Spark looked at the topic and found nothing new."""
        query.rest(moment)
        self._heard = self._now()
        self._lag = 0

    def _query(self, query_id: str, name: str | None) -> QueryFigures:
        query = self._queries.pop(query_id, None) or QueryFigures(query_id, name or query_id)
        self._queries[query_id] = query
        while len(self._queries) > _MOST_QUERIES:
            del self._queries[next(iter(self._queries))]
        return query

    def _tell_lost(self, query: QueryFigures, *, before: int | None) -> None:
        """Spark 4.1.1 may fail between noting a batch as done and saying so (SPARK-55271); its report says enough."""
        for batch_id in sorted(number for number in self._reports if before is None or number < before):
            moment, report = self._reports.pop(batch_id)
            query.batches += 1
            rate = report.rows / report.seconds if report.seconds > 0 else 0.0
            fields = {"batch_id": batch_id, "input_logs": report.rows, "processed_rate": rate}
            self._write_document(query, moment, fields, report)

    def _write_document(
        self, query: QueryFigures, moment: datetime, fields: Mapping[str, Any], report: BatchReport | None
    ) -> None:
        if self._write is None:
            return
        document: dict[str, Any] = {
            "@timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            **self._about,
            "query": query.name,
            "run": query.run_id or "",
            **fields,
            **users_fields(self._users),
        }
        if self._lag is not None:
            document["lag"] = self._lag
        if report is not None:
            document["replayed"] = report.replayed
            document["logs"] = {status: report.counts[status] for status in STATUSES}
            if report.size is not None:
                document["input_bytes"] = report.size
            if report.users_version:
                document["users_version"] = report.users_version
        # The query's id stays over restarts: a batch that is replayed has one document.
        self._write(f"{query.query_id}-{fields['batch_id']}", document)
