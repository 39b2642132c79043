"""What verify remembers of each log: some 50 bytes in flat arrays, so that millions of logs fit in memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

__all__ = ["AT_ELASTICSEARCH", "AT_MYSQL", "AT_STATUS", "UNLABELLED", "Ledger", "Nowhere", "Partition", "Place"]

AT_STATUS, AT_MYSQL, AT_ELASTICSEARCH = 1, 2, 4
"""Bits of `Partition.flags`: the log has been seen at that hop."""
_NO_LOG = 128
UNLABELLED = 0
"""In `Partition.expected`: the log came without a truth header."""

_NUMBERS = re.compile(rb"(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,18})")


class Nowhere(Enum):
    """Why a place names no log that this run has read."""

    OTHER_TOPIC = "of another topic"
    BEFORE = "before the first log that Kafka still has"
    LATER = "after the last log that was read"
    NO_LOG = "no log is there"


class Partition:
    """The logs of one partition of the input topic, in flat arrays from offset `first` on.

    `expected` has the number of the truth header's verdict, `timestamp` the message's time in ms since 1970, `payload`
    the digest of what `raw` must be. Of the log's status record, `record` has the digest of its bytes, `document` that
    of its content, `row` that of what MySQL holds of it; 0 until it is seen.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.flags = bytearray()
        self.expected = array("I")
        self.timestamp = array("q")
        self.payload = array("Q")
        self.record = array("Q")
        self.document = array("Q")
        self.row = array("Q")

    def append(self, offset: int, expected: int, timestamp: int, payload: int) -> None:
        """Adds the log at `offset`, larger than all before. Offsets left out have no log: markers, compaction."""
        gap = offset - self.first - len(self.flags)
        if gap:
            self.flags += bytes((_NO_LOG,)) * gap
            for column in (self.expected, self.timestamp, self.payload, self.record, self.document, self.row):
                column.frombytes(bytes(column.itemsize * gap))
        self.flags.append(0)
        self.expected.append(expected)
        self.timestamp.append(timestamp)
        self.payload.append(payload)
        self.record.append(0)
        self.document.append(0)
        self.row.append(0)

    def logs(self) -> int:
        """How many logs there are."""
        return len(self.flags) - self.flags.count(_NO_LOG)

    def count_missing(self, hop: int) -> int:
        """How many logs have not been seen at the hop."""
        return sum(self.flags.count(flags) for flags in range(_NO_LOG) if not flags & hop)

    def missing(self, hop: int) -> Iterator[int]:
        """Their indices in the arrays, in order."""
        return (index for index, flags in enumerate(self.flags) if not flags & (hop | _NO_LOG))


class Place(NamedTuple):
    """A log's partition and its index in the arrays."""

    partition: Partition
    at: int

    def seen_at(self, hop: int) -> bool:
        """True if the hop has had this log already. Marks it as seen."""
        flags = self.partition.flags
        before = flags[self.at]
        flags[self.at] = before | hop
        return bool(before & hop)


class Ledger:
    """All logs of the input topic. `ends` has for each partition the offset up to which it is read."""

    def __init__(self, topic: str, ends: dict[int, int]) -> None:
        self.topic = topic
        self.ends = ends
        self.partitions: dict[int, Partition] = {}
        self._prefix = f"{topic}:".encode()

    def add(self, partition: int, offset: int, expected: int, timestamp: int, payload: int) -> None:
        """Takes note of a log."""
        logs = self.partitions.get(partition)
        if logs is None:
            logs = self.partitions[partition] = Partition(offset)
        logs.append(offset, expected, timestamp, payload)

    def find_key(self, key: bytes | None) -> Place | Nowhere:
        """The log that a record's key ``topic:partition:offset`` names."""
        if key is None or not key.startswith(self._prefix):
            return Nowhere.OTHER_TOPIC
        numbers = _NUMBERS.fullmatch(key, len(self._prefix))
        if numbers is None:
            return Nowhere.NO_LOG
        return self.find(int(numbers[1]), int(numbers[2]))

    def find(self, partition: int, offset: int) -> Place | Nowhere:
        """The log at that place of the input topic."""
        logs = self.partitions.get(partition)
        if logs is not None:
            index = offset - logs.first
            if 0 <= index < len(logs.flags) and logs.flags[index] != _NO_LOG:
                return Place(logs, index)
        if offset >= self.ends.get(partition, 0):
            # A partition that the topic does not have, or what came while this run was reading.
            return Nowhere.LATER if partition in self.ends else Nowhere.NO_LOG
        return Nowhere.BEFORE if logs is None or offset < logs.first else Nowhere.NO_LOG

    def logs(self) -> int:
        """How many logs there are."""
        return sum(logs.logs() for logs in self.partitions.values())

    def count_missing(self, hop: int) -> int:
        """How many logs have not been seen at the hop."""
        return sum(logs.count_missing(hop) for logs in self.partitions.values())

    def missing(self, hop: int) -> Iterator[tuple[int, int]]:
        """Partition and offset of those, in order."""
        for partition, logs in sorted(self.partitions.items()):
            for index in logs.missing(hop):
                yield partition, logs.first + index

    def begins(self) -> dict[int, int]:
        """The first offset of each partition whose earlier logs Kafka no longer has."""
        firsts = {number: self.partitions[number].first if number in self.partitions else self.ends[number]
                  for number in sorted(self.ends)}  # fmt: skip
        return {number: first for number, first in firsts.items() if first > 0}
