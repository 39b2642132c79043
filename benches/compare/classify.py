"""Classify against the usual tools, one thread each, in turns; and on all cores."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from functools import partial
from importlib.metadata import version

from benches.compare.arrow_json import arrow_json_rival
from benches.compare.json_schema import json_schema_rival
from benches.compare.logs import Logs
from benches.compare.report import Comparison, report
from benches.compare.rivals import Rival, duckdb_rival, logcore_pool_rival, logcore_rival, polars_rival
from benches.compare.rust import rust_rivals
from benches.compare.turns import turn

__all__ = ["compare_classify"]

# The slowest rival by far gets so many logs.
_FEW = 20_000


def compare_classify(logs: Logs, rounds: int) -> Comparison:
    """Runs each rival once for warm-up and `rounds` times in turns; prints and returns medians, spreads and ratios.

    Ends the program where a rival counts other statuses than the logs were made with.
    """
    readable = logs.without(["wrong_type"])
    few = logs.first(_FEW)
    rivals: dict[str, tuple[Logs, Rival]] = {
        f"logcore {version('logcore-streaming')}": (logs, logcore_rival(logs)),
        f"polars {version('polars')}, no reasons": (logs, polars_rival(logs)),
        f"duckdb {version('duckdb')}": (logs, duckdb_rival(logs)),
        f"duckdb {version('duckdb')}, no reasons": (logs, duckdb_rival(logs, reasons=False)),
        f"pyarrow.json {version('pyarrow')}, no reasons, no wrong types": (readable, arrow_json_rival(readable)),
        f"jsonschema {version('jsonschema')}, {few.made.num_rows:,} logs": (few, json_schema_rival(few)),
    }
    cores = len(os.sched_getaffinity(0))
    if cores > 1:
        rivals[f"logcore, {cores} threads a batch"] = (logs, logcore_rival(logs, threads=cores))
        rivals[f"logcore, {cores} batches at once"] = (logs, logcore_pool_rival(logs, threads=cores))
    for name, (own, run) in rivals.items():
        counts = {pair["values"]: pair["counts"] for pair in run(True).value_counts().to_pylist()}
        if counts != own.counts:
            sys.exit(f"bench: {name} counts {counts}, the logs were made as {own.counts}")
    seconds: dict[str, list[float]] = defaultdict(list)
    with rust_rivals(logs) as run_rust:
        for _ in range(rounds):
            for name, (_, run) in rivals.items():
                seconds[name].append(turn(partial(run, False)))
            for name, taken in run_rust().items():
                seconds[name].append(taken)
    rows = logs.made.num_rows
    title = f"classify, {rows:,} logs, one thread where nothing else is said, {rounds} rounds in turns"
    return report(title, rows, seconds, {name: own.made.num_rows for name, (own, _) in rivals.items()})
