"""Figures of streaming queries: from progress as Spark writes it, and from real queries of this Spark."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession

from logcore import Users
from logcore.elk.pipeline_template import PHASES
from logcore.metrics.port import MetricsError
from logcore.spark import ProgressListener
from logcore.spark.batch import BatchReport
from logcore.spark.progress import SparkProgress
from logcore.users_source import RefreshedUsers

QUERY, RUN = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
NOW = datetime(2026, 11, 25, 16, 0, 9, 7_000, timezone.utc)


def progress(
    batch_id: int, second: int, rows: int = 0, *, ends: tuple[int, ...] = (10, 20), latest: tuple[int, ...] = (13, 20)
) -> dict[str, Any]:
    """A trigger's progress that began at 16:00 and so many seconds and took half a second."""
    return {
        "id": QUERY, "runId": RUN, "name": "logcore", "timestamp": f"2026-11-25T16:00:{second:02}.497Z",
        "batchId": batch_id, "numInputRows": rows, "inputRowsPerSecond": 12.5, "processedRowsPerSecond": 99.0,
        "durationMs": {
            "addBatch": 400, "commitOffsets": 10, "getBatch": 5, "latestOffset": 15, "queryPlanning": 20,
            "triggerExecution": 500, "walCommit": 30, "somethingNew": 7,
        },
        "stateOperators": [],
        "sources": [
            {
                "description": "KafkaV2[Subscribe[in]]",
                "startOffset": {"in": {"0": 0, "1": 0}},
                "endOffset": {"in": {str(number): end for number, end in enumerate(ends)}},
                "latestOffset": {"in": {str(number): end for number, end in enumerate(latest)}},
                "numInputRows": rows,
            }
        ],
        "sink": {"description": "ForeachBatchSink", "numOutputRows": -1},
    }  # fmt: skip


def report(batch_id: int, good: int, **more: Any) -> BatchReport:
    return BatchReport(batch_id, {"good": good, "bad": 2, "suspicious": 1}, 0.25, "v1", replayed=False, **more)


def values(source: Callable[[], Iterator[Any]]) -> dict[tuple[str, ...], float]:
    return {(figure.name.removeprefix("logcore_"), *labels): value for figure, labels, value in source()}


class Written(dict[str, dict[str, Any]]):
    def __call__(self, identity: str, document: Mapping[str, Any]) -> None:
        assert identity not in self
        self[identity] = dict(document)


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def state(written: Written) -> SparkProgress:
    users = RefreshedUsers(lambda: Users([(1, "IOS")]), ttl_s=0, say=print, clock=lambda: 5.0)
    about = {"engine": "spark", "data_plane": "rust", "input": "in", "output": "out"}
    return SparkProgress(judges=True, write=written, about=about, users=users, now=lambda: NOW)


class TestProgress:
    def test_at_first_nothing_is_counted(self, state: SparkProgress) -> None:
        counts = {("processor_logs_total", "spark", status): 0.0 for status in ("good", "bad", "suspicious")}
        assert values(state.readings) == counts
        state.started(QUERY, RUN, "logcore")
        assert values(state.readings) == {
            **counts, ("spark_batches_total", "logcore"): 0, ("spark_batch_failures_total", "logcore"): 0
        }  # fmt: skip
        assert values(SparkProgress().readings) == {}

    def test_reports_and_what_spark_says_are_one_batch(self, state: SparkProgress, written: Written) -> None:
        state.started(QUERY, RUN, "logcore")
        state.reported(report(7, 97, lag=30, size=15_000))
        state.progressed(progress(7, 5))
        state.reported(report(8, 197, lag=4, size=25_000))
        state.progressed(progress(8, 10))
        assert values(state.readings) == {
            ("processor_logs_total", "spark", "good"): 294,
            ("processor_logs_total", "spark", "bad"): 4,
            ("processor_logs_total", "spark", "suspicious"): 2,
            ("processor_read_bytes_total", "spark"): 40_000,
            ("processor_lag_logs", "spark"): 4,
            ("spark_batches_total", "logcore"): 2,
            ("spark_batch_failures_total", "logcore"): 0,
            ("spark_batch_id", "logcore"): 8,
            ("spark_batch_input_logs", "logcore"): 200,
            # In the five seconds since the last batch, and in the half second that it took.
            ("spark_input_logs_per_second", "logcore"): 40,
            ("spark_processed_logs_per_second", "logcore"): 400,
            ("spark_batch_phase_seconds", "logcore", "triggerExecution"): 0.5,
            ("spark_batch_phase_seconds", "logcore", "latestOffset"): 0.015,
            ("spark_batch_phase_seconds", "logcore", "queryPlanning"): 0.02,
            ("spark_batch_phase_seconds", "logcore", "walCommit"): 0.03,
            ("spark_batch_phase_seconds", "logcore", "getBatch"): 0.005,
            ("spark_batch_phase_seconds", "logcore", "addBatch"): 0.4,
            ("spark_batch_phase_seconds", "logcore", "commitOffsets"): 0.01,
            ("spark_offsets_behind_latest", "logcore", "in"): 3,
            ("spark_partition_offsets_behind_latest", "logcore", "in"): 3,
        }
        assert list(written) == [f"{QUERY}-7", f"{QUERY}-8"]
        assert "input_rate" not in written[f"{QUERY}-7"]
        durations = written[f"{QUERY}-8"].pop("duration_ms")
        assert durations.keys() == set(PHASES)
        assert written[f"{QUERY}-8"] == {
            "@timestamp": "2026-11-25T16:00:10.497Z", "engine": "spark", "data_plane": "rust", "input": "in",
            "output": "out", "query": "logcore", "run": RUN, "batch_id": 8, "input_logs": 200, "input_bytes": 25_000,
            "logs": {"good": 197, "bad": 2, "suspicious": 1}, "input_rate": 40.0, "processed_rate": 400.0, "lag": 4,
            "replayed": False, "users_version": "v1", "users_rows": 1, "users_age_s": 0.0,
        }  # fmt: skip

    def test_without_reports_sparks_own_numbers_count(self) -> None:
        state = SparkProgress()
        state.progressed(progress(0, 5, rows=60, ends=(10, 20), latest=(13, 25)))
        found = values(state.readings)
        assert found["spark_batch_input_logs", "logcore"] == 60
        assert found["spark_input_logs_per_second", "logcore"] == 12.5
        assert found["spark_processed_logs_per_second", "logcore"] == 99
        assert found["spark_offsets_behind_latest", "logcore", "in"] == 8
        assert found["spark_partition_offsets_behind_latest", "logcore", "in"] == 5
        assert not any(name.startswith("processor") for name, *_ in found)

    def test_the_lag_of_a_report_without_one_is_what_spark_saw(self, state: SparkProgress) -> None:
        state.reported(report(0, 7))
        state.progressed(progress(0, 5, ends=(1, 1), latest=(11, 3)))
        assert values(state.readings)["processor_lag_logs", "spark"] == 12
        state.reported(report(1, 7))
        state.progressed(progress(1, 6, ends=(11, 3), latest=(11, 3)))
        assert values(state.readings)["processor_lag_logs", "spark"] == 0

    def test_a_query_that_is_idle_has_no_lag_though_no_batch_was_heard_of(self, state: SparkProgress) -> None:
        state.started(QUERY, RUN, "logcore")
        assert ("processor_lag_logs", "spark") not in values(state.readings)
        state.idle(QUERY, "2026-11-25T16:00:20.497Z")
        assert values(state.readings)["processor_lag_logs", "spark"] == 0

    def test_idleness_that_is_reported_as_progress_is_no_lag_too(self, state: SparkProgress) -> None:
        state.reported(report(0, 97, lag=30))
        state.progressed(progress(0, 5))
        idle = progress(1, 24)
        del idle["durationMs"]["addBatch"]
        state.progressed(idle)
        assert values(state.readings)["processor_lag_logs", "spark"] == 0

    def test_the_lag_is_not_known_any_more_when_nothing_is_heard_for_ten_minutes(self) -> None:
        now = NOW
        state = SparkProgress(judges=True, now=lambda: now)
        state.reported(report(0, 97, lag=30))
        state.progressed(progress(0, 5))
        now = NOW + timedelta(minutes=9)
        assert values(state.readings)["processor_lag_logs", "spark"] == 30
        state.idle(QUERY, "2026-11-25T16:09:20.497Z")
        now = NOW + timedelta(minutes=18)
        assert values(state.readings)["processor_lag_logs", "spark"] == 0
        # A batch began and does not end.
        now = NOW + timedelta(minutes=20)
        found = values(state.readings)
        assert ("processor_lag_logs", "spark") not in found
        assert found["processor_logs_total", "spark", "good"] == 97
        state.progressed(progress(1, 50, ends=(1, 1), latest=(1, 3)))
        assert values(state.readings)["processor_lag_logs", "spark"] == 2

    def test_when_nothing_comes_rates_fall_to_nothing_and_counts_stay(self, state: SparkProgress) -> None:
        state.reported(report(0, 97))
        state.progressed(progress(0, 5))
        state.idle(QUERY, "2026-11-25T16:00:20.497Z")
        found = values(state.readings)
        assert found["spark_input_logs_per_second", "logcore"] == 0
        assert found["spark_processed_logs_per_second", "logcore"] == 0
        assert found["spark_batch_input_logs", "logcore"] == 100
        # A trigger without a batch is reported by some versions as progress.
        idle = progress(1, 24)
        del idle["durationMs"]["addBatch"]
        state.progressed(idle)
        assert values(state.readings)["spark_batches_total", "logcore"] == 1
        state.reported(report(1, 97))
        state.progressed(progress(1, 29))
        assert values(state.readings)["spark_input_logs_per_second", "logcore"] == 20

    def test_a_batch_of_which_spark_said_nothing_is_counted_by_its_report(
        self, state: SparkProgress, written: Written
    ) -> None:
        state.started(QUERY, RUN, "logcore")
        state.reported(report(3, 97))
        state.reported(report(4, 97))
        state.progressed(progress(4, 5))
        assert list(written) == [f"{QUERY}-3", f"{QUERY}-4"]
        lost = written[f"{QUERY}-3"]
        assert (lost["@timestamp"], lost["input_logs"]) == ("2026-11-25T16:00:09.007Z", 100)
        assert lost["processed_rate"] == 400
        assert "duration_ms" not in lost
        state.reported(report(5, 97))
        state.settle(5, 0.0)
        assert values(state.readings)["spark_batches_total", "logcore"] == 3
        assert written.keys() == {f"{QUERY}-{number}" for number in (3, 4, 5)}

    def test_a_query_that_fails_is_counted_and_one_that_starts_again_is_the_same(self, state: SparkProgress) -> None:
        state.started(QUERY, RUN, "logcore")
        state.ended(QUERY, failed=True)
        state.started(QUERY, RUN, "logcore")
        state.ended(QUERY, failed=False)
        assert values(state.readings)["spark_batch_failures_total", "logcore"] == 1

    def test_queries_of_which_nothing_is_heard_any_more_go(self, state: SparkProgress) -> None:
        for number in range(200):
            state.started(f"{QUERY}-{number}", RUN, None)
        names = {labels[0] for figure, labels, _ in state.readings() if figure.name == "logcore_spark_batches_total"}
        assert names == {f"{QUERY}-{number}" for number in range(150, 200)}

    @pytest.mark.parametrize("offset", [None, "null", "", "7", 7, {"in": 3}, {"in": {"0": "x"}}, [1]])
    def test_sources_that_are_not_kafkas_have_no_lag(self, state: SparkProgress, offset: Any) -> None:
        said = progress(0, 5)
        said["sources"][0].update(endOffset=offset, latestOffset=offset)
        state.progressed(said)
        assert not any("behind" in name for name, *_ in values(state.readings))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def listener(spark: SparkSession, said: list[str]) -> Iterator[ProgressListener]:
    listener = ProgressListener(say=said.append)
    spark.streams.addListener(listener)
    yield listener
    spark.streams.removeListener(listener)
    listener.close()


@pytest.fixture
def stream(spark: SparkSession, tmp_path: Path) -> Callable[..., Any]:
    """Starts a query over three files, a batch for each, of 10, 20 and 30 rows."""
    source = tmp_path / "source"
    source.mkdir()
    for number in (1, 2, 3):
        (source / f"{number}.txt").write_text("row\n" * 10 * number, "utf-8")
        time.sleep(0.01)  # the source takes files in the order of their times

    def start(each: Callable[[DataFrame, int], None], name: str, **trigger: Any) -> Any:
        rows = spark.readStream.format("text").option("maxFilesPerTrigger", "1").load(str(source))
        writer = rows.writeStream.foreachBatch(each).queryName(name).trigger(**(trigger or {"availableNow": True}))
        return writer.option("checkpointLocation", str(tmp_path / "checkpoint")).start()

    return start


PROCESSOR = Path(__file__).resolve().parents[2] / "spark" / "processor.py"


def test_a_port_in_use_is_one_line_and_status_1_before_spark_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        options = ["127.0.0.1:1", "--checkpoint", "cp", "--no-tables", "--metrics-port", str(port)]
        done = subprocess.run(
            [sys.executable, str(PROCESSOR), *options], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"processor: metrics can't be served at 127.0.0.1:{port}: Address already in use; ")


class TestInSpark:
    def test_a_job_of_ones_own_is_followed_and_served(
        self, stream: Callable[..., Any], listener: ProgressListener, said: list[str]
    ) -> None:
        url = listener.serve(0)
        with pytest.raises(MetricsError, match="served already"):
            listener.serve(0)
        query = stream(lambda rows, _: rows.count(), "files")
        assert query.awaitTermination(120)
        listener.settle(2, 30.0)
        found = values(listener.readings)
        assert found["spark_batches_total", "files"] == 3
        assert found["spark_batch_id", "files"] == 2
        assert found["spark_batch_input_logs", "files"] == 30
        assert found["spark_batch_phase_seconds", "files", "triggerExecution"] > 0
        assert {phase for name, *_, phase in found if name == "spark_batch_phase_seconds"} == set(PHASES)
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert 'logcore_spark_batches_total{query="files"} 3.0' in answer.read().decode()
        assert said == []

    def test_what_goes_wrong_while_listening_fails_no_query_and_is_said_once(
        self,
        stream: Callable[..., Any],
        listener: ProgressListener,
        said: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def broken(_: Any) -> None:
            raise KeyError("no such\nthing")

        monkeypatch.setattr(listener._progress, "progressed", broken)
        batches: list[int] = []
        query = stream(lambda rows, number: batches.append(number), "broken")
        assert query.awaitTermination(120)
        assert batches == [0, 1, 2]
        deadline = time.monotonic() + 30
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
        assert said == ["warning: Spark's progress can't be followed: KeyError: 'no such\\nthing'"]

    def test_a_query_that_goes_on_where_nothing_is_new_says_so(
        self, spark: SparkSession, stream: Callable[..., Any]
    ) -> None:
        assert stream(lambda rows, _: rows.count(), "first").awaitTermination(120)
        listener = ProgressListener(judges=True)
        spark.streams.addListener(listener)
        query = stream(lambda rows, _: rows.count(), "again", processingTime="0 seconds")
        try:
            deadline = time.monotonic() + 60
            while values(listener.readings).get(("processor_lag_logs", "spark")) != 0:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert values(listener.readings)["processor_logs_total", "spark", "good"] == 0
        finally:
            query.stop()
            spark.streams.removeListener(listener)

    def test_a_failed_batch_is_counted(self, stream: Callable[..., Any], listener: ProgressListener) -> None:
        def fail(_rows: DataFrame, number: int) -> None:
            if number == 1:
                raise ValueError("it is not to be")

        query = stream(fail, "fails")
        with pytest.raises(StreamingQueryException):
            query.awaitTermination(120)
        deadline = time.monotonic() + 30
        while values(listener.readings).get(("spark_batch_failures_total", "fails")) != 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert values(listener.readings)["spark_batches_total", "fails"] == 1
