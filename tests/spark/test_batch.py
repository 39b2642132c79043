"""A micro-batch from pin to report, on a real session with sinks that look on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from kafka_rows import BAD, GOOD, SUSPICIOUS
from logcore import Contract, Users
from logcore.spark.adapter import Snapshot
from logcore.spark.batch import BatchProcessor, BatchReport, Stopped
from logcore.spark.files import TextFiles
from logcore.spark.snapshots import Snapshots
from logcore.spark.spark_plane import SparkPlane

LOGS = [GOOD] * 5 + [BAD] * 3 + [SUSPICIOUS] * 2


class Pipeline:
    """A processor whose users can be changed, and all that it does."""

    def __init__(self, files: TextFiles, contract: Contract) -> None:
        self.accounts = [684]
        self.events: list[Any] = []
        self.reports: list[BatchReport] = []
        self.fail_in_sink = False
        self._files = files
        self._contract = contract
        self.processor = self.restarted()

    def restarted(self) -> BatchProcessor:
        self.plane = SparkPlane([self._sink])
        self.processor = BatchProcessor(
            snapshots=Snapshots(self._files),
            current=self._current,
            plane=self.plane,
            report=self.reports.append,
        )
        return self.processor

    def _current(self) -> Snapshot:
        self.events.append("users read")
        return Snapshot(self._contract, Users([(account, "ANDROID") for account in self.accounts]))

    def _sink(self, judged: DataFrame) -> None:
        rows = judged.select("users_version", "status").collect()
        self.events.append(("written", rows[0].users_version, sorted(row.status for row in rows)))
        if self.fail_in_sink:
            raise ConnectionError("the sink is away")


@pytest.fixture
def pipeline(files: TextFiles, contract: Contract) -> Pipeline:
    return Pipeline(files, contract)


def version(*accounts: int) -> str:
    return Users([(account, "ANDROID") for account in accounts]).version


STATUSES = ["bad"] * 3 + ["good"] * 5 + ["suspicious"] * 2


def test_a_batch_is_judged_written_and_reported(pipeline: Pipeline, kafka_frame: Callable[..., DataFrame]) -> None:
    pipeline.processor(kafka_frame(LOGS), 0)
    assert pipeline.events == ["users read", ("written", version(684), STATUSES)]
    (report,) = pipeline.reports
    assert (report.batch_id, report.rows, report.users_version) == (0, 10, version(684))
    assert report.counts == {"good": 5, "bad": 3, "suspicious": 2}
    assert not report.replayed
    assert pipeline.processor.finished_batch == 0


def test_the_pin_is_there_before_anything_is_written(
    pipeline: Pipeline, kafka_frame: Callable[..., DataFrame], tmp_path: Path
) -> None:
    pin = tmp_path / "checkpoint" / "logcore" / "batches" / "0.json"
    seen: list[bool] = []
    pipeline.plane.sinks.insert(0, lambda judged: seen.append(pin.exists()))
    pipeline.processor(kafka_frame(LOGS), 0)
    assert seen == [True]


def test_a_replayed_batch_keeps_its_users_and_the_next_sees_the_new(
    pipeline: Pipeline, kafka_frame: Callable[..., DataFrame]
) -> None:
    frame = kafka_frame(LOGS)
    pipeline.processor(frame, 0)
    pipeline.fail_in_sink = True
    with pytest.raises(ConnectionError):
        pipeline.processor(frame, 1)
    assert isinstance(pipeline.processor.failure, ConnectionError)

    pipeline.fail_in_sink = False
    pipeline.accounts = [684, 685]
    pipeline.events.clear()
    pipeline.restarted()(frame, 1)
    pipeline.processor(frame, 2)
    new = ["bad"] * 3 + ["good"] * 7
    assert pipeline.events == [("written", version(684), STATUSES), "users read", ("written", version(684, 685), new)]
    assert [(report.batch_id, report.replayed) for report in pipeline.reports] == [(0, False), (1, True), (2, False)]


def test_an_empty_batch_reaches_no_sink(pipeline: Pipeline, kafka_frame: Callable[..., DataFrame]) -> None:
    pipeline.processor(kafka_frame([]), 0)
    assert pipeline.events == ["users read"]
    assert pipeline.reports[0].rows == 0


def test_the_frame_is_judged_once_and_let_go(
    pipeline: Pipeline, kafka_frame: Callable[..., DataFrame], spark: SparkSession
) -> None:
    def storages() -> int:
        return len(spark._jsc.getPersistentRDDs())

    before = storages()
    during: list[int] = []
    pipeline.plane.sinks.append(lambda judged: during.append(storages()))
    pipeline.processor(kafka_frame(LOGS), 0)
    assert during == [before + 1]
    assert storages() == before
    pipeline.fail_in_sink = True
    with pytest.raises(ConnectionError):
        pipeline.processor(kafka_frame(LOGS), 1)
    assert storages() == before


def test_one_broadcast_for_one_snapshot_and_the_old_one_is_destroyed(
    pipeline: Pipeline, kafka_frame: Callable[..., DataFrame]
) -> None:
    frame = kafka_frame(LOGS)
    pipeline.processor(frame, 0)
    first = pipeline.plane._published
    pipeline.processor(frame, 1)
    assert pipeline.plane._published is first
    assert first is not None
    pipeline.accounts = [1]
    pipeline.processor(frame, 2)
    assert pipeline.plane._published is not first
    with pytest.raises(Exception, match="destroyed"):
        first.texts._jbroadcast.value()


def test_after_a_stop_was_asked_nothing_is_pinned_or_written(
    pipeline: Pipeline, kafka_frame: Callable[..., DataFrame], tmp_path: Path
) -> None:
    pipeline.processor.stop_asked = lambda: True
    with pytest.raises(Stopped):
        pipeline.processor(kafka_frame(LOGS), 0)
    assert pipeline.events == []
    assert not (tmp_path / "checkpoint").exists()
    assert not pipeline.processor.running.locked()


def test_the_line_about_a_batch() -> None:
    counts = {"good": 1234, "bad": 5, "suspicious": 0}
    report = BatchReport(12, counts, 2.0, "0123456789abcdef", replayed=True)
    assert str(report) == (
        "batch 12 (replayed): 1,239 rows (1,234 good, 5 bad, 0 suspicious), 620 rows/s, users 0123456789abcdef"
    )
    assert str(BatchReport(0, dict.fromkeys(counts, 0), 0.0, "", replayed=False)) == (
        "batch 0: 0 rows (0 good, 0 bad, 0 suspicious), 0 rows/s"
    )
