"""The index template of the pipeline's own figures: a document for each micro-batch of Spark's, and one every 10 s of
the one process."""

from __future__ import annotations

from typing import Any

from logcore.elk.template import DATE, KEYWORD, LONG, index_template

__all__ = ["PHASES", "PIPELINE_INDEX", "pipeline_template"]

PIPELINE_INDEX = "logcore-pipeline"
"""The index, unless another is named."""

PHASES = (
    "triggerExecution",
    "latestOffset",
    "queryPlanning",
    "walCommit",
    "getBatch",
    "addBatch",
    "commitOffsets",
)
"""What Spark spends the time of a micro-batch on, in its own words; the first is the whole of it."""

_DOUBLE = {"type": "double", "coerce": False}


def pipeline_template(index: str = PIPELINE_INDEX, *, shards: int = 1, replicas: int = 0) -> dict[str, Any]:
    """The body of ``PUT _index_template`` for these documents. Counts are those of the document's batch or interval,
    rates in logs a second, the lag in logs; docs/monitoring.md says what each field is."""
    return index_template(
        index,
        {
            "@timestamp": DATE,
            # Who: the engine is `process` or `spark`, the data plane `spark` or `rust`.
            "engine": KEYWORD,
            "data_plane": KEYWORD,
            "query": KEYWORD,
            "group": KEYWORD,
            "run": KEYWORD,
            "input": KEYWORD,
            "output": KEYWORD,
            "version": KEYWORD,
            "contract": KEYWORD,
            # What.
            "batch_id": LONG,
            "replayed": {"type": "boolean"},
            "input_logs": LONG,
            "input_bytes": LONG,
            "logs": {"properties": {"good": LONG, "bad": LONG, "suspicious": LONG}},
            "transactions": LONG,
            "retries": LONG,
            # How fast.
            "interval_s": _DOUBLE,
            "input_rate": _DOUBLE,
            "processed_rate": _DOUBLE,
            "duration_ms": {"properties": dict.fromkeys(PHASES, LONG)},
            "lag": LONG,
            "users_version": KEYWORD,
            "users_rows": LONG,
            "users_age_s": _DOUBLE,
        },
        "Figures of the pipeline: what each micro-batch, or 10 s of the one process, came to",
        shards=shards,
        replicas=replicas,
        managed_by="logcore.processor",
    )
