"""Spark's progress of streaming queries as figures for Prometheus, for the processor and for any other job."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql.streaming.listener import StreamingQueryListener

from logcore.metrics.port import Address, MetricsError, open_endpoint
from logcore.spark.progress import SparkProgress

if TYPE_CHECKING:
    from prometheus_client.registry import Collector
    from pyspark.sql.streaming.listener import (
        QueryIdleEvent,
        QueryProgressEvent,
        QueryStartedEvent,
        QueryTerminatedEvent,
    )

    from logcore.metrics.endpoint import Endpoint
    from logcore.metrics.figures import Reading
    from logcore.metrics.monitoring import WriteDocument
    from logcore.spark.batch import BatchReport
    from logcore.users_source import RefreshedUsers

__all__ = ["ProgressListener"]


def _to_standard_error(line: str) -> None:
    print(f"logcore: {line}", file=sys.stderr, flush=True)


class ProgressListener(StreamingQueryListener):
    """Listens to the streaming queries of a session, of Spark 3.5 and 4.1, not over Spark Connect.

        >>> from logcore.spark import ProgressListener
        >>> listener = ProgressListener()
        >>> spark.streams.addListener(listener)
        >>> listener.serve(9404)
        'http://127.0.0.1:9404/metrics'

    `serve` needs prometheus_client; a job that has a registry of its own registers `collector()` there. The figures are
    those of docs/monitoring.md that begin with `logcore_spark_`. What a query's logs got, Spark doesn't know: a job
    that does tells `batch`, and the `logcore_processor_` figures are there as well.

    No query fails by it: what goes wrong while listening gets one line by `say`, on standard error unless given.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], None] = _to_standard_error,
        judges: bool = False,
        write: WriteDocument | None = None,
        about: Mapping[str, Any] | None = None,
        users: RefreshedUsers | None = None,
    ) -> None:
        """`judges` promises calls of `batch`; `write` gets a document for each micro-batch, for the index
        `logcore-pipeline`, in which `about` stands, and what is known of `users`."""
        self._say = say
        self._failed = False
        self._progress = SparkProgress(judges=judges, write=write, about=about, users=users)
        self._endpoint: Endpoint | None = None

    def serve(self, port: int, host: str = "127.0.0.1") -> str:
        """Serves the figures at the URL that it returns; port 0 is any that is free.

        Raises:
            MetricsError: prometheus_client is not installed, or the address can't be listened on.
        """
        if self._endpoint is not None:
            raise MetricsError(f"the figures are served already, at {self._endpoint.url}")
        self._endpoint = open_endpoint(Address(host, port), self._say)
        self._endpoint.add(self.readings)
        return self._endpoint.url

    def close(self) -> None:
        """Ends what `serve` began."""
        if self._endpoint is not None:
            self._endpoint.close()
        self._endpoint = None

    def collector(self) -> Collector:
        """For a registry of prometheus_client."""
        from logcore.metrics.endpoint import SourcesCollector

        return SourcesCollector(self._say, self.readings)

    def readings(self) -> Iterator[Reading]:
        """The figures as they are now."""
        return self._progress.readings()

    def batch(self, report: BatchReport) -> None:
        """What became of a micro-batch, to be called by the function that `foreachBatch` calls."""
        self._try(lambda: self._progress.reported(report))

    def settle(self, batch_id: int, patience_s: float) -> None:
        """Waits until `batch_id` was heard of, which comes after the batch, and has all documents written."""
        self._try(lambda: self._progress.settle(batch_id, patience_s))

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - Spark's name
        """Called by Spark."""
        self._try(lambda: self._progress.started(str(event.id), str(event.runId), event.name))

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802 - Spark's name
        """Called by Spark."""
        self._try(lambda: self._progress.progressed(json.loads(event.progress.json)))

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802 - Spark's name
        """Called by Spark."""
        self._try(lambda: self._progress.idle(str(event.id), event.timestamp))

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802 - Spark's name
        """Called by Spark."""
        self._try(lambda: self._progress.ended(str(event.id), failed=event.exception is not None))

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - no query is to end for a figure.
            if not self._failed:
                reason = " ".join(str(error).split())
                self._say(f"warning: Spark's progress can't be followed: {type(error).__name__}: {reason}")
            self._failed = True
