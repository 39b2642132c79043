"""Where a record is on Kafka, and the key of a log's status record, which says the same of the log."""

from __future__ import annotations

import argparse
import re
from typing import NamedTuple

__all__ = ["Place", "place", "place_of"]

_KEY = re.compile(r"([A-Za-z0-9._-]{1,249}):(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,18})")
_MOST_PARTITION = 2**31 - 1
_MOST_OFFSET = 2**63 - 2


class Place(NamedTuple):
    """One record's."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """``topic:partition:offset``, as the status record of the log there is called."""
        return f"{self.topic}:{self.partition}:{self.offset}"


def place_of(key: str) -> Place | None:
    """The place that a key names; None where it is not of the form that the pipeline writes."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    named = Place(found[1], int(found[2]), int(found[3]))
    # Kafka has no topics of these two names.
    possible = named.topic not in (".", "..") and named.partition <= _MOST_PARTITION and named.offset <= _MOST_OFFSET
    return named if possible else None


def place(text: str) -> Place:
    """``topic:partition:offset``; an argparse type."""
    named = place_of(text)
    if named is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a log's key, topic:partition:offset")
    return named
