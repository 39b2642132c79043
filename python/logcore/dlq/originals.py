"""The logs themselves, as they are on their topics, for those that were found by their status records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from logcore.dlq.place import Place
from logcore.dlq.progress import Progress
from logcore.dlq.records_at import Bounds, Fetched, bounds, records_at

__all__ = ["Original", "Originals", "by_partition"]


class Original(NamedTuple):
    """A log and its record; None where it is gone."""

    place: Place
    record: Fetched | None


class Originals:
    """Fetches from any topics. Where each topic begins and ends is asked for once."""

    def __init__(self, brokers: str, config: Mapping[str, str], progress: Progress) -> None:
        self._brokers = brokers
        self._config = dict(config)
        self._progress = progress
        self._bounds: dict[str, Bounds] = {}

    def bounds(self, topic: str) -> Bounds:
        """By partition where it begins and ends; none at all where there is no such topic. Raises KafkaError."""
        if topic not in self._bounds:
            self._bounds[topic] = bounds(self._brokers, topic, self._config)
        return self._bounds[topic]

    def fetch(
        self, topic: str, partition: int, offsets: Sequence[int], logged: Mapping[int, int | None] | None = None
    ) -> Iterator[Original]:
        """The records at `offsets`, which ascend. One whose timestamp isn't the one in `logged` (None: unknown) is not
        the log that was judged: the topic was deleted and made anew since. Raises KafkaError."""
        known = logged or {}
        within = self.bounds(topic)
        for offset, record in records_at(self._brokers, topic, partition, offsets, within, self._config):
            self._progress.add(f"fetched from {topic}", 1)
            expected = known.get(offset)
            same = record is not None and (expected is None or record.timestamp == expected)
            yield Original(Place(topic, partition, offset), record if same else None)

    def earliest(self, places: Iterable[Place]) -> int | None:
        """The least timestamp of these logs, ms since 1970; None where one of them is gone or has none. Raises
        KafkaError."""
        least: int | None = None
        for (topic, partition), offsets in by_partition(places).items():
            for original in self.fetch(topic, partition, offsets):
                at = None if original.record is None else original.record.timestamp
                if at is None or at < 0:
                    return None
                least = at if least is None else min(least, at)
        return least


def by_partition(places: Iterable[Place]) -> dict[tuple[str, int], list[int]]:
    """By topic and partition, in order, the ascending offsets."""
    grouped: dict[tuple[str, int], list[int]] = {}
    for place in sorted(places):
        grouped.setdefault((place.topic, place.partition), []).append(place.offset)
    return grouped
