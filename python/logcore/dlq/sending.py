"""Sends logs again, in chunks that are each answered for before the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Optional

from logcore._core import KafkaError, send_records
from logcore.dlq.originals import Original, Originals
from logcore.dlq.place import Place
from logcore.dlq.plan import Plan
from logcore.dlq.progress import Progress
from logcore.dlq.records_at import Fetched
from logcore.dlq.replays import REPLAY_HEADER
from logcore.verify.topics import TRUTH_HEADER

__all__ = ["Sent", "replay_record", "send"]

_CHUNK_RECORDS = 10_000
_CHUNK_BYTES = 64 * 1024 * 1024
# librdkafka's own limit is below the size of logs that a broker takes; so the broker decides.
_DEFAULTS = {"message.max.bytes": str(_CHUNK_BYTES)}
# Brokers refuse all that comes in one batch with it.
_TOO_LARGE = "Broker: Message size too large"
_ALONE = {"batch.num.messages": "1"}
_AWAY_S = 30.0
"""A broker that refuses records says so at once. One that takes none and takes longer is away."""

_Outgoing = tuple[Optional[bytes], Optional[bytes], list[tuple[str, Optional[bytes]]]]


@dataclass
class Sent:
    """Where each log went, why others didn't, and which were gone when their turn came. `complete` is False where it
    ended before the last one, `error` is what Kafka had to say then."""

    placed: dict[Place, Place] = field(default_factory=dict)
    failed: dict[Place, str] = field(default_factory=dict)
    gone: list[Place] = field(default_factory=list)
    complete: bool = True
    error: str | None = None


def send(
    plan: Plan,
    originals: Originals,
    brokers: str,
    config: Mapping[str, str],
    progress: Progress,
    stop: threading.Event,
) -> Sent:
    """Sends what the plan says, until `stop` is set or the brokers are away."""
    sent = Sent()
    try:
        for chunk in _chunks(plan, originals, sent):
            if stop.is_set() or not _send_chunk(chunk, plan, sent, brokers, {**_DEFAULTS, **config}):
                sent.complete = False
                break
            progress.add("sent", len(chunk))
    except KafkaError as error:
        # What was sent before it has to be told all the same.
        sent.complete, sent.error = False, " ".join(str(error).split())
    return sent


def replay_record(place: Place, log: Fetched) -> _Outgoing:
    """The log as it was, but that it says what it is a replay of, and no more which verdict it should get: that was
    said of a contract that may have been mended since."""
    headers = [(name, value) for name, value in log.headers if name not in (REPLAY_HEADER, TRUTH_HEADER)]
    return log.key, log.value, [*headers, (REPLAY_HEADER, str(place).encode())]


def _send_chunk(chunk: list[Original], plan: Plan, sent: Sent, brokers: str, config: dict[str, str]) -> bool:
    """False where the brokers are away. Raises KafkaError."""
    target, began = plan.target(chunk[0].place), time.monotonic()
    answers = _answers(brokers, target, chunk, config)
    large = [original for original, answer in zip(chunk, answers) if str(answer).startswith(_TOO_LARGE)]
    if large:
        alone = iter(_answers(brokers, target, large, {**config, **_ALONE}))
        answers = [next(alone) if str(answer).startswith(_TOO_LARGE) else answer for answer in answers]
    taken = 0
    for original, answer in zip(chunk, answers):
        if isinstance(answer, str):
            sent.failed[original.place] = answer
        else:
            sent.placed[original.place] = Place(target, *answer)
            taken += 1
    return taken > 0 or time.monotonic() - began < _AWAY_S


def _answers(brokers: str, target: str, chunk: list[Original], config: dict[str, str]) -> list[tuple[int, int] | str]:
    records = [replay_record(original.place, original.record) for original in chunk if original.record is not None]
    return send_records(brokers, target, records, config=config)


def _chunks(plan: Plan, originals: Originals, sent: Sent) -> Iterator[list[Original]]:
    """Logs for the same topic."""
    chunk: list[Original] = []
    size = 0
    for original in plan.originals(plan.send, originals):
        if original.record is None:
            sent.gone.append(original.place)
            continue
        full = len(chunk) == _CHUNK_RECORDS or size + original.record.size > _CHUNK_BYTES
        if chunk and (full or plan.target(chunk[0].place) != plan.target(original.place)):
            yield chunk
            chunk, size = [], 0
        chunk.append(original)
        size += original.record.size
    if chunk:
        yield chunk
