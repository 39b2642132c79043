"""Why something failed, in one line; and the MySQL sink's patience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from logcore import MysqlError
from logcore.spark import mysql_writer
from logcore.spark.errors import JAVA_ERRORS, root_cause


def test_an_error_of_python_is_its_message() -> None:
    assert root_cause(MysqlError("can't reach db:3306")) == "can't reach db:3306"
    assert root_cause(ValueError()) == "ValueError"
    assert root_cause(ValueError("two\n  lines")) == "two lines"
    assert len(root_cause(ValueError("x" * 10_000))) <= 600


def test_an_error_raised_in_a_worker_is_found_under_sparks(spark: SparkSession) -> None:
    def fail(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise MysqlError("db:3306 is away; start it") from error
        yield from batches

    with pytest.raises(JAVA_ERRORS) as raised:
        spark.range(1).mapInArrow(fail, "id long").collect()
    assert root_cause(raised.value).endswith("MysqlError: db:3306 is away; start it")


def test_an_error_of_sparks_is_its_innermost_cause(spark: SparkSession) -> None:
    with pytest.raises(JAVA_ERRORS) as raised:
        spark.read.csv("/nowhere/at/all").count()
    line = root_cause(raised.value)
    assert "/nowhere/at/all" in line
    assert "\n" not in line
    assert "\tat " not in line


def test_an_error_of_javas_is_its_innermost_cause(spark: SparkSession) -> None:
    jvm: Any = spark._jvm
    with pytest.raises(JAVA_ERRORS) as raised:
        jvm.java.lang.Class.forName("no.such.Class")
    assert root_cause(raised.value) == "ClassNotFoundException: no.such.Class"


def test_an_error_of_a_failed_task_loses_where_it_ran() -> None:
    error = PySparkException(
        "Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most recent failure: Lost task 0.3 in "
        "stage 3.0 (TID 12) (10.0.0.1 executor 2): org.apache.kafka.common.errors.TopicAuthorizationException: "
        "Not authorized to access topics: [status]\n\tat org.apache.kafka.X.y(X.java:1)\n\nDriver stacktrace:"
    )
    assert root_cause(error) == "TopicAuthorizationException: Not authorized to access topics: [status]"


class Server:
    """A MySQL that fails a number of writes, and answers a ping or not."""

    connections = 0
    failures = 0
    answers = True
    written: list[int] = []  # noqa: RUF012

    def __init__(self, **connection: Any) -> None:
        type(self).connections += 1
        assert connection == CONNECTION

    def ping(self) -> None:
        if not self.answers:
            raise MysqlError("away")

    def write(self, batch: pa.RecordBatch) -> int:
        if type(self).failures:
            type(self).failures -= 1
            raise MysqlError("refused" if self.answers else "away")
        self.written.append(batch.num_rows)
        return int(batch.num_rows)


CONNECTION = {"host": "db", "port": 3306, "user": "me", "password": "s3cret", "tls": False, "tls_ca": None}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(mysql_writer, "Mysql", Server)
    monkeypatch.setattr(mysql_writer.time, "sleep", slept.append)
    monkeypatch.setattr(mysql_writer, "_servers", {})
    Server.connections, Server.failures, Server.answers, Server.written = 0, 0, True, []
    return slept


BATCHES = [pa.record_batch([pa.array(range(rows))], names=["x"]) for rows in (3, 4)]


def test_one_connection_serves_all_batches_of_a_process(waits: list[float]) -> None:
    assert mysql_writer.write_batches(BATCHES, CONNECTION) == 7
    assert mysql_writer.write_batches(BATCHES, CONNECTION) == 7
    assert (Server.connections, Server.written, waits) == (1, [3, 4, 3, 4], [])


def test_a_deadlock_is_tried_again(waits: list[float]) -> None:
    Server.failures = 2
    assert mysql_writer.write_batches(BATCHES, CONNECTION) == 7
    assert (Server.written, len(waits)) == ([3, 4], 2)


def test_what_the_server_refuses_again_is_an_error_soon(waits: list[float]) -> None:
    Server.failures = 100
    with pytest.raises(MysqlError, match="refused"):
        mysql_writer.write_batches(BATCHES, CONNECTION)
    assert sum(waits) < 5


def test_a_server_that_restarts_is_waited_for(waits: list[float]) -> None:
    Server.failures, Server.answers = 6, False
    assert mysql_writer.write_batches(BATCHES, CONNECTION) == 7
    assert Server.written == [3, 4]


def test_a_server_that_stays_away_is_an_error_after_a_minute(waits: list[float]) -> None:
    Server.failures, Server.answers = 100, False
    with pytest.raises(MysqlError, match="away"):
        mysql_writer.write_batches(BATCHES, CONNECTION)
    assert 50 < sum(waits) < 90
