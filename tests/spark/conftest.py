"""One local Spark session without Kafka, and frames shaped as Spark's Kafka source shapes them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from kafka_rows import KAFKA_SCHEMA, KAFKA_TIME, SERVER_USERS
from logcore import Contract, Users
from logcore.spark.files import TextFiles
from logcore.spark.session import SETTINGS

# Workers must be the interpreter that runs the tests, whatever python3 is on PATH.
os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable


def pytest_configure(config: pytest.Config) -> None:
    """What PySpark itself does is no error of ours, where the project makes warnings errors."""
    for message in ("distutils Version classes are deprecated:DeprecationWarning", "unclosed <socket:ResourceWarning"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}")


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    builder = SparkSession.builder.master("local[2]").appName("tests")
    settings = {
        **SETTINGS,
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract.server_logs()


@pytest.fixture(scope="session")
def users() -> Users:
    return Users(SERVER_USERS)


@pytest.fixture(scope="session")
def kafka_frame(spark: SparkSession) -> Callable[..., DataFrame]:
    """Makes a frame of the values, their offsets 0, 1, 2, … in one partition of `server-logs`."""

    def make(values: list[bytes | None], *, partitions: int = 2) -> DataFrame:
        rows: list[tuple[Any, ...]] = [
            (None, value, "server-logs", 3, offset, KAFKA_TIME, 0) for offset, value in enumerate(values)
        ]
        return spark.createDataFrame(spark.sparkContext.parallelize(rows, partitions), KAFKA_SCHEMA)

    return make


@pytest.fixture
def files(spark: SparkSession, tmp_path: Any) -> TextFiles:
    return TextFiles(spark._jvm, spark._jsc.hadoopConfiguration(), f"file://{tmp_path}/checkpoint/logcore")
