"""A Spark job that fails in the ways that a log tells of; spark-submit runs it, the last failure ends it.

Its one argument is a folder of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from pyspark.sql.types import LongType


def place(number: int) -> int:
    """Raises with a cause, so that the worker's traceback has two parts."""
    try:
        return 1 // (number - number)
    except ZeroDivisionError as error:
        raise ValueError(f"no place for {number}") from error


def fail(action: Callable[[], object]) -> None:
    try:
        action()
    except (PySparkException, Py4JJavaError) as error:
        print(f"failed as it should: {type(error).__name__}", flush=True)
    else:
        sys.exit("it should have failed")


session = SparkSession.builder.appName("failing").getOrCreate()
numbers = session.range(1)

# An exception of the JVM.
fail(numbers.selectExpr("id + raise_error('no such country')").collect)

# One with a cause.
broken = Path(sys.argv[1]) / "broken.parquet"
broken.write_bytes(b"PAR1, it says, but this is no Parquet file")
fail(session.read.schema("id long").parquet(str(broken)).collect)

# A message of several lines, as Spark's own of plans are, and one that carries what looks like an exception.
jvm_log = session._jvm.org.apache.logging.log4j.LogManager.getLogger("logcore.test.Job")  # type: ignore[union-attr]
jvm_log.warn("a plan:\n  +- one\n     +- two")
jvm_log.info("nothing (at all): failed")

# An exception of Python's in a worker, which nobody catches: it ends the driver with a traceback of its own.
numbers.select(udf(place, LongType())("id")).collect()
