"""Everything about one log, fit for a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from logcore._core import KafkaError
from logcore.dlq.finding import find
from logcore.dlq.moments import moment
from logcore.dlq.originals import Originals
from logcore.dlq.place import Place
from logcore.dlq.progress import Progress
from logcore.dlq.records_at import Fetched
from logcore.dlq.selection import Criteria, Letter
from logcore.dlq.status_record import StatusRecord, kept_payload, status_record
from logcore.terminal_text import visible, visible_bytes

__all__ = ["described", "show"]


def show(brokers: str, topic: str, place: Place, config: Mapping[str, str], progress: Progress) -> str | None:
    """What the status topic and the log's own topic say of it; None without a status record. Raises KafkaError where
    the status topic can't be read."""
    originals = Originals(brokers, config, progress)
    found = find(brokers, topic, Criteria(status=None), [place], originals, config, progress)
    letter = found.letters.get(str(place).encode())
    if letter is None:
        return None
    (stored,) = originals.fetch(topic, letter.partition, [letter.offset])
    record = None if stored.record is None else status_record(str(place).encode(), stored.record.value)
    if record is None:
        return None
    logged = {place.offset: record.logged}
    try:
        (original,) = originals.fetch(place.topic, place.partition, [place.offset], logged)
        begins = originals.bounds(place.topic).get(place.partition, (0, 0))[0]
    except KafkaError as error:
        return described(record, letter, topic, None, f"can't be had: {visible(' '.join(str(error).split()))}")
    return described(record, letter, topic, original.record, _gone(place, begins))


def described(record: StatusRecord, letter: Letter, topic: str, original: Fetched | None, without: str) -> str:
    """Some lines; `without` says why there is no original."""
    fields = record.fields
    users = fields.get("users_version")
    by_users = f" by users {visible(users)}" if isinstance(users, str) and users else ""
    reasons = [f"{visible(path)}: {visible(code)}" for path, code in record.reasons] or ["none"]
    lines = [
        f"key       {record.place}",
        f"status    {record.status}",
        *(f"{'' if at else 'reasons':10}{reason}" for at, reason in enumerate(reasons)),
        f"logged    {moment(record.logged)}",
        f"judged    {moment(letter.judged)}{by_users}; {topic}, partition {letter.partition}, offset {letter.offset}",
    ]
    if original is not None:
        lines.append(f"original  on {record.place.topic}, partition {record.place.partition}, {_size(original.value)}")
        if original.key is not None:
            lines.append(f"log's key {visible_bytes(original.key)}")
        lines += [
            f"header    {visible(name)}: {'null' if value is None else visible_bytes(value)}"
            for name, value in original.headers
        ]
        payload, kept = original.value, "payload   "
    else:
        lines.append(f"original  {without}")
        payload = kept_payload(fields)
        kept = "payload   (its beginning) " if fields.get("raw_truncated") is True else "payload   "
    lines.append(kept + ("none" if payload is None else visible_bytes(payload)))
    return "\n".join(lines)


def _size(value: bytes | None) -> str:
    return "no value" if value is None else f"{len(value):,} bytes"


def _gone(place: Place, begins: int) -> str:
    if place.offset < begins:
        return f"gone: retention took it, partition {place.partition} of {place.topic} begins at {begins:,}"
    return f"gone: {place.topic} has no such log; it was compacted, or the topic deleted"
