"""Reads the two topics: the logs with their truth headers, and the status records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from logcore.record_headers import headers_named
from logcore.topic_batches import batches
from logcore.verify.content import (
    MalformedRecord,
    digest,
    document_digest,
    milliseconds,
    payload_digest,
    raw_digest,
    row_digest,
)
from logcore.verify.findings import Findings
from logcore.verify.ledger import AT_STATUS, Ledger, Nowhere, Place
from logcore.verify.progress import Progress
from logcore.verify.verdicts import Comparison, Truths, Verdict, verdict_of

if TYPE_CHECKING:
    from logcore._core import Consumer

__all__ = ["TRUTH_HEADER", "read_logs", "read_statuses"]

TRUTH_HEADER = "logcore.expected"
_PAGE_RECORDS = 20_000


def read_logs(consumer: Consumer, topic: str, truths: Truths, progress: Progress) -> Ledger:
    """All logs that are on the input topic now. Raises KafkaError."""
    ends = consumer.end_offsets()
    ledger = Ledger(topic, ends)
    for batch in batches(consumer, topic, ends, most=_PAGE_RECORDS):
        timestamps = batch.column("timestamp").cast("int64").to_pylist()
        columns = [batch.column(name).to_pylist() for name in ("partition", "offset", "value")]
        for partition, offset, value, expected, timestamp in zip(*columns, _numbers(batch, truths), timestamps):
            if offset < ends[partition]:
                ledger.add(partition, offset, expected, timestamp, payload_digest(value))
        progress.add(f"topic {topic}", batch.num_rows)
    return ledger


def read_statuses(
    consumer: Consumer, topic: str, ledger: Ledger, truths: Truths, progress: Progress
) -> tuple[Findings, Comparison]:
    """Looks up every record of the status topic in the ledger, and fills its digests there. Raises KafkaError."""
    statuses = _Statuses(topic, truths)
    findings = statuses.findings
    for batch in batches(consumer, topic, consumer.end_offsets(), most=_PAGE_RECORDS):
        columns = (batch.column(name).to_pylist() for name in ("partition", "offset", "key", "value"))
        for partition, offset, key, value in zip(*columns):
            place = ledger.find_key(key)
            if isinstance(place, Place):
                statuses.add(place, key, value or b"")
            else:
                # Of a key that nobody could look up, its place on this topic is all that can be said.
                named = place is Nowhere.NO_LOG and key.isascii()
                findings.nowhere(place, key.decode() if named else f"{topic}:{partition}:{offset}")
        progress.add(f"topic {topic}", batch.num_rows)
    findings.missing = ledger.count_missing(AT_STATUS)
    for number, logs in sorted(ledger.partitions.items()):
        for at in logs.missing(AT_STATUS):
            statuses.comparison.add_missing(truths.verdict(logs.expected[at]))
            findings.example("missing", f"{ledger.topic}:{number}:{logs.first + at}")
    return findings, statuses.comparison


class _Statuses:
    """Takes status records of known logs one by one."""

    def __init__(self, topic: str, truths: Truths) -> None:
        self.findings = Findings(topic)
        self.comparison = Comparison()
        self._truths = truths

    def add(self, place: Place, key: bytes, value: bytes) -> None:
        logs, at = place
        bytes_digest = digest(value)
        if place.seen_at(AT_STATUS):
            if logs.record[at] == bytes_digest:
                self.findings.repeated += 1
            else:
                self.findings.fault("changed", f"{key.decode()} (the key comes again with other bytes)")
            return
        logs.record[at] = bytes_digest
        expected = self._truths.verdict(logs.expected[at])
        try:
            record, given = _parsed(value)
            raw = raw_digest(record)
        except MalformedRecord as error:
            self.findings.found(None)
            self.findings.fault("changed", f"{key.decode()} ({error})")
            self.comparison.add_missing(expected)
            return
        self.findings.found(given.status)
        document = document_digest(record)
        logs.document[at] = document
        logs.row[at] = row_digest(record, raw, document)
        self.comparison.add(key.decode(), expected, given)
        misfit = _misfit(record, given, key, raw, place)
        if misfit is not None:
            self.findings.fault("changed", f"{key.decode()} ({misfit})")


def _parsed(value: bytes) -> tuple[dict[str, Any], Verdict]:
    try:
        record = json.loads(value.decode())
    except (ValueError, RecursionError) as error:
        # UnicodeDecodeError is a ValueError.
        raise MalformedRecord("the value is not JSON") from error
    given = verdict_of(record)
    if given is None or not isinstance(record, dict):
        raise MalformedRecord("the value has no status and reasons")
    return record, given


def _misfit(record: dict[str, Any], given: Verdict, key: bytes, raw: int, place: Place) -> str | None:
    """What of the record contradicts the log that its key names."""
    logs, at = place
    source = record.get("source")
    try:
        named = f"{source['topic']}:{source['partition']}:{source['offset']}"  # type: ignore[index]
    except (KeyError, TypeError):
        return "it has no source"
    if named.encode("utf-8", "surrogatepass") != key:
        return f"its source is {named}"
    if milliseconds(record.get("@timestamp")) != logs.timestamp[at]:
        return f"its @timestamp is {record.get('@timestamp')}, not its log's"
    if raw != (logs.payload[at] if given.status == "bad" else 0):
        return "its raw is not its log's payload"
    return None


def _numbers(batch: Any, truths: Truths) -> list[int]:
    """The number of the truth of each record."""
    numbers = [0] * batch.num_rows
    owners, values = headers_named(batch, TRUTH_HEADER)
    coded = values.dictionary_encode()
    known = [truths.number(value) for value in coded.dictionary.to_pylist()]
    for owner, code in zip(owners.to_pylist(), coded.indices.to_pylist()):
        if code is not None:
            numbers[owner] = known[code]
    return numbers
