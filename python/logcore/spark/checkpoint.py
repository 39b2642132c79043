"""What a checkpoint says about the query that it belongs to."""

from __future__ import annotations

import json

from logcore.spark.errors import ProcessorError
from logcore.spark.files import TextFiles

__all__ = ["require_same_topic"]


def require_same_topic(checkpoint: TextFiles, source: str) -> bool:
    """True where the checkpoint has planned batches of the topic `source`, False where it has planned none yet.

    Raises ProcessorError for a checkpoint of another topic, which Spark reports as lost partitions; CheckpointError.
    """
    batches = [int(name) for name in checkpoint.names("offsets") if name.isdigit()]
    if not batches:
        return False
    topics = _topics(checkpoint.read(f"offsets/{max(batches)}") or "")
    if topics and source not in topics:
        raise ProcessorError(
            f"the checkpoint {checkpoint.root} is of the topic '{', '.join(sorted(topics))}', not of '{source}'; give "
            "another --checkpoint"
        )
    return True


def _topics(text: str) -> set[str]:
    # A version, the batch's settings, then the offsets of each source.
    lines = text.splitlines()
    try:
        offsets = json.loads(lines[2])
    except (IndexError, json.JSONDecodeError):
        # Spark says what is wrong with it.
        return set()
    return set(offsets) if isinstance(offsets, dict) else set()
