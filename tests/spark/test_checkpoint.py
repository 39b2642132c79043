"""A checkpoint belongs to one topic: another's is told from what Spark itself has written."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from logcore.spark.checkpoint import require_same_topic
from logcore.spark.errors import ProcessorError
from logcore.spark.files import TextFiles

OFFSETS = 'v1\n{"batchWatermarkMs":0,"batchTimestampMs":1,"conf":{}}\n{"server-logs":{"0":20,"1":3}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "offsets").mkdir()
    return tmp_path


@pytest.fixture
def checkpoint(spark: SparkSession, folder: Path) -> TextFiles:
    return TextFiles(spark._jvm, spark._jsc.hadoopConfiguration(), f"file://{folder}")


def test_one_that_has_planned_nothing_is_new(spark: SparkSession, tmp_path: Path, checkpoint: TextFiles) -> None:
    missing = TextFiles(spark._jvm, spark._jsc.hadoopConfiguration(), f"file://{tmp_path}/none")
    assert not require_same_topic(missing, "server-logs")
    assert not require_same_topic(checkpoint, "server-logs")


def test_the_last_batch_says_the_topic(folder: Path, checkpoint: TextFiles) -> None:
    (folder / "offsets" / "9").write_text(OFFSETS.replace("server-logs", "older"))
    (folder / "offsets" / "10").write_text(OFFSETS)
    (folder / "offsets" / ".10.crc.tmp").write_text("x")
    assert require_same_topic(checkpoint, "server-logs")
    with pytest.raises(ProcessorError) as raised:
        require_same_topic(checkpoint, "logs")
    assert str(raised.value) == (
        f"the checkpoint file://{folder} is of the topic 'server-logs', not of 'logs'; give another --checkpoint"
    )


@pytest.mark.parametrize("text", ["", "v1\n{}\n", "v1\n{}\nno json", "v1\n{}\n[]"])
def test_what_spark_can_t_read_either_is_left_to_spark(folder: Path, checkpoint: TextFiles, text: str) -> None:
    (folder / "offsets" / "0").write_text(text)
    assert require_same_topic(checkpoint, "logs")
