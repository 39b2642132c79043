"""Every figure that the commands export, under the name that Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = ["COUNTER", "FIGURES", "GAUGE", "PROCESS", "SPARK", "Figure", "Reading", "Source"]

COUNTER = "counter"
GAUGE = "gauge"

PROCESS = "process"
SPARK = "spark"
"""Values of the label `engine`: what judges, the one process or Spark."""


class Figure(NamedTuple):
    """A metric: seconds, bytes and logs are its units. A counter's name ends in `_total` and counts since the process
    began."""

    name: str
    kind: str
    text: str
    labels: tuple[str, ...] = ()

    def reading(self, value: float, *labels: str) -> Reading:
        """Its value now, under the values of its labels, in their order."""
        return Reading(self, labels, float(value))


class Reading(NamedTuple):
    """The value of one series of a figure."""

    figure: Figure
    labels: tuple[str, ...]
    value: float


Source = Callable[[], Iterable[Reading]]
"""Reads figures where they are kept anyway; called at each scrape, from a thread of its own."""


BUILD_INFO = Figure("logcore_build_info", GAUGE, "1, with the versions that run", ("version", "contract"))

PRODUCER_GENERATED = Figure("logcore_producer_generated_total", COUNTER, "Logs generated")
PRODUCER_LOGS = Figure(
    "logcore_producer_logs_total", COUNTER, "Logs that the brokers acknowledged, or that failed for good", ("outcome",)
)
PRODUCER_SENT_BYTES = Figure("logcore_producer_sent_bytes_total", COUNTER, "Bytes of the values acknowledged")
PRODUCER_SEND_DELAY = Figure(
    "logcore_producer_send_delay_seconds",
    GAUGE,
    "How long after their due times logs were given to the Kafka client, since the start; none without a rate",
    ("quantile",),
)
PRODUCER_TARGET_RATE = Figure(
    "logcore_producer_target_rate", GAUGE, "Logs a second that are asked of this process; none for as fast as can be"
)

PROCESSOR_LOGS = Figure("logcore_processor_logs_total", COUNTER, "Logs judged and written", ("engine", "status"))
PROCESSOR_READ_BYTES = Figure(
    "logcore_processor_read_bytes_total",
    COUNTER,
    "Bytes of the logs judged; not with Spark's own data plane",
    ("engine",),
)
PROCESSOR_TRANSACTIONS = Figure(
    "logcore_processor_transactions_total",
    COUNTER,
    "Transactions that were committed, or came to nothing and were begun anew; the one process only",
    ("engine", "outcome"),
)
PROCESSOR_LAG = Figure("logcore_processor_lag_logs", GAUGE, "Logs on the topic that are not judged yet", ("engine",))

USERS_AGE = Figure("logcore_users_age_seconds", GAUGE, "Time since the users were read")
USERS_ROWS = Figure("logcore_users_rows", GAUGE, "Rows of the users that logs are judged by")
USERS_INFO = Figure("logcore_users_info", GAUGE, "1, with the version of these users", ("version",))
USERS_READ_FAILURES = Figure(
    "logcore_users_read_failures_total", COUNTER, "Times that the users could not be read again"
)

INDEXER_DOCUMENTS = Figure(
    "logcore_indexer_documents_total",
    COUNTER,
    "Records indexed, there already, or refused and kept in the index of rejected ones",
    ("outcome",),
)
INDEXER_LAG = Figure("logcore_indexer_lag_records", GAUGE, "Records on the status topic that are not indexed yet")

SPARK_BATCHES = Figure("logcore_spark_batches_total", COUNTER, "Micro-batches that went through", ("query",))
SPARK_BATCH_FAILURES = Figure(
    "logcore_spark_batch_failures_total", COUNTER, "Micro-batches whose failure ended the query", ("query",)
)
SPARK_BATCH_ID = Figure("logcore_spark_batch_id", GAUGE, "Number of the last micro-batch", ("query",))
SPARK_BATCH_LOGS = Figure("logcore_spark_batch_input_logs", GAUGE, "Logs in the last micro-batch", ("query",))
SPARK_INPUT_RATE = Figure(
    "logcore_spark_input_logs_per_second",
    GAUGE,
    "Logs of the last micro-batch by the time from the one before to its start; 0 once nothing comes",
    ("query",),
)
SPARK_PROCESSED_RATE = Figure(
    "logcore_spark_processed_logs_per_second",
    GAUGE,
    "Logs of the last micro-batch by the time it took; 0 once nothing comes",
    ("query",),
)
SPARK_PHASE = Figure(
    "logcore_spark_batch_phase_seconds",
    GAUGE,
    "What Spark spent the last micro-batch on; triggerExecution is the whole",
    ("query", "phase"),
)
SPARK_BEHIND = Figure(
    "logcore_spark_offsets_behind_latest",
    GAUGE,
    "Offsets on the topic behind the last micro-batch, as Spark saw them, all partitions together",
    ("query", "topic"),
)
SPARK_BEHIND_MOST = Figure(
    "logcore_spark_partition_offsets_behind_latest",
    GAUGE,
    "The same of the partition that is most behind",
    ("query", "topic"),
)

FIGURES: tuple[Figure, ...] = (
    BUILD_INFO,
    PRODUCER_GENERATED,
    PRODUCER_LOGS,
    PRODUCER_SENT_BYTES,
    PRODUCER_SEND_DELAY,
    PRODUCER_TARGET_RATE,
    PROCESSOR_LOGS,
    PROCESSOR_READ_BYTES,
    PROCESSOR_TRANSACTIONS,
    PROCESSOR_LAG,
    USERS_AGE,
    USERS_ROWS,
    USERS_INFO,
    USERS_READ_FAILURES,
    INDEXER_DOCUMENTS,
    INDEXER_LAG,
    SPARK_BATCHES,
    SPARK_BATCH_FAILURES,
    SPARK_BATCH_ID,
    SPARK_BATCH_LOGS,
    SPARK_INPUT_RATE,
    SPARK_PROCESSED_RATE,
    SPARK_PHASE,
    SPARK_BEHIND,
    SPARK_BEHIND_MOST,
)
"""All of them, in the order of docs/monitoring.md."""
