"""Logs judged inside Spark: `judge` for batch jobs and notebooks, `ProgressListener` for figures of streaming ones; the
modules beside them are the streaming processor's.

Executors need the wheel, pyspark, pandas and pyarrow, nothing else.
"""

from __future__ import annotations

from logcore.spark.adapter import judge
from logcore.spark.listener import ProgressListener

__all__ = ["ProgressListener", "judge"]
