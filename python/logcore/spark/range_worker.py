"""Rust's data plane as it runs in Spark's workers: clients that each worker process keeps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from logcore._core import RangeProcessor
from logcore.spark.adapter import Texts, Versions, classifier_for

if TYPE_CHECKING:
    from pyspark import Broadcast

__all__ = ["DONE_SCHEMA", "Move", "move_tasks"]

DONE_SCHEMA = "partition int, start long, until long, good long, bad long, suspicious long, bytes long, log_end long"
"""What a task yields: a row for each of its ranges."""

_ARROW_SCHEMA = pa.schema(
    [("partition", pa.int32())]
    + [(name, pa.int64()) for name in ("start", "until", "good", "bad", "suspicious", "bytes", "log_end")]
)

# A worker gets tasks as they come: one of the last batch, one of this.
_KEPT_PROCESSORS = 4


@dataclass(frozen=True)
class Move:
    """What all tasks of a batch have to know. It travels inside the pickled function, which neither logs, nor plans,
    nor Spark's pages show."""

    brokers: str
    input: str
    output: str
    query: str
    batch: int
    plan: str
    tasks: tuple[tuple[tuple[int, int, int], ...], ...]
    config: Mapping[str, str] = field(repr=False)
    mysql: Mapping[str, Any] | None = field(repr=False)


def move_tasks(
    batches: Iterable[pa.RecordBatch],
    move: Move,
    versions: Versions,
    texts: Broadcast[Texts],
) -> Iterator[pa.RecordBatch]:
    """Runs in a worker. Does the tasks whose numbers the batches hold."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            # The id is the task's and not the worker's: whoever is given the task shuts out who had it before.
            processor = _processor(move, f"logcore-{move.query}-{number}")
            classifier = classifier_for(versions, texts)
            done = processor.process(classifier, move.batch, move.plan, list(move.tasks[number]))
            yield pa.record_batch(
                [pa.array(column, each.type) for column, each in zip(zip(*done), _ARROW_SCHEMA)],
                schema=_ARROW_SCHEMA,
            )


_processors: OrderedDict[tuple[Any, ...], RangeProcessor] = OrderedDict()


def _processor(move: Move, task_id: str) -> RangeProcessor:
    key = (move.brokers, move.input, move.output, task_id, _frozen(move.config), _frozen(move.mysql or {}))
    processor = _processors.pop(key, None)
    if processor is None:
        processor = RangeProcessor(
            brokers=move.brokers,
            input=move.input,
            output=move.output,
            id=task_id,
            config=dict(move.config),
            mysql=None if move.mysql is None else dict(move.mysql),
        )
    _processors[key] = processor
    while len(_processors) > _KEPT_PROCESSORS:
        _processors.popitem(last=False)
    return processor


def _frozen(mapping: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(mapping.items()))
