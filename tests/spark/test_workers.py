"""Spark's Python workers are asked for their wheel before the query begins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from logcore import __version__
from logcore.spark.errors import ProcessorError
from logcore.spark.workers import Workers, require_version


def test_workers_with_the_drivers_wheel_are_fine(spark: SparkSession) -> None:
    Workers(spark, 2).require_wheel()


def test_a_worker_without_the_wheel_is_an_error_that_says_so(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logcore.py").write_text("raise ModuleNotFoundError(\"No module named 'logcore'\", name='logcore')\n")
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}:$PYTHONPATH" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(spark.sparkContext, "pythonExec", str(python))

    with pytest.raises(ProcessorError, match="No module named 'logcore'") as found:
        Workers(spark, 1).require_wheel()

    assert "each node needs logcore's wheel, pandas and pyarrow" in str(found.value)
    assert "\n" not in str(found.value)


def test_workers_that_nobody_waits_for_say_nothing(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where a run ends on an error while they start: pyspark then finds its JVM gone, in several ways."""

    def gone(_: DataFrame) -> list[Row]:
        raise AttributeError("'NoneType' object has no attribute 'sc'")

    monkeypatch.setattr(type(spark.range(1)), "collect", gone)
    workers = Workers(spark, 1)

    with pytest.raises(AttributeError, match="NoneType"):
        workers.require_wheel()

    assert capsys.readouterr().err == ""


def test_workers_of_another_version_are_an_error_that_names_both() -> None:
    require_version({__version__})

    with pytest.raises(ProcessorError, match=rf"logcore 0\.0\.9 and the driver has {__version__}; install the same"):
        require_version({__version__, "0.0.9"})
