"""`judge` as a library, its schema on the running Spark, and the classifier that a worker keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from kafka_rows import BAD, GOOD, KAFKA_TIME, SUSPICIOUS
from logcore import Classifier, Contract, Users, __version__
from logcore.spark import adapter, judge
from logcore.spark.adapter import Snapshot, judge_batches, judged_schema
from logcore.spark.schema import spark_schema

MIB = 1024 * 1024


class Texts:
    """Stands for a broadcast, and counts who reads it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.reads = 0

    @property
    def value(self) -> tuple[str, str, str | None]:
        self.reads += 1
        return self.snapshot.texts


@pytest.fixture
def no_classifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_classifiers", type(adapter._classifiers)())


def kafka_batch(values: list[bytes | None]) -> pa.RecordBatch:
    rows = len(values)
    columns = {
        "value": pa.array(values, pa.binary()),
        "topic": pa.array(["server-logs"] * rows),
        "partition": pa.array([0] * rows, pa.int32()),
        "offset": pa.array(range(rows), pa.int64()),
        "timestamp": pa.array([KAFKA_TIME] * rows, pa.timestamp("us", "UTC")),
    }
    return pa.record_batch(list(columns.values()), names=list(columns))


def test_statuses_in_order_and_one_row_for_each(kafka_frame: Callable[..., DataFrame], users: Users) -> None:
    frame = kafka_frame([GOOD, BAD, SUSPICIOUS, None] * 700, partitions=3)
    rows = judge(frame, users=users).select("source_offset", "status").collect()
    assert [row.source_offset for row in rows] == list(range(2800))
    assert [row.status for row in rows] == ["good", "bad", "suspicious", "bad"] * 700


def test_an_empty_frame_gives_an_empty_frame(kafka_frame: Callable[..., DataFrame], users: Users) -> None:
    assert judge(kafka_frame([]), users=users).collect() == []


def test_the_schema_on_this_spark(contract: Contract, users: Users) -> None:
    schema = judged_schema(Snapshot(contract, users))
    types = {field.name: type(field.dataType) for field in schema.fields}
    assert list(types)[: len(contract.field_names)] == list(contract.field_names)
    assert types["account_id"] is IntegerType
    assert types["event_timestamp"] is TimestampType
    assert types["source_offset"] is LongType
    assert types["status"] is StringType


def test_values_bind_to_their_columns(kafka_frame: Callable[..., DataFrame], users: Users) -> None:
    row = judge(kafka_frame([GOOD]), users=users).first()
    assert row is not None
    assert row.event_id == "141b3ff2a92111ebbfae367ddad5b1fa"
    assert (row.account_id, row.event_type, row.device, row.location_country) == (684, "other", "ANDROID", "FR")
    assert row.event_timestamp.timestamp() == 1_619_724_510
    assert (row.raw, row.raw_truncated) == (None, False)


@pytest.mark.parametrize("zone", ["America/St_Johns", "Asia/Kathmandu"])
def test_the_sessions_zone_changes_nothing(
    zone: str, spark: SparkSession, kafka_frame: Callable[..., DataFrame], users: Users
) -> None:
    frame = kafka_frame([GOOD])
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        columns = ["unix_micros(event_timestamp)", "unix_micros(kafka_timestamp)", "record_value"]
        event, kafka, record = judge(frame, users=users).selectExpr(*columns).collect()[0]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert event == 1_619_724_510_000_000
    assert kafka == int(KAFKA_TIME.timestamp() * 1000) * 1000
    assert record == judge(frame, users=users).collect()[0].record_value


def test_users_are_asked_for_before_any_job_runs(kafka_frame: Callable[..., DataFrame]) -> None:
    with pytest.raises(ValueError, match="users"):
        judge(kafka_frame([GOOD]))


def test_a_frame_without_kafkas_columns_is_refused_by_name(spark: SparkSession, users: Users) -> None:
    with pytest.raises(Exception, match="topic"):
        judge(spark.createDataFrame([("x",)], "value string"), users=users)


def test_a_worker_builds_one_classifier_for_each_version(
    no_classifiers: None, contract: Contract, users: Users
) -> None:
    snapshot = Snapshot(contract, users)
    texts: Any = Texts(snapshot)
    for _ in range(3):
        batches = list(judge_batches([kafka_batch([GOOD]), kafka_batch([BAD])], snapshot.versions, texts))
        assert [batch.column("status").to_pylist() for batch in batches] == [["good"], ["bad"]]
    assert texts.reads == 1

    other = Snapshot(contract, Users([(1, "IOS")]))
    other_texts: Any = Texts(other)
    (batch,) = judge_batches([kafka_batch([GOOD])], other.versions, other_texts)
    assert batch.column("status").to_pylist() == ["suspicious"]
    assert (texts.reads, other_texts.reads) == (1, 1)


@pytest.mark.usefixtures("no_classifiers")
def test_a_worker_with_another_wheel_than_the_drivers_judges_nothing(contract: Contract, users: Users) -> None:
    """Each worker looks for itself: those that the driver asks before the query need not be on every node."""
    snapshot = Snapshot(contract, users)
    texts: Any = SimpleNamespace(value=("0.0.9", *snapshot.texts[1:]))
    with pytest.raises(
        RuntimeError, match=rf"driver has logcore 0\.0\.9 and the node .* has {__version__}; install the"
    ):
        list(judge_batches([kafka_batch([GOOD])], snapshot.versions, texts))


def test_a_worker_keeps_the_latest_few(no_classifiers: None, contract: Contract) -> None:
    def judge_by(account: int) -> int:
        snapshot = Snapshot(contract, Users([(account, "IOS")]))
        texts: Any = Texts(snapshot)
        list(judge_batches([kafka_batch([GOOD])], snapshot.versions, texts))
        return int(texts.reads)

    assert [judge_by(account) for account in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert judge_by(1) == 0
    assert judge_by(5) == 1
    assert judge_by(1) == 0
    assert judge_by(2) == 1
    assert len(adapter._classifiers) == adapter._KEPT_CLASSIFIERS


def test_the_worker_process_keeps_its_classifier_between_tasks(
    spark: SparkSession, kafka_frame: Callable[..., DataFrame], users: Users, contract: Contract
) -> None:
    snapshot = Snapshot(contract, users)
    texts = spark.sparkContext.broadcast(snapshot.texts)
    versions = snapshot.versions

    def judge_and_look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import os

        before = versions in adapter._classifiers
        rows = sum(batch.num_rows for batch in judge_batches(batches, versions, texts))
        after = [pa.array([os.getpid()]), pa.array([before]), pa.array([rows])]
        yield pa.record_batch(after, names=["pid", "before", "rows"])

    frame = kafka_frame([GOOD] * 10, partitions=1)
    schema = "pid long, before boolean, rows long"
    first, second = (frame.mapInArrow(judge_and_look, schema).collect()[0] for _ in range(2))
    assert (first.rows, second.rows) == (10, 10)
    assert second.pid != first.pid or second.before


def test_a_batch_of_large_rows_goes_through_in_parts(no_classifiers: None, contract: Contract, users: Users) -> None:
    large = GOOD[:-1] + b',"padding":"' + b"x" * MIB + b'"}'
    snapshot = Snapshot(contract, users)
    texts: Any = Texts(snapshot)
    batches = list(judge_batches([kafka_batch([large, GOOD] * 80)], snapshot.versions, texts))
    assert len(batches) > 1
    assert [offset for batch in batches for offset in batch.column("source_offset").to_pylist()] == list(range(160))
    assert [status for batch in batches for status in batch.column("status").to_pylist()] == ["bad", "good"] * 80


def test_large_rows_go_through_spark(kafka_frame: Callable[..., DataFrame], users: Users) -> None:
    large = GOOD[:-1] + b',"padding":"' + b"\\u0000" * (MIB // 6) + b'"}'
    frame = kafka_frame([large + b" "] * 40, partitions=1)
    records = judge(frame, users=users).selectExpr("status", "length(record_value) AS bytes").collect()
    assert len(records) == 40
    assert all(row.bytes < 1_000_000 for row in records)


@pytest.mark.parametrize(
    "refused",
    [
        pa.dictionary(pa.int32(), pa.string()),
        pa.large_string(),
        pa.large_list(pa.string()),
        pa.timestamp("s", "UTC"),
        pa.timestamp("ms", "UTC"),
        pa.timestamp("us"),
        pa.struct([("inner", pa.list_(pa.large_binary()))]),
    ],
    ids=str,
)
def test_types_that_spark_refuses_are_refused_by_name(refused: pa.DataType) -> None:
    with pytest.raises(TypeError, match=r"column odd.*Spark takes no Arrow"):
        spark_schema(pa.schema([("fine", pa.string()), ("odd", refused)]))


def test_every_type_that_is_accepted_binds(spark: SparkSession) -> None:
    schema = pa.schema(
        [
            ("text", pa.string()),
            ("bytes", pa.binary()),
            ("flag", pa.bool_()),
            ("small", pa.int32()),
            ("large", pa.int64()),
            ("single", pa.float32()),
            ("double", pa.float64()),
            ("day", pa.date32()),
            ("time", pa.timestamp("us", "UTC")),
            ("nested", pa.list_(pa.struct([("key", pa.string()), ("value", pa.list_(pa.binary()))]))),
        ]
    )
    values = ["t", b"b", True, 1, 2, 0.5, 0.25, KAFKA_TIME.date(), KAFKA_TIME, [{"key": "k", "value": [b"v"]}]]

    def rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            yield pa.record_batch(
                [pa.array([value], field.type) for value, field in zip(values, schema)], schema=schema
            )
            yield pa.record_batch([pa.nulls(1, field.type) for field in schema], schema=schema)

    full, empty = spark.range(1, numPartitions=1).mapInArrow(rows, spark_schema(schema)).collect()
    assert (full.text, bytes(full.bytes), full.flag, full.small, full.large) == ("t", b"b", True, 1, 2)
    assert (full.single, full.double, full.day) == (0.5, 0.25, KAFKA_TIME.date())
    assert full.time.timestamp() == KAFKA_TIME.timestamp()
    assert (full.nested[0].key, bytes(full.nested[0].value[0])) == ("k", b"v")
    assert list(empty) == [None] * len(schema)


def test_a_contract_without_a_lookup_needs_no_users(spark: SparkSession, tmp_path: Any, contract: Contract) -> None:
    lines = contract.text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.strip().startswith("relationships:"))
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while len(lines[end]) - len(lines[end].lstrip()) > indent:
        end += 1
    without = Contract.parse("\n".join(lines[:start] + lines[end:]) + "\n")
    assert without.lookup is None
    assert Classifier(without).users_version == ""
    schema = "value binary, topic string, partition int, offset bigint, timestamp timestamp"
    frame = spark.createDataFrame([(SUSPICIOUS, "server-logs", 0, 0, KAFKA_TIME)], schema)
    assert [row.status for row in judge(frame, contract=without).collect()] == ["good"]
