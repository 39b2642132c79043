"""Classify against Polars and DuckDB, one thread each, in turns; and on all cores."""

from __future__ import annotations

import os
import sys
import time
from importlib.metadata import version

from benches.compare.logs import Logs
from benches.compare.report import report
from benches.compare.rivals import Rival, duckdb_rival, logcore_rival, polars_rival

__all__ = ["compare_classify"]


def compare_classify(logs: Logs, rounds: int) -> dict[str, object]:
    """Runs each rival once for warm-up and `rounds` times in turns; prints and returns medians, spreads and ratios.

    Ends the program where a rival counts other statuses than the logs were made with.
    """
    rivals: dict[str, Rival] = {
        f"logcore {version('logcore-streaming')}": logcore_rival(logs),
        f"polars {version('polars')}, no reasons": polars_rival(logs),
        f"duckdb {version('duckdb')}": duckdb_rival(logs),
        f"duckdb {version('duckdb')}, no reasons": duckdb_rival(logs, reasons=False),
    }
    cores = len(os.sched_getaffinity(0))
    if cores > 1:
        rivals[f"logcore, {cores} threads"] = logcore_rival(logs, threads=cores)
    for name, run in rivals.items():
        counts = {pair["values"]: pair["counts"] for pair in run(True).value_counts().to_pylist()}
        if counts != logs.counts:
            sys.exit(f"bench: {name} counts {counts}, the logs were made as {logs.counts}")
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            started = time.perf_counter()
            run(False)
            seconds[name].append(time.perf_counter() - started)
    rows = logs.batch.num_rows
    title = f"classify, {rows:,} logs, one thread where nothing else is said, {rounds} rounds in turns"
    return report(title, rows, seconds)
