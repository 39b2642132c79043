"""Where judged rows go: the status topic, and MySQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from logcore.spark.adapter import RECORD_COLUMNS
from logcore.spark.mysql_writer import write_batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["write_mysql", "write_status_topic"]


def write_status_topic(judged: DataFrame, topic: str, options: Mapping[str, str]) -> None:
    """Sends each row's status record to `topic`; `options` are those of Spark's Kafka sink.

    Returns when every record is acknowledged. A repeated call repeats the records, key and bytes alike.
    """
    key, value, headers = RECORD_COLUMNS
    records = judged.selectExpr(f"{key} AS key", f"{value} AS value", f"{headers} AS headers")
    records.write.format("kafka").options(**options).option("topic", topic).save()


def write_mysql(judged: DataFrame, connection: Mapping[str, Any]) -> int:
    """Upserts each row from the workers, a connection each; the rows sent.

    `connection` holds the arguments of `logcore.Mysql`. They travel inside the pickled function, which neither logs,
    nor plans, nor Spark's pages show.
    """

    def write_to_mysql(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([write_batches(batches, connection)], pa.int64())], names=["written"])

    counts = judged.drop(*RECORD_COLUMNS).mapInArrow(write_to_mysql, "written long").collect()
    return sum(row.written for row in counts)
