"""Finds the status records of logs that are named by their keys, without reading the status topic from its beginning
where the logs themselves say when they can have been judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from logcore._core import KafkaError
from logcore.dlq.originals import Originals
from logcore.dlq.place import Place
from logcore.dlq.progress import Progress
from logcore.dlq.selection import Criteria, Selection, select

__all__ = ["find"]


def find(
    brokers: str,
    topic: str,
    criteria: Criteria,
    places: Collection[Place],
    originals: Originals,
    config: Mapping[str, str],
    progress: Progress,
) -> Selection:
    """Those of the logs at `places` that meet the criteria. Raises KafkaError."""
    keys = frozenset(str(place).encode() for place in places)
    try:
        start = originals.earliest(places)
    except KafkaError as error:
        if "no broker answers" in str(error):
            raise
        # Of a topic that can't be read, its status records may say enough.
        start = None
    found = select(brokers, topic, replace(criteria, keys=keys), config, progress, start=start)
    if start is not None and len(found.letters) < len(keys):
        # Whoever sent a log chose its timestamp, which may be one to come.
        found = select(brokers, topic, replace(criteria, keys=keys), config, progress, start=None)
    return found
