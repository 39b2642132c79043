"""Spark's Python workers before the first batch: started, which takes seconds, and asked which wheel they have."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from logcore import __version__

# What a batch needs, so that a worker that has answered has imported it.
from logcore.spark import adapter, range_worker  # noqa: F401
from logcore.spark.errors import ProcessorError, root_cause

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Workers", "require_version"]


class Workers:
    """Has Spark start as many workers as run at a time, while other things are prepared."""

    def __init__(self, session: SparkSession, tasks: int) -> None:
        # Planned here: in the thread, a session that stops meanwhile would have Spark look for another one.
        self._answers = session.range(0, tasks, 1, tasks).mapInArrow(_answer, "version string")
        self._versions: set[str] = set()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._ask, name="logcore-workers", daemon=True)
        self._thread.start()

    def require_wheel(self) -> None:
        """Waits for them. Raises ProcessorError where one can't import what batches need, or has another version."""
        self._thread.join()
        if isinstance(self._failure, (PySparkException, Py4JError, OSError)):
            raise ProcessorError(
                f"Spark's Python workers can't do what batches need: {root_cause(self._failure)}; each node needs "
                "logcore's wheel, pandas and pyarrow for the Python that PYSPARK_PYTHON names"
            ) from self._failure
        if self._failure is not None:
            raise self._failure
        require_version(self._versions)

    def _ask(self) -> None:
        try:
            rows = self._answers.collect()
        except Exception as error:  # noqa: BLE001 - whatever it is, require_wheel raises it, or the run has ended.
            self._failure = error
        else:
            self._versions = {row.version for row in rows}


def require_version(versions: Iterable[str]) -> None:
    """Raises ProcessorError unless all versions are the driver's: two could differ in their verdicts."""
    others = sorted(set(versions) - {__version__})
    if others:
        raise ProcessorError(
            f"Spark's Python workers have logcore {', '.join(others)} and the driver has {__version__}; install the "
            "same wheel on each node"
        )


def _answer(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.record_batch({"version": pa.array([__version__] * batch.num_rows, pa.string())})
