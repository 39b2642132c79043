"""Logs judged inside Spark: `judge` for batch jobs and notebooks; the modules beside it are the streaming processor's.

Executors need the wheel, pyspark, pandas and pyarrow, nothing else.
"""

from __future__ import annotations

from logcore.spark.adapter import judge

__all__ = ["judge"]
