"""What Spark has planned for a micro-batch: the offsets that it wrote to the checkpoint before the batch began.

    CHECKPOINT/offsets/N      where batch N ends, for each partition; it begins where batch N - 1 ends
    CHECKPOINT/sources/0/0    where the first batch begins

The JVM reads no record for a batch whose rows nobody asks for, so these files are all there is to go by.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from logcore.spark.errors import CheckpointError, ProcessorError
from logcore.spark.snapshots import Files

__all__ = ["PlannedRange", "divide", "planned_ranges", "query_id"]

# Fewer logs than this are not worth a second task.
_LOGS_A_TASK = 20_000


@dataclass(frozen=True)
class PlannedRange:
    """Offsets of one partition, `until` left out."""

    partition: int
    start: int
    until: int

    @property
    def logs(self) -> int:
        """How many offsets they are, which is the number of logs where none is missing."""
        return self.until - self.start


def query_id(checkpoint: Files) -> str:
    """The id that Spark gave the query of this checkpoint. Raises CheckpointError."""
    try:
        found = json.loads(checkpoint.read("metadata") or "")["id"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise CheckpointError(f"{checkpoint.root}/metadata names no query; start from a new --checkpoint") from error
    return str(found)


def planned_ranges(
    checkpoint: Files,
    batch_id: int,
    topic: str,
    known_starts: Mapping[int, int],
    earliest: Callable[[], Mapping[int, int]],
) -> tuple[list[PlannedRange], dict[int, int]]:
    """The ranges of `batch_id`, by partition, empty ones left out; and where partitions begin that no batch before had.

    Those begin at `known_starts`, where an earlier try of the batch found them, else at the `earliest` offsets of now.
    Raises CheckpointError for files that are missing or not Spark's, ProcessorError where a partition went away.
    """
    ends = _offsets(checkpoint, f"offsets/{batch_id}", topic)
    begins = _offsets(checkpoint, f"offsets/{batch_id - 1}" if batch_id > 0 else "sources/0/0", topic)
    gone = sorted(begins.keys() - ends.keys())
    if gone:
        raise ProcessorError(
            f"{topic} has no partition {', '.join(map(str, gone))} any more, and what was not read of it is lost; if "
            "the topic was made anew, start from a new --checkpoint"
        )
    new = sorted(ends.keys() - begins.keys())
    starts = {partition: known_starts[partition] for partition in new if partition in known_starts}
    if len(starts) < len(new):
        first = earliest()
        starts.update({partition: first.get(partition, 0) for partition in new if partition not in starts})
    ranges = []
    for partition, until in sorted(ends.items()):
        start = begins.get(partition, starts.get(partition, 0))
        if until < start:
            raise ProcessorError(
                f"{topic}, partition {partition}: the batch begins at offset {start} and ends at {until}; the topic "
                "was made anew: start from a new --checkpoint"
            )
        if until > start:
            ranges.append(PlannedRange(partition, start, until))
    return ranges, starts


def divide(ranges: list[PlannedRange], tasks: int) -> list[list[PlannedRange]]:
    """The ranges in as many equal parts as pay, `tasks` at most; a partition's may be cut, and are in order."""
    logs = sum(each.logs for each in ranges)
    parts = max(1, min(tasks, logs // _LOGS_A_TASK))
    size = -(-logs // parts)
    divided: list[list[PlannedRange]] = []
    room = 0
    for each in ranges:
        start = each.start
        while start < each.until:
            if room == 0:
                divided.append([])
                room = size
            until = min(each.until, start + room)
            divided[-1].append(PlannedRange(each.partition, start, until))
            room -= until - start
            start = until
    return divided


def _offsets(checkpoint: Files, name: str, topic: str) -> dict[int, int]:
    text = checkpoint.read(name)
    if text is None:
        raise CheckpointError(f"{checkpoint.root}/{name} is missing; start from a new --checkpoint")
    # A version, for a batch its settings, then the offsets of the one source.
    try:
        found = json.loads(text.splitlines()[-1])[topic]
        return {int(partition): int(offset) for partition, offset in found.items()}
    except (json.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"{checkpoint.root}/{name} holds no offsets of {topic} as Spark writes them; this Spark can't be used with "
            "--data-plane rust"
        ) from error
