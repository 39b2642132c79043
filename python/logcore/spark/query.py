"""The streaming query from its start to its end, by itself or by a signal."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from logcore.spark.batch import BatchProcessor, Stopped
from logcore.spark.errors import ProcessorError, root_cause
from logcore.spark.stopping import StopRequest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

__all__ = ["quietly", "run_query"]

_POLL_S = 1
# For Spark to note a batch that went through; without the note it is replayed, which costs time and nothing else.
_COMMIT_PATIENCE_S = 10.0


def run_query(
    session: SparkSession,
    start: Callable[[], StreamingQuery],
    processor: BatchProcessor,
    stop: StopRequest,
    say: Callable[[str], None],
) -> int:
    """Starts the query and waits for its end, or for a signal; the exit status. Raises ProcessorError if it fails."""
    query = start()
    try:
        if not _ended(query, processor, stop):
            query = start()
            _await_end(query, stop)
    except (PySparkException, Py4JError) as error:
        if not stop.asked:
            raise ProcessorError(f"failed: {root_cause(processor.failure or error)}") from error
    if not stop.asked:
        return 0
    _stop(session, query, processor, stop, say)
    if processor.failure is not None and not isinstance(processor.failure, Stopped) and not stop.urgent:
        raise ProcessorError(f"failed: {root_cause(processor.failure)}")
    return stop.exit_status


def _ended(query: StreamingQuery, processor: BatchProcessor, stop: StopRequest) -> bool:
    """Waits; False if the query failed by a fault of Spark's that it doesn't repeat.

    Spark 4.1.1 reports after each batch how far the source is behind. For the first batch after a restart, where an
    earlier run has planned it, it does not know, and fails when it has noted the batch as done (SPARK-55271).
    """
    try:
        _await_end(query, stop)
    except PySparkException:
        if stop.asked or processor.failure is not None or processor.finished_batches != 1:
            raise
        return False
    return True


def _await_end(query: StreamingQuery, stop: StopRequest) -> None:
    while not stop.asked and not query.awaitTermination(_POLL_S):
        pass


def _stop(
    session: SparkSession,
    query: StreamingQuery,
    processor: BatchProcessor,
    stop: StopRequest,
    say: Callable[[str], None],
) -> None:
    """Lets the running batch finish, then ends the query. What Spark has to say about that is of no use to anyone."""
    by = "Ctrl-C" if stop.signal is signal.SIGINT else "SIGTERM"
    idle = processor.running.acquire(blocking=False)
    if idle:
        processor.running.release()
    say(f"stopped by {by}" if idle else f"stopped by {by}; the batch that runs is finished first")
    quietly(lambda: session.sparkContext.setLogLevel("OFF"))
    while not stop.urgent:
        if processor.running.acquire(timeout=_POLL_S):
            # At once, so that a batch that comes now sees that we stop, and goes.
            processor.running.release()
            _await_commit(query, processor.finished_batch)
            break
    quietly(query.stop)


def _await_commit(query: StreamingQuery, batch_id: int) -> None:
    """Waits until Spark has noted that `batch_id` went through, so that it isn't replayed."""
    deadline = time.monotonic() + _COMMIT_PATIENCE_S
    try:
        while query.isActive and time.monotonic() < deadline:
            progress = query.lastProgress
            if batch_id < 0 or (progress is not None and progress["batchId"] >= batch_id):
                return
            time.sleep(0.05)
    except (PySparkException, Py4JError):
        return


def quietly(action: Callable[[], object]) -> None:
    """Does what may fail because the JVM is gone, where that is no loss."""
    try:
        action()
    except (PySparkException, Py4JError, OSError):
        return
