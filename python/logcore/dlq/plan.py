"""What a replay will send, known before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from logcore._core import Classifier
from logcore.dlq.originals import Original, Originals, by_partition
from logcore.dlq.place import Place
from logcore.dlq.progress import Progress
from logcore.dlq.replays import REPLAY_HEADER, replayed
from logcore.dlq.selection import Letter

__all__ = ["Plan", "Wishes", "make_plan"]

_JUDGED_AT_ONCE = 4096
_JUDGED_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Wishes:
    """`inputs` are the topics whose logs may be sent: a status record may name any topic, and whoever wrote it need not
    be allowed to read that one. `to` is the topic to send to, None for the one that each log came from. `again` sends
    what was replayed already, `replays` what is a replay itself. With a classifier only logs that it doesn't find bad
    are sent.
    """

    inputs: Collection[str]
    to: str | None = None
    again: bool = False
    replays: bool = False
    classifier: Classifier | None = None


@dataclass
class Plan:
    """Logs to send, in the order of their places, and those left out by why; `elsewhere` by topic those that came from
    topics of which none are to be sent."""

    letters: Mapping[Place, Letter]
    to: str | None = None
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    send: list[Place] = field(default_factory=list)
    replayed: int = 0
    replays: int = 0
    still_bad: int = 0
    gone: list[Place] = field(default_factory=list)

    def target(self, place: Place) -> str:
        """The topic that a log is sent to."""
        return place.topic if self.to is None else self.to

    def targets(self) -> dict[str, int]:
        """How many logs are sent to each topic."""
        return dict(sorted(Counter(map(self.target, self.send)).items()))

    def originals(self, places: Iterable[Place], originals: Originals) -> Iterator[Original]:
        """The logs at these places, in their order. Raises KafkaError."""
        for (topic, partition), offsets in by_partition(places).items():
            logged = {offset: self.letters[Place(topic, partition, offset)].logged for offset in offsets}
            yield from originals.fetch(topic, partition, offsets, logged)


def make_plan(
    letters: Mapping[Place, Letter],
    wishes: Wishes,
    originals: Originals,
    brokers: str,
    config: Mapping[str, str],
    progress: Progress,
) -> Plan:
    """Looks at the topics to send to and at every original; keeps none of them. Raises KafkaError, BatchError."""
    elsewhere = Counter(place.topic for place in letters if place.topic not in wishes.inputs)
    letters = {place: letter for place, letter in letters.items() if place.topic in wishes.inputs}
    plan = Plan(letters, wishes.to, elsewhere)
    waiting = set(letters)
    if not wishes.again:
        for topic, of_topic in _by_target(plan, originals).items():
            waiting -= replayed(brokers, topic, of_topic, config, progress)
        plan.replayed = len(letters) - len(waiting)
    for chunk in _chunks(_fresh(plan, waiting, wishes, originals)):
        bad = _bad(chunk, wishes.classifier)
        plan.still_bad += sum(bad)
        plan.send += [original.place for original, is_bad in zip(chunk, bad) if not is_bad]
    return plan


def _by_target(plan: Plan, originals: Originals) -> dict[str, dict[Place, Letter]]:
    grouped: dict[str, dict[Place, Letter]] = {}
    for place, letter in plan.letters.items():
        # A topic that is gone took its logs and their replays with it.
        if plan.to is not None or originals.bounds(place.topic):
            grouped.setdefault(plan.target(place), {})[place] = letter
    return grouped


def _fresh(plan: Plan, waiting: Iterable[Place], wishes: Wishes, originals: Originals) -> Iterator[Original]:
    for original in plan.originals(waiting, originals):
        if original.record is None:
            plan.gone.append(original.place)
        elif not wishes.replays and any(name == REPLAY_HEADER for name, _ in original.record.headers):
            plan.replays += 1
        else:
            yield original


def _chunks(originals: Iterator[Original]) -> Iterator[list[Original]]:
    chunk: list[Original] = []
    size = 0
    for original in originals:
        chunk.append(original)
        size += 0 if original.record is None else original.record.size
        if len(chunk) == _JUDGED_AT_ONCE or size >= _JUDGED_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _bad(chunk: list[Original], classifier: Classifier | None) -> list[bool]:
    if classifier is None:
        return [False] * len(chunk)
    values = [None if original.record is None else original.record.value for original in chunk]
    judged: Any = classifier.classify(pa.record_batch({"value": pa.array(values, pa.binary())}))
    return [status == "bad" for status in judged.column("status").to_pylist()]
