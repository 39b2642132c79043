"""Documents for the indices that "Pipeline health" shows.

Those of the pipeline's figures are made by the code that makes them in a processor, from progress and counts that are
made up. Those of Kafka's and Spark's logs are MADE BY HAND to fit their template: the ingest pipelines that make real
ones need grok, which the Elasticsearch here lacks (test_component_logs.py runs them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from logcore import Users
from logcore.elk.pipeline_template import PHASES
from logcore.metrics.documents import ProcessDocuments
from logcore.spark.batch import BatchReport
from logcore.spark.progress import SparkProgress
from logcore.users_source import RefreshedUsers

NOON = datetime(2026, 11, 25, 12, 0, 0, tzinfo=timezone.utc)
Document = dict[str, Any]


class Clock:
    """Seconds since noon, set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def pipeline_documents() -> dict[str, Document]:
    """By `_id`: three minutes of two processes, and two queries of Spark's."""
    written: dict[str, Document] = {}

    def write(identity: str, document: Mapping[str, Any]) -> None:
        written[identity] = dict(document)

    for number in (1, 2):
        _process(number, write)
    _query("server-logs", write, batches=30, every_s=5)
    _query("clicks", write, batches=4, every_s=40)
    return written


def _process(number: int, write: Any) -> None:
    clock = Clock()
    users = RefreshedUsers(lambda: Users([(1, "IOS")]), ttl_s=5, say=print, clock=clock)
    about = {"engine": "process", "run": f"run-{number}", "group": "g", "input": "in", "output": "out"}
    documents = ProcessDocuments(write, about, users, clock=clock, now=clock.now)
    for tick in range(1, 19):
        clock.seconds = 10.0 * tick
        if tick < 12:
            users.current()
        documents.tick(
            {
                "good": 700 * tick * number, "bad": 20 * tick * tick, "suspicious": 3 * tick, "bytes": 90_000 * tick,
                "transactions": 40 * tick, "retries": tick // 6, "lag": 100 * abs(9 - tick) * number,
            }
        )  # fmt: skip


def _query(name: str, write: Any, *, batches: int, every_s: int) -> None:
    clock = Clock()
    users = RefreshedUsers(lambda: Users([(1, "IOS")]), ttl_s=5, say=print, clock=clock)
    about = {"engine": "spark", "data_plane": "rust", "input": "in", "output": "out"}
    progress = SparkProgress(judges=True, write=write, about=about, users=users, now=clock.now)
    for batch in range(batches):
        clock.seconds = float(every_s * batch)
        counts = {"good": 1000 + batch, "bad": 7 * batch, "suspicious": batch % 3}
        progress.reported(
            BatchReport(batch, counts, 1.5, "v1", replayed=batch % 10 == 3, lag=5 * batch % 42, size=100 * batch)
        )
        durations = {phase: 10 * index + batch for index, phase in enumerate(PHASES)}
        durations["triggerExecution"] = sum(durations.values())
        progress.progressed(
            {
                "id": f"id-of-{name}", "runId": f"run-of-{name}", "name": name, "batchId": batch,
                "timestamp": clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z", "numInputRows": 0,
                "durationMs": durations, "sources": [],
            }
        )  # fmt: skip


def component_logs() -> Iterator[Document]:
    """MADE BY HAND: three minutes of a broker's, a driver's and two executors' logs."""
    nodes = (("kafka", "broker-1"), ("spark", "driver"), ("spark", "executor-1"), ("spark", "executor-2"))
    for second in range(0, 180, 3):
        service, node = nodes[second // 3 % 4]
        level = ("INFO", "WARN", "INFO", "ERROR", "INFO", "INFO", "FATAL")[second // 3 % 7]
        document: Document = {
            "@timestamp": (NOON + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "log": {"level": level, "logger": f"org.apache.{service}.Part{second % 5}"},
            "message": f"what happened at {second}",
            "service": {"name": service, "node": {"name": node}},
            "process": {"thread": {"name": "main"}},
        }
        if level in ("ERROR", "FATAL"):
            document["error"] = {
                "type": "java.io.IOException",
                "message": "no",
                "stack_trace": "java.io.IOException: no\n\tat a.B.c(B.java:1)",
            }
        if second % 45 == 0:
            # What no pattern took has neither level nor logger.
            document = {key: document[key] for key in ("@timestamp", "message", "service")}
            document["tags"] = ["_grok_failure"]
        yield document
